/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signal calls. The agent keeps SIGSYS, SIGSEGV and SIGBUS for itself (trap.h): the kernel must never have
 * them blocked, ignored or at their default, or the next trapped call or bad address would kill the
 * process. What the guest asks for them is kept here (action, whether it is blocked, whether one is
 * pending) and shown to it; masks lose their bits on their way to the kernel.
 *
 * While a handler of the guest for SIGSEGV or SIGBUS runs, the guest has that signal blocked. The frame is
 * marked, so that its rt_sigreturn ends that.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "agent/gate.h"
#include "agent/handlers.h"
#include "agent/trap.h"

#define SIG_DFL_     0ul
#define SIG_IGN_     1ul
#define SIG_BLOCK_   0
#define SIG_UNBLOCK_ 1
#define SIG_SETMASK_ 2
#define SIGKILL_     9
#define SIGSTOP_     19
#define UNBLOCKABLE  (VU_SIGBIT(SIGKILL_) | VU_SIGBIT(SIGSTOP_))

/* A bit of a frame's uc_flags that the kernel does not use: it is of a kept signal's handler. */
#define FRAME_MARK(index) (1ul << (16 + (index)))

extern char vu_text_begin[], vu_text_end[];

static uint64_t handlers[64] VU_HOT;	 /* by signal: the guest's own */
static uint64_t kept_in_mask[64] VU_HOT; /* by signal: the kept ones that the guest's sa_mask has */

int vu_kept_index(unsigned long sig)
{
	for (int i = 0; i < VU_N_KEPT; i++)
		if ((unsigned long)vu_kept_signal(i) == sig)
			return i;
	return -1;
}

uint64_t vu_kept_in_mask(unsigned long sig)
{
	return kept_in_mask[sig - 1];
}

static uint32_t bit_of(int index)
{
	return (uint32_t)VU_SIGBIT(vu_kept_signal(index));
}

/*
 * It is blocked until the agent is done, for its frame must not come on the alternate stack, where that of the trapped
 * call may lie. A process may queue itself a signal with any siginfo (rt_tgsigqueueinfo(2)). SIGSYS has its handler
 * called by the agent, at once.
 */
long vu_signal_again(int sig, const void *info)
{
	uint64_t bit = VU_SIGBIT(sig);

	if (sig != VU_SIGSYS)
		vu_sys(__NR_rt_sigprocmask, SIG_BLOCK_, &bit, 0, 8);
	return vu_sys(__NR_rt_tgsigqueueinfo, vu_sys(__NR_getpid), vu_sys(__NR_gettid), sig, info);
}

/* Kept signals have become deliverable: hand in those that waited. */
static void release_pending(struct vu_thread *t, uint32_t unblocked)
{
	for (int i = 0; i < VU_N_KEPT; i++) {
		if (!(t->kept_pending & unblocked & bit_of(i)))
			continue;
		t->kept_pending &= ~bit_of(i);
		vu_signal_again(vu_kept_signal(i), t->kept_info[i]);
	}
}

static void set_pending(struct vu_thread *t, int index, const void *info)
{
	t->kept_pending |= bit_of(index); /* blocked: the thread has a state of its own */
	memcpy(t->kept_info[index], info, sizeof(t->kept_info[index]));
}

/* `blocked` becomes what the thread has blocked of the kept signals. */
static long set_kept_blocked(struct vu_thread *t, uint32_t blocked)
{
	if (t->kept_blocked == blocked)
		return 0;
	t = vu_thread_own();
	if (!t)
		return -ENOMEM;
	t->kept_blocked = blocked;
	release_pending(t, ~blocked);
	vu_thread_forget(t);
	return 0;
}

bool vu_mask_change(int how, uint64_t old, uint64_t set, uint64_t *new)
{
	if (how == SIG_BLOCK_)
		*new = old | set;
	else if (how == SIG_UNBLOCK_)
		*new = old & ~set;
	else if (how == SIG_SETMASK_)
		*new = set;
	else
		return false;
	return true;
}

