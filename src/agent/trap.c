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
 *
 * A call by a patched site that the quick way does not answer comes to the same handlers (vu_gate_full()), in
 * the same surroundings: signals blocked, a scratch, the registers in a struct vu_regs.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>

#include "agent/filter.h"
#include "agent/gate.h"
#include "agent/stats.h"
#include "agent/trap.h"

#define SYS_SECCOMP  1
#define TRIES	     4
#define CALL_SITE    "\x0f\x05"
#define EFLAGS_CF    0x001ul
#define EFLAGS_ZF    0x040ul
#define EFLAGS_OTHER 0x894ul /* OF, SF, AF, PF */
#define EFLAGS_OF    0x800ul
#define EFLAGS_LAHF  0x0d5ul
#define EFLAGS_BASE  0x202ul

extern char vu_restorer[], vu_trap_entry[];

void vu_trap_taken(int sig, struct vu_siginfo *info, struct vu_regs *regs);

struct vu_process agent_process VU_HOT;

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

long vu_wait_sys6(long nr, const unsigned long arg[6], bool *made);

static void let_in(struct vu_call *c)
{
	c->s->waiting_at = c->s->guest_sp;
	c->s->made = false;
	c->s->waiting = c;
	vu_set_mask(c->regs->sigmask & ~VU_KEPT);
}

static void shut_out(struct vu_call *c)
{
	vu_set_mask(VU_ALL_SIGNALS);
	c->s->waiting = NULL;
}

static long blocking(void *arg, void *sp)
{
	struct vu_call *c = arg;
	long r;

	(void)sp;
	let_in(c);
	r = vu_wait_sys6(c->nr, c->arg, &c->s->made);
	shut_out(c);
	return r;
}

static long not_made(void *arg, void *sp)
{
	(void)sp;
	let_in(arg);
	shut_out(arg);
	return 0;
}

void vu_let_signals_in(struct vu_call *c)
{
	vu_on_guest_stack(c, not_made, c);
}

long vu_native_blocking(struct vu_call *c)
{
	return vu_on_guest_stack(c, blocking, c);
}

/* Runs the handler; once more if what it began with is not true any more. */
static long run_again(struct vu_call *c)
{
	const struct vu_call given = *c;
	long r = c->row->handler(c);

	for (int i = 0; i < TRIES && c->again; i++) {
		*c = given;
		r = c->row->handler(c);
	}
	return r;
}

static __attribute__((noinline)) long no_such_call(long nr)
{
	vu_debug("no such system call:", "number", nr);
	return -ENOSYS;
}

/* Runs the handler of a call whose number, arguments and registers are filled in, with scratch s and on its stack. */
static long handle(struct vu_call *c, struct vu_scratch *s)
{
	c->row = vu_row(c->nr);
	c->s = s;
	if (agent_process.strict && c->nr != __NR_rt_sigreturn)
		vu_sys(__NR_kill, vu_sys(__NR_getpid), 9 /* SIGKILL */);
	if (!c->row)
		return no_such_call(c->nr);
	if (!c->row->handler) /* trapped by a filter that another version of us has installed */
		return vu_native(c);
	c->thread = vu_thread_of(s->owner);
	return run_again(c);
}

/* Those after "cmp $limit,%rax", as far as a comparison without sign shows them; or, as the gate found them. */
uint64_t vu_flags_after(uint64_t flags, uint64_t kind, long result)
{
	uint64_t limit = (kind & 0xff) == VU_SITE_F000 ? (uint64_t)-4096l : (uint64_t)-4095l;

	if (kind == VU_NO_KIND)
		return flags;
	if ((kind & 0xff) == VU_SITE_NR) {
		flags &= ~(EFLAGS_LAHF | EFLAGS_OF);
		return flags | (kind >> 16 & EFLAGS_LAHF) | (kind >> 8 & 1 ? EFLAGS_OF : 0);
	}
	flags &= ~(EFLAGS_CF | EFLAGS_ZF | EFLAGS_OTHER);
	if ((uint64_t)result < limit)
		flags |= EFLAGS_CF;
	return (uint64_t)result == limit ? flags | EFLAGS_ZF : flags;
}

