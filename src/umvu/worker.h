/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workers: forked helpers for what may block (looking into mounts, reading other processes' /proc).
 *
 * A worker runs one function with a copy of the server's memory and no descriptors but those it is
 * given, writes its findings to a pipe, and exits. A worker that is stuck in the kernel hurts nobody.
 */
#ifndef VU_UMVU_WORKER_H
#define VU_UMVU_WORKER_H

#include <stddef.h>

#include "umvu/loop.h"

struct vu_worker;

/* In the worker; `out` is the pipe. The result (0 to 125) is its exit status. */
typedef int vu_worker_fn(void *arg, int out);

/*
 * In the server, once: `status` is the exit status, or -EIO (killed), or -ETIMEDOUT. `out` is the text
 * (NUL-terminated, at most 64 KiB are kept); it lives during the call. The worker is freed afterwards.
 */
typedef void vu_worker_done(void *ctx, int status, const char *out, size_t len);

struct vu_worker_job {
	vu_worker_fn *fn;
	void *arg;	 /* used by the worker's copy only */
	const int *keep; /* descriptors to be left open, with their numbers */
	size_t n_keep;	 /* at most 64 */
	vu_worker_done *done;
	void *ctx;
	unsigned int timeout_ms; /* 0: none */
};

/* 0 and *w (may be NULL), or -errno and nothing is called. */
int vu_worker_start(struct vu_loop *l, const struct vu_worker_job *job, struct vu_worker **w);

/* Kill it and forget it: `done` is not called. NULL is harmless. */
void vu_worker_cancel(struct vu_worker *w);

/* In a child: close all descriptors from 3 on but those listed (any order). */
void vu_close_all_but(const int *keep, size_t n);

/* In a child: all signals as by default, with the given mask. */
void vu_signals_reset(const sigset_t *mask);

#endif
