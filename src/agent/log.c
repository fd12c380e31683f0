/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's own messages: one line to descriptor 2. */
#include <asm/unistd_64.h>

#include "agent/agent.h"

void vu_debug(const char *what, const char *detail, long value)
{
	char line[256] = "umvu: ";

	if (!(vu_view()->debug & VU_DEBUG_LOG))
		return;
	vu_append(line, sizeof(line), what);
	vu_append(line, sizeof(line), " ");
	vu_append(line, sizeof(line), detail);
	vu_append(line, sizeof(line), value < 0 ? " -" : " ");
	vu_append_num(line, sizeof(line), (unsigned long)(value < 0 ? -value : value));
	vu_append(line, sizeof(line), "\n");
	vu_sys(__NR_write, 2, line, vu_strlen(line));
}
