/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* epoll, eventfd, timerfd, signalfd, poll, select over files, pipes and sockets together. */
/* variants: musl */
#include "guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

int main(void)
{
	struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
	struct epoll_event ev, evs[8];
	struct timespec zero = { 0, 0 };
	struct pollfd pfd[3];
	uint64_t n = 5;
	sigset_t set;
	fd_set rd;
	int ep, event, timer, sig, p[2], pair[2], file, i, got;

	close_extra_fds();
	write_text("file", "x", 0644);
	ep = MUST(epoll_create1(EPOLL_CLOEXEC));
	event = MUST(eventfd(0, EFD_NONBLOCK));
	timer = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	sig = MUST(signalfd(-1, &set, SFD_NONBLOCK));
	MUST(pipe(p));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	file = MUST(open("file", O_RDONLY));

	for (i = 0; i < 5; i++) {
		static const char *const names[] = { "event", "timer", "signal", "pipe", "socket" };
		int fd = i == 0 ? event : i == 1 ? timer : i == 2 ? sig : i == 3 ? p[0] : pair[0];

		ev.events = EPOLLIN;
		ev.data.u32 = i;
		showf(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), "add %s", names[i]);
	}
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, event, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
	SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, 99, &ev));
	SHOW(syscall(SYS_epoll_ctl, ep, EPOLL_CTL_MOD, event, NULL));
	SHOW(epoll_wait(ep, evs, 8, 0));
	SHOW(write(event, &n, 8));
	MUST(timerfd_settime(timer, 0, &soon, NULL));
	MUST(write(p[1], "x", 1));
	MUST(write(pair[1], "x", 1));
	kill(getpid(), SIGUSR1);
	pfd[0].fd = timer;
	pfd[0].events = POLLIN;
	SHOW(poll(pfd, 1, -1));
	got = epoll_wait(ep, evs, 8, -1);
	say("ready %d:", got);
	for (n = 0, i = 0; i < got; i++)
		n |= 1 << evs[i].data.u32;
	say(" %#lx\n", (unsigned long)n);
	SHOW(read(event, &n, 8));
	say("count %lu\n", (unsigned long)n);
	SHOW(read(event, &n, 8));
	SHOW(read(timer, &n, 8));
	SHOW(epoll_pwait(ep, evs, 8, 0, &set));
	SHOW(syscall(SYS_epoll_pwait2, ep, evs, 8, &zero, NULL, 8L));
	SHOW(epoll_wait(ep, evs, 0, 0));
	SHOW(epoll_wait(file, evs, 1, 0));

	pfd[0].fd = p[0];
	pfd[1].fd = file;
	pfd[2].fd = 99;
	for (i = 0; i < 3; i++)
		pfd[i].events = POLLIN | POLLOUT;
	SHOW(poll(pfd, 3, 0));
	say("events %#x %#x %#x\n", pfd[0].revents, pfd[1].revents, pfd[2].revents);
	close(p[1]);
	SHOW(poll(pfd, 1, 0));
	say("events %#x\n", pfd[0].revents);
	FD_ZERO(&rd);
	FD_SET(p[0], &rd);
	FD_SET(file, &rd);
	FD_SET(event, &rd);
	SHOW(select(20, &rd, NULL, NULL, NULL));
	say("set %d %d %d\n", !!FD_ISSET(p[0], &rd), !!FD_ISSET(file, &rd), !!FD_ISSET(event, &rd));
	FD_ZERO(&rd);
	FD_SET(99, &rd);
	SHOW(select(100, &rd, NULL, NULL, &(struct timeval){ 0, 0 }));
	SHOW(poll(NULL, 0, 1));
	return 0;
}
