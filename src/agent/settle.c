/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals that come while the thread is in the agent. The guest's handler must not see that: unwinders, C libraries that
 * cancel threads, programs that jump out of a handler, and valgrind look where the signal has come, and a call that is
 * left for good must either have been made, with its result, or not.
 *
 * The kernel calls vu_fault_entry, which comes here first. A call is in one of three states:
 *
 *	not made	the registers become those at the guest's instruction: it is begun again.
 *	made		the agent may have more to do with it. All signals are blocked in the context that is gone back
 *			to, and this one is sent once more. It comes when the agent is done.
 *	done		only the way back is left: the registers become those behind the guest's instruction.
 *
 * Which one it is: gate.S tells by the place, C code that the gate has called by its frame (r15, struct vu_frame), a call
 * that waits with the guest's signals let in by its scratch.
 *
 * One that comes while this is being found out for another one, whose action lets it in, is not settled.
 */
#include <asm/unistd_64.h>

#include "abi/code.h"
#include "agent/gate.h"
#include "agent/trap.h"

#define SIG_QUEUE \
	34 /* from here on the order of those of a number matters; what C libraries use is below */
#define SI_TKILL_ (-6)
#define EINTR_	  4

extern char vu_text_begin[], vu_text_end[], vu_waited[], vu_quick_made[];
extern char vu_let_in_end[], vu_shut_out[], vu_shut_out_end[];
extern char vu_clone_issue[], vu_cloned[], vu_cloned_end[], vu_clone_undone[];
extern char vu_clone_child[], vu_clone_end[], vu_handlers_begin[], vu_handlers_end[],
	vu_fault_entry[], vu_fault_leave[];
/* gate.S */
extern char vu_gate_stubs[], vu_gate_entering[], vu_gate_entered[], vu_gate_going[], vu_gate_ret[],
	vu_gate_ret_in_rcx[], vu_gate_ret_in_rax[], vu_gate_made_host[], vu_gate_nr_ask[],
	vu_gate_issue[], vu_gate_made[], vu_gate_slow[];
/* Pairs, and 0: from here to there the call's number is in rcx. */
extern const uint64_t vu_gate_in_rcx[];

/* --- the place that a patched site stands for --------------------------------------------------- */

#define STUB_DOWN "\x48\x8d\x64\x24\x80" /* lea -128(%rsp),%rsp */
#define STUB_CALL "\xff\x14\x25"	 /* of a slot of the gate */
#define CALL_SIZE 7
#define SIZE(str) (sizeof(str) - 1)

/* What follows the call of a stub whose jump stands in the place of the instruction (abi/code.h). */
struct behind {
	char nop[3];
	int32_t distance;
	char red[8];
} __attribute__((packed));

/* The address of the jump to the stub with the call that ends there; 0: there is none. *red: it steps over the red zone. */
static uint64_t jump_of(uint64_t behind_call, bool *red)
{
	struct behind b;

	if (guest_read(&b, behind_call, sizeof(b)) < 0 ||
	    memcmp(b.nop, VU_STUB_PLACE, sizeof(b.nop)) != 0)
		return 0;
	*red = !memcmp(b.red, VU_STUB_RED, sizeof(b.red));
	return behind_call + (uint64_t)(int64_t)b.distance;
}

static bool ends_call(uint64_t rip)
{
	char call[CALL_SIZE];

	return !guest_read(call, rip - sizeof(call), sizeof(call)) &&
	       !memcmp(call, STUB_CALL, SIZE(STUB_CALL));
}

/* From behind the call to the instruction, or the call that stands for it. False: it is not known where it is. */
static bool to_instruction(struct vu_regs *r, bool by_gate)
{
	uint64_t jump;
	bool red;

	if (!by_gate) {
		r->rip -= 2;
		return true;
	}
	if (!ends_call(r->rip))
		return false;
	jump = jump_of(r->rip, &red);
	r->rip = jump ? jump : r->rip - CALL_SIZE;
	if (jump && red)
		r->rsp += 128;
	return true;
}

/* From behind the call to behind the instruction, where there is no code now: see vu_place_resume(). */
static void show_behind(struct vu_regs *r)
{
	bool red;
	uint64_t jump = ends_call(r->rip) ? jump_of(r->rip, &red) : 0;

	if (!jump)
		return;
	r->rip = jump + 2;
	if (red)
		r->rsp += 128;
}

/*
 * In a stub, beside what it has of the program's own: as if at the instruction, or behind it. Elsewhere, nothing is done.
 */