long sys_rt_sigprocmask(struct vu_call *c)
{
	uint64_t set = 0, old = c->regs->sigmask | c->thread->kept_blocked, new = old;

	if (c->arg[3] != sizeof(set))
		return -EINVAL;
	if (c->arg[1]) {
		if (guest_read(&set, c->arg[1], sizeof(set)) < 0)
			return -EFAULT;
		set &= ~UNBLOCKABLE;
		if (!vu_mask_change((int)c->arg[0], old, set, &new))
			return -EINVAL;
		c->regs->sigmask = new & ~VU_KEPT;
		if (set_kept_blocked(c->thread, new &VU_KEPT) < 0)
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

	if (!c->thread->kept_pending || c->arg[1] != sizeof(set))
		return vu_native(c);
	r = vu_sys(__NR_rt_sigpending, &set, sizeof(set));
	if (r < 0)
		return r;
	set |= c->thread->kept_pending;
	return guest_write(c->arg[0], &set, sizeof(set));
}

void vu_sigreturn(uint64_t rsp) __attribute__((noreturn));

static long leave_handler(void *arg, void *sp)
{
	const struct vu_call *c = arg;
	uint64_t rsp = c->regs->rsp;

	(void)sp;
	vu_scratch_put(c->s); /* and the call, which is on its stack */
	vu_sigreturn(rsp);
}

/* The kept signals that are blocked when the handler with this frame has returned. */
static uint32_t blocked_after(uint32_t now, uint64_t flags, uint64_t mask)
{
	for (int i = 0; i < VU_N_KEPT; i++)
		if ((flags & FRAME_MARK(i)) && !(mask & bit_of(i)))
			now &= ~bit_of(i);
	return now | (uint32_t)(mask & VU_KEPT);
}

/* What of a handler's frame matters to the agent; the place to go back to is mended. */
static bool read_frame(uint64_t rsp, uint64_t *mask, uint64_t *flags)
{
	uint64_t at = rsp + offsetof(struct vu_regs, rip), rip, resume;

	if (guest_read(mask, rsp + offsetof(struct vu_regs, sigmask), sizeof(*mask)) < 0 ||
	    guest_read(flags, rsp + offsetof(struct vu_regs, flags), sizeof(*flags)) < 0 ||
	    guest_read(&rip, at, sizeof(rip)) < 0)
		return false;
	resume = vu_place_resume(rip);
	if (resume != rip)
		guest_write(at, &resume, sizeof(resume));
	return true;
}

void vu_leave_plain_handler(uint64_t rsp)
{
	const uint64_t marks = FRAME_MARK(0) | FRAME_MARK(1) | FRAME_MARK(2);
	uint64_t mask, flags;

	_Static_assert(VU_N_KEPT == 3, "a mark for each");
	if (read_frame(rsp, &mask, &flags) && !(mask & VU_KEPT) && !(flags & marks))
		vu_sigreturn(rsp);
}

/* A handler may have put kept signals into the mask of its saved context: they must not reach the kernel. */
long sys_rt_sigreturn(struct vu_call *c)
{
	uint64_t at = c->regs->rsp, mask, flags;

	if (read_frame(at, &mask, &flags)) {
		uint32_t blocked = blocked_after(c->thread->kept_blocked, flags, mask);

		if (mask & VU_KEPT) {
			mask &= ~VU_KEPT;
			guest_write(at + offsetof(struct vu_regs, sigmask), &mask, sizeof(mask));
		}
		set_kept_blocked(c->thread, blocked);
	}
	/* The scratch's stack is not ours any more. */
	return vu_on_guest_stack(c, leave_handler, c);
}

/* A kept signal that waits here is one that the kernel no longer has. */
long sys_rt_sigtimedwait(struct vu_call *c)
{
	struct vu_thread *t = c->thread;
	uint64_t set;

	if (!t->kept_pending || c->arg[3] != sizeof(set))
		return vu_native_blocking(c);
	if (guest_read(&set, c->arg[0], sizeof(set)) < 0)
		return -EFAULT;
	for (int i = 0; i < VU_N_KEPT; i++) {
		if (!(t->kept_pending & set & bit_of(i)))
			continue;
		t->kept_pending &= ~bit_of(i);
		if (c->arg[1] &&
		    guest_write(c->arg[1], t->kept_info[i], sizeof(t->kept_info[i])) < 0)
			return -EFAULT;
		return vu_kept_signal(i);
	}
	return vu_native_blocking(c);
}

/*
 * In a vforked child, whose memory is its parent's, the actions that are kept here are the parent's.
 * SIGSEGV and SIGBUS are then set in the kernel as the child wants them: it will soon execute.
 */
static long borrowed_action(struct vu_call *c, int index, const struct vu_sigaction *new)
{
	struct vu_sigaction sa = *new;

	if (vu_kept_signal(index) == VU_SIGSYS)
		return 0;
	sa.mask &= ~VU_KEPT;
	return vu_sys(c->nr, vu_kept_signal(index), &sa, 0, 8);
}

static long kept_action(struct vu_call *c, int index)
{
	struct vu_sigaction old = agent_process.kept[index], new;
	long r = 0;

	if (c->arg[1]) {
		if (guest_read(&new, c->arg[1], sizeof(new)) < 0)
			return -EFAULT;
		if (vu_sys(__NR_getpid) != agent_process.pid) {
			r = borrowed_action(c, index, &new);
		} else {
			agent_process.kept[index] = new;
			if (vu_kept_signal(index) != VU_SIGSYS)
				r = vu_fault_action(vu_kept_signal(index), &new, NULL);
		}
	}
	if (!r && c->arg[2] && guest_write(c->arg[2], &old, sizeof(old)) < 0)
		return -EFAULT;
	return r;
}

void vu_kept_reset(void)
{
	for (int i = 0; i < VU_N_KEPT; i++) {
		if (agent_process.kept[i].handler <= SIG_IGN_)
			continue;
		agent_process.kept[i].handler = SIG_DFL_;
		if (vu_kept_signal(i) != VU_SIGSYS)
			vu_fault_action(vu_kept_signal(i), NULL, NULL);
	}
}

uint64_t vu_detour(unsigned long sig, uint64_t handler)
{
	if (handler <= SIG_IGN_)
		return handler;
	handlers[sig - 1] = handler;
	return vu_detour_entry();
}

uint64_t vu_handler_of(unsigned long sig, uint64_t handler)
{
	return handler == vu_detour_entry() ? handlers[sig - 1] : handler;
}

/* An action for a signal that is not kept; *old gets the one that was. In a vforked child nothing is noted. */
static long set_action(struct vu_call *c, struct vu_sigaction *new, struct vu_sigaction *old)
{
	unsigned long sig = c->arg[0];
	bool own = vu_sys(__NR_getpid) == agent_process.pid;
	uint64_t asked = new->mask &VU_KEPT, was = handlers[sig - 1];
	long r;

	new->mask &= ~VU_KEPT;
	if (own)
		new->handler = vu_detour(sig, new->handler);
	r = vu_guest_sys6(c->nr, (long)sig, (long)new, (long)old, 8, 0, 0);
	if (r < 0) {
		if (own)
			handlers[sig - 1] = was;
		return r;
	}
	if (old->handler == vu_detour_entry())
		old->handler = was;
	old->mask |= kept_in_mask[sig - 1];
	if (own && asked != kept_in_mask[sig - 1])
		kept_in_mask[sig - 1] = asked;
	return 0;
}

long sys_rt_sigaction(struct vu_call *c)
{
	unsigned long sig = c->arg[0];
	struct vu_sigaction new, old;
	long r;

	if (c->arg[3] != sizeof(new.mask))
		return -EINVAL;
	if (sig < 1 || sig > 64)
		return -EINVAL;
	if (vu_kept_index(sig) >= 0)
		return kept_action(c, vu_kept_index(sig));
	if (c->arg[1]) {
		if (guest_read(&new, c->arg[1], sizeof(new)) < 0)
			return -EFAULT;
		r = set_action(c, &new, &old);
	} else {
		r = vu_guest_sys6(c->nr, (long)sig, 0, (long)&old, 8, 0, 0);
		old.handler = vu_handler_of(sig, old.handler);
		old.mask |= kept_in_mask[sig - 1];
	}
	if (r < 0)
		return r;
	return c->arg[2] && guest_write(c->arg[2], &old, sizeof(old)) < 0 ? -EFAULT : 0;
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

/* A SIGSYS that the call's mask lets in is handled at once and interrupts the call. */
static long take_sigsys(struct vu_call *c, struct vu_thread *t)
{
	struct foreign f = { .regs = c->regs };

	memcpy(&f.info, t->kept_info[0], sizeof(f.info));
	t->kept_pending &= ~(uint32_t)VU_SIGSYS_BIT;
	return vu_on_guest_stack(c, foreign, &f);
}

/*
 * A call that waits with the temporary mask `mask` (kept signals are already out of what the kernel
 * gets). For its time the guest's idea of the kept signals is the mask's.
 */
static long wait_with(struct vu_call *c, uint64_t mask)
{
	struct vu_thread *t = c->thread;
	uint32_t was = t->kept_blocked, now = mask & VU_KEPT;
	long r;

	if (was == now)
		return vu_native_blocking(c);
	t = vu_thread_own();
	if (!t)
		return -ENOMEM;
	t->kept_blocked = now;
	c->s->stays = true; /* the mask is to be put back */
	if (t->kept_pending & ~now & VU_SIGSYS_BIT)
		r = take_sigsys(c, t);
	else if (t->kept_pending & ~now)
		r = -EINTR; /* they come when the call has returned */
	else
		r = vu_native_blocking(c);
	t = vu_thread_own(); /* a handler may have given the state up */
	if (t) {
		release_pending(t, ~now);
		t->kept_blocked = was;
	}
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
	kernel = mask & ~VU_KEPT;
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
	if (!pair[0] || pair[1] != sizeof(mask)) {
		c->arg[5] = (unsigned long)pair;
		return vu_native_blocking(c);
	}
	if (guest_read(&mask, pair[0], sizeof(mask)) < 0)
		return -EFAULT;
	c->arg[5] = (unsigned long)pair;
	kernel = mask & ~VU_KEPT;
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

/* The default action: dies of the signal when the handler returns. */
static void die_of(int sig, struct vu_regs *regs)
{
	struct vu_sigaction sa = { .handler = SIG_DFL_ };

	vu_sys(__NR_rt_sigaction, sig, &sa, 0, 8);
	regs->sigmask &= ~VU_KEPT;
	vu_sys(__NR_tgkill, vu_sys(__NR_getpid), vu_sys(__NR_gettid), sig);
}

/* The handler may jump out: siglongjmp then sets the mask, SIGSYS included, by rt_sigprocmask. */
static void call_handler(const struct vu_sigaction *sa, struct vu_siginfo *info,
			 struct vu_regs *regs)
{
	void (*handler)(int, struct vu_siginfo *, struct vu_regs *) = (void *)sa->handler;
	struct vu_thread *t = sa->flags & VU_SA_NODEFER ? NULL : vu_thread_own();

	if (t)
		t->kept_blocked |= (uint32_t)VU_SIGSYS_BIT;
	vu_set_mask((regs->sigmask | sa->mask) & ~VU_KEPT);
	handler(VU_SIGSYS, info, regs);
	vu_set_mask(VU_ALL_SIGNALS);
	if (t) { /* the state may have been given up meanwhile */
		t = vu_thread_get();
		set_kept_blocked(t, t->kept_blocked & ~(uint32_t)VU_SIGSYS_BIT);
	}
}

/*
 * A kept signal has come, as the kernel would have it with the action and mask that the guest believes
 * in. A forced one (a fault, a filter of the guest's own) that finds the signal blocked or ignored
 * kills, as force_sig_info_to_task() does. True: the guest's handler, *sa, is to be called.
 */
static bool is_for_handler(int index, struct vu_siginfo *info, struct vu_regs *regs,
			   struct vu_sigaction *sa)
{
	struct vu_thread *t = vu_thread_get();
	bool forced = info->code > 0, blocked = t->kept_blocked & bit_of(index);

	*sa = agent_process.kept[index];
	if (blocked && !forced) {
		set_pending(t, index, info);
		return false;
	}
	if (sa->handler == SIG_IGN_ && !forced)
		return false;
	if (sa->handler <= SIG_IGN_ || blocked) {
		die_of(vu_kept_signal(index), regs);
		return false;
	}
	if (sa->flags & VU_SA_RESETHAND)
		agent_process.kept[index].handler = SIG_DFL_;
	return true;
}

void vu_sigsys_foreign(struct vu_siginfo *info, struct vu_regs *regs)
{
	struct vu_sigaction sa;

	if (is_for_handler(0, info, regs, &sa))
		call_handler(&sa, info, regs);
}

/* Is the thread in the agent, with signals blocked? */
static bool is_busy(const struct vu_regs *regs)
{
	return regs->rip >= (uint64_t)vu_text_begin && regs->rip < (uint64_t)vu_text_end &&
	       (regs->sigmask | VU_KEPT | UNBLOCKABLE) == UINT64_MAX;
}

uint64_t vu_fault_foreign(int sig, struct vu_siginfo *info, struct vu_regs *regs)
{
	int index = vu_kept_index((unsigned long)sig);
	struct vu_sigaction sa;
	struct vu_thread *t;

	if (is_busy(regs) && info->code > 0) { /* a fault of the agent's own */
		die_of(sig, regs);
		return 0;
	}
	if (is_busy(regs) && agent_process.kept[index].handler > SIG_IGN_) {
		/* Sent by somebody: to be handled when the agent is done and restores the mask. */
		vu_signal_again(sig, info);
		regs->sigmask |= VU_SIGBIT(sig);
		return 0;
	}
	if (!is_for_handler(index, info, regs, &sa))
		return 0;
	t = sa.flags & VU_SA_NODEFER ? NULL : vu_thread_own();
	if (t) {
		regs->sigmask |= t->kept_blocked & bit_of(index);
		t->kept_blocked |= bit_of(index);
		regs->flags |= FRAME_MARK(index);
	}
	return sa.handler;
}
