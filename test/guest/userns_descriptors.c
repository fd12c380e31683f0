/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process in a user namespace of its own closes all the descriptors that it finds, and executes a program. */
#include <dirent.h>
#include <sched.h>
#include <sys/syscall.h>

#include "guest.h"

/* Closes what /proc/self/fd lists from 3 on; the number of descriptors. */
static int close_listed(const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *d;
	int n = 0, fd;

	while (dir && (d = readdir(dir))) {
		fd = atoi(d->d_name);
		if (d->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		n++;
		if (fd > 2)
			close(fd);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void execute(const char *what)
{
	execl("/proc/self/exe", "x", what, NULL);
	say("%s: %s\n", what, errname(errno));
	_exit(1);
}

static void in_namespace(void (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (unshare(CLONE_NEWUSER))
			say("unshare: %s\n", errname(errno));
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say("status %d\n", WEXITSTATUS(status));
}

static void by_listing(void)
{
	MUST(open("/", O_RDONLY));
	say("%d listed\n", close_listed("/proc/self/fd"));
	say("%d listed\n", close_listed("/proc/thread-self/fd"));
	execute("listed");
}

static void by_range(void)
{
	MUST(open("/", O_RDONLY));
	say("close_range %ld\n", syscall(SYS_close_range, 3, ~0u, 0));
	say("close_range %ld\n", syscall(SYS_close_range, 900, 905, 0));
	say("close_range %ld %s\n", syscall(SYS_close_range, 9, 8, 0), errname(errno));
	say("%d listed\n", close_listed("/proc/self/fd"));
	execute("range");
}

static void by_cloexec_range(void)
{
	say("close_range %ld\n", syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */));
	execute("range, later");
}

int main(int argc, char **argv)
{
	close_extra_fds();
	if (argc > 1) {
		say("%s: %d listed\n", argv[1], close_listed("/proc/self/fd"));
		if (strcmp(argv[1], "again") != 0)
			execute("again");
		return 0;
	}
	in_namespace(by_listing);
	in_namespace(by_range);
	in_namespace(by_cloexec_range);
	return 0;
}
