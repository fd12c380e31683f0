/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The gate: where patched call sites enter the agent (abi/code.h). A site calls by a slot of the table at
 * VU_GATE_ADDR; rcx and r11 are free, as a system call clobbers them; everything else is the guest's. What
 * lies on the guest's stack is small (vu_is_little_stack()) and borne by a longjmp.
 */

#include "agent/gate_class.h"

#define SYS_SLOTS 508
#define CPUID_TABLE 0x7e102000 /* VU_VIEW_ADDR + VU_VIEW_CPUID; struct vu_cpuid (abi/cpuid.h) */
#define ANSWER_SIZE 24
#define PATH_ROOM 192 /* VU_PATH_ROOM */

/*
 * What programs call most, of what is patched: open, close, stat, fstat, lstat, mmap, rt_sigaction, rt_sigprocmask, ioctl,
 * access, dup2, execve, wait4, fcntl, readlink, getuid, futex, getdents64, openat, newfstatat, readlinkat, faccessat,
 * statx, faccessat2. Their stubs are in the page that calls go on in.
 */
#define NEAR 2, 3, 4, 5, 6, 9, 13, 14, 16, 21, 33, 59, 61, 72, 89, 102, 202, 217, 257, 262, 267, 269, 332, 439

/*
 * struct vu_frame (gate.h). It is r15 in all C code that is called from here, which is compiled so that it leaves that
 * register alone: a signal's handler finds the frame by it.
 */
#define FRAME	 152 /* without the return address */
#define USE(n)	 (8 * (n))
#define RESULT	 16
#define MASK	 24
#define MADE	 32
#define HELD	 33
#define LEAVING	 35
#define KIND	 40
#define NR	 48
#define ARG(n)	 (56 + 8 * (n))
#define SAVED(n) (104 + 8 * (n)) /* rbx, rbp, r12 to r15 */
#define HOST_KIND -8		 /* on the stack: no signal's frame comes nearer than 128 bytes */

#define PROCESS_TREE 248 /* in struct vu_process: the tree's descriptor */

#define AT_EMPTY_PATH 0x1000

#define __NR_rt_sigprocmask 14
#define SIG_SETMASK	    2

#define ERR_F000  -4096
#define ERR_F001  -4095

/* kinds of sites, in r11's lowest byte; for NR the guest's flags are above it, as lahf and seto give them */
#define KIND_NR	  0
#define KIND_F000 1
#define KIND_F001 2

	.section .gate, "ax", @progbits
	.balign 4096
	.set	i, 0
	.altmacro
	.macro	slot nr
	.quad	stub_\nr
	.endm
	.rept	SYS_SLOTS
	slot	%i
	.set	i, i + 1
	.endr
	.noaltmacro
	.quad	vu_gate_cpuid		/* VU_GATE_CPUID */
	.quad	vu_gate_nr		/* VU_GATE_ANY */
	.quad	vu_gate_f000
	.quad	vu_gate_f001
	.balign 4096
/*
 * Calls of a process that is traced are made here, outside the agent's text, so that they trap and the
 * tracer sees them as usual. The handler finds on the stack: kind, return address of the site.
 */
vu_gate_trap:
	syscall
	pop	%r11			/* VU_GATE_TRAPPED (abi/code.h): it has not trapped */
	jmp	vu_gate_ret

/*
 * cpuid, which changes its four registers only. It is no call, and where it is here does not matter to handlers of
 * signals: it is outside the agent's text, too.
 */
	.balign 16
vu_gate_cpuid:
	pushfq
	push	%rsi
	push	%rdi
	mov	$CPUID_TABLE, %esi
	mov	(%rsi), %edi		/* answers */
	lea	8-ANSWER_SIZE(%rsi), %rsi
1:	sub	$1, %edi
	jb	3f
	add	$ANSWER_SIZE, %rsi
	cmp	%eax, (%rsi)
	jne	1b
	cmp	%ecx, 4(%rsi)
	je	2f
	cmpl	$-1, 4(%rsi)		/* VU_CPUID_ANY */
	jne	1b
2:	mov	8(%rsi), %eax
	mov	12(%rsi), %ebx
	mov	16(%rsi), %ecx
	mov	20(%rsi), %edx
	jmp	4f
3:	cpuid
4:	pop	%rdi
	pop	%rsi
	popfq
	ret

/* class_<number>, for the numbers that there are */
#define VU_SYSCALL(number, name, when, handler, args) .set class_##number, VU_GATE_##when
#include "abi/syscalls.def"
#undef VU_SYSCALL

	.altmacro
/* Slot \nr: the call of that number, of which its class tells what is to be done first. */
	.macro	stub nr
