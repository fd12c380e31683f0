/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending the processes of a session that nobody looks after any more.
 *
 * There is no list of guests: a process is one if it maps an image of the session. So we look at all
 * processes, end those, and look again, because one that we have not yet seen may fork meanwhile. In
 * the middle of an execve a guest shows vu-loader but no image yet: such a round does not count as one
 * that found nobody.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/look.h"
#include "base/proc.h"
#include "base/str.h"
#include "realm/guests.h"
#include "realm/names.h"

#define ROUND_MS 10
#define NOBODY	 "\x01" /* what no line of maps has */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

enum { WANTED, UNWANTED, LOADER, IMAGE, N_NEEDLES };

struct round {
	const struct vu_guests *g;
	const char *needles[N_NEEDLES];
	int sig; /* 0: only look */
	unsigned int found;
	unsigned int hang; /* of the front's descendants, of which nothing can be told */
	bool unsettled;	   /* somebody is in the middle of an execve */
};

static bool spared(const struct vu_guests *g, const struct vu_proc_id *id)
{
	size_t i;

	for (i = 0; g && i < g->n_spare; i++)
		if (g->spare[i].pid == id->pid && g->spare[i].start == id->start)
			return true;
	return false;
}

static long look_at_maps(const void *needles, pid_t pid)
{
	return vu_proc_maps(pid, needles, N_NEEDLES);
}

static bool matches(struct round *r, pid_t pid, long found)
{
	if (found == -ETIMEDOUT && r->g && r->g->front && vu_proc_descends(pid, r->g->front))
		r->hang++;
	if (found < 0)
		return false;
	if ((found & 1L << LOADER) && !(found & 1L << IMAGE))
		r->unsettled = true;
	return (found & 1L << WANTED) && !(found & 1L << UNWANTED);
}

static int visit(void *ctx, pid_t pid, long maps)
{
	struct round *r = ctx;
	VU_CLEANUP(fd) int fd = -1;
	struct vu_proc p;

	if (pid == getpid() || !matches(r, pid, maps) || vu_proc_stat(pid, &p) < 0 ||
	    spared(r->g, &p.id))
		return 0;
	r->found++;
	if (!r->sig)
		return 0;
	/* The number may have got a new owner since: look once more with the process held. */
	fd = vu_proc_open(&p.id);
	if (fd >= 0 && matches(r, pid, vu_look_at(pid, look_at_maps, r->needles))) {
		vu_log_debug("guest", "signal %d to %d (%s)", r->sig, (int)pid, p.comm);
		vu_proc_signal(fd, r->sig);
		if (r->sig == SIGTERM)
			vu_proc_signal(fd, SIGCONT);
	}
	return 0;
}

static void look(struct round *r, int sig)
{
	r->sig = sig;
	r->found = r->hang = 0;
	r->unsettled = false;
	vu_look_each(look_at_maps, r->needles, visit, r);
}

/* Ask, and wait until they are gone or the time is over. */
static void ask(struct round *r, unsigned int grace_ms)
{
	uint64_t end = now_ms() + grace_ms;

	look(r, SIGTERM);
	while (r->found && now_ms() < end) {
		sleep_ms(ROUND_MS);
		look(r, r->g->drivers ? SIGTERM : 0);
	}
}

/* Kill until two rounds in succession find nobody. */
static void insist(struct round *r, unsigned int patience_ms)
{
	uint64_t end = now_ms() + patience_ms;
	int quiet = 0;

	while (quiet < 2 && now_ms() < end) {
		look(r, SIGKILL);
		quiet = r->found || r->hang || r->unsettled ? 0 : quiet + 1;
		if (quiet < 2)
			sleep_ms(ROUND_MS);
	}
}

unsigned int vu_guests_end(const struct vu_guests *g)
{
	char wanted[VU_NAME_MAX], driver[VU_NAME_MAX];
	struct round r = { .g = g, .needles = { wanted, NOBODY, "/vu-loader", "/memfd:vu-" } };

	if (g->drivers) {
		vu_needle_cover(wanted, g->session, g->view, g->cover);
	} else {
		vu_needle_view(wanted, g->session, g->view);
		vu_needle_driver(driver, g->session, 0);
		r.needles[UNWANTED] = driver;
	}
	if (g->grace_ms)
		ask(&r, g->grace_ms);
	insist(&r, g->patience_ms);
	return r.found + r.hang;
}

/* The session's drivers: those that umvu has started (first round), those of users (second). */
struct drivers {
	char cover[VU_NAME_MAX], driver[VU_NAME_MAX];
	struct round r[2];
};

static void find_drivers(struct drivers *d, uint64_t session)
{
	size_t i;

	memset(d, 0, sizeof(*d));
	vu_needle_cover(d->cover, session, 0, 0);
	vu_needle_driver(d->driver, session, 0);
	for (i = 0; i < 2; i++) {
		d->r[i].needles[WANTED] = i ? d->driver : d->cover;
		d->r[i].needles[UNWANTED] = NOBODY;
		d->r[i].needles[LOADER] = "/vu-loader";
		d->r[i].needles[IMAGE] = "/memfd:vu-";
	}
}

void vu_orphans_end(const struct vu_guests *g)
{
	struct vu_guests now = *g;
	struct drivers d;

	now.patience_ms = VU_GUESTS_STUCK_MS;
	if (!vu_guests_end(&now))
		return;
	find_drivers(&d, g->session);
	look(&d.r[0], SIGTERM);
	look(&d.r[1], SIGTERM);
	now.patience_ms = VU_GUESTS_PATIENCE_MS;
	vu_guests_end(&now);
}

void vu_drivers_end(uint64_t session, unsigned int timeout_ms)
{
	uint64_t end = now_ms() + timeout_ms;
	struct drivers d;
	struct round *r = d.r;
	size_t i;

	find_drivers(&d, session);
	for (i = 0; i < 2; i++) {
		for (look(&r[i], 0); r[i].found && now_ms() < end; look(&r[i], 0))
			sleep_ms(5 * ROUND_MS);
		if (r[i].found)
			insist(&r[i], VU_GUESTS_PATIENCE_MS);
	}
}
