/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* getcwd in buffers of all sizes, chdir and fchdir to all kinds, removed and moved directories. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"

static char top[PATH_MAX];

/* The current directory relative to where the program started. */
static void where(const char *what)
{
	char buf[PATH_MAX];
	long n = syscall(SYS_getcwd, buf, sizeof(buf));

	if (n < 0)
		say("%s: getcwd: %s\n", what, errname(errno));
	else if (!strncmp(buf, top, strlen(top)))
		say("%s: TOP%s, length right: %s\n", what, buf + strlen(top),
		    yes(n == (long)strlen(buf) + 1));
	else
		say("%s: %s\n", what, strncmp(buf, "(unreachable)", 13) ? "elsewhere" : buf);
}

static void try_chdir(const char *path)
{
	showf(chdir(path), "chdir(\"%s\")", strcmp(path, top) ? path : "TOP");
	where("  now");
}

int main(void)
{
	char buf[PATH_MAX], link[PATH_MAX];
	char *edge;
	size_t len;
	ssize_t n;
	int dir, file, opath;

	close_extra_fds();
	umask(022);
	len = MUST(syscall(SYS_getcwd, top, sizeof(top)));
	MUST(mkdir("dir", 0755));
	MUST(mkdir("dir/sub", 0755));
	MUST(mkdir("closed", 0755));
	MUST(chmod("closed", 0600));
	write_text("file", "x", 0644);
	MUST(symlink("dir/sub", "link"));
	MUST(symlink("missing", "dangling"));

	edge = edge_new(2);
	say("exact size: %s\n", yes(syscall(SYS_getcwd, edge - len, len) == (long)len));
	say("same text: %s\n", yes(!strcmp(edge - len, top)));
	say("one less: %s\n", syscall(SYS_getcwd, buf, len - 1) < 0 ? errname(errno) : "ok");
	SHOW(syscall(SYS_getcwd, buf, 0));
	SHOW(syscall(SYS_getcwd, buf, 1));
	SHOW(syscall(SYS_getcwd, NULL, 0));
	SHOW(syscall(SYS_getcwd, NULL, 4096));
	SHOW(syscall(SYS_getcwd, (void *)16, 4096));
	SHOW(syscall(SYS_getcwd, edge - 2, 4096));
	say("libc's getcwd(NULL, 0): %s\n", yes(!strcmp(getcwd(NULL, 0), top)));

	where("at first");
	try_chdir("dir");
	try_chdir("sub");
	try_chdir("../..");
	try_chdir("link");
	try_chdir("..");
	try_chdir("../link/../sub/.");
	try_chdir(top);
	try_chdir("file");
	try_chdir("missing");
	try_chdir("dangling");
	try_chdir("closed");
	try_chdir("");
	try_chdir("./");
	try_chdir("/proc/self/cwd/dir");
	try_chdir("/proc/self/cwd/..");

	dir = MUST(open("dir/sub", O_RDONLY));
	opath = MUST(open("dir", O_PATH));
	file = MUST(open("file", O_RDONLY));
	SHOW(fchdir(dir));
	where("fchdir");
	SHOW(fchdir(opath));
	where("fchdir of O_PATH");
	SHOW(fchdir(file));
	SHOW(fchdir(-1));
	SHOW(fchdir(99));
	SHOW(fchdir(AT_FDCWD));
	where("still");
	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	SHOW_OK(chdir(link));
	where("by /proc/self/fd");
	n = readlink("/proc/self/cwd", buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	say("/proc/self/cwd is TOP%s\n", !strncmp(buf, top, strlen(top)) ? buf + strlen(top) : "?");

	/* A directory renamed below its user. */
	SHOW(rename("../../dir", "../../renamed"));
	where("renamed");
	SHOW(chdir(".."));
	where("up");
	SHOW(chmod("../closed", 0700));
	return 0;
}
