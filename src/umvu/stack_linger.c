/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stacks without a name. The entry stays in the view's table, at a place that no path leads to, so that
 * processes that have the stack go on to get sockets of it. A worker looks from time to time whether there are
 * any; the view and the mount are known by number, for either may have gone meanwhile.
 */
#include <errno.h>
#include <stdlib.h>

#include "umvu/stack.h"
#include "umvu/stack_linger.h"
#include "umvu/worker.h"

#define LOOK_MS	 10000 /* for a worker to find users */
#define FIRST_MS 100   /* until the first look */
#define PAUSE_MS 2000  /* between two looks */
#define NOWHERE	 UINT32_MAX

struct linger {
	struct vu_session *session;
	struct vu_timer timer;
	uint32_t view, id;
	struct vu_busy busy;
};

static void look(struct vu_timer *t);

void vu_stack_busy(const struct vu_mount *m, uint32_t view, struct vu_busy *b)
{
	b->h.session = m->session->id;
	b->h.server = m->session->pid;
	b->h.realm = m->session->realm.pid;
	b->dev = m->dev;
	b->mnt_id = m->mnt_id;
	/* Where other views have it, too, their guests do not count. */
	b->view = m->refs > 1 ? view : 0;
	b->maker = m->stack ? m->stack->maker : 0;
}

/* The entry, or NULL: view or stack have gone. */
static struct vu_entry *entry_of(const struct linger *l, struct vu_view **v)
{
	*v = vu_view_by_number(l->session, l->view);
	return *v && !(*v)->ending ? vu_view_entry(*v, l->id) : NULL;
}

static void end(struct vu_view *v, struct vu_entry *e)
{
	struct vu_release_job job = { .timeout_ms = 0 };
	struct vu_mount *m = vu_view_take(v, e);

	if (vu_mount_put(m))
		vu_mounts_release(v->session, &m, 1, &job);
}

static void looked(void *ctx, int status, const char *out, size_t len)
{
	struct linger *l = ctx;
	struct vu_view *v;
	struct vu_entry *e = entry_of(l, &v);

	(void)out;
	(void)len;
	if (e && status != 0) {
		vu_timer_set(&l->session->loop, &l->timer, PAUSE_MS, look);
		return;
	}
	if (e)
		end(v, e);
	free(l);
}

static int run(void *arg, int out)
{
	const struct linger *l = arg;

	return vu_holders_busy(&l->busy, out);
}

static void look(struct vu_timer *t)
{
	struct linger *l = vu_container_of(t, struct linger, timer);
	struct vu_worker_job job = {
		.fn = run, .arg = l, .done = looked, .ctx = l, .timeout_ms = LOOK_MS
	};
	struct vu_view *v;
	struct vu_entry *e = entry_of(l, &v);

	if (e)
		vu_stack_busy(e->mount, l->view, &l->busy);
	if (!e || vu_worker_start(&l->session->loop, &job, NULL) < 0)
		looked(l, 1, "", 0);
}

int vu_stack_linger(struct vu_view *v, struct vu_entry *e)
{
	struct linger *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->session = v->session;
	l->view = v->number;
	l->id = e->mount->id;
	vu_timer_init(&l->timer);
	e->flags = (e->flags & ~(uint32_t)VU_MOUNT_GHOST) | VU_MOUNT_HIDDEN;
	e->parent = NOWHERE;
	vu_view_publish(v);
	vu_timer_set(&v->session->loop, &l->timer, FIRST_MS, look);
	return 0;
}
