/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counting calls. The counters are mapped when the first call is counted, and go on to the children of a fork.
 * Where they cannot be mapped (no descriptor is free, no /proc is in reach, there is little stack), that call is not
 * counted.
 */
#include <asm/unistd_64.h>

#include "agent/gate.h"
#include "agent/stats.h"
#include "agent/trap.h"

static bool mapped VU_HOT;

/* With the guest's signals blocked: a handler that never returns must not leave a descriptor behind. */
static void __attribute__((noinline)) map(void)
{
	uint64_t mask = VU_ALL_SIGNALS, at = VU_STATS_ADDR;

	if (vu_is_little_stack((uint64_t)&mask))
		return;
	vu_sys(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &mask, &mask, 8);
	mapped =
		vu_view_map(agent_process.ref.view_fd, &at, sizeof(struct vu_stats), VU_VIEW_STATS);
	vu_set_mask(mask);
}

void __attribute__((noinline)) vu_count_call(enum vu_stats_kind kind, uint64_t nr)
{
	struct vu_stats *stats = (void *)VU_STATS_ADDR;

	if (!mapped)
		map();
	if (!mapped)
		return;
	if (nr >= VU_STATS_OTHER && nr != VU_STATS_CODE)
		nr = VU_STATS_OTHER;
	__atomic_fetch_add(&stats->count[kind][nr], 1, __ATOMIC_RELAXED);
}
