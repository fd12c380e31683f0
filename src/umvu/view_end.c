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
 * other view has are released. When their drivers have ended, so have the drivers' views, and this one
 * can be freed.
 *
 * Bounds: guests are given 30 s to be killed, drivers UNMOUNT_MS to write what they have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "realm/guests.h"
#include "umvu/conn.h"
#include "umvu/driver.h"
#include "umvu/fscontext.h"
#include "umvu/view_end.h"
#include "umvu/worker.h"

#define GUESTS_MS  40000
#define UNMOUNT_MS 60000 /* for drivers of a view that ends in good order */
#define ABANDON_MS 10000 /* ... that was abandoned */

struct end {
	struct vu_view *view;
	unsigned int patience; /* ms for the drivers */
	struct vu_guests guests;
	struct vu_proc_id spare[1 + 64];
};

static void finish(void *ctx, int res)
{
	struct end *end = ctx;
	struct vu_view *v = end->view;
	struct vu_session *s = v->session;
	void (*ended)(void *ctx, const char *text) = v->ended;
	void *ended_ctx = v->ended_ctx;

	vu_log_debug("view", "view %u has ended", v->number);
	vu_drivers_drop_view(v);
	vu_view_free(v);
	if (ended)
		ended(ended_ctx, res < 0 ? "a driver did not end in time and was killed" : "");
	free(end);
	vu_session_check_end(s);
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
	struct vu_release_job job = { end->patience, true, finish, end };
	VU_CLEANUP(free) struct vu_mount **list = NULL;
	struct vu_entry *e;
	size_t n = 0;

	v->ending = true;
	vu_conn_drop_view(v);
	vu_fscontext_drop_view(v);
	vu_drivers_cancel_view(v);
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

/* In a worker. */
static int end_guests(void *arg, int out)
{
	struct end *end = arg;

	(void)out;
	return vu_guests_end(&end->guests) ? 1 : 0;
}

static void guests_ended(void *ctx, int status, const char *out, size_t len)
{
	struct end *end = ctx;

	(void)out;
	(void)len;
	if (status)
		vu_log_warn("view", "guests of view %u could not be ended", end->view->number);
	unmount(end);
}

/* The server maps the image, too. Helpers of drivers (sshfs's ssh) end with their driver. */
static void spare_own(struct end *end)
{
	struct vu_session *s = end->view->session;
	size_t n = 0, i;
	struct vu_mount *m;
	struct vu_proc p;

	if (vu_proc_stat(s->pid, &p) == 0)
		end->spare[n++] = p.id;
	vu_list_for_each(m, &s->mounts, node)
		for (i = 0; i < m->n_daemons && n < VU_ARRAY_SIZE(end->spare); i++)
			end->spare[n++] = m->daemons[i];
	end->guests.spare = end->spare;
	end->guests.n_spare = n;
}

void vu_view_abandon(struct vu_view *v)
{
	struct vu_worker_job job = { .fn = end_guests,
				     .done = guests_ended,
				     .timeout_ms = GUESTS_MS };
	struct end *end;

	if (v->ending)
		return;
	v->ending = true;
	end = calloc(1, sizeof(*end));
	VU_BUG_ON(!end);
	vu_log_debug("view", "view %u is abandoned", v->number);
	end->view = v;
	end->patience = ABANDON_MS;
	end->guests.session = v->session->id;
	end->guests.view = v->number;
	spare_own(end);
	job.arg = end;
	job.ctx = end;
	if (vu_worker_start(&v->session->loop, &job, NULL) < 0)
		unmount(end);
}
