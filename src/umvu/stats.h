/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* umvu --stats: how the calls of a view came to the agent. */
#ifndef VU_UMVU_STATS_H
#define VU_UMVU_STATS_H

#include <stdbool.h>

#include "abi/view.h"
#include "base/buf.h"

/* Add the counters as a table, the most frequent call first, or as JSON. */
void vu_stats_format(struct vu_buf *b, const struct vu_stats *stats, bool json);

/* The same to stderr. */
void vu_stats_print(const struct vu_stats *stats, bool json);

#endif