static void in_stub(struct vu_regs *r)
{
	const uint64_t call = CALL_SIZE, nop = offsetof(struct behind, red);
	char at[SIZE(STUB_DOWN)];
	bool red;

	if (!guest_read(at, r->rip, sizeof(at)) && !memcmp(at, STUB_DOWN, sizeof(at)) &&
	    ends_call(r->rip + sizeof(at) + call)) {
		r->rip += sizeof(at);
		r->rsp -= 128;
	}
	if (ends_call(r->rip + call) && jump_of(r->rip + call, &red)) {
		r->rip += call;
		to_instruction(r, true);
	} else if (ends_call(r->rip)) {
		show_behind(r);
	} else if (ends_call(r->rip - nop) && jump_of(r->rip - nop, &red)) {
		r->rip -= nop;
		show_behind(r);
	}
}

uint64_t vu_place_resume(uint64_t rip)
{
	struct {
		char jmp;
		int32_t distance;
	} __attribute__((packed)) jump;
	char at[SIZE(STUB_DOWN)];
	uint64_t stub;
	bool red;

	if (guest_read(&jump, rip - 2, sizeof(jump)) < 0 || jump.jmp != (char)0xe9)
		return rip;
	stub = rip - 2 + sizeof(jump) + (uint64_t)(int64_t)jump.distance;
	if (guest_read(at, stub, sizeof(at)) < 0)
		return rip;
	if (!memcmp(at, STUB_DOWN, sizeof(at)))
		stub += sizeof(at);
	stub += CALL_SIZE;
	if (!ends_call(stub) || jump_of(stub, &red) != rip - 2)
		return rip;
	return stub + offsetof(struct behind, red) + (red ? sizeof(((struct behind *)0)->red) : 0);
}

/* --- the three states --------------------------------------------------------------------------- */

static void take_registers(struct vu_regs *r, const struct vu_regs *from)
{
	memcpy(&r->r8, &from->r8, offsetof(struct vu_regs, cs) - offsetof(struct vu_regs, r8));
}

/* Not made: `call` are the registers behind it, with the number in rax. */
static bool begin_again(struct vu_regs *r, struct vu_regs *call, bool by_gate)
{
	if (!to_instruction(call, by_gate))
		return false;
	take_registers(r, call);
	return true;
}

/* Done. */
static void go_on(struct vu_regs *r, struct vu_regs *call, uint64_t kind, uint64_t result)
{
	call->rax = result;
	call->eflags = vu_flags_after(call->eflags, kind, (long)result);
	show_behind(call);
	take_registers(r, call);
}

/*
 * Made. False: the signal cannot be sent again. One of a real-time signal might come behind others of its number: its
 * handler finds the agent.
 */
static bool wait_for_agent(int sig, const struct vu_siginfo *info, struct vu_regs *r)
{
	struct vu_siginfo none = { .code = SI_TKILL_ };
	struct vu_sigaction sa;

	if (sig >= SIG_QUEUE || vu_sys(__NR_rt_sigaction, sig, 0, &sa, 8) < 0 ||
	    vu_signal_again(sig, sa.flags & VU_SA_SIGINFO ? info : &none) < 0)
		return false;
	if ((sa.flags & VU_SA_RESETHAND) && !sa.handler) { /* that was for nothing */
		sa.handler = (uint64_t)vu_fault_entry;
		vu_sys(__NR_rt_sigaction, sig, &sa, 0, 8);
	}
	r->sigmask = VU_ALL_SIGNALS;
	return true;
}

/* --- which one it is ---------------------------------------------------------------------------- */

static bool within(uint64_t rip, const char *from, const char *to)
{
	return rip >= (uint64_t)from && rip < (uint64_t)to;
}

/* Takes the return address off. False: it cannot be read. */
static bool leave_gate(struct vu_regs *call)
{
	if (guest_read(&call->rip, call->rsp, sizeof(call->rip)) < 0)
		return false;
	call->rsp += sizeof(call->rip);
	return true;
}

static bool is_number_in_rcx(uint64_t rip)
{
	for (const uint64_t *p = vu_gate_in_rcx; *p; p += 2)
		if (rip >= p[0] && rip < p[1])
			return true;
	return false;
}

