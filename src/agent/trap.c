/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The SIGSYS path: a call that the filter traps arrives here as a signal in the thread that made it.
 * The handler takes the call from the saved registers, lets its row's handler do it, and puts the result
 * into the saved rax; the return from the signal resumes the guest behind its `syscall` instruction.
 *
 * The handler runs with all signals blocked, so that no handler of the guest sees the agent's insides.
 * A call that may block is issued with the guest's mask (vu_native_blocking()): a signal then interrupts
 * it as natively, and the kernel restarts it or not as it would. A signal that comes between setting the
 * mask and the call is one that came before the call.
 *
 * The kernel puts its frame on the guest's stack (some KiB where the CPU has wide registers); the
 * handlers run on a stack of the agent's, so that the small stacks of some libraries' clones suffice.
 *
 * The mask that the guest has is the one in the saved registers; the kernel restores it on return.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "agent/trap.h"

#define SYS_SECCOMP 1

extern char vu_restorer[];

struct vu_process agent_process;

void vu_set_mask(uint64_t mask)
{
	vu_sys(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &mask, 0, 8);
}

long vu_native(struct vu_call *c)
{
	return vu_guest_sys6(c->nr, (long)c->arg[0], (long)c->arg[1], (long)c->arg[2],
			     (long)c->arg[3], (long)c->arg[4], (long)c->arg[5]);
}

long vu_on_guest_stack(struct vu_call *c, long (*fn)(void *arg, void *sp), void *arg)
{
	return vu_on_stack(arg, (void *)((uintptr_t)c->s->guest_sp & ~15ul), fn);
}

static long blocking(void *arg, void *sp)
{
	struct vu_call *c = arg;
	long r;

	(void)sp;
	vu_set_mask(c->regs->sigmask & ~VU_KEPT);
	r = vu_guest_sys6(c->nr, (long)c->arg[0], (long)c->arg[1], (long)c->arg[2], (long)c->arg[3],
			  (long)c->arg[4], (long)c->arg[5]);
	vu_set_mask(VU_ALL_SIGNALS);
	return r;
}

long vu_native_blocking(struct vu_call *c)
{
	return vu_on_guest_stack(c, blocking, c);
}

static long run_row(void *arg, void *sp)
{
	struct vu_call *c = arg;

	c->s->guest_sp = sp;
	return c->row->handler(c);
}

static long handle(struct vu_regs *r, int nr)
{
	struct vu_call c = {
		.nr = nr,
		.arg = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 },
		.row = vu_row(nr),
		.regs = r,
	};
	long result;

	if (agent_process.strict && nr != __NR_rt_sigreturn)
		vu_sys(__NR_kill, vu_sys(__NR_getpid), 9 /* SIGKILL */);
	if (!c.row) {
		vu_debug("no such system call:", "number", nr);
		return -ENOSYS;
	}
	if (!c.row->handler) /* trapped by a filter that another version of us has installed */
		return vu_native(&c);
	c.thread = vu_thread_get();
	c.s = vu_scratch_get((int)vu_sys(__NR_gettid));
	result = vu_on_stack(&c, c.s->stack + VU_STACK_SIZE, run_row);
	vu_scratch_put(c.s);
	return result;
}

static void on_sigsys(int sig, struct vu_siginfo *info, struct vu_regs *regs)
{
	(void)sig;
	if (info->code == SYS_SECCOMP && info->error == VU_TRAP_DATA)
		regs->rax = (uint64_t)handle(regs, info->nr);
	else
		vu_sigsys_foreign(info, regs);
}

long vu_trap_init(void)
{
	struct vu_sigaction sa = {
		.handler = (uint64_t)on_sigsys,
		.flags = VU_SA_SIGINFO | VU_SA_RESTORER | VU_SA_ONSTACK | VU_SA_NODEFER,
		.restorer = (uint64_t)vu_restorer,
		.mask = VU_ALL_SIGNALS,
	};

	return vu_sys(__NR_rt_sigaction, VU_SIGSYS, &sa, 0, 8);
}
