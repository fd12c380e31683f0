/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors over execve: close-on-exec ones go, the others keep their numbers, none is added. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"
#include <dirent.h>

static int child(void)
{
	struct dirent *d;
	DIR *dir;
	int fd, seen[1100] = { 0 };

	show_open_fds("  open");
	dir = opendir("/proc/self/fd");
	if (dir) {
		while ((d = readdir(dir)))
			if (d->d_name[0] != '.' && atoi(d->d_name) != dirfd(dir))
				seen[atoi(d->d_name) % 1100] = 1;
		closedir(dir);
	}
	for (fd = 0; fd < 1100; fd++)
		if (seen[fd] != (fcntl(fd, F_GETFD) >= 0))
			say("  /proc/self/fd is wrong about %d\n", fd);
	fd = open("data", O_RDONLY);
	say("  the next descriptor is %d\n", fd);
	return 7;
}

static void run(const char *what, const char *path)
{
	char *const argv[] = { "x", NULL };
	char *const envp[] = { "CHILD=1", NULL };
	pid_t pid = MUST(fork());

	if (pid == 0) {
		execve(path, argv, envp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, what);
}

int main(void)
{
	pid_t pid;
	int i;

	if (getenv("CHILD"))
		return child();
	close_extra_fds();
	umask(022);
	write_text("data", "data\n", 0644);
	copy_self("prog");
	write_text("script", "#!./prog\n", 0755);
	run("none but 0, 1, 2", "./prog");
	for (i = 0; i < 8; i++)
		MUST(open("data", i % 2 ? O_RDONLY | O_CLOEXEC : O_RDONLY));
	MUST(fcntl(5, F_SETFD, FD_CLOEXEC));
	MUST(fcntl(6, F_SETFD, 0));
	MUST(dup2(3, 100));
	MUST(dup3(3, 101, O_CLOEXEC));
	MUST(dup2(3, 1023));
	MUST(fcntl(3, F_DUPFD_CLOEXEC, 200));
	show_open_fds("before");
	run("program", "./prog");
	run("script", "./script");
	run("failing", "./missing");
	show_open_fds("after");

	/* Without 0 and 2: execve must not open anything there. */
	pid = MUST(fork());
	if (pid == 0) {
		close(0);
		close(2);
		run("0 and 2 closed", "./prog");
		_exit(0);
	}
	reap(pid, "its parent");
	pid = MUST(fork());
	if (pid == 0) {
		close_extra_fds();
		close(0);
		run("only 1 and 2", "./script");
		_exit(0);
	}
	reap(pid, "its parent");
	return 0;
}
