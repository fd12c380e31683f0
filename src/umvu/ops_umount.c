/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operation UMOUNT.
 *
 *   look for users ──▶ take out of the view ──▶ look again ──▶ release ──▶ answer
 *        │ busy                                     │ busy
 *        ▼                                          ▼ (put back)
 *      EBUSY                                      EBUSY
 *
 * Looking is a worker's job and takes milliseconds, in which a guest may enter the mount; hence the second
 * look, when nobody can enter it any more. MNT_DETACH needs no looks, MNT_FORCE aborts the connection
 * first and then does as MNT_DETACH, but waits for the driver, which is killed after FORCED_MS: then the
 * source is free. The answer to a plain umount2() comes when the driver has ended, that is: has written
 * everything. If it has not after DRIVER_MS, the answer is ETIMEDOUT, and the mount is gone all the same. A mount that another view shares is only taken out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/log.h"
#include "base/str.h"
#include "umvu/driver.h"
#include "umvu/holders.h"
#include "umvu/ops.h"
#include "umvu/stack_linger.h"
#include "umvu/view.h"
#include "umvu/worker.h"

#define LOOK_MS	  10000 /* for a worker to find users */
#define DRIVER_MS 60000
#define FORCED_MS 3000 /* for a driver whose connection was aborted */

struct op {
	struct vu_conn *conn; /* NULL: the client has gone */
	struct vu_session *session;
	uint32_t view, id; /* by number: either may go while a worker looks */
	struct vu_busy busy;
	/* The mount while it is out of the view, with its place. */
	struct vu_mount *taken;
	char *path;
	uint32_t parent, flags;
};

static void look(struct op *op, vu_worker_done *done);

static void finish(struct op *op, int res, const char *text)
{
	if (op->conn)
		vu_conn_result(op->conn, res, text);
	free(op->path);
	free(op);
}

static void cancel(void *ctx)
{
	struct op *op = ctx;

	op->conn = NULL; /* given up if nothing has been done yet (first_look), else finished */
}

static void released(void *ctx, int res)
{
	finish(ctx, res,
	       res < 0 ? "it is unmounted, but its driver has not ended: what it had not "
			 "yet written may be lost" :
			 "");
}

/* Give up the view's reference to op->taken. */
static void let_go(struct op *op, const struct vu_release_job *job)
{
	struct vu_mount *m = op->taken;

	op->taken = NULL;
	if (vu_mount_put(m))
		vu_mounts_release(op->session, &m, 1, job);
	else if (job->done)
		job->done(job->ctx, 0);
}

static struct vu_view *view_of(const struct op *op)
{
	struct vu_view *v = vu_view_by_number(op->session, op->view);

	return v && !v->ending ? v : NULL;
}

/* Take the mount out of the view. */
static int take(struct op *op, struct vu_view *v)
{
	struct vu_entry *e = vu_view_entry(v, op->id);

	if (!e)
		return -EINVAL;
	op->path = strdup(e->path);
	if (!op->path)
		return -ENOMEM;
	op->parent = e->parent;
	op->flags = e->flags;
	op->taken = vu_view_take(v, e);
	return 0;
}

static void second_look(void *ctx, int status, const char *out, size_t len)
{
	struct vu_release_job job = { .timeout_ms = DRIVER_MS, .done = released, .ctx = ctx };
	struct op *op = ctx;
	struct vu_view *v = view_of(op);

	(void)len;
	if (status == 1 && v && (!op->parent || vu_view_entry(v, op->parent)) &&
	    vu_view_add(v, op->taken, op->parent, op->path, op->flags) == 0) {
		vu_mount_put(op->taken); /* the view has its own again */
		finish(op, -EBUSY, out);
		return;
	}
	let_go(op, &job);
}

static void first_look(void *ctx, int status, const char *out, size_t len)
{
	struct op *op = ctx;
	struct vu_view *v = view_of(op);
	int res;

	(void)len;
	if (status == 1) {
		finish(op, -EBUSY, out);
		return;
	}
	res = !op->conn ? -EINTR : v ? take(op, v) : -EINVAL;
	if (res < 0)
		finish(op, res, "");
	else
		look(op, second_look);
}

static int run(void *arg, int out)
{
	const struct op *op = arg;

	return vu_holders_busy(&op->busy, out);
}

/* Have a worker look who uses the mount. */
static void look(struct op *op, vu_worker_done *done)
{
	struct vu_worker_job job = {
		.fn = run, .arg = op, .done = done, .ctx = op, .timeout_ms = LOOK_MS
	};
	int res = vu_worker_start(&op->session->loop, &job, NULL);

	/* Nobody can be asked: better a mount that stays than one that is torn away. */
	if (res < 0)
		done(op, 1, "cannot find out who uses it", 0);
}

static void fill_busy(struct op *op, const struct vu_mount *m)
{
	vu_stack_busy(m, op->view, &op->busy);
}

