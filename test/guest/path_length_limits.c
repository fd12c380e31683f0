/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of 255 and 256 characters, paths of 4095 and 4096, for each kind of call. */
/* variants: static musl */
#include "guest.h"
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/xattr.h>

/* A path of exactly len characters that names the file: "./././file" */
static char *long_path(size_t len, const char *name)
{
	char *p = malloc(len + 1);
	size_t i;

	for (i = 0; i + strlen(name) < len; i++)
		p[i] = i % 2 ? '/' : '.';
	if (i % 2)
		p[i - 1] = '/';
	strcpy(p + i, name);
	return p;
}

static void try_all(const char *what, const char *path)
{
	struct stat st;
	struct statfs sfs;
	char buf[100];
	int fd;

	say("%s\n", what);
	fd = open(path, O_RDONLY);
	showf_ok(fd, "  open");
	if (fd >= 0)
		close(fd);
	showf(stat(path, &st), "  stat");
	showf(access(path, F_OK), "  access");
	showf(chmod(path, 0644), "  chmod");
	showf(mkdir(path, 0755), "  mkdir");
	showf(rmdir(path), "  rmdir");
	showf_ok(readlink(path, buf, sizeof(buf)), "  readlink");
	showf(rename(path, "renamed"), "  rename from");
	rename("renamed", "file");
	showf(rename("file", path), "  rename to");
	showf(link(path, "hard"), "  link from");
	unlink("hard");
	showf(symlink("x", path), "  symlink at");
	showf(chdir(path), "  chdir");
	showf(truncate(path, 0), "  truncate");
	showf(statfs(path, &sfs), "  statfs");
	showf(syscall(SYS_getxattr, path, "user.none", buf, sizeof(buf)), "  getxattr");
	showf(syscall(SYS_utimensat, AT_FDCWD, path, NULL, 0), "  utimensat");
	execl(path, "x", NULL);
	showf(-1, "  execve");
}

int main(void)
{
	static char name[300];
	static const size_t lens[] = { 100, 1000, 4000, 4094, 4095, 4096, 4097, 5000, 100000 };
	char what[60], *text;
	size_t i;
	int fd;

	close_extra_fds();
	umask(022);
	write_text("file", "x", 0644);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		snprintf(what, sizeof(what), "path of %zu characters", lens[i]);
		try_all(what, long_path(lens[i], "file"));
	}

	memset(name, 'n', sizeof(name) - 1);
	name[255] = '\0';
	fd = open(name, O_RDWR | O_CREAT, 0644);
	showf_ok(fd, "create a name of 255");
	showf(unlink(name), "unlink a name of 255");
	name[255] = 'n';
	name[256] = '\0';
	try_all("name of 256 characters", name);
	showf_ok(open(name, O_RDWR | O_CREAT, 0644), "create a name of 256");
	name[255] = '/';
	showf(mkdir(name, 0755), "mkdir of 255 and a slash");
	showf(rmdir(name), "rmdir of 255 and a slash");

	/* A link may hold 4095 characters; a longer one cannot be made. */
	text = long_path(4095, "file");
	showf(symlink(text, "link4095"), "symlink to 4095");
	showf(access("link4095", F_OK), "access through it");
	text = long_path(4096, "file");
	showf(symlink(text, "link4096"), "symlink to 4096");

	/* Deeper than PATH_MAX: relative names go on to work, getcwd does not. */
	MUST(mkdir("deep", 0755));
	MUST(chdir("deep"));
	name[200] = '\0';
	for (i = 0; i < 25; i++) {
		MUST(mkdir(name, 0755));
		MUST(chdir(name));
	}
	write_text("bottom", "x", 0644);
	SHOW(access("bottom", F_OK));
	SHOW(syscall(SYS_getcwd, what, sizeof(what)));
	{
		static char big[8192];

		SHOW(syscall(SYS_getcwd, big, PATH_MAX));
		SHOW_OK(syscall(SYS_getcwd, big, sizeof(big)));
		SHOW_OK(readlink("/proc/self/cwd", big, sizeof(big)));
	}
	SHOW_OK(open("../.", O_PATH));
	SHOW(mkdir("child", 0755));
	SHOW(chdir("child"));
	SHOW(chdir(".."));
	SHOW(rmdir("child"));
	unlink("bottom");
	for (i = 0; i < 25; i++) {
		MUST(chdir(".."));
		MUST(rmdir(name));
	}
	SHOW(access("../file", F_OK));
	return 0;
}
