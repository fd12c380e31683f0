/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fork, vfork, clone, clone3.
 *
 * A child with a copy of the memory and the same stack simply returns from the handler as the parent does.
 * A child on another stack finds there a struct vu_child with the guest's registers (vu_clone()).
 * A child that borrows the memory until it executes (CLONE_VM|CLONE_VFORK) would run over the parent's
 * signal frame, which lies below the guest's stack pointer or on the same alternate stack: the parent
 * keeps a copy of it, and puts it back when the child is gone.
 *
 * The child's sigaction table must keep the agent's SIGSYS: CLONE_CLEAR_SIGHAND is done by hand.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "agent/anchor.h"
#include "agent/filter.h"
#include "agent/handlers.h"
#include "agent/stack.h"
#include "agent/tree.h"
#include "agent/trap.h"

/* The vfork area: child's stack for vu_child_start(), with room for frames of signals; copy of the parent's frames. */
#define CHILD_STACK (32 * 1024)
#define AREA_SIZE   (128 * 1024)
#define COPY_MAX    (AREA_SIZE - CHILD_STACK)

#define ERESTARTNOINTR_ 513

long vu_clone(const struct vu_clone *how);
void vu_child_start(struct vu_child *child);
void vu_fpu_control(uint32_t *mxcsr, uint16_t *fcw);

_Static_assert(offsetof(struct vu_clone, nr) == 0 && offsetof(struct vu_clone, arg) == 8 &&
		       offsetof(struct vu_clone, mask) == 48 &&
		       offsetof(struct vu_clone, sp) == 56 &&
		       offsetof(struct vu_clone, apart) == 64,
	       "CLONE_* of entry.S");

/* What the agent has blocked while it runs: for entry.S. */
const uint64_t vu_all_signals = VU_ALL_SIGNALS;

static void *spare_area VU_HOT; /* one vfork area is kept for the next time */

/* What a clone is made of, from either call. */
struct birth {
	struct vu_call *c;
	uint64_t flags;
	uint64_t stack;		/* the child's stack pointer, 0: as the parent's */
	struct clone_args args; /* for clone3 */
	size_t args_size;	/* 0: clone */
	bool clear;		/* CLONE_CLEAR_SIGHAND was asked for */
	char *area;		/* vfork area */
};

/* The registers of the guest for a child whose stack pointer is to be rsp. */
static void fill_child(struct vu_child *ch, const struct birth *b, uint64_t rsp)
{
	const struct vu_regs *r = b->c->regs;
	const char *fp = (const char *)r->fpstate;

	memset(ch, 0, sizeof(*ch));
	ch->r8 = r->r8;
	ch->r9 = r->r9;
	ch->r10 = r->r10;
	ch->r12 = r->r12;
	ch->r13 = r->r13;
	ch->r14 = r->r14;
	ch->r15 = r->r15;
	ch->rdi = r->rdi;
	ch->rsi = r->rsi;
	ch->rbp = r->rbp;
	ch->rbx = r->rbx;
	ch->rdx = r->rdx;
	ch->rsp = rsp;
	ch->rip = r->rip;
	ch->eflags = r->eflags;
	ch->sigmask = r->sigmask;
	ch->separate = !(b->flags & CLONE_VM);
	ch->clear = b->clear;
	ch->thread = (uint64_t)vu_thread_new();
	/* struct _fpstate_64: cwd at 0, mxcsr at 24 (FXSAVE layout). */
	vu_fpu_control(&ch->mxcsr, &ch->fcw);
	if (fp) {
		memcpy(&ch->fcw, fp, sizeof(ch->fcw));
		memcpy(&ch->mxcsr, fp + 24, sizeof(ch->mxcsr));
	}
}

/* Scratch slots of the other threads are found dead when they are needed: their tids are not ours. */
void vu_forked(struct vu_thread *own)
{
	agent_process.pid = (int)vu_sys(__NR_getpid);
	agent_process.tracer = false;
	agent_process.forked = true;
	vu_thread_fork(own);
	vu_tree_fork();
}

bool vu_is_plain_fork(long nr, const uint64_t arg[6])
{
	const uint64_t plain = CSIGNAL | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
			       CLONE_PARENT_SETTID;

	return nr == __NR_fork || (nr == __NR_clone && !arg[1] && !(arg[0] & ~plain));
}

/* CLONE_CLEAR_SIGHAND without the signals that the agent keeps: in the child. */
static void clear_handlers(void)
{
	struct vu_sigaction sa, dfl = { 0 };

	for (int sig = 1; sig <= 64; sig++) {
		if ((VU_SIGBIT(sig) & VU_KEPT) || vu_sys(__NR_rt_sigaction, sig, 0, &sa, 8) < 0)
			continue;
		if (sa.handler > 1)
			vu_sys(__NR_rt_sigaction, sig, &dfl, 0, 8);
	}
}