/* In the gate, where all registers but rax, rcx, r11 are the guest's. True: it was there. */
static bool in_gate(struct vu_regs *r)
{
	uint64_t rip = r->rip, kind = r->r11, result = r->rax;
	bool made_host = within(rip, vu_gate_made_host, vu_gate_nr_ask);
	bool made = within(rip, vu_gate_ret, vu_gate_slow) || made_host;
	struct vu_regs call = *r;

	if (!made && !within(rip, vu_gate_stubs, vu_gate_entered))
		return false;
	if (within(rip, vu_gate_entering, vu_gate_entered))
		call.rsp += offsetof(struct vu_frame, ret);
	else if (is_number_in_rcx(rip))
		call.rax = (uint32_t)r->rcx;
	if (made_host)
		guest_read(&kind, call.rsp - 8, sizeof(kind));
	if (!leave_gate(&call))
		return true;
	if (within(rip, vu_gate_ret_in_rcx, vu_gate_ret_in_rax))
		result = r->rcx;
	if (made)
		go_on(r, &call, kind, result);
	else
		begin_again(r, &call, true);
	return true;
}

/* A process is being made (vu_clone()), or has been: it may be the child. True: it was there. */
static bool in_birth(struct vu_regs *r)
{
	uint64_t rip = r->rip;

	if (within(rip, vu_let_in_end, vu_shut_out) || within(rip, vu_clone_issue, vu_cloned) ||
	    within(rip, vu_clone_undone, vu_clone_child)) {
		r->rip = (uint64_t)vu_clone_undone;
		return true;
	}
	return within(rip, vu_cloned, vu_cloned_end) || within(rip, vu_shut_out, vu_shut_out_end);
}

/* In what the gate has called, or in the gate with a frame. True: the signal waits. */
static bool in_frame(int sig, const struct vu_siginfo *info, struct vu_regs *r, struct vu_frame *f)
{
	struct vu_regs call = *r;
	uint64_t rip = r->rip;

	vu_frame_regs(&call, f);
	/* Where the stack pointer is above the frame, its first words may be lost. */
	if (within(rip, vu_gate_going, vu_gate_issue) || within(rip, vu_gate_made, vu_gate_ret) ||
	    (rip == (uint64_t)vu_quick_made && vu_quick_is_done(f, (long)r->rax))) {
		go_on(r, &call, f->kind, r->rax);
	} else if (f->leaving) {
		go_on(r, &call, f->kind, f->result);
	} else if (f->full) { /* it waits, but is none that can be begun again */
		return false;
	} else if (f->made || rip == (uint64_t)vu_quick_made) {
		f->mask = r->sigmask;
		f->held = wait_for_agent(sig, info, r);
		return f->held;
	} else {
		begin_again(r, &call, true);
	}
	return false;
}

/* In a call that waits with the guest's signals let in. True: the signal waits. */
static bool in_handler(int sig, const struct vu_siginfo *info, struct vu_regs *r,
		       struct vu_scratch *s)
{
	struct vu_call *c = s->waiting;
	bool now = r->rip == (uint64_t)vu_waited, made = now || s->made;
	struct vu_regs call = *r;

	/* One that only a temporary mask lets in comes now. */
	if (made && !(now && (long)r->rax == -EINTR_) && !(r->sigmask & VU_SIGBIT(sig)))
		return wait_for_agent(sig, info, r);
	s->waiting = NULL; /* the handler may jump out: it must not be found again */
	if (s->stays || (made && !now))
		return false;
	take_registers(&call, c->regs);
	if (made)
		go_on(r, &call, c->by_gate ? c->kind : VU_NO_KIND, r->rax);
	else if (!begin_again(r, &call, c->by_gate))
		return false;
	vu_scratch_put(s);
	return false;
}

/* The signal has come on top of another one's, whose handler has not begun: it does so now. */
static void in_entry(struct vu_regs *r)
{
	uint64_t handler;

	if (vu_kept_index(r->rdi) >= 0)
		return;
	handler = vu_fault_taken((int)r->rdi, (void *)r->rsi, (void *)r->rdx);
	r->rip = handler ? handler : (uint64_t)vu_fault_leave;
	r->rax = 0;
}

bool vu_settle(int sig, const struct vu_siginfo *info, struct vu_regs *r)
{
	struct vu_scratch *s;

	if (!within(r->rip, vu_text_begin, vu_text_end)) {
		if (r->rip < VU_AGENT_ADDR || r->rip >= VU_AGENT_END)
			in_stub(r);
		return false;
	}
	if (r->rip == (uint64_t)vu_fault_entry) {
		in_entry(r);
		return false;
	}
	if (within(r->rip, vu_handlers_begin, vu_handlers_end) ||
	    within(r->rip, vu_clone_child, vu_clone_end) || in_gate(r))
		return false;
	if (in_birth(r))
		return wait_for_agent(sig, info, r);
	s = vu_scratch_waiting((int)vu_sys(__NR_gettid), r->rsp);
	if (s)
		return in_handler(sig, info, r, s);
	return r->r15 && in_frame(sig, info, r, (struct vu_frame *)r->r15);
}
