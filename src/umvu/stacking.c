/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounting network stacks. What is mounted is an empty file in a file system of its own: it gives the stack a
 * name, and those whose stack it is map a page of it, by which they are found (holders.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "umvu/fscontext.h"
#include "umvu/stack.h"
#include "umvu/stacking.h"

/* A mount that is under way. */
struct op {
	struct vu_conn *conn;
	struct vu_view *view;
	struct vu_mod *mod;
	struct vu_stack *stack;
	char *type, *source, *target, *options;
	uint64_t attr, bits;
	uint32_t parent;
	int log;
};

static void free_op(struct op *op)
{
	if (op->stack)
		vu_stack_free(op->stack);
	vu_fd_close(&op->log);
	free(op->type);
	free(op->source);
	free(op->target);
	free(op->options);
	free(op);
}

static void cancel_op(void *ctx)
{
	free_op(ctx);
}

static struct op *new_op(const struct vu_mounting *mt, struct vu_mod *mod, const char *options)
{
	struct op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->conn = mt->conn;
	op->view = mt->view;
	op->mod = mod;
	op->attr = mt->attr;
	op->bits = mt->bits;
	op->parent = mt->parent;
	op->log = mt->log ? vu_fd_dup(*mt->log, 0) : -1;
	op->type = strdup(mt->type);
	op->source = strdup(mt->source);
	op->target = strdup(mt->target);
	op->options = strdup(options);
	if (op->type && op->source && op->target && op->options)
		return op;
	free_op(op);
	return NULL;
}

/* Give the stack its mount. 0 or -errno with text. */
static int place(struct op *op, char *text)
{
	struct vu_mount_init init = { .type = op->type,
				      .source = op->source,
				      .super = op->options,
				      .attr = op->attr,
				      .is_file = true };
	struct vu_session *s = op->view->session;
	struct vu_mount *m;
	int res = vu_realm_cover(vu_session_realm(s), 1, text);

	if (res >= 0)
		res = vu_mount_new(s, res, &init, &m);
	if (res < 0)
		return res;
	m->module = op->mod;
	m->stack = vu_steal(&op->stack);
	res = vu_mounting_place(op->view, m, op->parent, op->target, op->bits);
	if (vu_mount_put(m))
		vu_mount_free(m);
	return res;
}

static void on_ready(void *ctx, int res, const char *text)
{
	struct op *op = ctx;
	char why[VU_REALM_TEXT] = "";

	if (!res) {
		res = place(op, why);
		text = why;
	}
	if (res < 0)
		vu_fscontext_log(op->log, text);
	vu_conn_result(op->conn, res, text);
	free_op(op);
}

int vu_stacking_start(const struct vu_mounting *mt, struct vu_mod *mod, const char *options,
		      struct viewos_stack *plan, char *text)
{
	struct op *op = new_op(mt, mod, options);
	struct vu_stack_init init = { .client = mt->conn->pid, .ready = on_ready, .ctx = op };
	int res;

	if (!op)
		return -ENOMEM;
	res = vu_stack_new(mt->view->session, plan, &init, &op->stack, text);
	if (res < 0) {
		free_op(op);
		return res;
	}
	vu_conn_defer(mt->conn, cancel_op, op);
	if (op->stack->host)
		on_ready(op, 0, "");
	return 0;
}
