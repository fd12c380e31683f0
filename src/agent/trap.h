/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SIGSYS path, scratch buffers and thread states: what trap.c, thread.c, clone.c, signal.c share. */
#ifndef VU_AGENT_TRAP_H
#define VU_AGENT_TRAP_H

#include "agent/agent.h"
#include "agent/arch/x86_64/regs.h"

#define VU_SIGSYS      31
#define VU_SIGSYS_BIT  (1ul << (VU_SIGSYS - 1))
#define VU_ALL_SIGNALS (~VU_SIGSYS_BIT) /* what the agent blocks while it runs */
#define VU_TRAP_DATA   0x5655u		/* SECCOMP_RET_DATA of our filter: si_errno of its SIGSYS */

#define VU_SA_SIGINFO	0x00000004ul
#define VU_SA_RESTORER	0x04000000ul
#define VU_SA_ONSTACK	0x08000000ul
#define VU_SA_NODEFER	0x40000000ul
#define VU_SA_RESETHAND 0x80000000ul

/* The kernel's siginfo of SIGSYS (SI_SECCOMP layout). */
struct vu_siginfo {
	int32_t signo, error, code, pad;
	uint64_t call_addr;
	int32_t nr;
	uint32_t arch;
	uint8_t rest[96];
};

/* Installs the agent's handler for SIGSYS. 0 or -errno. */
long vu_trap_init(void);
/* Sets the thread's signal mask as the kernel sees it. */
void vu_set_mask(uint64_t mask);
/* entry.S: fn(arg, sp) on the stack that ends at top (16-aligned); sp is where the caller's is free. */
long vu_on_stack(void *arg, void *top, long (*fn)(void *arg, void *sp));
/* The same on the guest's stack, for what a handler of the guest's may interrupt or leave for good. */
long vu_on_guest_stack(struct vu_call *c, long (*fn)(void *arg, void *sp), void *arg);

/* Scratch buffers: one for the call of thread `tid`. Never NULL (waits for one if memory is short). */
struct vu_scratch *vu_scratch_get(int tid);
void vu_scratch_put(struct vu_scratch *s);
/* Frees what a vforked child left when it executed or ended: tid is the child's. */
void vu_scratch_drop(int tid);
/* Remembers a mapping that goes with the scratch, for vu_scratch_put() or vu_scratch_drop() to unmap. */
void *vu_scratch_map(struct vu_scratch *s, size_t size);

/* thread.c */
/* A state for a thread to be born, a copy of the caller's; NULL if the caller has none of its own. */
struct vu_thread *vu_thread_new(void);
void vu_thread_free(struct vu_thread *t);
void vu_thread_adopt(struct vu_thread *t, int tid);
void vu_thread_drop(int tid); /* the state of a thread that is gone */
/* In the child of a fork: only the caller is left, with the state `own` that it had and a new tid. */
void vu_thread_fork(struct vu_thread *own, int tid);

/* signal.c: a SIGSYS that is not a trapped call; the guest's handler or default action. */
void vu_sigsys_foreign(struct vu_siginfo *info, struct vu_regs *regs);
extern uint64_t vu_sigsys_in_mask; /* bit per signal: the guest's sa_mask has SIGSYS */

#endif