/* A call of a traced process that the gate has made to trap: as if it had trapped at the site. */
static void on_gate_trap(struct vu_regs *regs, struct vu_call *c, struct vu_scratch *s)
{
	uint64_t at[2]; /* kind, return address */

	guest_read(at, regs->rsp, sizeof(at));
	c->by_gate = true;
	c->kind = at[0];
	regs->rsp += sizeof(at);
	regs->rip = regs->rcx = at[1];
	regs->eflags = vu_flags_after(regs->eflags, at[0], 0); /* for a child, whose result is 0 */
	regs->rax = (uint64_t)handle(c, s);
	regs->eflags = vu_flags_after(regs->eflags, at[0], (long)regs->rax);
}

/* A call as it comes in, and what it is handled with: for the function that does so on the scratch's stack. */
struct arrival {
	struct vu_scratch *s;
	struct vu_regs *regs;	/* of a trapped call, */
	struct vu_frame *frame; /* of one by the gate: */
	uint64_t mask;		/* ... what it is to go on with */
	int nr;
};

static long handle_trapped(void *arg, void *sp)
{
	const struct arrival *a = arg;
	struct vu_regs *r = a->regs;
	struct vu_call c = { .nr = a->nr,
			     .arg = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 },
			     .regs = r };

	a->s->guest_sp = sp;
	vu_count(VU_STATS_TRAP, c.nr);
	if (r->rip == VU_GATE_TRAPPED)
		on_gate_trap(r, &c, a->s);
	else
		r->rax = (uint64_t)handle(&c, a->s);
	return 0;
}

static void on_trap(struct vu_regs *r, int nr)
{
	struct arrival a = { .regs = r, .nr = nr };

	a.s = vu_scratch_get(vu_tid());
	vu_on_stack(&a, a.s->stack + VU_STACK_SIZE, handle_trapped);
	vu_scratch_put(a.s);
}

/* As a trapped call. */
static void call_by_fault(struct vu_regs *r)
{
	vu_set_mask(VU_ALL_SIGNALS);
	r->rip += 2;
	r->rcx = r->rip; /* as the instruction leaves them */
	r->r11 = r->eflags;
	on_trap(r, (int)r->rax);
}

static bool is_writable(uint64_t page, uint64_t size, bool yes)
{
	int prot = PROT_READ | PROT_EXEC | (yes ? PROT_WRITE : 0);

	return !vu_sys(__NR_mprotect, page, size, prot);
}

/*
 * Puts the instruction in its place again, so that the filter sees it. On the way there it is VU_FAULT_SITE for other
 * threads; those that want to restore one, too, wait for each other. Not in a vforked child, whose parent has no filter.
 */
static bool restore_site(uint64_t rip)
{
	static bool lock;
	uint64_t page = rip & ~4095ul, size = ((rip + 1) & ~4095ul) + 4096 - page;
	bool done;

	vu_set_mask(VU_ALL_SIGNALS); /* until the handler of SIGSEGV returns */
	if (vu_sys(__NR_getpid) != agent_process.pid || !vu_gate_filter())
		return false;
	while (__atomic_exchange_n(&lock, true, __ATOMIC_ACQUIRE))
		vu_sys(__NR_sched_yield);
	done = is_writable(page, size, true);
	if (done) {
		*(volatile char *)(rip + 1) = CALL_SITE[1];
		*(volatile char *)rip = CALL_SITE[0];
		is_writable(page, size, false);
	}
	__atomic_store_n(&lock, false, __ATOMIC_RELEASE);
	return done;
}

bool vu_fault_call(struct vu_regs *r)
{
	char at[2]; /* read once: another thread may be restoring it */

	if (!agent_process.patches || guest_read(at, r->rip, sizeof(at)) < 0)
		return false;
	if (!memcmp(at, CALL_SITE, sizeof(at)))
		return true; /* it has just been put there */
	if (memcmp(at, VU_FAULT_SITE, sizeof(at)) != 0 &&
	    memcmp(at, VU_DEFER_SITE, sizeof(at)) != 0)
		return false;
	if (!memcmp(at, VU_FAULT_SITE, sizeof(at)) || !restore_site(r->rip))
		call_by_fault(r);
	return true;
}

