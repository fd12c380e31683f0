/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ending the guests of a view, drivers and all that serve its mounts excepted. */
#ifndef VU_UMVU_VIEW_GUESTS_H
#define VU_UMVU_VIEW_GUESTS_H

#include "realm/guests.h"
#include "umvu/view.h"
#include "umvu/worker.h"

struct vu_view_guests;

/*
 * vu_guests_end() by a worker. done() gets the status 0: none is left; the server itself is to be among those that are
 * spared. 0 and *w, or -errno and nothing is called. `g` is used during the call only.
 */
int vu_guests_worker(struct vu_loop *l, const struct vu_guests *g, vu_worker_done *done, void *ctx,
		     struct vu_worker **w);

/* Processes that are no guests to be ended, at most. */
#define VU_SPARE_MAX 256

/*
 * The server, and what has been noted of users' daemons and their helpers (sshfs's ssh), into
 * list[VU_SPARE_MAX]; their number.
 */
size_t vu_view_spare(const struct vu_session *s, struct vu_proc_id *list);

/*
 * End them (`front`: the view's, 0: has gone): SIGTERM, grace_ms to heed it (0: none), SIGKILL. Where some stay, a driver that hangs keeps
 * them: then the mounts that only this view has are aborted. done() gets 0, or -ETIMEDOUT if there are
 * some all the same. The view has to live until then, or the job be cancelled. 0 and *job, or -errno and
 * nothing is called.
 */
int vu_view_guests_end(struct vu_view *v, pid_t front, unsigned int grace_ms,
		       void (*done)(void *ctx, int res), void *ctx, struct vu_view_guests **job);

/* Give up: `done` is not called. */
void vu_view_guests_cancel(struct vu_view_guests *job);

#endif
