/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* openat2: each RESOLVE_ flag with names that stay inside, leave, and go through links. */
/* fsmode: mount */
#include "guest.h"
#include <linux/openat2.h>

static int dir;

static void try(int dfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
	char where[PATH_MAX], link[40], *p;
	long fd;
	ssize_t n;

	/* openat2(2): EAGAIN where a rename or mount anywhere might have raced with a "..". */
	do
		fd = syscall(SYS_openat2, dfd, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);

	if (fd < 0) {
		say("  %-22s %s\n", path, errname(errno));
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%ld", fd);
	n = readlink(link, where, sizeof(where) - 1);
	where[n > 0 ? n : 0] = '\0';
	p = strrchr(where, '/');
	say("  %-22s opens %s\n", path, strcmp(where, "/") ? p ? p + 1 : where : "the root");
	close(fd);
}

static void try_all(const char *what, uint64_t resolve)
{
	static const char *const paths[] = {
		"file",
		"sub/file",
		"sub/../file",
		"sub/../../outside",
		"..",
		"../top/file",
		".",
		"/",
		"/file",
		"/etc/hostname",
		"to-file",
		"to-outside",
		"to-absolute",
		"to-root",
		"to-dir/file",
		"to-dir/../file",
		"to-dir/../../outside",
		"to-loop",
		"missing",
		"sub/file/x",
		"to-proc/status",
		"/../../file",
		"to-abs-inside",
		"",
	};
	size_t i;

	say("%s\n", what);
	for (i = 0; i < ARRAY_SIZE(paths); i++)
		try(dir, paths[i], O_RDONLY, 0, resolve);
	try(dir, "to-file", O_PATH | O_NOFOLLOW, 0, resolve);
	try(dir, "made", O_WRONLY | O_CREAT, 0644, resolve);
	unlinkat(dir, "made", 0);
	try(dir, "../made", O_WRONLY | O_CREAT, 0644, resolve);
	unlinkat(dir, "made", 0);
	unlink("made");
	try(dir, "to-made-outside", O_WRONLY | O_CREAT, 0644, resolve);
	unlink("made");
	unlinkat(dir, "made", 0);
	try(dir, "/made-by-test", O_WRONLY | O_CREAT | O_EXCL, 0644, resolve);
	unlinkat(dir, "made-by-test", 0);
}

int main(void)
{
	char buf[PATH_MAX];

	close_extra_fds();
	umask(022);
	MUST(mkdir("work", 0755));
	MUST(chdir("work"));
	MUST(mkdir("top", 0755));
	MUST(mkdir("top/sub", 0755));
	write_text("outside", "x", 0644);
	write_text("top/file", "x", 0644);
	write_text("top/sub/file", "x", 0644);
	MUST(symlink("file", "top/to-file"));
	MUST(symlink("../outside", "top/to-outside"));
	MUST(symlink("/etc/passwd", "top/to-absolute"));
	MUST(symlink("/", "top/to-root"));
	MUST(symlink("sub", "top/to-dir"));
	MUST(symlink("to-loop", "top/to-loop"));
	MUST(symlink("/proc/self", "top/to-proc"));
	MUST(symlink("/sub/file", "top/to-abs-inside"));
	MUST(symlink("../made", "top/to-made-outside"));
	dir = MUST(open("top", O_PATH));

	try_all("no flag", 0);
	try_all("RESOLVE_BENEATH", RESOLVE_BENEATH);
	try_all("RESOLVE_IN_ROOT", RESOLVE_IN_ROOT);
	try_all("RESOLVE_NO_SYMLINKS", RESOLVE_NO_SYMLINKS);
	try_all("RESOLVE_NO_MAGICLINKS", RESOLVE_NO_MAGICLINKS);
	try_all("RESOLVE_IN_ROOT and RESOLVE_NO_SYMLINKS", RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

	say("magic links\n");
	snprintf(buf, sizeof(buf), "/proc/self/fd/%d", dir);
	MUST(fchdir(dir));
	say("%d %d %d %d\n",
	    (int)syscall(SYS_openat2, AT_FDCWD, buf,
			 &(struct open_how){ .flags = O_PATH, .resolve = RESOLVE_NO_MAGICLINKS },
			 sizeof(struct open_how)) == -1 &&
		    errno == ELOOP,
	    (int)syscall(SYS_openat2, AT_FDCWD, "/proc/self/cwd",
			 &(struct open_how){ .flags = O_PATH, .resolve = RESOLVE_NO_MAGICLINKS },
			 sizeof(struct open_how)) == -1 &&
		    errno == ELOOP,
	    (int)syscall(SYS_openat2, AT_FDCWD, "/proc/self/exe",
			 &(struct open_how){ .flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS },
			 sizeof(struct open_how)) == -1 &&
		    errno == ELOOP,
	    (int)syscall(SYS_openat2, AT_FDCWD, "/proc/self/cwd/file",
			 &(struct open_how){ .flags = O_RDONLY }, sizeof(struct open_how)) >= 0);
	say("RESOLVE_NO_XDEV\n");
	try(AT_FDCWD, "file", O_RDONLY, 0, RESOLVE_NO_XDEV);
	try(AT_FDCWD, "sub/../file", O_RDONLY, 0, RESOLVE_NO_XDEV);
	try(AT_FDCWD, "/proc/self/status", O_RDONLY, 0, RESOLVE_NO_XDEV);
	say("bad descriptors\n");
	try(99, "file", O_RDONLY, 0, RESOLVE_BENEATH);
	try(99, "/etc/passwd", O_RDONLY, 0, RESOLVE_BENEATH);
	try(99, "/etc/passwd", O_RDONLY, 0, RESOLVE_IN_ROOT);
	try(1, "file", O_RDONLY, 0, RESOLVE_IN_ROOT);
	return 0;
}
