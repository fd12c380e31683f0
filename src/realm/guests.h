/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending the processes of a session that nobody looks after any more.
 *
 * Used by whoever has survived: the server when a front was killed, the front when the server was
 * killed, the realm when both were. All of it may block for as long as it is told; none of it needs
 * more than /proc.
 */
#ifndef VU_REALM_GUESTS_H
#define VU_REALM_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/proc.h"

#define VU_GUESTS_STUCK_MS    5000  /* whoever is killed is gone, unless a driver keeps it */
#define VU_GUESTS_PATIENCE_MS 30000 /* ... whatever happens */

struct vu_guests {
	uint64_t session;
	uint32_t view; /* 0: all views of the session */
	bool drivers; /* not the guests, but the drivers that umvu started for mounts of the view */
	uint32_t cover;	       /* ... the one with this view of its own, 0: all of them */
	pid_t front;	       /* whose descendants that hang are taken for guests; 0: not known */
	unsigned int grace_ms; /* SIGTERM first and so long to heed it; 0: SIGKILL at once */
	unsigned int patience_ms;	/* for them to be gone, from SIGKILL on */
	const struct vu_proc_id *spare; /* processes to be left alone */
	size_t n_spare;
};

/*
 * End all guests (processes that map an image of these views), but not drivers, which end by
 * themselves when their mount goes; or drivers, with all that they have started. A driver may take no notice of a
 * SIGTERM that comes before it waits: it gets more of them. Looks until it twice finds nobody, for patience_ms at most.
 * The number of those that are still there, and of those of whom it cannot be told because they hang.
 */
unsigned int vu_guests_end(const struct vu_guests *g);

/*
 * The same for a session whose server was killed, with patience of its own. Where a driver that hangs
 * keeps guests from going, all drivers of the session are ended by SIGTERM.
 */
void vu_orphans_end(const struct vu_guests *g);

/*
 * Wait until no driver of the session is left: those that umvu started and daemons that serve a mount.
 * What is left after timeout_ms is killed.
 */
void vu_drivers_end(uint64_t session, unsigned int timeout_ms);

#endif