stub_\nr:
	mov	$\nr, %eax
	.ifndef class_\nr
	jmp	vu_gate_nr
	.elseif class_\nr == VU_GATE_HOST
	jmp	vu_gate_nr
	.elseif class_\nr == VU_GATE_OWN0
	jmp	vu_gate_nr_own0
	.elseif class_\nr == VU_GATE_EMPTY
	jmp	vu_gate_nr_empty
	.else
	jmp	vu_gate_nr_ask
	.endif
	.endm

	.irp	nr, NEAR
	.set	near_\nr, 1
	.endr
	.macro	far_stub nr
	.ifndef near_\nr
	stub	\nr
	.endif
	.endm

/* A site with a number: the guest's flags go to r11. Meanwhile the number is in rcx (vu_gate_in_rcx). */
	.macro	save_flags
	local	from, to
	mov	%eax, %ecx
from:	lahf
	seto	%al
	movzwl	%ax, %r11d
	shl	$8, %r11d
	mov	%ecx, %eax
to:
	.pushsection .rodata.vu_gate_in_rcx, "a", @progbits
	.quad	from, to
	.popsection
	.endm

	.section .rodata.vu_gate_in_rcx, "a", @progbits
	.balign 8
	.globl	vu_gate_in_rcx
vu_gate_in_rcx:

/*
 * Where a signal's handler may find the thread (settle.c): from vu_gate_stubs to vu_gate_entering the stack pointer
 * is at the return address, and the call has not been made but from vu_gate_made_host to vu_gate_nr_ask; to vu_gate_entered
 * the frame lies on it; then it is in r15 until vu_gate_ret.
 */
	.section .text.gate, "ax", @progbits
	.balign 16
	.globl	vu_gate_stubs
vu_gate_stubs:
	.set	i, 0
	.rept	SYS_SLOTS
	far_stub %i
	.set	i, i + 1
	.endr

	.balign 4096
/* The page that most calls need nothing else of: stubs of those that programs make most. */
	.irp	nr, NEAR
	stub	\nr
	.endr
	.balign 16
vu_gate_f000:
	mov	$KIND_F000, %r11d
	jmp	vu_gate
	.balign 16
vu_gate_f001:
	mov	$KIND_F001, %r11d
	jmp	vu_gate
	.balign 16
vu_gate_nr:
	save_flags
/* eax: number; r11: kind; (rsp): return address */
vu_gate:
	mov	%eax, %eax		/* the kernel takes an int */
	cmpb	$0, vu_traced(%rip)
	jne	vu_gate_traced
	cmp	$SYS_SLOTS, %eax
	jae	vu_gate_ask
	lea	vu_gate_class(%rip), %rcx
	movzbl	(%rcx,%rax), %ecx
	test	%ecx, %ecx
	je	vu_gate_host
	cmp	$VU_GATE_EMPTY, %ecx
	ja	vu_gate_ask
	je	vu_gate_empty
	cmp	$VU_GATE_OWN0, %ecx
	jne	vu_gate_ask
vu_gate_own0:
	cmpb	$0, vu_gate_asks(%rip)
	jne	vu_gate_ask
	cmp	agent_process+PROCESS_TREE(%rip), %edi
	jne	vu_gate_host
	jmp	vu_gate_ask

	.balign 16
vu_gate_nr_own0:
	save_flags
	cmpb	$0, vu_traced(%rip)
	je	vu_gate_own0
	jmp	vu_gate_traced

	.balign 16
vu_gate_nr_empty:
	save_flags
	cmpb	$0, vu_traced(%rip)
	jne	vu_gate_traced
vu_gate_empty:
	test	$AT_EMPTY_PATH, %r10d
	jz	vu_gate_ask
	cmpb	$0, vu_gate_asks(%rip)
	jne	vu_gate_ask
	.globl	vu_gate_peek
vu_gate_peek:				/* a bad address is a fault, which goes on at vu_gate_ask (fault.c) */
	cmpb	$0, (%rsi)
	jne	vu_gate_ask

vu_gate_host:
	mov	%r11, HOST_KIND(%rsp)
	syscall
	.globl	vu_gate_made_host
vu_gate_made_host:
	mov	HOST_KIND(%rsp), %r11
	test	%r11b, %r11b
	jz	vu_gate_ret_nr
	mov	(%rsp), %rcx
	cmp	$KIND_F000, %r11b
	je	1f
	cmp	$ERR_F001, %rax
	ret
1:	cmp	$ERR_F000, %rax
	ret

	.balign 16
	.globl	vu_gate_nr_ask
vu_gate_nr_ask:
	save_flags
	cmpb	$0, vu_traced(%rip)
	jne	vu_gate_traced
	.globl	vu_gate_ask
vu_gate_ask:
	lea	-FRAME(%rsp), %rsp
	.globl	vu_gate_entering
