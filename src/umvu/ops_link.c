/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fronts ask for: GUESTS, KILL, END (link.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "realm/guests.h"
#include "umvu/holders.h"
#include "umvu/link.h"
#include "umvu/ops.h"
#include "umvu/view.h"
#include "umvu/view_end.h"
#include "umvu/worker.h"

#define GUESTS_MS 10000
#define KILL_MS	  40000
#define SPARE_MAX 256

/* A worker's task for a front. */
struct task {
	struct vu_conn *conn;
	struct vu_session *session;
	struct vu_worker *worker;
	char *pids;
	struct vu_guests guests;
	struct vu_proc_id spare[SPARE_MAX];
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

/* The server itself, and what has been noted of users' daemons. */
static void fill_spare(struct task *t)
{
	struct vu_mount *m;
	struct vu_proc p;
	size_t i;

	if (vu_proc_stat(t->session->pid, &p) == 0)
		t->spare[t->n_spare++] = p.id;
	vu_list_for_each(m, &t->session->mounts, node)
		for (i = 0; i < m->n_daemons && t->n_spare < SPARE_MAX; i++)
			t->spare[t->n_spare++] = m->daemons[i];
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
	fill_spare(t);
	return t;
}

static void start_task(struct task *t, vu_worker_fn *fn, vu_worker_done *done, unsigned int ms)
{
	struct vu_worker_job job = { .fn = fn, .arg = t, .done = done, .ctx = t, .timeout_ms = ms };
	int res = vu_worker_start(&t->session->loop, &job, &t->worker);

	if (res < 0) {
		vu_conn_result(t->conn, res, NULL);
		free_task(t);
		return;
	}
	vu_conn_defer(t->conn, cancel_task, t);
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

	if (!t)
		vu_conn_result(c, -ENOMEM, NULL);
	else
		start_task(t, sort_out, sorted_out, GUESTS_MS);
}

static int kill_guests(void *arg, int out)
{
	const struct task *t = arg;

	(void)out;
	return vu_guests_end(&t->guests) ? 1 : 0;
}

static void killed(void *ctx, int status, const char *out, size_t len)
{
	struct task *t = ctx;

	(void)out;
	(void)len;
	vu_conn_result(t->conn, status ? -ETIMEDOUT : 0, NULL);
	free_task(t);
}

void vu_op_kill(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct task *t = new_task(c, "");

	if (!t) {
		vu_conn_result(c, -ENOMEM, NULL);
		return;
	}
	t->guests.session = c->session->id;
	t->guests.view = c->front_of->number;
	t->guests.grace_ms = (unsigned int)in->head.a;
	t->guests.spare = t->spare;
	t->guests.n_spare = t->n_spare;
	start_task(t, kill_guests, killed, KILL_MS + (unsigned int)in->head.a);
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
