/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xattr calls by path, by link, by descriptor: set, read, list, remove, sizes, errors. */
#include "guest.h"
#include <sys/xattr.h>

static void get(const char *path)
{
	char buf[100];
	ssize_t n = lgetxattr(path, "user.note", buf, sizeof(buf));

	if (n < 0)
		say("  %s: %s\n", path, errname(errno));
	else
		say("  %s: \"%.*s\"\n", path, (int)n, buf);
}

int main(void)
{
	char buf[200], name[300];
	int fd, opath;
	ssize_t n;

	close_extra_fds();
	write_text("file", "x", 0644);
	MUST(mkdir("dir", 0755));
	MUST(symlink("file", "link"));
	MUST(symlink("missing", "dangling"));
	fd = MUST(open("file", O_RDONLY));
	opath = MUST(open("file", O_PATH));
	if (setxattr("file", "user.note", "one", 3, 0) < 0) {
		say("no user attributes here: %s\n", errname(errno));
		return 0;
	}
	get("file");
	SHOW(setxattr("link", "user.note", "two", 3, 0));
	get("file");
	SHOW(setxattr("dir", "user.note", "dir", 3, 0));
	get("dir");
	SHOW(lsetxattr("link", "user.note", "x", 1, 0));
	SHOW(fsetxattr(fd, "user.note", "three", 5, 0));
	get("file");
	SHOW(fsetxattr(opath, "user.note", "x", 1, 0));
	SHOW(setxattr("dangling", "user.note", "x", 1, 0));
	SHOW(setxattr("missing", "user.note", "x", 1, 0));
	SHOW(setxattr("file", "user.note", "x", 1, XATTR_CREATE));
	SHOW(setxattr("file", "user.none", "x", 1, XATTR_REPLACE));
	SHOW(setxattr("file", "user.note", "x", 1, 8));
	SHOW(setxattr("file", "nonsense", "x", 1, 0));
	SHOW(setxattr("file", "", "x", 1, 0));
	SHOW(setxattr("file", "user.empty", "", 0, 0));
	SHOW(getxattr("file", "user.empty", buf, sizeof(buf)));
	SHOW(getxattr("file", "user.note", NULL, 0));
	SHOW(getxattr("file", "user.note", buf, 4));
	SHOW(getxattr("file", "user.note", buf, 5));
	SHOW(getxattr("link", "user.note", buf, sizeof(buf)));
	SHOW(lgetxattr("link", "user.note", buf, sizeof(buf)));
	SHOW(fgetxattr(fd, "user.note", buf, sizeof(buf)));
	SHOW(fgetxattr(opath, "user.note", buf, sizeof(buf)));
	SHOW(fgetxattr(99, "user.note", buf, sizeof(buf)));
	memset(name, 'a', sizeof(name));
	memcpy(name, "user.", 5);
	name[255] = '\0';
	SHOW(setxattr("file", name, "x", 1, 0));
	SHOW(removexattr("file", name));
	name[255] = 'a';
	name[256] = '\0';
	SHOW(setxattr("file", name, "x", 1, 0));
	n = listxattr("file", buf, sizeof(buf));
	say("list has user.note %s, user.empty %s\n", yes(memmem(buf, n, "user.note", 10) != NULL),
	    yes(memmem(buf, n, "user.empty", 11) != NULL));
	SHOW(listxattr("file", buf, 3));
	say("sizes agree: %s %s %s\n", yes(listxattr("file", NULL, 0) == n),
	    yes(flistxattr(fd, NULL, 0) == n), yes(listxattr("link", NULL, 0) == n));
	SHOW_OK(llistxattr("link", buf, sizeof(buf)));
	SHOW(listxattr("missing", buf, sizeof(buf)));
	SHOW(removexattr("link", "user.note"));
	get("file");
	SHOW(removexattr("file", "user.note"));
	SHOW(lremovexattr("file", "user.empty"));
	SHOW(fremovexattr(fd, "user.empty"));
	SHOW(syscall(SYS_setxattr, "file", NULL, "x", 1, 0));
	SHOW(syscall(SYS_setxattr, "file", "user.x", NULL, 1, 0));
	SHOW(syscall(SYS_setxattr, "file", "user.x", (void *)16, 1, 0));
	return 0;
}
