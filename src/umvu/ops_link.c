/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fronts ask for: GUESTS, KILL, END (link.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "umvu/holders.h"
#include "umvu/link.h"
#include "umvu/ops.h"
#include "umvu/view.h"
#include "umvu/view_end.h"
#include "umvu/view_guests.h"
#include "umvu/worker.h"

#define GUESTS_MS 10000

/* GUESTS: a worker sorts the front's children. */
struct task {
	struct vu_conn *conn;
	struct vu_session *session;
	struct vu_worker *worker;
	char *pids;
	struct vu_proc_id spare[VU_SPARE_MAX];
	size_t n_spare;
};

static void free_task(struct task *t)
{
	free(t->pids);
	free(t);
}

static void cancel_task(void *ctx)
{
	struct task *t = ctx;

	vu_worker_cancel(t->worker);
	free_task(t);
}

static struct task *new_task(struct vu_conn *c, const char *pids)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->conn = c;
	t->session = c->session;
	t->pids = strdup(pids);
	if (!t->pids) {
		free(t);
		return NULL;
	}
	t->n_spare = vu_view_spare(c->session, t->spare);
	return t;
}

static bool is_noted(const struct task *t, pid_t pid)
{
	struct vu_proc p;
	size_t i;

	if (vu_proc_stat(pid, &p) < 0)
		return false;
	for (i = 0; i < t->n_spare; i++)
		if (t->spare[i].pid == pid && t->spare[i].start == p.id.start)
			return true;
	return false;
}

/* In the worker: write those that are no drivers. */
static int sort_out(void *arg, int out)
{
	const struct task *t = arg;
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	char *at = t->pids, *word;
	uint64_t pid;

	while ((word = strsep(&at, " "))) {
		if (vu_str_to_u64(word, 10, INT32_MAX, &pid) < 0 || is_noted(t, (pid_t)pid) ||
		    vu_holders_is_driver(t->session->id, (pid_t)pid))
			continue;
		vu_buf_printf(&b, "%s%s", b.len ? " " : "", word);
	}
	return vu_fd_write(out, vu_buf_text(&b), b.len) < 0 ? 1 : 0;
}

static void sorted_out(void *ctx, int status, const char *out, size_t len)
{
	struct task *t = ctx;

	(void)len;
	/* If nobody knows, all are guests. */
	vu_conn_result(t->conn, 0, status ? t->pids : out);
	free_task(t);
}

void vu_op_guests(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct task *t = new_task(c, in->str[0]);
	struct vu_worker_job job = {
		.fn = sort_out, .arg = t, .done = sorted_out, .ctx = t, .timeout_ms = GUESTS_MS
	};
	int res = t ? vu_worker_start(&c->session->loop, &job, &t->worker) : -ENOMEM;

	if (res < 0) {
		vu_conn_result(c, res, NULL);
		if (t)
			free_task(t);
		return;
	}
	vu_conn_defer(c, cancel_task, t);
}

static void killed(void *ctx, int res)
{
	vu_conn_result(ctx, res, NULL);
}

static void cancel_kill(void *job)
{
	vu_view_guests_cancel(job);
}

void vu_op_kill(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view_guests *job;
	int res =
		vu_view_guests_end(c->front_of, c->pid, (unsigned int)in->head.a, killed, c, &job);

	if (res < 0)
		vu_conn_result(c, res, NULL);
	else
		vu_conn_defer(c, cancel_kill, job);
}

/* Where the front waits for the end of its view; conn is NULL once it has gone. */
struct waiting {
	struct vu_conn *conn;
};

static void ended(void *ctx, const char *text)
{
	struct waiting *w = ctx;

	if (w->conn)
		vu_conn_result(w->conn, 0, text);
	free(w);
}

static void cancel_waiting(void *ctx)
{
	struct waiting *w = ctx;

	w->conn = NULL;
}

void vu_op_end(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view *v = c->front_of;
	struct waiting *w = calloc(1, sizeof(*w));

	(void)in;
	if (!w) {
		vu_conn_result(c, -ENOMEM, NULL);
		return;
	}
	c->front_of = NULL;
	v->front = NULL;
	w->conn = c;
	vu_conn_defer(c, cancel_waiting, w);
	v->ended = ended;
	v->ended_ctx = w;
	vu_view_end(v);
}
