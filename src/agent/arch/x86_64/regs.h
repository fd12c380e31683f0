/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's registers at a trapped call: the kernel's struct ucontext of the signal frame
 * (arch/x86/include/uapi/asm/{ucontext,sigcontext}.h). What is changed here takes effect when the
 * handler returns, the signal mask included.
 */
#ifndef VU_AGENT_ARCH_REGS_H
#define VU_AGENT_ARCH_REGS_H

#include <stdint.h>

struct vu_regs {
	uint64_t flags, link;
	uint64_t ss_sp; /* the alternate signal stack of the thread */
	int32_t ss_flags;
	int32_t pad;
	uint64_t ss_size;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t fpstate; /* address of the saved FPU state, 0 none */
	uint64_t reserved[8];
	uint64_t sigmask; /* of the guest, SIGSYS excepted: the kernel's has it never */
};

/* What a child that starts on another stack needs to go on as the guest; lies on that stack. */
struct vu_child {
	uint64_t r8, r9, r10, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rsp, rip, eflags;
	uint64_t sigmask;
	uint64_t thread; /* struct vu_thread * made for it, 0: the process's default */
	uint32_t mxcsr;
	uint16_t fcw;
	uint8_t separate; /* it has a copy of the memory, not the memory */
	uint8_t clear;	  /* it resets its signal handlers (CLONE_CLEAR_SIGHAND) */
};

/* What vu_clone() is told (entry.S). */
struct vu_clone {
	uint64_t nr, arg[5];
	uint64_t mask; /* the guest's, SIGSYS and its like excepted */
	void *sp;      /* where its stack is free; NULL: no signals are let in */
	uint8_t apart; /* the child has a stack of its own, with a struct vu_child at its stack pointer */
};

#endif
