/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gate: between arch/<isa>/gate.S, trap.c and quick.c. */
#ifndef VU_AGENT_GATE_H
#define VU_AGENT_GATE_H

#include "agent/agent.h"
#include "agent/gate_class.h"

/* What a call by a patched site has on the guest's stack. gate.S has the offsets. */
struct vu_frame {
	uint64_t use[2]; /* arguments 0 and 1 as the call is to be made with */
	uint64_t result; /* if `leaving` */
	uint64_t mask;	 /* if `held`: the guest's signal mask */
	bool made;	 /* something has been done that must not be done again */
	bool held;	 /* signals are blocked until the frame is left */
	bool full;	 /* it is in vu_gate_full() */
	bool leaving;	 /* there is a result, and nothing left to do but to let signals in */
	uint32_t pad;
	uint64_t kind; /* lowest byte: enum vu_site_kind */
	uint64_t nr;
	uint64_t arg[6];
	uint64_t rbx, rbp, r12, r13, r14, r15;
	uint64_t ret; /* the site's return address; above it is the guest's stack */
};

/* What the gate is to do: take the full way, return the result, or make the call (with vu_frame.use). */
enum vu_verdict { VU_ISSUE = -1, VU_NO_ANSWER, VU_ANSWER };

struct vu_answer {
	long result;
	long verdict;
};

#define VU_PATH_ROOM 192 /* bytes of room on the guest's stack, below the frame */

/*
 * May there be little room below sp? Nobody checks how much of a goroutine's stack is left for Go's last functions before
 * a call: 576 bytes are sure below the return address of a site, which are enough for the frame, the room for paths
 * and 232 bytes more (test/guest/goroutine_stacks.c adds them up). Goroutines are in Go's heap. On
 * Linux it begins at 0xc0 << 32 or, where that is taken, at the same place of one of the next TiBs up to the 127th
 * (malloc.go of its runtime). What needs more is for the full way, which leaves the guest's stack.
 */
static inline bool vu_is_little_stack(uint64_t sp)
{
	return (sp >> 32 & 0xff) >= 0xc0 && sp >> 40 < 0x7f;
}

/*
 * quick.c: answers what needs neither buffers nor the signals blocked: calls that touch nothing virtual,
 * and what the agent knows. It runs on the guest's stack and may be interrupted by its signal handlers, and
 * left for good by a longjmp.
 */
struct vu_answer vu_quick(struct vu_frame *f);
/* The call has been made by vu_quick(), with that result: is this the answer, so that nothing need be done any more? */
bool vu_quick_is_done(const struct vu_frame *f, long result);

/* trap.c: the full way; the result. It has blocked all signals (vu_frame.held). */
long vu_gate_full(struct vu_frame *f);

/*
 * The process gets the filter, if it can: when it has become a traced one, and its calls are to trap. On little of the
 * guest's stack. False: it has none.
 */
bool vu_gate_filter(void);

#define VU_NO_KIND 3 /* by its own instruction: the flags stay */

/* The guest's flags after a call by a site of that kind (vu_frame.kind) with that result; `flags`: what they are now. */
uint64_t vu_flags_after(uint64_t flags, uint64_t kind, long result);
/* The guest's registers as they are behind the call, but for its result. What a frame does not hold stays. */
void vu_frame_regs(struct vu_regs *r, const struct vu_frame *f);

/* By number: gate_class.h. */
extern const unsigned char vu_gate_class[512];

/* Calls are counted, or the process has more descriptors of the agent's than the tree's. */
extern unsigned char vu_gate_asks;
void vu_gate_look(void); /* this may have changed */

/* The process has a tracer among the guests (ptrace.c): its calls are made to trap. */
extern uint64_t vu_traced;

#endif
