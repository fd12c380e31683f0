/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending a view's guests. A worker looks for them and kills them (realm/guests.h).
 *
 * A process that waits for a FUSE daemon's answer cannot be killed once the daemon has read the request
 * (fs/fuse/dev.c: request_wait_answer). Whether the daemon hangs or is slow nobody can tell; guests that
 * are still there some seconds after SIGKILL are let go by an abort of the connection. The daemon sees its
 * mount gone then, and can still write what it has.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/view_guests.h"

#define WORKER_MS 10000 /* for the worker to see that its time is up */

struct vu_view_guests {
	struct vu_view *view;
	struct vu_worker *worker;
	struct vu_guests guests;
	struct vu_proc_id spare[VU_SPARE_MAX];
	size_t stage;
	void (*done)(void *ctx, int res);
	void *ctx;
};

size_t vu_view_spare(const struct vu_session *s, struct vu_proc_id *list)
{
	struct vu_mount *m;
	struct vu_proc p;
	size_t n = 0, i;

	if (vu_proc_stat(s->pid, &p) == 0)
		list[n++] = p.id;
	vu_list_for_each(m, &s->mounts, node)
		for (i = 0; i < m->n_daemons && n < VU_SPARE_MAX; i++)
			list[n++] = m->daemons[i];
	return n;
}

static void abort_mounts(struct vu_view *v)
{
	struct vu_entry *e;

	vu_list_for_each(e, &v->entries, node)
		if (e->mount->refs == 1)
			vu_realm_abort(vu_session_realm(v->session), e->mount->fd, e->mount->id,
				       NULL);
}

/* Those of mounts that were taken out with -l: there is no descriptor any more by which to abort them. */
static void signal_released(const struct vu_session *s, int sig)
{
	struct vu_mount *m;
	size_t i;
	int fd;

	vu_list_for_each(m, &s->mounts, node) {
		for (i = 0; m->fd < 0 && i < m->n_daemons; i++) {
			fd = vu_proc_open(&m->daemons[i]);
			if (fd >= 0)
				vu_proc_signal(fd, sig);
			vu_fd_close(&fd);
		}
	}
}

/* Nobody has gone for a while: more is done each time. False: there is no more. */
static bool press(struct vu_view_guests *job)
{
	static const int signals[] = { SIGTERM, SIGKILL };

	if (job->stage >= VU_ARRAY_SIZE(signals))
		return false;
	if (!job->stage) {
		vu_log_warn("view", "processes stay although they were killed: mounts are aborted");
		abort_mounts(job->view);
	}
	signal_released(job->view->session, signals[job->stage++]);
	job->guests.grace_ms = 0;
	if (job->stage == VU_ARRAY_SIZE(signals))
		job->guests.patience_ms = VU_GUESTS_PATIENCE_MS;
	return true;
}

static int run(void *arg, int out)
{
	(void)out;
	return vu_guests_end(arg) ? 1 : 0;
}

int vu_guests_worker(struct vu_loop *l, const struct vu_guests *g, vu_worker_done *done, void *ctx,
		     struct vu_worker **w)
{
	const struct vu_worker_job job = {
		.fn = run,
		.arg = (void *)g,
		.done = done,
		.ctx = ctx,
		.timeout_ms = g->grace_ms + g->patience_ms + WORKER_MS,
	};

	return vu_worker_start(l, &job, w);
}

static int start(struct vu_view_guests *job);

static void on_done(void *ctx, int status, const char *out, size_t len)
{
	struct vu_view_guests *job = ctx;

	(void)out;
	(void)len;
	job->worker = NULL;
	if (status && press(job) && start(job) == 0)
		return;
	job->done(job->ctx, status ? -ETIMEDOUT : 0);
	free(job);
}

static int start(struct vu_view_guests *job)
{
	return vu_guests_worker(&job->view->session->loop, &job->guests, on_done, job,
				&job->worker);
}

int vu_view_guests_end(struct vu_view *v, pid_t front, unsigned int grace_ms,
		       void (*done)(void *ctx, int res), void *ctx, struct vu_view_guests **out)
{
	struct vu_view_guests *job = calloc(1, sizeof(*job));
	int res;

	if (!job)
		return -ENOMEM;
	job->view = v;
	job->done = done;
	job->ctx = ctx;
	job->guests = (struct vu_guests){
		.session = v->session->id,
		.view = v->number,
		.front = front,
		.grace_ms = grace_ms,
		.patience_ms = VU_GUESTS_STUCK_MS,
		.spare = job->spare,
		.n_spare = vu_view_spare(v->session, job->spare),
	};
	res = start(job);
	if (res < 0)
		free(job);
	else
		*out = job;
	return res;
}

void vu_view_guests_cancel(struct vu_view_guests *job)
{
	vu_worker_cancel(job->worker);
	free(job);
}