/* First thing of a child on another stack: called by vu_clone() with signals still blocked. */
void vu_child_start(struct vu_child *child)
{
	struct vu_thread *t = (struct vu_thread *)child->thread;
	int tid = (int)vu_sys(__NR_gettid);

	if (child->separate) {
		vu_forked(t);
	} else {
		vu_thread_drop(
			tid); /* an earlier one's of that number: a thread's end is not trapped */
		if (t)
			vu_thread_adopt(t, tid);
	}
	if (child->clear)
		clear_handlers();
	vu_set_mask(child->sigmask & ~VU_KEPT);
}

/*
 * Calls clone or clone3 with the child's stack pointer at `at`, NULL: as the parent's. Of signals, those for all of a
 * process group matter: they come to each of them. What comes to a process that makes a thread is for both.
 */
static long issue(struct birth *b, struct vu_child *at)
{
	struct vu_call *c = b->c;
	struct vu_clone how = {
		.nr = __NR_clone,
		.arg = { b->flags, (uint64_t)at, c->arg[2], c->arg[3], c->arg[4] },
		.mask = c->regs->sigmask & ~VU_KEPT,
		.apart = at != NULL,
	};

	if (!(b->flags & CLONE_THREAD) && (VU_ALL_SIGNALS & ~VU_UNBLOCKABLE & ~how.mask))
		how.sp = c->s->guest_sp;
	if (b->args_size) {
		how.nr = __NR_clone3;
		how.arg[0] = (uint64_t)&b->args;
		how.arg[1] = b->args_size;
		/* clone3 takes the lowest byte and the size: the stack pointer starts at their sum. */
		if (at) {
			b->args.stack = (uint64_t)at - 16;
			b->args.stack_size = 16;
		}
	}
	return vu_clone(&how);
}

/* A thread, or a process on a stack of its own: the registers wait at the top of the child's stack. */
static long birth_on_stack(struct birth *b)
{
	uint64_t at = (b->stack - 128 - sizeof(struct vu_child)) & ~63ul;
	struct vu_child ch;
	long r;

	if (b->flags & CLONE_VM)
		vu_thread_multiply();
	fill_child(&ch, b, b->stack);
	if (guest_write(at, &ch, sizeof(ch)) < 0)
		r = -EFAULT;
	else
		r = issue(b, (struct vu_child *)at);
	if (ch.thread && (r < 0 || ch.separate))
		vu_thread_free((struct vu_thread *)ch.thread);
	return r;
}

/*
 * The child runs over what lies below the guest's stack pointer (or on the same alternate stack): that is
 * copied away and put back, and nothing of it is read meanwhile; `b` and all here is on the scratch's stack.
 */
static long vfork_waiting(struct birth *b, char *at, size_t n)
{
	char *copy = b->area + CHILD_STACK;
	struct vu_child *ch = (struct vu_child *)(b->area + CHILD_STACK - 1024);
	struct birth mine = *b;
	struct vu_call call = *b->c;
	long r;

	if (n > COPY_MAX)
		return -ENOMEM;
	fill_child(ch, b, b->stack ? b->stack : call.regs->rsp);
	memcpy(copy, at, n);
	mine.c = &call;
	r = issue(&mine, ch);
	memcpy(at, copy, n);
	if (ch->thread && r < 0)
		vu_thread_free((struct vu_thread *)ch->thread);
	return r;
}

static void *area_get(void)
{
	void *area = __atomic_exchange_n(&spare_area, NULL, __ATOMIC_ACQUIRE);
	long p;

	if (area)
		return area;
	p = vu_sys(__NR_mmap, 0, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0);
	return p < 0 && p > -4096 ? NULL : (void *)p;
}

static void area_put(void *area)
{
	void *old = __atomic_exchange_n(&spare_area, area, __ATOMIC_RELEASE);

	if (old)
		vu_sys(__NR_munmap, old, AREA_SIZE);
}

/* End of the handler's frames: the alternate stack's end if it is on that; else the guest's red zone, which
 * a function with a patched site does not use. */
static char *frames_end(const struct vu_call *c)
{
	const struct vu_regs *r = c->regs;
	uint64_t here = (uint64_t)c->s->guest_sp;

	if (r->ss_size && here >= r->ss_sp && here < r->ss_sp + r->ss_size)
		return (char *)(r->ss_sp + r->ss_size);
	return (char *)(c->by_gate ? r->rsp : r->rsp - 128);
}

