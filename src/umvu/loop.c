/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's event loop. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "umvu/loop.h"

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Reap all that have ended; those that nobody waits for are drivers' orphans (we are subreaper). */
static void reap(struct vu_loop *l)
{
	struct vu_child *c, *tmp;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		vu_list_for_each_safe(c, tmp, &l->children, node) {
			if (c->pid != pid)
				continue;
			vu_list_del(&c->node);
			c->fn(c, status);
			break;
		}
	}
}

static void on_signal(struct vu_io *io, uint32_t events)
{
	struct vu_loop *l = vu_container_of(io, struct vu_loop, signals);
	struct signalfd_siginfo si;

	(void)events;
	if (read(io->fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD) {
		reap(l);
		return;
	}
	l->terminate = true;
	l->stop = true;
}

int vu_loop_init(struct vu_loop *l)
{
	sigset_t set;
	int fd, res;

	memset(l, 0, sizeof(*l));
	l->signals.fd = -1;
	vu_list_init(&l->timers);
	vu_list_init(&l->children);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &l->mask);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	res = vu_io_add(l, &l->signals, fd, EPOLLIN, on_signal);
	if (res < 0)
		close(fd);
	return res;
}

/* Milliseconds until the first timer, -1 for ever. */
static int patience(const struct vu_loop *l)
{
	const struct vu_timer *t;
	uint64_t now;

	if (vu_list_empty(&l->timers))
		return -1;
	t = vu_list_entry(l->timers.next, struct vu_timer, node);
	now = now_ms();
	if (t->when <= now)
		return 0;
	return t->when - now > 60000 ? 60000 : (int)(t->when - now);
}

static void run_timers(struct vu_loop *l)
{
	uint64_t now = now_ms();
	struct vu_timer *t;

	while (!vu_list_empty(&l->timers)) {
		t = vu_list_entry(l->timers.next, struct vu_timer, node);
		if (t->when > now)
			return;
		vu_list_del(&t->node);
		t->fn(t);
	}
}

void vu_loop_run(struct vu_loop *l)
{
	struct epoll_event event;
	struct vu_io *io;
	int n;

	l->stop = false;
	while (!l->stop) {
		n = epoll_wait(l->epoll, &event, 1, patience(l));
		VU_BUG_ON(n < 0 && errno != EINTR);
		if (n > 0) {
			io = event.data.ptr;
			io->fn(io, event.events);
		}
		run_timers(l);
	}
}

int vu_io_add(struct vu_loop *l, struct vu_io *io, int fd, uint32_t events,
	      void (*fn)(struct vu_io *io, uint32_t events))
{
	struct epoll_event event = { .events = events, .data.ptr = io };

	io->fn = fn;
	io->fd = -1;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	io->fd = fd;
	return 0;
}

void vu_io_change(struct vu_loop *l, struct vu_io *io, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = io };

	if (io->fd >= 0)
		epoll_ctl(l->epoll, EPOLL_CTL_MOD, io->fd, &event);
}

void vu_io_del(struct vu_loop *l, struct vu_io *io)
{
	if (io->fd >= 0)
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, io->fd, NULL);
	io->fd = -1;
}

void vu_timer_init(struct vu_timer *t)
{
	vu_list_init(&t->node);
}

void vu_timer_del(struct vu_timer *t)
{
	vu_list_del(&t->node);
}

void vu_timer_set(struct vu_loop *l, struct vu_timer *t, unsigned int ms,
		  void (*fn)(struct vu_timer *t))
{
	struct vu_timer *other;

	vu_list_del(&t->node);
	t->when = now_ms() + ms;
	t->fn = fn;
	vu_list_for_each(other, &l->timers, node) {
		if (other->when > t->when)
			break;
	}
	vu_list_add_before(&other->node, &t->node);
}

void vu_child_init(struct vu_child *c)
{
	vu_list_init(&c->node);
}

void vu_child_del(struct vu_child *c)
{
	vu_list_del(&c->node);
}

void vu_child_add(struct vu_loop *l, struct vu_child *c, pid_t pid,
		  void (*fn)(struct vu_child *c, int status))
{
	c->pid = pid;
	c->fn = fn;
	vu_list_init(&c->node);
	vu_list_add(&l->children, &c->node);
}
