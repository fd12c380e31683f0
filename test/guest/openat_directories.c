/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names relative to a directory descriptor: which one counts, is ignored, is refused. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"

static void show_content(const char *what, int fd)
{
	char buf[20] = "";
	int err = errno;
	ssize_t n = fd >= 0 ? read(fd, buf, sizeof(buf) - 1) : -1;

	if (fd < 0)
		say("%s: %s\n", what, errname(err));
	else
		say("%s: \"%.*s\"\n", what, n > 0 ? (int)n : 0, buf);
	if (fd >= 0)
		close(fd);
}

#define CONTENT(expr) show_content(#expr, expr)

int main(void)
{
	char abs[PATH_MAX];
	struct stat st;
	int dir, sub, file, path, closed, p[2];

	close_extra_fds();
	umask(022);
	MUST(mkdir("dir", 0755));
	MUST(mkdir("dir/sub", 0755));
	write_text("name", "top", 0644);
	write_text("dir/name", "dir", 0644);
	write_text("dir/sub/name", "sub", 0644);
	MUST(getcwd(abs, sizeof(abs) - 10) ? 0 : -1);
	strcat(abs, "/name");
	dir = MUST(open("dir", O_RDONLY | O_DIRECTORY));
	sub = MUST(openat(dir, "sub", O_PATH));
	file = MUST(openat(dir, "name", O_RDONLY));
	path = MUST(openat(dir, "name", O_PATH));
	closed = MUST(dup2(dir, 500));
	close(closed);
	MUST(pipe(p));

	CONTENT(openat(AT_FDCWD, "name", O_RDONLY));
	CONTENT(openat(dir, "name", O_RDONLY));
	CONTENT(openat(sub, "name", O_RDONLY));
	CONTENT(openat(sub, "../name", O_RDONLY));
	CONTENT(openat(sub, "../../name", O_RDONLY));
	CONTENT(openat(dir, "sub/name", O_RDONLY));
	CONTENT(openat(dir, "./sub/.././sub//name", O_RDONLY));
	CONTENT(openat(dir, abs, O_RDONLY));
	CONTENT(openat(-1, abs, O_RDONLY));
	CONTENT(openat(closed, abs, O_RDONLY));
	CONTENT(openat(file, abs, O_RDONLY));
	CONTENT(openat(-1, "name", O_RDONLY));
	CONTENT(openat(-100000, "name", O_RDONLY));
	CONTENT(openat(INT_MAX, "name", O_RDONLY));
	CONTENT(openat(closed, "name", O_RDONLY));
	CONTENT(openat(file, "name", O_RDONLY));
	CONTENT(openat(path, "name", O_RDONLY));
	CONTENT(openat(p[0], "name", O_RDONLY));
	CONTENT(openat(dir, "", O_RDONLY));
	CONTENT(openat(AT_FDCWD, "", O_RDONLY));
	/* Only the low half of the register counts. */
	say("upper half of dirfd ignored: %s\n",
	    yes(syscall(SYS_faccessat, 0xffffffff00000000UL | (unsigned int)dir, "sub", F_OK) ==
		0));
	say("AT_FDCWD without sign: %s\n",
	    yes(syscall(SYS_faccessat, 0xffffff9cUL, "dir", F_OK) == 0));

	SHOW(fstatat(dir, "name", &st, 0));
	say("size %ld\n", (long)st.st_size);
	SHOW(fstatat(dir, "", &st, 0));
	SHOW(fstatat(file, "", &st, AT_EMPTY_PATH));
	say("size %ld\n", (long)st.st_size);
	SHOW(fstatat(path, "", &st, AT_EMPTY_PATH));
	SHOW(fstatat(p[0], "", &st, AT_EMPTY_PATH));
	say("a pipe: %s\n", yes(S_ISFIFO(st.st_mode)));
	SHOW(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
	say("a directory: %s\n", yes(S_ISDIR(st.st_mode)));
	SHOW(fstatat(closed, "", &st, AT_EMPTY_PATH));
	SHOW(fstatat(closed, "dir", &st, AT_EMPTY_PATH));
	SHOW(fstatat(dir, "name", &st, 0x40000000));
	SHOW(mkdirat(dir, "made", 0700));
	SHOW(mkdirat(file, "made", 0700));
	SHOW(mkdirat(closed, "made", 0700));
	SHOW(unlinkat(dir, "made", 0));
	SHOW(unlinkat(dir, "made", AT_REMOVEDIR));
	SHOW(unlinkat(dir, "name", AT_REMOVEDIR));
	SHOW(unlinkat(dir, "name", 0x8000));
	SHOW(unlinkat(dir, "", 0));
	SHOW(fchmodat(dir, "name", 0600, 0));
	SHOW(faccessat(dir, "name", R_OK | W_OK, 0));
	SHOW(faccessat(dir, "name", X_OK, 0));
	SHOW(faccessat(dir, "name", 16, 0));
	SHOW(renameat(dir, "name", sub, "moved"));
	SHOW(access("dir/sub/moved", F_OK));
	SHOW(fchownat(dir, "sub", getuid(), getgid(), 0));
	/* A directory that moves while it is held. */
	SHOW(rename("dir/sub", "elsewhere"));
	CONTENT(openat(sub, "name", O_RDONLY));
	CONTENT(openat(sub, "../name", O_RDONLY));
	return 0;
}
