/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* close_range, close and dup2 over every number: calls, fork and execve go on to work. */
/* variants: static musl */
#include "guest.h"
#include <sys/resource.h>

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

static void works(const char *what)
{
	char buf[PATH_MAX];
	pid_t pid;
	int status, fd;

	fd = open("file", O_RDONLY);
	say("%s: open %d, getcwd %s, missing %s\n", what, fd, yes(getcwd(buf, sizeof(buf)) != NULL),
	    access("missing", F_OK) ? errname(errno) : "there");
	if (fd >= 0)
		close(fd);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "x", "child", NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	say("  child %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	struct rlimit lim;
	int i, failed = 0, fd;

	(void)argv;
	if (argc > 1)
		return access("file", F_OK) == 0 ? 7 : 8;
	write_text("file", "x", 0644);
	SHOW(syscall(SYS_close_range, 3, ~0U, 0));
	show_open_fds("open");
	works("after close_range");
	for (i = 0; i < 5; i++)
		MUST(open("file", O_RDONLY));
	SHOW(syscall(SYS_close_range, 4, 6, CLOSE_RANGE_CLOEXEC));
	for (i = 3; i < 8; i++)
		say(" %d", fcntl(i, F_GETFD));
	say("\n");
	SHOW(syscall(SYS_close_range, 5, 4, 0));
	SHOW(syscall(SYS_close_range, 5, 6, 0x100));
	SHOW(syscall(SYS_close_range, 6, ~0U, CLOSE_RANGE_UNSHARE));
	show_open_fds("open");
	works("after close_range with flags");

	/* The old way: up to the limit, and beyond. */
	MUST(getrlimit(RLIMIT_NOFILE, &lim));
	lim.rlim_cur = lim.rlim_max < 1024 ? lim.rlim_max : 1024;
	MUST(setrlimit(RLIMIT_NOFILE, &lim));
	for (i = 3; i < 100000; i++)
		close(i);
	works("after closing each number");
	fd = MUST(open("file", O_RDONLY));
	for (i = 4; i < (int)lim.rlim_cur; i++)
		if (dup2(fd, i) != i)
			failed++;
	say("dup2 over all: %d failed\n", failed);
	SHOW(open("file", O_RDONLY));
	close(500);
	works("one number left");
	SHOW(syscall(SYS_close_range, 3, ~0U, 0));
	works("all free again");
	SHOW(dup2(0, 99999));
	SHOW(dup2(0, -1));
	SHOW(dup2(99, 5));
	SHOW(dup3(0, 0, 0));
	SHOW(dup3(0, 5, 0x100));

	/* Without 0, 1 and 2 a program still runs: the report comes from a copy. */
	fd = MUST(fcntl(1, F_DUPFD, 50));
	close(0);
	close(1);
	close(2);
	i = access("file", F_OK) == 0 && access("missing", F_OK) < 0;
	dup2(fd, 1);
	close(fd);
	say("without 0, 1, 2: %d\n", i);
	show_open_fds("open");
	return 0;
}
