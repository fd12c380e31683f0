/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SIGSYS path, scratch buffers and thread states: what trap.c, thread.c, clone.c, signal.c share. */
#ifndef VU_AGENT_TRAP_H
#define VU_AGENT_TRAP_H

#include "agent/agent.h"
#include "agent/arch/x86_64/regs.h"

/*
 * Signals that the agent keeps for itself: SIGSYS brings trapped calls, SIGSEGV and SIGBUS tell of bad
 * addresses among a call's arguments. The kernel must never have them blocked or ignored; what the guest
 * wants of them is in agent_process.kept and struct vu_thread (signal.c).
 */
#define VU_SIGBUS      7
#define VU_SIGSEGV     11
#define VU_SIGSYS      31
#define VU_SIGBIT(sig) (1ul << ((sig)-1))
#define VU_SIGSYS_BIT  VU_SIGBIT(VU_SIGSYS)
#define VU_KEPT	       (VU_SIGBIT(VU_SIGSYS) | VU_SIGBIT(VU_SIGSEGV) | VU_SIGBIT(VU_SIGBUS))
#define VU_ALL_SIGNALS (~VU_KEPT)		      /* what the agent blocks while it runs */
#define VU_UNBLOCKABLE (VU_SIGBIT(9) | VU_SIGBIT(19)) /* SIGKILL, SIGSTOP: never in a mask */
#define VU_TRAP_DATA   0x5655u /* SECCOMP_RET_DATA of our filter: si_errno of its SIGSYS */

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

/*
 * The instruction at regs->rip has faulted: if it stands for a call (VU_FAULT_SITE, VU_DEFER_SITE) that is made, or made
 * possible, in the handler of SIGSEGV. False: it is none.
 */
bool vu_fault_call(struct vu_regs *regs);
/* Installs the agent's handler for SIGSYS. 0 or -errno. */
long vu_trap_init(void);
/* Sets the thread's signal mask as the kernel sees it. */
void vu_set_mask(uint64_t mask);
/* entry.S: fn(arg, sp) on the stack that ends at top (16-aligned); sp is where the caller's is free. */
long vu_on_stack(void *arg, void *top, long (*fn)(void *arg, void *sp));
/* Signals that wait come now, as before a call that has not been made: mostly it is begun again, and this does not return. */
void vu_let_signals_in(struct vu_call *c);
/* Is this a stack of the agent's, not the program's (the quick way)? */
bool vu_has_room(void);
/* vu_on_stack() on the guest's stack, for what a handler of the guest's may interrupt or leave for good. */
long vu_on_guest_stack(struct vu_call *c, long (*fn)(void *arg, void *sp), void *arg);

/* Scratch buffers: one for the call of thread `tid`. Never NULL (waits for one if memory is short). */
struct vu_scratch *vu_scratch_get(int tid);
void vu_scratch_put(struct vu_scratch *s);
/* That of a call of thread `tid` that waits (vu_scratch.waiting), with the stack pointer near `sp`; NULL: none. */
struct vu_scratch *vu_scratch_waiting(int tid, uint64_t sp);
/* Frees what a vforked child left when it executed or ended: tid is the child's. */
void vu_scratch_drop(int tid);
/* Remembers a mapping that goes with the scratch, for vu_scratch_put() or vu_scratch_drop() to unmap. */
void *vu_scratch_map(struct vu_scratch *s, size_t size);

/* thread.c */
/* Is that, which is the caller's state, nobody else's? */
bool vu_thread_has(const struct vu_thread *t);
/* The state of all threads, if none has one of its own; else NULL. */
const struct vu_thread *vu_thread_common(void);
/* Before the birth of another thread. */
void vu_thread_multiply(void);
/* A state for a thread to be born, a copy of the caller's; NULL if the caller has none of its own. */
struct vu_thread *vu_thread_new(void);
void vu_thread_free(struct vu_thread *t);
/* Frees it if it has become like the process's default. */
void vu_thread_forget(struct vu_thread *t);
void vu_thread_adopt(struct vu_thread *t, int tid);
void vu_thread_drop(int tid); /* the state of a thread that is gone */
/* In the child of a fork: only the caller is left, with the state `own` that it had (NULL: the default). */
void vu_thread_fork(struct vu_thread *own);