static long birth_vfork(struct birth *b)
{
	char *from = b->c->s->guest_sp;
	bool was = agent_process.threads;
	long r;

	b->area = area_get();
	if (!b->area)
		return -ENOMEM;
	if (!(b->flags & CLONE_FILES))
		vu_tree_part();
	agent_process.threads = true; /* the child must not take the parent's state for its own */
	r = vfork_waiting(b, from, (size_t)(frames_end(b->c) - from));
	agent_process.threads = was;
	if (!(b->flags & CLONE_FILES))
		vu_tree_rejoin();
	if (r > 0) {
		vu_scratch_drop((int)r);
		vu_thread_drop((int)r);
	}
	area_put(b->area);
	return r;
}

static long deliver(struct birth *b)
{
	struct vu_thread *own = b->c->thread;
	long r;

	if ((b->flags & CLONE_FS) && !(b->flags & CLONE_VM))
		agent_process.shares_fs = true;
	if (b->flags & CLONE_NEWNS)
		agent_process.root.stamp = 0; /* the child's is another */
	if ((b->flags & (CLONE_VM | CLONE_VFORK)) == (CLONE_VM | CLONE_VFORK))
		return birth_vfork(b);
	/* A process that shares our memory for good, but would not get the filter with us. */
	if ((b->flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM && (r = vu_filter_need()) < 0)
		return r;
	if ((b->flags & (CLONE_VM | CLONE_FILES)) == CLONE_VM)
		vu_tree_part(); /* for good */
	if (b->stack)
		return birth_on_stack(b);
	if (b->flags & CLONE_VM)
		return -EINVAL; /* a second thread on the same stack: no program can mean that */
	r = issue(b, NULL);
	if (!r)
		vu_forked(own);
	return r;
}

/* A child in a user namespace of its own cannot reach the server: it is born anchored. */
static long birth_anchored(struct birth *b)
{
	struct vu_session_ref ref = agent_process.ref;
	long r;

	if (!(b->flags & CLONE_NEWUSER) || !vu_anchor())
		return deliver(b);
	r = deliver(b);
	if (r)
		vu_unanchor(&ref);
	return r;
}

/* A child in a network namespace of its own is born without stacks. */
static long birth(struct birth *b)
{
	uint32_t stack[VU_FAMILIES_N];
	long r;

	vu_stack_look();
	if (!(b->flags & CLONE_NEWNET))
		return birth_anchored(b);
	memcpy(stack, agent_process.stack, sizeof(stack));
	memset(agent_process.stack, 0, sizeof(stack));
	r = birth_anchored(b);
	if (r)
		memcpy(agent_process.stack, stack, sizeof(stack));
	return r;
}

/* If signals have come before the call could be made it is begun again behind them. */
static long make_process(const struct birth *given)
{
	struct birth b;
	long r;

	for (;;) {
		b = *given;
		r = birth(&b);
		if (r != -ERESTARTNOINTR_)
			return r;
		vu_let_signals_in(b.c);
	}
}

long sys_fork(struct vu_call *c)
{
	struct birth b = { .c = c, .flags = 17 /* SIGCHLD */ };

	if (c->nr == __NR_vfork)
		b.flags |= CLONE_VM | CLONE_VFORK;
	c->arg[2] = c->arg[3] = c->arg[4] = 0;
	return make_process(&b);
}

long sys_clone(struct vu_call *c)
{
	struct birth b = { .c = c, .flags = c->arg[0], .stack = c->arg[1] };

	return make_process(&b);
}

long sys_clone3(struct vu_call *c)
{
	struct birth b = { .c = c, .args_size = c->arg[1] };
	long r;

	/* Sizes as clone3(2): too small EINVAL, larger than a page E2BIG; the rest the kernel judges. */
	if (b.args_size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (b.args_size > sizeof(b.args))
		return vu_native(c); /* E2BIG unless the rest is zero: no kernel knows more yet */
	if (guest_read(&b.args, c->arg[0], b.args_size) < 0)
		return -EFAULT;
	b.flags = b.args.flags;
	if (!b.args.stack != !b.args.stack_size)
		return -EINVAL;
	if (b.args.stack)
		b.stack = b.args.stack + b.args.stack_size;
	b.clear = b.flags & CLONE_CLEAR_SIGHAND;
	if (b.clear && (b.flags & CLONE_SIGHAND))
		return -EINVAL;
	b.args.flags = b.flags &= ~CLONE_CLEAR_SIGHAND;
	r = make_process(&b);
	if (b.clear && !r) {
		clear_handlers();
		vu_kept_reset();
	}
	return r;
}
