/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process's own network stacks (abi/stack.h). */
#ifndef VU_AGENT_STACK_H
#define VU_AGENT_STACK_H

#include "agent/agent.h"

/* Has the process a stack that is not the host's? */
static inline bool vu_stack_any(void)
{
	uint32_t any = 0;

	for (unsigned int i = 0; i < VU_FAMILIES_N; i++)
		any |= agent_process.stack[i];
	return any;
}

/* Has umvu left word for some process since this one has looked? */
static inline bool vu_stack_has_word(void)
{
	return !agent_process.viewless &&
	       __atomic_load_n(&vu_view()->stack_serial, __ATOMIC_ACQUIRE) !=
		       agent_process.stack_seen;
}

/* Takes over what umvu has left for this process. To be called before its stacks matter, and before a fork. */
void vu_stack_look(void);

/* Are sockets of address family `af` surely the host's? It needs next to no stack. */
static inline bool vu_stack_is_host(unsigned long af)
{
	int family;

	if (agent_process.viewless)
		return true;
	if (vu_stack_has_word())
		return false;
	family = vu_family_of(af);
	return family < 0 || !agent_process.stack[family];
}

/* Id of the stack that a new socket of address family `af` is to be of, 0: the host's. */
uint32_t vu_stack_for(unsigned long af);

/* Id of the stack whose files in /proc and /sys the process sees, 0: the host's. */
uint32_t vu_stack_of_files(void);

/* The name by which the files of stacks know the n bytes of canonical path `path`; *n is changed with it. */
const char *vu_stack_file_name(const char *path, size_t *n);

/* The process is in another network namespace now: its sockets are that one's. */
void vu_stack_leave(void);

/* After execve: makes it visible which stacks the process has. */
void vu_stack_wear(void);

/* p has been opened as `fd`; as vu_proc_open() (open.h), for the device of taps and settings of the stack. */
long vu_stack_open(struct vu_call *c, struct vu_path *p, int fd, uint64_t flags);

#endif