/* settle.c */
/*
 * In the handler of signal `sig`, with its saved registers: if it has come in the agent, they become those that the guest
 * has at its own instruction or behind it, as if the signal had come there, and the agent is done with the call. True: it
 * comes again, when the agent is done; the handler is to return.
 */
bool vu_settle(int sig, const struct vu_siginfo *info, struct vu_regs *regs);
/*
 * Where a handler is to go back to, if its context says `rip`: what was behind the guest's instruction, as vu_settle()
 * has shown it, may not be there any more.
 */
uint64_t vu_place_resume(uint64_t rip);
/* fault.c: called by vu_fault_entry: 0, or the guest's handler to go on with. */
uint64_t vu_fault_taken(int sig, struct vu_siginfo *info, struct vu_regs *regs);

/* signal.c */
/* Queues a signal for when the agent is done: until then it is blocked. 0 or -errno. */
long vu_signal_again(int sig, const void *info);
/*
 * The guest's handlers are called by way of vu_fault_taken(), which finds out first where the guest is (vu_settle()).
 * This notes `handler` for signal `sig` (1 to 64, none that is kept) and returns what the kernel is to be given for it;
 * SIG_DFL and SIG_IGN stay as they are. Not for a vforked child, whose memory is its parent's.
 */
uint64_t vu_detour(unsigned long sig, uint64_t handler);
/* What the kernel is given for all handlers. */
static inline uint64_t vu_detour_entry(void)
{
	extern char vu_fault_entry[];

	return (uint64_t)vu_fault_entry;
}
/* The guest's handler, where the kernel has `handler`. */
uint64_t vu_handler_of(unsigned long sig, uint64_t handler);
/* Leaves the handler whose frame is at rsp, if nothing in it is the agent's; else returns. */
void vu_leave_plain_handler(uint64_t rsp);
/* A SIGSYS that is not a trapped call; the guest's handler or default action. */
void vu_sigsys_foreign(struct vu_siginfo *info, struct vu_regs *regs);
/*
 * Tells the kernel of the guest's action for SIGSEGV or SIGBUS (NULL: the default, or to ignore it, which
 * the agent does itself). *old, if not NULL, gets the kernel's. 0 or -errno.
 */
long vu_fault_action(int sig, const struct vu_sigaction *guest, struct vu_sigaction *old);
/*
 * The same for SIGSEGV and SIGBUS: the address of the guest's handler, which is to be jumped to as if the
 * kernel had called it, or 0: nothing is left to be done.
 */
uint64_t vu_fault_foreign(int sig, struct vu_siginfo *info, struct vu_regs *regs);
/* Index of a kept signal in agent_process.kept, -1 for all others; and back. */
int vu_kept_index(unsigned long sig);
static inline int vu_kept_signal(int index)
{
	static const int signals[VU_N_KEPT] = { VU_SIGSYS, VU_SIGSEGV, VU_SIGBUS };

	return signals[index];
}
/* Which kept signals the guest's action for signal `sig` (1 to 64) has in its mask. */
uint64_t vu_kept_in_mask(unsigned long sig);
/* *new: the mask `old` after sigprocmask(2) with `how` and `set`. False: there is no such `how`. */
bool vu_mask_change(int how, uint64_t old, uint64_t set, uint64_t *new);
/* Installs the agent's handlers for SIGSEGV and SIGBUS as they are for a guest without handlers of its
 * own. *ignored gets the bits of those that were ignored until now. 0 or -errno. */
long vu_fault_init(uint32_t *ignored);
/* In a child with a memory of its own: the guest's handlers for kept signals are reset to the default. */
void vu_kept_reset(void);

#endif
