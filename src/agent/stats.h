/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting calls, for umvu --stats (struct vu_stats). Off, it costs one test. */
#ifndef VU_AGENT_STATS_H
#define VU_AGENT_STATS_H

#include "agent/agent.h"

/* Are calls counted? */
static inline bool vu_counts(void)
{
	return __builtin_expect(vu_view()->debug & VU_DEBUG_STATS, 0);
}

/* stats.c: counts call `nr` (or VU_STATS_CODE), whatever it is. */
void vu_count_call(enum vu_stats_kind kind, uint64_t nr);

static inline void vu_count(enum vu_stats_kind kind, long nr)
{
	if (vu_counts())
		vu_count_call(kind, (uint64_t)nr);
}

#endif
