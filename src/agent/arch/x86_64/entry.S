/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions that C cannot write: the start, system calls, the birth of a child, other stacks. */

#define __NR_rt_sigreturn 15

	.text

/* The start of vu-loader: the kernel's initial stack is in rsp. */
	.globl	_start
	.type	_start, @function
_start:
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	sub	$32, %rsp		/* struct vu_start: sp, entry */
	mov	%rsp, %rsi
	and	$-16, %rsp
	mov	%rsi, %rbx
	call	vu_loader_main
	mov	8(%rbx), %rcx
	mov	(%rbx), %rsp
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%edx, %edx		/* no function for atexit: ABI, process initialisation */
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	jmp	*%rcx
	.size	_start, . - _start

/*
 * vu_exempt_begin .. vu_exempt_end: calls from here are the agent's own; a filter that a guest installs
 * is made to let them pass (seccomp.c).
 */
	.globl	vu_exempt_begin
vu_exempt_begin:
	.globl	vu_sys6
	.type	vu_sys6, @function
/* long vu_sys6(long nr, long a, long b, long c, long d, long e, long f) */
vu_sys6:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
	ret
	.size	vu_sys6, . - vu_sys6

	.globl	vu_restorer
	.type	vu_restorer, @function
vu_restorer:
	mov	$__NR_rt_sigreturn, %eax
	syscall
	hlt
	.size	vu_restorer, . - vu_restorer
/* void vu_sigreturn(uint64_t rsp): the rt_sigreturn that the guest wants, with its stack pointer. */
	.globl	vu_sigreturn
	.type	vu_sigreturn, @function
vu_sigreturn:
	mov	%rdi, %rsp
	mov	$__NR_rt_sigreturn, %eax
	syscall
	hlt
	.size	vu_sigreturn, . - vu_sigreturn
	.globl	vu_exempt_end
vu_exempt_end:
	nop

	.globl	vu_guest_sys6
	.type	vu_guest_sys6, @function
/* The same in the guest's name. */
vu_guest_sys6:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	mov	8(%rsp), %r9
	syscall
	ret
	.size	vu_guest_sys6, . - vu_guest_sys6

/*
 * long vu_clone(long nr, long a, long b, long c, long d, long e)
 * clone or clone3 whose child's stack pointer is at a struct vu_child (arch/x86_64/regs.h). Returns in
 * the parent only: the child calls vu_child_start() with it and goes on as the guest.
 */
	.globl	vu_clone
	.type	vu_clone, @function
vu_clone:
	mov	%rdi, %rax
	mov	%rsi, %rdi
	mov	%rdx, %rsi
	mov	%rcx, %rdx
	mov	%r8, %r10
	mov	%r9, %r8
	syscall
	test	%rax, %rax
	jz	1f
	ret
1:	xor	%ebp, %ebp
	mov	%rsp, %rbx
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	vu_child_start
	ldmxcsr	136(%rbx)
	fldcw	140(%rbx)
	pushq	112(%rbx)
	popfq
	mov	0(%rbx), %r8
	mov	8(%rbx), %r9
	mov	16(%rbx), %r10
	mov	24(%rbx), %r12
	mov	32(%rbx), %r13
	mov	40(%rbx), %r14
	mov	48(%rbx), %r15
	mov	56(%rbx), %rdi
	mov	64(%rbx), %rsi
	mov	72(%rbx), %rbp
	mov	88(%rbx), %rdx
	mov	104(%rbx), %rcx		/* the system call clobbers rcx and r11 natively, too */
	mov	%rbx, %rax
	mov	80(%rbx), %rbx
	mov	96(%rax), %rsp		/* from here a signal may overwrite struct vu_child */
	mov	$0, %eax		/* leaves the flags */
	jmp	*%rcx
	.size	vu_clone, . - vu_clone

/* long vu_on_stack(void *arg, void *top, long (*fn)(void *arg, void *sp)): fn on another stack; sp is where
 * the caller's live stack begins. */
	.globl	vu_on_stack
	.type	vu_on_stack, @function
vu_on_stack:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %rbp
	mov	%rsi, %rsp
	mov	%rbp, %rsi
	call	*%rdx
	mov	%rbp, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.size	vu_on_stack, . - vu_on_stack

	.section .note.GNU-stack, "", @progbits
