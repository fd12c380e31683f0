/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations on views: HELLO, VIEW_NEW, VIEW_NAME, LOG. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "umvu/ops.h"
#include "umvu/view.h"

/* What a guest's request is about: a driver has its owner's view. */
static struct vu_view *users_view(const struct vu_conn *c)
{
	return c->view->owner ? c->view->owner : c->view;
}

void vu_op_hello(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view *v = users_view(c);
	struct vu_conn_reply r = { .a = v->number };
	char text[160];

	(void)in;
	snprintf(text, sizeof(text), "%s\n%s", VU_VERSION, v->name);
	r.text = text;
	vu_conn_answer(c, &r);
}

void vu_op_view_new(struct vu_conn *c, struct vu_rpc_in *in)
{
	const struct vu_view *parent = c->view && !(in->head.a & VU_NEW_EMPTY) ? users_view(c) :
										 NULL;
	struct vu_conn_reply r = { 0 };
	struct vu_view *v;

	r.result = vu_view_new(c->session, parent, in->n_str ? in->str[0] : "",
			       in->head.a & VU_NEW_STATS, &v);
	if (!r.result) {
		r.result = vu_view_serve(v);
		if (r.result < 0)
			vu_view_free(v);
	}
	if (!r.result) {
		v->front = c;
		c->front_of = v;
		r.a = (uint32_t)v->fd | (uint64_t)(uint32_t)v->rpc_fd << 32;
		r.b = v->number;
		vu_log_debug("view", "view %u for %d", v->number, (int)c->pid);
	}
	vu_conn_answer(c, &r);
}

void vu_op_view_name(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view *v = users_view(c);
	char old[sizeof(v->name)];
	int res = 0;

	memcpy(old, v->name, sizeof(old));
	if (in->n_str) {
		res = vu_str_copy(v->name, sizeof(v->name), in->str[0]);
		if (!res)
			res = vu_view_publish(v);
		if (res < 0)
			memcpy(v->name, old, sizeof(old));
	}
	vu_conn_result(c, res, v->name);
}

void vu_op_log(struct vu_conn *c, struct vu_rpc_in *in)
{
	vu_log_info("agent", "%d: %s", (int)c->pid, in->str[0]);
	vu_conn_result(c, 0, NULL);
}
