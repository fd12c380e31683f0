/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a tracer tells the loader of its tracee. */
#ifndef VU_AGENT_PTRACE_H
#define VU_AGENT_PTRACE_H

#include <stdint.h>

/* Not 0: raise SIGTRAP when the program is mapped (set by the tracer at the stop of the execve). */
extern uint64_t vu_report_exec;

#endif
