/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SIGSEGV and SIGBUS. The agent reads and writes the memory that a call's arguments name as the program
 * itself would, because asking the kernel first costs more than the call; so a bad address is a fault in
 * one of the copy functions of entry.S, and goes on at their fix-up, which makes it EFAULT; or in the gate, which
 * leaves the call to them.
 *
 * A call may be made by a fault, too (VU_FAULT_SITE of abi/code.h). All other faults and signals are the
 * guest's. Its handler is installed with its own flags, so that stack and frame are as it asked for; only
 * the address is vu_fault_entry's, which looks first and then jumps to it.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "agent/fault.h"
#include "agent/trap.h"

#define SI_KERNEL_ 0x80 /* a fault without an address, as that of hlt */

extern char vu_fault_begin[], vu_fault_end[], vu_fault_fixup[], vu_fault_entry[], vu_restorer[];
extern char vu_gate_peek[], vu_gate_ask[];

/* Where it goes on after a fault at `rip`; 0: it is none of the agent's. */
static uint64_t mended(uint64_t rip)
{
	if (rip >= (uint64_t)vu_fault_begin && rip < (uint64_t)vu_fault_end)
		return (uint64_t)vu_fault_fixup;
	return rip == (uint64_t)vu_gate_peek ? (uint64_t)vu_gate_ask : 0;
}

bool vu_is_mended(uint64_t rip)
{
	return mended(rip) != 0;
}

uint64_t vu_fault_taken(int sig, struct vu_siginfo *info, struct vu_regs *regs)
{
	uint64_t on;

	if (vu_kept_index((unsigned long)sig) < 0) {
		if (vu_settle(sig, info, regs))
			return 0;
		return vu_handler_of((unsigned long)sig, vu_detour_entry());
	}
	on = info->code > 0 ? mended(regs->rip) : 0;
	if (on) {
		regs->rip = on;
		return 0;
	}
	if (info->code == SI_KERNEL_ && vu_fault_call(regs))
		return 0;
	return vu_fault_foreign(sig, info, regs);
}

long vu_fault_action(int sig, const struct vu_sigaction *guest, struct vu_sigaction *old)
{
	struct vu_sigaction sa = {
		.handler = (uint64_t)vu_fault_entry,
		.flags = VU_SA_SIGINFO | VU_SA_RESTORER | VU_SA_ONSTACK | VU_SA_NODEFER,
		.restorer = (uint64_t)vu_restorer,
		.mask = VU_ALL_SIGNALS, /* none is to find this handler where it makes a call */
	};

	if (guest && guest->handler > 1) {
		sa.flags = (guest->flags & ~VU_SA_RESETHAND) | VU_SA_SIGINFO | VU_SA_NODEFER;
		sa.restorer = guest->restorer;
		sa.mask = guest->mask & ~VU_KEPT;
	}
	return vu_sys(__NR_rt_sigaction, sig, &sa, old, 8);
}

long vu_fault_init(uint32_t *ignored)
{
	static const int signals[] = { VU_SIGSEGV, VU_SIGBUS };
	struct vu_sigaction old;
	long r = 0;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]) && !r; i++) {
		r = vu_fault_action(signals[i], NULL, &old);
		if (!r && old.handler == 1)
			*ignored |= (uint32_t)VU_SIGBIT(signals[i]);
	}
	return r;
}