vu_gate_entering:
	movq	$0, MADE(%rsp)		/* and what lies behind it */
	mov	%rdi, USE(0)(%rsp)
	mov	%rsi, USE(1)(%rsp)
	mov	%r11, KIND(%rsp)
	mov	%rax, NR(%rsp)
	mov	%rdi, ARG(0)(%rsp)
	mov	%rsi, ARG(1)(%rsp)
	mov	%rdx, ARG(2)(%rsp)
	mov	%r10, ARG(3)(%rsp)
	mov	%r8, ARG(4)(%rsp)
	mov	%r9, ARG(5)(%rsp)
	mov	%rbx, SAVED(0)(%rsp)
	mov	%rbp, SAVED(1)(%rsp)
	mov	%r12, SAVED(2)(%rsp)
	mov	%r13, SAVED(3)(%rsp)
	mov	%r14, SAVED(4)(%rsp)
	mov	%r15, SAVED(5)(%rsp)
	mov	%rsp, %r15
	.globl	vu_gate_entered
vu_gate_entered:
	mov	%rsp, %rdi
	sub	$PATH_ROOM, %rsp
	call	vu_quick
	test	%edx, %edx
	js	vu_gate_issue
	jz	vu_gate_slow
vu_gate_out:
	cmpb	$0, HELD(%r15)
	.globl	vu_gate_going
vu_gate_going:
	jne	vu_gate_unmask
	jmp	vu_gate_back

/*
 * The call as it is, but for what vu_quick() has put for its first two arguments. Here, so that few returns and jumps
 * follow: the processor has forgotten where they go when it comes back from the kernel.
 */
	.globl	vu_gate_issue
vu_gate_issue:
	mov	NR(%r15), %rax
	mov	USE(0)(%r15), %rdi
	mov	USE(1)(%r15), %rsi
	mov	ARG(2)(%r15), %rdx
	mov	ARG(3)(%r15), %r10
	mov	ARG(4)(%r15), %r8
	mov	ARG(5)(%r15), %r9
	syscall
	.globl	vu_gate_made
vu_gate_made:
vu_gate_back:
	mov	KIND(%r15), %r11
	mov	ARG(0)(%r15), %rdi
	mov	ARG(1)(%r15), %rsi
	mov	ARG(2)(%r15), %rdx
	mov	ARG(3)(%r15), %r10
	mov	ARG(4)(%r15), %r8
	mov	ARG(5)(%r15), %r9
	lea	FRAME(%r15), %rsp
	mov	SAVED(5)(%r15), %r15
/* rax: result; r11: kind; all else is the guest's */
	.globl	vu_gate_ret
vu_gate_ret:
	test	%r11b, %r11b
	jnz	2f
vu_gate_ret_nr:
	mov	%rax, %rcx
	.globl	vu_gate_ret_in_rcx
vu_gate_ret_in_rcx:
	mov	%r11d, %eax
	shr	$8, %eax
	add	$0x7f, %al		/* overflow if it was 1 */
	sahf
	mov	%rcx, %rax
	.globl	vu_gate_ret_in_rax
vu_gate_ret_in_rax:
	mov	(%rsp), %rcx		/* as after a system call */
	ret
2:	mov	(%rsp), %rcx
	cmp	$KIND_F000, %r11b
	jne	3f
	cmp	$ERR_F000, %rax
	ret
3:	cmp	$ERR_F001, %rax
	ret

	.globl	vu_gate_slow
vu_gate_slow:
	mov	%r15, %rsp
	mov	%r15, %rdi
	call	vu_gate_full
	jmp	vu_gate_out

/* Signals are blocked: to let them in is the last thing done, where a handler that comes then finds all in the frame. */
vu_gate_unmask:
	mov	%rax, RESULT(%r15)
	movb	$1, LEAVING(%r15)
	mov	$__NR_rt_sigprocmask, %edi
	mov	$SIG_SETMASK, %esi
	lea	MASK(%r15), %rdx
	xor	%ecx, %ecx
	mov	$8, %r8d
	pushq	$0
	call	vu_sys6
	mov	RESULT(%r15), %rax
	jmp	vu_gate_back

vu_gate_traced:
	cmpb	$0, vu_filtered(%rip)
	jne	1f
	push	%rax
	push	%rdi
	push	%rsi
	push	%rdx
	push	%r10
	push	%r8
	push	%r9
	push	%r11
	call	vu_gate_filter
	pop	%r11
	pop	%r9
	pop	%r8
	pop	%r10
	pop	%rdx
	pop	%rsi
	pop	%rdi
	pop	%rax
	cmpb	$0, vu_filtered(%rip)
	je	vu_gate_ask		/* it cannot be */
1:	push	%r11
	jmp	vu_gate_trap

/* void vu_fpu_control(uint32_t *mxcsr, uint16_t *fcw) */
	.globl	vu_fpu_control
	.type	vu_fpu_control, @function
vu_fpu_control:
	stmxcsr	(%rdi)
	fnstcw	(%rsi)
	ret
	.size	vu_fpu_control, . - vu_fpu_control

	.section .rodata.vu_gate_in_rcx, "a", @progbits
	.quad	0

	.noaltmacro

	.section .note.GNU-stack, "", @progbits