/* Called by vu_trap_entry. */
void vu_trap_taken(int sig, struct vu_siginfo *info, struct vu_regs *regs)
{
	(void)sig;
	if (info->code == SYS_SECCOMP && info->error == VU_TRAP_DATA)
		on_trap(regs, info->nr);
	else
		vu_sigsys_foreign(info, regs);
}

void vu_frame_regs(struct vu_regs *r, const struct vu_frame *f)
{
	r->rdi = f->arg[0];
	r->rsi = f->arg[1];
	r->rdx = f->arg[2];
	r->r10 = f->arg[3];
	r->r8 = f->arg[4];
	r->r9 = f->arg[5];
	r->rbx = f->rbx;
	r->rbp = f->rbp;
	r->r12 = f->r12;
	r->r13 = f->r13;
	r->r14 = f->r14;
	r->r15 = f->r15;
	r->rax = f->nr;
	r->rip = r->rcx = f->ret;
	r->rsp = (uint64_t)(f + 1);
	r->eflags = vu_flags_after(r->eflags, f->kind, 0);
}

static void fill_regs(struct vu_regs *r, const struct vu_frame *f, uint64_t mask)
{
	memset(r, 0, sizeof(*r));
	r->eflags = EFLAGS_BASE;
	vu_frame_regs(r, f);
	r->r11 = r->eflags;
	r->sigmask = mask;
}

static long need_filter(void *arg, void *sp)
{
	(void)arg;
	(void)sp;
	return vu_filter_need();
}

bool vu_has_room(void)
{
	uint64_t here = (uint64_t)__builtin_frame_address(0);

	return here >= VU_AGENT_ADDR && here < VU_AGENT_END;
}

bool vu_gate_filter(void)
{
	uint64_t mask = VU_ALL_SIGNALS;
	struct vu_scratch *s;

	vu_sys(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &mask, &mask, 8);
	s = vu_scratch_get(vu_tid());
	vu_on_stack(NULL, s->stack + VU_STACK_SIZE, need_filter);
	vu_scratch_put(s);
	vu_set_mask(mask);
	return vu_filtered;
}

static long handle_gated(void *arg, void *sp)
{
	const struct arrival *a = arg;
	struct vu_frame *f = a->frame;
	struct vu_call c = { .nr = (long)f->nr, .kind = f->kind, .by_gate = true };
	long r;

	_Static_assert(sizeof(struct vu_regs) <= sizeof(a->s->regs),
		       "the scratch has room for them");
	a->s->guest_sp = sp;
	memcpy(c.arg, f->arg, sizeof(c.arg));
	c.regs = (struct vu_regs *)a->s->regs;
	fill_regs(c.regs, f, a->mask);
	vu_count(VU_STATS_FULL, c.nr);
	r = handle(&c, a->s);
	f->mask = c.regs->sigmask;
	return r;
}

/* Of the program's stack, which may be little (vu_is_little_stack()), it takes as much as it needs to leave it. */
long vu_gate_full(struct vu_frame *f)
{
	uint64_t mask = VU_ALL_SIGNALS;
	struct arrival a = { .frame = f };
	long r;

	vu_sys(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &mask, &mask, 8);
	a.mask = f->held ? f->mask : mask; /* a signal has come before */
	f->held = f->full = true;
	a.s = vu_scratch_get(vu_tid());
	r = vu_on_stack(&a, a.s->stack + VU_STACK_SIZE, handle_gated);
	vu_scratch_put(a.s);
	return r;
}

long vu_trap_init(void)
{
	struct vu_sigaction sa = {
		.handler = (uint64_t)vu_trap_entry,
		.flags = VU_SA_SIGINFO | VU_SA_RESTORER | VU_SA_ONSTACK | VU_SA_NODEFER,
		.restorer = (uint64_t)vu_restorer,
		.mask = VU_ALL_SIGNALS,
	};

	return vu_sys(__NR_rt_sigaction, VU_SIGSYS, &sa, 0, 8);
}
