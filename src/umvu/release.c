/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Releasing mounts: their descriptors are closed, by which the kernel unmounts them, whereupon their
 * drivers write what they have and end; we wait for that.
 *
 * The server closes its descriptors first; the worker has copies, so that it is the worker's close that
 * is the last: it may block (fuse_kill_sb). Drivers are found by what they have mapped and open, because
 * a daemon may have left its parent; they are waited for by pidfd. Mounts that lie in the image of
 * another (an image in an image) end in the right order by themselves: the inner one's driver holds
 * the outer mount until it has finished.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "umvu/driver.h"
#include "umvu/holders.h"
#include "umvu/mount.h"
#include "umvu/session.h"
#include "umvu/tree.h"
#include "umvu/worker.h"

#define PROCS_MAX 256
#define LOOK_MS	  1000 /* at most so long between two looks */
#define KILL_MS	  5000 /* for those that were killed to go */

/* One batch of at most VU_HOLDERS_MOUNTS; a release is over when all of its batches are. */
struct batch {
	struct release *r;
	struct vu_holders h;
	struct vu_mount *mounts[VU_HOLDERS_MOUNTS];
};

struct release {
	struct vu_session *s;
	struct vu_release_job job;
	size_t left; /* batches under way */
	int res;
	struct batch batch[];
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Wait until these processes have ended, or for ms. With `sig` it is sent first. */
static void wait_for(const struct vu_proc_id *ids, size_t n, int sig, uint64_t ms)
{
	struct pollfd polls[PROCS_MAX];
	uint64_t end = now_ms() + ms, now;
	size_t i, left = 0;

	for (i = 0; i < n; i++) {
		polls[i] = (struct pollfd){ .fd = vu_proc_open(&ids[i]), .events = POLLIN };
		if (polls[i].fd >= 0 && sig)
			vu_proc_signal(polls[i].fd, sig);
		left += polls[i].fd >= 0;
	}
	while (left && (now = now_ms()) < end && poll(polls, n, (int)(end - now)) > 0)
		for (i = 0; i < n; i++)
			if (polls[i].fd >= 0 && polls[i].revents) {
				vu_fd_close(&polls[i].fd);
				left--;
			}
	for (i = 0; i < n; i++)
		vu_fd_close(&polls[i].fd);
}

/* In the worker. 0: no driver is left; 1: some were still there when the time was over. */
static int run(void *arg, int out)
{
	struct batch *b = arg;
	struct vu_proc_id ids[PROCS_MAX];
	uint64_t end = now_ms() + b->r->job.timeout_ms;
	size_t n, i;

	(void)out;
	n = vu_holders_drivers(&b->h, true, ids, 0, PROCS_MAX);
	for (i = 0; i < b->h.n_mounts; i++)
		close(b->mounts[i]->fd);
	/* From now on the numbers of their devices may be those of other mounts. */
	while (n > 0) {
		uint64_t now = now_ms();

		if (now >= end)
			break;
		wait_for(ids, n, 0, end - now < LOOK_MS ? end - now : LOOK_MS);
		n = vu_holders_drivers(&b->h, false, ids, n, PROCS_MAX);
	}
	if (n && b->r->job.kill)
		wait_for(ids, n, SIGKILL, KILL_MS);
	return n ? 1 : 0;
}

static void forget(struct vu_mount *m)
{
	struct vu_driver *d = m->driver;

	vu_mount_free(m);
	if (d)
		vu_driver_unmounted(d);
}

static void batch_over(struct batch *b, int res)
{
	struct release *r = b->r;
	struct vu_session *s = r->s;
	size_t i;

	for (i = 0; i < b->h.n_mounts; i++) {
		if (res)
			vu_log_warn("mount", "the driver of %s (%s) has not ended%s",
				    b->mounts[i]->source, b->mounts[i]->type,
				    r->job.kill ? " and was killed" : "");
		forget(b->mounts[i]);
	}
	if (res)
		r->res = -ETIMEDOUT;
	if (res && !r->job.kill)
		s->late = true;
	if (--r->left)
		return;
	if (r->job.done)
		r->job.done(r->job.ctx, r->res);
	free(r);
	s->n_releases--;
	vu_session_check_end(s);
}

static void on_done(void *ctx, int status, const char *out, size_t len)
{
	(void)out;
	(void)len;
	batch_over(ctx, status);
}

/* Start the worker of a batch, and close what it has now taken over. */
static void start(struct batch *b)
{
	int keep[VU_HOLDERS_MOUNTS];
	struct vu_worker_job job = {
		.fn = run,
		.arg = b,
		.keep = keep,
		.n_keep = b->h.n_mounts,
		.done = on_done,
		.ctx = b,
		.timeout_ms = b->r->job.timeout_ms + 2 * KILL_MS,
	};
	size_t i;
	int res;

	for (i = 0; i < b->h.n_mounts; i++)
		keep[i] = b->mounts[i]->fd;
	res = vu_worker_start(&b->r->s->loop, &job, NULL);
	for (i = 0; i < b->h.n_mounts; i++)
		vu_fd_close(&b->mounts[i]->fd);
	if (res < 0) {
		vu_log_warn("mount", "cannot wait for drivers: %s", strerror(-res));
		batch_over(b, res);
	}
}

int vu_mounts_release(struct vu_session *s, struct vu_mount *const *mounts, size_t n,
		      const struct vu_release_job *job)
{
	size_t n_batches = (n + VU_HOLDERS_MOUNTS - 1) / VU_HOLDERS_MOUNTS, i;
	struct release *r = n ? calloc(1, sizeof(*r) + n_batches * sizeof(r->batch[0])) : NULL;

	if (!r) {
		for (i = 0; i < n; i++)
			forget(mounts[i]);
		if (job->done)
			job->done(job->ctx, n ? -ENOMEM : 0);
		return n ? -ENOMEM : 0;
	}
	r->s = s;
	r->job = *job;
	r->left = n_batches;
	for (i = 0; i < n; i++) {
		struct batch *b = &r->batch[i / VU_HOLDERS_MOUNTS];

		VU_BUG_ON(mounts[i]->refs);
		vu_tree_take(mounts[i]);
		b->mounts[b->h.n_mounts++] = mounts[i];
	}
	s->n_releases++;
	for (i = 0; i < n_batches; i++) {
		struct batch *b = &r->batch[i];

		b->r = r;
		b->h.session = s->id;
		b->h.server = s->pid;
		b->h.realm = s->realm.pid;
		b->h.mounts = b->mounts;
		start(b);
	}
	return 0;
}
