/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a tracer tells the loader of its tracee. */
#ifndef VU_AGENT_PTRACE_H
#define VU_AGENT_PTRACE_H

#include <stdbool.h>
#include <stdint.h>

/* Not 0: raise SIGTRAP when the program is mapped (set by the tracer at the stop of the execve). */
extern uint64_t vu_report_exec;

/*
 * A wait call has taken `pid` with this status. True: it is a stop that the caller, who is a tracer, is not to
 * see, and the process runs again; else *status is what the caller shall see.
 */
bool vu_wait_hides(int pid, int *status);

/* Makes the calls of guest `pid` trap from its next one on, as if it were traced. */
void vu_trace_from_now(int pid);

#endif
