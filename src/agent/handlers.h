/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Declares every handler that the table of system calls names: long sys_x(struct vu_call *). */
#ifndef VU_AGENT_HANDLERS_H
#define VU_AGENT_HANDLERS_H

#include "agent/agent.h"

#define VU_DECLARE_HOST(handler)
#define VU_DECLARE_GATE(handler)		      vu_handler handler;
#define VU_DECLARE_TRAP(handler)		      vu_handler handler;
#define VU_DECLARE_EMPTY(handler)		      vu_handler handler;
#define VU_DECLARE_OWN0(handler)		      vu_handler handler;
#define VU_DECLARE_OWN1(handler)		      vu_handler handler;
#define VU_DECLARE_ARG1(handler)		      vu_handler handler;
#define VU_DECLARE_ARG3(handler)		      vu_handler handler;
#define VU_DECLARE_ARG4(handler)		      vu_handler handler;
#define VU_DECLARE_ARG5(handler)		      vu_handler handler;
#define VU_DECLARE_ENOSYS(handler)		      vu_handler handler;
#define VU_SYSCALL(number, name, when, handler, args) VU_DECLARE_##when(handler)
#include "abi/syscalls.def"
#undef VU_SYSCALL

/* clone.c: is it a fork that changes nothing of what the agent knows, where no thread has a state of its own? */
bool vu_is_plain_fork(long nr, const uint64_t arg[6]);
/* In the child of a fork: the agent's state is a copy in which only the caller goes on; NULL: with the process's default. */
void vu_forked(struct vu_thread *own);

/* ids.c: prctl options that concern ids; *handled tells whether it was one. */
long vu_prctl_ids(struct vu_call *c, bool *handled);

#endif