/* Take out a mount with all that is mounted in it, at once. */
static void detach(struct vu_view *v, struct vu_entry *e, const struct vu_release_job *job)
{
	uint32_t id = e->mount->id;
	struct vu_entry *inner;
	struct vu_mount *m;

	while ((inner = vu_view_entry_in(v, id)))
		detach(v, inner, job);
	m = vu_view_take(v, vu_view_entry(v, id));
	if (vu_mount_put(m))
		vu_mounts_release(v->session, &m, 1, job);
}

static void forced(void *ctx, int res)
{
	(void)res; /* it was killed */
	finish(ctx, 0, NULL);
}

/* Abort the connection and take the mount out. */
static void force(struct vu_conn *c, struct vu_view *v, struct vu_entry *e)
{
	struct op *op = calloc(1, sizeof(*op));
	struct vu_release_job job = { .timeout_ms = FORCED_MS, .kill = true };
	uint32_t id = e->mount->id;
	struct vu_entry *inner;

	if (!op) {
		vu_conn_result(c, -ENOMEM, NULL);
		return;
	}
	op->conn = c;
	op->session = c->session;
	vu_conn_defer(c, cancel, op);
	vu_realm_abort(vu_session_realm(c->session), e->mount->fd, e->mount->id, NULL);
	while ((inner = vu_view_entry_in(v, id)))
		detach(v, inner, &job);
	op->taken = vu_view_take(v, vu_view_entry(v, id));
	job.done = forced;
	job.ctx = op;
	let_go(op, &job);
}

/* A driver that unmounts itself because it ends: wherever its mount is, it goes. */
static void detach_own(struct vu_conn *c)
{
	struct vu_release_job job = { .timeout_ms = DRIVER_MS };
	struct vu_mount *m = vu_driver_mount(c->view->driver);
	struct vu_entry *e;
	struct vu_view *v;
	uint32_t id = m ? m->id : 0;

	vu_list_for_each(v, &c->session->views, node) {
		e = m && !v->owner ? vu_view_entry(v, id) : NULL;
		if (!e)
			continue;
		detach(v, e, &job);
	}
	vu_conn_result(c, m ? 0 : -EINVAL, NULL);
}

static void start(struct vu_conn *c, struct vu_view *v, const struct vu_entry *e)
{
	struct op *op = calloc(1, sizeof(*op));

	if (!op) {
		vu_conn_result(c, -ENOMEM, NULL);
		return;
	}
	op->conn = c;
	op->session = c->session;
	op->view = v->number;
	op->id = e->mount->id;
	fill_busy(op, e->mount);
	vu_conn_defer(c, cancel, op);
	look(op, first_look);
}

void vu_op_umount(struct vu_conn *c, struct vu_rpc_in *in)
{
	static const struct vu_release_job lazy = { .timeout_ms = DRIVER_MS };
	static const struct vu_release_job killed = { .timeout_ms = FORCED_MS, .kill = true };
	struct vu_view *v = c->view->owner ? c->view->owner : c->view;
	uint32_t id = (uint32_t)in->head.b;
	struct vu_entry *e = vu_view_entry(c->view, id), *inner;
	char text[512] = "";

	vu_log_debug("mount", "umount '%s' (%u), flags 0x%llx", in->str[0], id,
		     (unsigned long long)in->head.a);
	if (e && (e->flags & VU_MOUNT_HIDDEN) && c->view->driver) {
		detach_own(c);
		return;
	}
	if (!e || (e->flags & VU_MOUNT_HIDDEN) ||
	    (in->head.a & ~(uint64_t)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))) {
		vu_conn_result(c, -EINVAL, NULL);
		return;
	}
	if ((in->head.a & (MNT_DETACH | MNT_FORCE)) == MNT_DETACH && e->mount->stack) {
		vu_conn_result(c, vu_stack_linger(v, e), NULL);
		return;
	}
	if (in->head.a & MNT_DETACH) {
		if (in->head.a & MNT_FORCE)
			vu_realm_abort(vu_session_realm(c->session), e->mount->fd, e->mount->id,
				       NULL);
		detach(v, e, in->head.a & MNT_FORCE ? &killed : &lazy);
		vu_conn_result(c, 0, NULL);
		return;
	}
	if (in->head.a & MNT_FORCE) {
		force(c, v, e);
		return;
	}
	inner = vu_view_entry_in(v, id);
	if (inner) {
		snprintf(text, sizeof(text), "%.400s is mounted in it", inner->path);
		vu_conn_result(c, -EBUSY, text);
		return;
	}
	if (vu_holders_self(e->mount->mnt_id, e->mount->fd)) {
		vu_conn_result(c, -EBUSY, "an interpreter that is fixed (flag F) lies in it");
		return;
	}
	start(c, v, e);
}
