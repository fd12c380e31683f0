/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a user's view.
 *
 *   living ── END ───────────────────────────▶ unmounting ──▶ freed
 *      │                                          ▲
 *      └── front gone ──▶ ending guests ──────────┘
 *
 * Unmounting first closes what may still ask for something: the view's socket with all connections, which
 * gives up the mounts that are being made, and contexts of fsopen(2). Then all entries go; mounts that no
 * other view has are released. When their drivers have ended, and those that could not mount, so have the
 * drivers' views, and this one can be freed.
 *
 * Bounds: view_guests.c has those for guests to be killed; drivers have UNMOUNT_MS to write what they have, those that
 * could not mount some seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/conn.h"
#include "umvu/driver.h"
#include "umvu/fscontext.h"
#include "umvu/modules.h"
#include "umvu/view_end.h"
#include "umvu/view_guests.h"

#define UNMOUNT_MS 60000 /* for drivers of a view that ends in good order */
#define ABANDON_MS 10000 /* ... that was abandoned */

struct end {
	struct vu_view *view;
	unsigned int patience; /* ms for the drivers */
	bool late;	       /* one has taken more */
};

static void finish(void *ctx)
{
	struct end *end = ctx;
	struct vu_view *v = end->view;
	struct vu_session *s = v->session;
	void (*ended)(void *ctx, const char *text) = v->ended;
	void *ended_ctx = v->ended_ctx;

	if (vu_drivers_await(v, finish, end))
		return;
	vu_log_debug("view", "view %u has ended", v->number);
	vu_drivers_drop_view(v);
	/* Who waits can go on: what is left is only memory. */
	if (ended)
		ended(ended_ctx, end->late ? "a driver did not end in time and was killed" : "");
	vu_view_free(v);
	free(end);
	vu_session_check_end(s);
}

static void released(void *ctx, int res)
{
	struct end *end = ctx;

	end->late = res < 0;
	finish(end);
}

/* All that the view holds and nobody else, into list; the number. */
static size_t take_all(struct vu_view *v, struct vu_mount **list)
{
	struct vu_entry *e;
	struct vu_mount *m;
	size_t n = 0;

	while (!vu_list_empty(&v->entries)) {
		e = vu_list_entry(v->entries.prev, struct vu_entry, node);
		m = vu_view_take(v, e);
		if (vu_mount_put(m))
			list[n++] = m;
	}
	return n;
}

static void unmount(struct end *end)
{
	struct vu_view *v = end->view;
	struct vu_release_job job = { end->patience, true, released, end };
	VU_CLEANUP(free) struct vu_mount **list = NULL;
	struct vu_entry *e;
	size_t n = 0;

	v->ending = true;
	vu_conn_drop_view(v);
	vu_fscontext_drop_view(v);
	vu_drivers_cancel_view(v);
	vu_modules_end_view(v);
	vu_list_for_each(e, &v->entries, node)
		n++;
	list = calloc(n + 1, sizeof(*list));
	/* Without memory the mounts end with the server. */
	n = list ? take_all(v, list) : 0;
	vu_mounts_release(v->session, list, n, &job);
}

void vu_view_end(struct vu_view *v)
{
	struct end *end;

	if (v->ending)
		return;
	end = calloc(1, sizeof(*end));
	VU_BUG_ON(!end);
	end->view = v;
	end->patience = UNMOUNT_MS;
	unmount(end);
}

static void guests_ended(void *ctx, int res)
{
	struct end *end = ctx;

	if (res < 0)
		vu_log_warn("view", "guests of view %u could not be ended", end->view->number);
	unmount(end);
}

void vu_view_abandon(struct vu_view *v)
{
	struct vu_view_guests *job;
	struct end *end;

	if (v->ending)
		return;
	v->ending = true;
	end = calloc(1, sizeof(*end));
	VU_BUG_ON(!end);
	vu_log_debug("view", "view %u is abandoned", v->number);
	end->view = v;
	end->patience = ABANDON_MS;
	if (vu_view_guests_end(v, 0, 0, guests_ended, end, &job) < 0)
		unmount(end);
}
