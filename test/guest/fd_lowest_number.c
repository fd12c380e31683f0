/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New descriptors get the lowest free number; calls that fail leave none behind. */
/* variants: static musl */
#include "guest.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

int main(void)
{
	static const int odd[] = { 3, 4, 5, 7, 11, 500, 1023 };
	struct stat st;
	char buf[PATH_MAX];
	size_t i;
	int p[2];

	show_open_fds("at the start");
	close_extra_fds();
	write_text("file", "x", 0644);
	MUST(symlink("file", "link"));
	SHOW(open("file", O_RDONLY));
	SHOW(open("link", O_RDONLY));
	SHOW(open("missing", O_RDONLY));
	SHOW(openat(AT_FDCWD, ".", O_PATH));
	SHOW(dup(0));
	SHOW(fcntl(0, F_DUPFD, 0));
	SHOW(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	say("pair %d %d\n", p[0], p[1]);
	SHOW(pipe(p));
	say("pipe %d %d\n", p[0], p[1]);
	SHOW(epoll_create1(0));
	SHOW(eventfd(0, 0));
	SHOW(timerfd_create(CLOCK_MONOTONIC, 0));
	SHOW(inotify_init());
	SHOW(memfd_create("x", 0));
	SHOW(syscall(SYS_pidfd_open, getpid(), 0));
	close(5);
	close(3);
	SHOW(open("file", O_RDONLY));
	SHOW(open("file", O_RDONLY));
	SHOW(close(3));
	SHOW(close(3));
	SHOW(stat("/proc/self/fd/4", &st));
	SHOW(stat("/proc/self/fd/3", &st));
	SHOW(open("file", O_RDONLY));
	close_extra_fds();

	/* Calls with many kinds of paths, then the numbers are as before. */
	for (i = 0; i < 100; i++) {
		stat("link", &st);
		access("/proc/self/cwd/file", F_OK);
		if (readlink("/proc/self/exe", buf, sizeof(buf)) < 0 || !getcwd(buf, sizeof(buf)))
			return 1;
		rename("file", "file2");
		rename("file2", "file");
		execl("missing", "x", NULL);
		execl("file", "x", NULL);
	}
	show_open_fds("after many calls");
	for (i = 0; i < ARRAY_SIZE(odd); i++)
		MUST(dup2(0, odd[i]));
	SHOW(open("file", O_RDONLY));
	SHOW(open("file", O_RDONLY));
	show_open_fds("open");
	close(0);
	SHOW(open("file", O_RDONLY));
	close(2);
	close(0);
	SHOW(open("link", O_RDONLY));
	SHOW(open("link", O_RDONLY));
	show_open_fds("open");
	return 0;
}
