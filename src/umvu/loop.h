/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's event loop: descriptors, timers and children, one at a time, in one thread.
 *
 * The structs are embedded in what they belong to and own nothing. A handler may remove or free
 * whatever it likes, the thing that it was called for included: each round of the loop asks the kernel
 * for one event only, so that no stale one is at hand.
 */
#ifndef VU_UMVU_LOOP_H
#define VU_UMVU_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"

struct vu_io {
	int fd; /* -1: not in the loop */
	void (*fn)(struct vu_io *io, uint32_t events);
};

struct vu_timer {
	struct vu_list node;
	uint64_t when; /* ms of CLOCK_MONOTONIC */
	void (*fn)(struct vu_timer *t);
};

struct vu_child {
	struct vu_list node;
	pid_t pid;
	void (*fn)(struct vu_child *c, int status); /* status as wait(2) gives it */
};

struct vu_loop {
	int epoll;
	struct vu_io signals;
	struct vu_list timers;	 /* sorted by time */
	struct vu_list children; /* those that somebody waits for */
	sigset_t mask;		 /* what was blocked before */
	bool stop, terminate;
};

/* Blocks SIGCHLD, SIGTERM, SIGINT, SIGHUP. 0 or -errno. */
int vu_loop_init(struct vu_loop *l);

/* Serve until l->stop. SIGTERM and its like set l->terminate and stop. */
void vu_loop_run(struct vu_loop *l);

/* fn is called while one of the EPOLL* events is there. 0 or -errno (io->fd is -1 then). */
int vu_io_add(struct vu_loop *l, struct vu_io *io, int fd, uint32_t events,
	      void (*fn)(struct vu_io *io, uint32_t events));
void vu_io_change(struct vu_loop *l, struct vu_io *io, uint32_t events);

/* Takes it out; the descriptor stays open. Harmless if it is not in. */
void vu_io_del(struct vu_loop *l, struct vu_io *io);

/* Once, in `ms` from now; a timer that runs is set anew. */
void vu_timer_set(struct vu_loop *l, struct vu_timer *t, unsigned int ms,
		  void (*fn)(struct vu_timer *t));
void vu_timer_init(struct vu_timer *t);
void vu_timer_del(struct vu_timer *t);

/* fn is called once, when the process has been reaped. */
void vu_child_add(struct vu_loop *l, struct vu_child *c, pid_t pid,
		  void (*fn)(struct vu_child *c, int status));
void vu_child_init(struct vu_child *c);
void vu_child_del(struct vu_child *c);

#endif
