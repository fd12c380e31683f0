/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signal calls. The agent owns SIGSYS: the kernel must never have it blocked, ignored or at its default,
 * or the next trapped call would kill the process. What the guest asks for SIGSYS is kept here (its
 * action, whether it is blocked, whether one is pending) and shown to it; masks lose the SIGSYS bit on
 * their way to the kernel.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "agent/handlers.h"
#include "agent/trap.h"

#define SIG_DFL_     0ul
#define SIG_IGN_     1ul
#define SIG_BLOCK_   0
#define SIG_UNBLOCK_ 1
#define SIG_SETMASK_ 2
#define SIGKILL_     9
#define SIGSTOP_     19

uint64_t vu_sigsys_in_mask;

/* A thread's SIGSYS has become deliverable: hand in the one that waited. */
static void release_pending(struct vu_thread *t)
{
	if (!t->sigsys_pending)
		return;
	t->sigsys_pending = false;
	/* A process may queue itself a signal with any siginfo (rt_tgsigqueueinfo(2)). */
	vu_sys(__NR_rt_tgsigqueueinfo, vu_sys(__NR_getpid), vu_sys(__NR_gettid), VU_SIGSYS,
	       t->sigsys_info);
}

static long set_sigsys_blocked(struct vu_thread *t, bool blocked)
{
	if (t->sigsys_blocked == blocked)
		return 0;
	t = vu_thread_own();
	if (!t)
		return -ENOMEM;
	t->sigsys_blocked = blocked;
	if (!blocked)
		release_pending(t);
	return 0;
}

long sys_rt_sigprocmask(struct vu_call *c)
{
	bool blocked = c->thread->sigsys_blocked;
	uint64_t set = 0, old = c->regs->sigmask | (blocked ? VU_SIGSYS_BIT : 0), new = old;
	uint64_t unblockable = 1ul << (SIGKILL_ - 1) | 1ul << (SIGSTOP_ - 1);

	if (c->arg[3] != sizeof(set))
		return -EINVAL;
	if (c->arg[1]) {
		if (guest_read(&set, c->arg[1], sizeof(set)) < 0)
			return -EFAULT;
		set &= ~unblockable;
		if ((int)c->arg[0] == SIG_BLOCK_)
			new = old | set;
		else if ((int)c->arg[0] == SIG_UNBLOCK_)
			new = old & ~set;
		else if ((int)c->arg[0] == SIG_SETMASK_)
			new = set;
		else
			return -EINVAL;
		c->regs->sigmask = new & ~VU_SIGSYS_BIT;
		if (set_sigsys_blocked(c->thread, new &VU_SIGSYS_BIT) < 0)
			return -ENOMEM;
	}
	/* Like the kernel: the new mask is in force even where the old one cannot be stored. */
	if (c->arg[2] && guest_write(c->arg[2], &old, sizeof(old)) < 0)
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(struct vu_call *c)
{
	uint64_t set;
	long r;

	if (!c->thread->sigsys_pending || c->arg[1] != sizeof(set))
		return vu_native(c);
	r = vu_sys(__NR_rt_sigpending, &set, sizeof(set));
	if (r < 0)
		return r;
	set |= VU_SIGSYS_BIT;
	return guest_write(c->arg[0], &set, sizeof(set));
}

void vu_sigreturn(uint64_t rsp) __attribute__((noreturn));

static long leave_handler(void *arg, void *sp)
{
	struct vu_call *c = arg;

	(void)sp;
	vu_scratch_put(c->s);
	vu_sigreturn(c->regs->rsp);
}

/* A handler may have put SIGSYS into the mask of its saved context: it must not reach the kernel. */
long sys_rt_sigreturn(struct vu_call *c)
{
	uint64_t at = c->regs->rsp + offsetof(struct vu_regs, sigmask), mask;

	if (!guest_read(&mask, at, sizeof(mask)) && (mask & VU_SIGSYS_BIT)) {
		mask &= ~VU_SIGSYS_BIT;
		guest_write(at, &mask, sizeof(mask));
		set_sigsys_blocked(c->thread, true);
	}
	return vu_on_guest_stack(c, leave_handler,
				 c); /* the scratch's stack is not ours any more */
}

/* A SIGSYS that waits here is one that the kernel no longer has. */
long sys_rt_sigtimedwait(struct vu_call *c)
{
	struct vu_thread *t = c->thread;
	uint64_t set;

	if (!t->sigsys_pending || c->arg[3] != sizeof(set))
		return vu_native_blocking(c);
	if (guest_read(&set, c->arg[0], sizeof(set)) < 0)
		return -EFAULT;
	if (!(set & VU_SIGSYS_BIT))
		return vu_native_blocking(c);
	t->sigsys_pending = false;
	if (c->arg[1] && guest_write(c->arg[1], t->sigsys_info, sizeof(t->sigsys_info)) < 0)
		return -EFAULT;
	return VU_SIGSYS;
}

static long sigsys_action(struct vu_call *c)
{
	struct vu_sigaction old = agent_process.sigsys;

	if (c->arg[1] && guest_read(&agent_process.sigsys, c->arg[1], sizeof(old)) < 0)
		return -EFAULT;
	if (c->arg[2] && guest_write(c->arg[2], &old, sizeof(old)) < 0)
		return -EFAULT;
	return 0;
}

long sys_rt_sigaction(struct vu_call *c)
{
	unsigned long sig = c->arg[0];
	struct vu_sigaction new, old;
	uint64_t bit;
	bool had;
	long r;

	if (c->arg[3] != sizeof(new.mask))
		return -EINVAL;
	if (sig < 1 || sig > 64)
		return -EINVAL;
	if (sig == VU_SIGSYS)
		return sigsys_action(c);
	bit = 1ul << (sig - 1);
	had = vu_sigsys_in_mask & bit;
	if (c->arg[1]) {
		if (guest_read(&new, c->arg[1], sizeof(new)) < 0)
			return -EFAULT;
	}
	r = vu_guest_sys6(c->nr, (long)sig, c->arg[1] ? (long)&new : 0, (long)&old, 8, 0, 0);
	if (c->arg[1] && (new.mask &VU_SIGSYS_BIT)) {
		new.mask &= ~VU_SIGSYS_BIT;
		r = r < 0 ? r : vu_guest_sys6(c->nr, (long)sig, (long)&new, 0, 8, 0, 0);
		new.mask |= VU_SIGSYS_BIT;
	}
	if (r < 0)
		return r;
	if (c->arg[1]) {
		if (new.mask & VU_SIGSYS_BIT)
			__atomic_fetch_or(&vu_sigsys_in_mask, bit, __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&vu_sigsys_in_mask, ~bit, __ATOMIC_RELAXED);
	}
	if (had)
		old.mask |= VU_SIGSYS_BIT;
	if (c->arg[2] && guest_write(c->arg[2], &old, sizeof(old)) < 0)
		return -EFAULT;
	return 0;
}

struct foreign {
	struct vu_siginfo info;
	struct vu_regs *regs;
};

static long foreign(void *arg, void *sp)
{
	struct foreign *f = arg;

	(void)sp;
	vu_sigsys_foreign(&f->info, f->regs);
	return -EINTR;
}

/*
 * A call that waits with the temporary mask `mask` (SIGSYS is already out of what the kernel gets). For its
 * time the guest's idea of SIGSYS is the mask's; one that waits is handled at once and interrupts it.
 */
static long wait_with(struct vu_call *c, uint64_t mask)
{
	struct vu_thread *t = c->thread;
	bool was = t->sigsys_blocked, now = mask & VU_SIGSYS_BIT;
	struct foreign f = { .regs = c->regs };
	long r;

	if (was == now)
		return vu_native_blocking(c);
	t = vu_thread_own();
	if (!t)
		return -ENOMEM;
	t->sigsys_blocked = now;
	if (!now && t->sigsys_pending) {
		memcpy(&f.info, t->sigsys_info, sizeof(f.info));
		t->sigsys_pending = false;
		r = vu_on_guest_stack(c, foreign, &f);
	} else {
		r = vu_native_blocking(c);
	}
	t->sigsys_blocked = was;
	return r;
}

/* A call with a temporary signal mask in argument n: waits with that mask less SIGSYS. */
static long with_mask(struct vu_call *c, int n)
{
	uint64_t mask, kernel;

	if (!c->arg[n])
		return vu_native_blocking(c);
	if (guest_read(&mask, c->arg[n], sizeof(mask)) < 0)
		return -EFAULT;
	kernel = mask & ~VU_SIGSYS_BIT;
	c->arg[n] = (unsigned long)&kernel;
	return wait_with(c, mask);
}

long sys_mask_arg0(struct vu_call *c)
{
	return c->arg[1] == 8 ? with_mask(c, 0) : vu_native(c);
}

long sys_mask_arg3(struct vu_call *c)
{
	return c->arg[4] == 8 ? with_mask(c, 3) : vu_native(c);
}

long sys_mask_arg4(struct vu_call *c)
{
	return c->arg[5] == 8 ? with_mask(c, 4) : vu_native(c);
}

/* pselect6 and io_pgetevents: argument 5 points to { mask address, its size }. */
static long with_mask_pair(struct vu_call *c)
{
	uint64_t pair[2], mask, kernel;

	if (guest_read(pair, c->arg[5], sizeof(pair)) < 0)
		return -EFAULT;
	c->arg[5] = (unsigned long)pair;
	if (!pair[0] || pair[1] != sizeof(mask))
		return vu_native_blocking(c);
	if (guest_read(&mask, pair[0], sizeof(mask)) < 0)
		return -EFAULT;
	kernel = mask & ~VU_SIGSYS_BIT;
	pair[0] = (uint64_t)&kernel;
	return wait_with(c, mask);
}

long sys_pselect6(struct vu_call *c)
{
	return with_mask_pair(c);
}

long sys_io_pgetevents(struct vu_call *c)
{
	return with_mask_pair(c);
}

/* The default action: dies of SIGSYS when the handler returns. */
static void die_of_sigsys(struct vu_regs *regs)
{
	struct vu_sigaction sa = { .handler = SIG_DFL_ };

	vu_sys(__NR_rt_sigaction, VU_SIGSYS, &sa, 0, 8);
	regs->sigmask &= ~VU_SIGSYS_BIT;
	vu_sys(__NR_tgkill, vu_sys(__NR_getpid), vu_sys(__NR_gettid), VU_SIGSYS);
}

/* The handler may jump out: siglongjmp then sets the mask, SIGSYS included, by rt_sigprocmask. */
static void call_handler(const struct vu_sigaction *sa, struct vu_siginfo *info,
			 struct vu_regs *regs)
{
	void (*handler)(int, struct vu_siginfo *, struct vu_regs *) = (void *)sa->handler;
	struct vu_thread *t = sa->flags & VU_SA_NODEFER ? NULL : vu_thread_own();

	if (t)
		t->sigsys_blocked = true;
	vu_set_mask((regs->sigmask | sa->mask) & ~VU_SIGSYS_BIT);
	handler(VU_SIGSYS, info, regs);
	vu_set_mask(VU_ALL_SIGNALS);
	if (t)
		set_sigsys_blocked(t, false);
}

/*
 * A SIGSYS that somebody sent, or of a filter of the guest's own (its data is not ours): as the kernel
 * would have it with the action and mask that the guest believes in. A forced one (SYS_SECCOMP) that
 * finds the signal blocked or ignored kills, as force_sig_info_to_task() does.
 */
void vu_sigsys_foreign(struct vu_siginfo *info, struct vu_regs *regs)
{
	struct vu_sigaction sa = agent_process.sigsys;
	struct vu_thread *t = vu_thread_get();
	bool forced = info->code > 0;

	if (t->sigsys_blocked && !forced) {
		t->sigsys_pending = true; /* blocked: the thread has a state of its own */
		memcpy(t->sigsys_info, info, sizeof(t->sigsys_info));
		return;
	}
	if (sa.handler == SIG_IGN_ && !forced)
		return;
	if (sa.handler == SIG_DFL_ || sa.handler == SIG_IGN_ || t->sigsys_blocked) {
		die_of_sigsys(regs);
		return;
	}
	if (sa.flags & VU_SA_RESETHAND)
		agent_process.sigsys.handler = SIG_DFL_;
	call_handler(&sa, info, regs);
}
