/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instructions that C cannot write: the start, system calls, the birth of a child, other stacks. */

#define __NR_rt_sigprocmask 14
#define __NR_rt_sigreturn 15
#define __NR_madvise	  28
#define MADV_POPULATE_WRITE 23
#define STACK_WANTED	  8192
#define SIG_SETMASK	  2
#define EFAULT		  14
#define PAGE_SIZE	  4096
#define ENAMETOOLONG	  36
#define ERESTARTNOINTR	  513
#define AGENT_ADDR	  0x7e000000 /* VU_AGENT_ADDR */
#define AGENT_SIZE	  0x1ff0000  /* VU_AGENT_END - VU_AGENT_ADDR */
#define SLOT_SIZE	  0x10000    /* VU_SLOT_SIZE */
#define ROOM		  3072	     /* sizeof(struct vu_room) at most */
#define GUEST_SP	  15360	     /* offset in struct vu_scratch */
#define VU_FRAME_MADE	  32	     /* offset in struct vu_frame */
/* Offsets in struct vu_clone */
#define CLONE_NR	  0
#define CLONE_ARG	  8
#define CLONE_MASK	  48
#define CLONE_SP	  56
#define CLONE_APART	  64

	.section .text.entry, "ax", @progbits

/*
 * The start of vu-loader: the kernel's initial stack is in rsp. Any program touches some pages of it: they are made
 * present at once, which costs less than a page fault for each (madvise(2); older kernels refuse).
 */
	.globl	_start
	.type	_start, @function
_start:
	xor	%ebp, %ebp
	mov	$__NR_madvise, %edi
	lea	-STACK_WANTED(%rsp), %rsi
	and	$-PAGE_SIZE, %rsi
	mov	$STACK_WANTED, %edx
	mov	$MADV_POPULATE_WRITE, %ecx
	call	vu_sys6
	mov	%rsp, %rdi
	sub	$32, %rsp		/* struct vu_start: sp, entry */
	mov	%rsp, %rsi
	mov	%rsi, %rbx
	sub	$ROOM, %rsp
	and	$-16, %rsp
	mov	%rsp, %rdx
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

	.text

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
/* Parts of vu_clone(): the signals that are not in the mask at rsi are let in; all are shut out. */
	.globl	vu_let_in, vu_let_in_end, vu_shut_out, vu_shut_out_end
	.macro	set_mask
	mov	$__NR_rt_sigprocmask, %eax
	mov	$SIG_SETMASK, %edi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	.endm
vu_let_in:
	set_mask
vu_let_in_end:
	jmp	vu_clone_issue
vu_shut_out:
	lea	vu_all_signals(%rip), %rsi
	set_mask
vu_shut_out_end:
	jmp	vu_cloned_end
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

/* The call of number rdi, with the six arguments that rsi points to. */
	.macro	make_call
	mov	%rdi, %rax
	mov	%rsi, %rcx
	mov	0(%rcx), %rdi
	mov	8(%rcx), %rsi
	mov	16(%rcx), %rdx
	mov	24(%rcx), %r10
	mov	32(%rcx), %r8
	mov	40(%rcx), %r9
	syscall
	.endm

	.section .text.entry, "ax", @progbits
	.globl	vu_wait_sys6, vu_waited
	.type	vu_wait_sys6, @function
/*
 * long vu_wait_sys6(long nr, const unsigned long arg[6], bool *made): the same, where it may wait; *made becomes true
 * when it is made. A signal that finds it false, and does not come at vu_waited, has come before the call.
 */
vu_wait_sys6:
	push	%rbx
	mov	%rdx, %rbx
	make_call
vu_waited:
	movb	$1, (%rbx)
	pop	%rbx
	ret
	.size	vu_wait_sys6, . - vu_wait_sys6

	.text
	.globl	vu_quick_sys6, vu_quick_made
	.type	vu_quick_sys6, @function
/* long vu_quick_sys6(long nr, const unsigned long arg[6]): the same for vu_quick(): *made is in the frame, r15. */
vu_quick_sys6:
	make_call
vu_quick_made:
	movb	$1, VU_FRAME_MADE(%r15)
	ret
	.size	vu_quick_sys6, . - vu_quick_sys6

	.section .text.entry, "ax", @progbits

/*
 * long vu_clone(const struct vu_clone *how)
 * fork, clone or clone3. A child with a stack of its own (how->apart) has a struct vu_child at its stack pointer: it
 * calls vu_child_start() with that and goes on as the guest. Others return 0.
 *
 * A signal for the process that has come before the call has to be delivered before it, since the child does not get
 * it: so the guest's signals are let in (how->sp is not 0: on the guest's stack) and shut out behind it, where parent
 * and child use nothing that lies on a stack. vu_settle() has one wait that comes meanwhile. If the call is not made
 * because of it, the result is -ERESTARTNOINTR.
 */
	.globl	vu_clone, vu_clone_issue, vu_cloned, vu_cloned_end, vu_clone_undone
	.globl	vu_clone_child, vu_clone_end
	.type	vu_clone, @function
vu_clone:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	mov	%rdi, %rbx
	mov	%rsp, %rbp
	movzbl	CLONE_APART(%rbx), %r12d
	mov	CLONE_SP(%rbx), %r14
	test	%r14, %r14
	jz	vu_clone_issue
	mov	%r14, %rsp
	lea	CLONE_MASK(%rbx), %rsi
	jmp	vu_let_in
vu_clone_issue:
	mov	CLONE_NR(%rbx), %rax
	mov	CLONE_ARG(%rbx), %rdi
	mov	CLONE_ARG+8(%rbx), %rsi
	mov	CLONE_ARG+16(%rbx), %rdx
	mov	CLONE_ARG+24(%rbx), %r10
	mov	CLONE_ARG+32(%rbx), %r8
	syscall
vu_cloned:
	mov	%rax, %r13
	test	%r14, %r14
	jnz	vu_shut_out
vu_cloned_end:
	mov	%r13, %rax
	test	%r13, %r13
	jnz	1f
	test	%r12, %r12
	jnz	vu_clone_child
1:	mov	%rbp, %rsp
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
vu_clone_undone:
	mov	$-ERESTARTNOINTR, %rax
	jmp	vu_cloned
vu_clone_child:
	xor	%ebp, %ebp
	xor	%r15d, %r15d		/* what is there is the parent's frame */
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
vu_clone_end:
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

	.text

/*
 * Guest memory. A fault between vu_fault_begin and vu_fault_end goes on at vu_fault_fixup (fault.c). The
 * kernel may put the fault's frame on the guest's alternate stack, where the frame of a trapped call may
 * lie already: it sees that by the stack pointer, so that has to be the guest's. If we are on the stack of
 * a struct vu_scratch, that tells where the guest's is free.
 */
	.macro	to_guest_stack		/* keeps rsp in r8; clobbers rax */
	mov	%rsp, %r8
	lea	-AGENT_ADDR(%rsp), %rax
	cmp	$AGENT_SIZE, %rax
	jae	99f
	mov	%rsp, %rax
	and	$-SLOT_SIZE, %rax
	mov	GUEST_SP(%rax), %rsp
99:
	.endm

	.globl	vu_fault_begin
vu_fault_begin:
	.globl	vu_copy
	.type	vu_copy, @function
/* long vu_copy(void *dst, const void *src, size_t n): 0 or -EFAULT */
vu_copy:
	to_guest_stack
	cmp	$64, %rdx		/* rep takes its time to begin */
	ja	2f
	test	$7, %dl
	jnz	2f
	add	%rdx, %rsi
	add	%rdx, %rdi
	neg	%rdx
	jz	3f
1:	mov	(%rsi,%rdx), %rax
	mov	%rax, (%rdi,%rdx)
	add	$8, %rdx
	jnz	1b
	jmp	3f
2:	mov	%rdx, %rcx
	rep movsb
3:	mov	%r8, %rsp
	xor	%eax, %eax
	ret
	.size	vu_copy, . - vu_copy

	.globl	vu_copy_str
	.type	vu_copy_str, @function
/*
 * long vu_copy_str(char *dst, size_t size, const char *src): copies with the NUL; the length without it;
 * -ENAMETOOLONG if it is not within `size` bytes; -EFAULT. Reads words, but none that goes over a page's
 * end: there it goes by bytes.
 */
vu_copy_str:
	to_guest_stack
	lea	(%rdi,%rsi), %r9	/* the end of dst */
	mov	%rdi, %rsi
	movabs	$0x0101010101010101, %r10
	movabs	$0x8080808080808080, %r11
1:	lea	8(%rdi), %rax
	cmp	%r9, %rax
	ja	2f
	mov	%edx, %eax
	and	$PAGE_SIZE - 1, %eax
	cmp	$PAGE_SIZE - 8, %eax
	ja	2f
	mov	(%rdx), %rax
	mov	%rax, (%rdi)
	mov	%rax, %rcx		/* a zero byte: (x - 01..) & ~x & 80.. */
	sub	%r10, %rcx
	not	%rax
	and	%rax, %rcx
	and	%r11, %rcx
	jnz	3f
	add	$8, %rdx
	add	$8, %rdi
	jmp	1b
2:	cmp	%r9, %rdi
	jae	5f
	movzbl	(%rdx), %eax
	mov	%al, (%rdi)
	test	%al, %al
	jz	4f
	inc	%rdx
	inc	%rdi
	jmp	1b
3:	bsf	%rcx, %rcx
	shr	$3, %ecx
	add	%rcx, %rdi
4:	mov	%rdi, %rax
	sub	%rsi, %rax
	mov	%r8, %rsp
	ret
5:	mov	$-ENAMETOOLONG, %rax
	mov	%r8, %rsp
	ret
	.size	vu_copy_str, . - vu_copy_str
	.globl	vu_fault_end
vu_fault_end:
	.globl	vu_fault_fixup
vu_fault_fixup:
	mov	%r8, %rsp
	mov	$-EFAULT, %rax
	ret

	.section .text.entry, "ax", @progbits

/*
 * Handlers of signals. Agent code has the frame of the gate's call in r15, or 0: what it had when the signal came is
 * another's. Up to vu_handlers_end it may also be the guest's.
 */
	.globl	vu_handlers_begin
vu_handlers_begin:
	.globl	vu_trap_entry
	.type	vu_trap_entry, @function
/* SIGSYS */
vu_trap_entry:
	xor	%r15d, %r15d
	jmp	vu_trap_taken
	.size	vu_trap_entry, . - vu_trap_entry

/*
 * All others. Where the guest has a handler of its own, that is jumped to, so that it sees what the kernel would have
 * given it, stack and return address included.
 */
	.globl	vu_fault_entry
	.type	vu_fault_entry, @function
vu_fault_entry:
	push	%rdi
	push	%rsi
	push	%rdx
	push	%r15
	xor	%r15d, %r15d
	call	vu_fault_taken
	pop	%r15
	pop	%rdx
	pop	%rsi
	pop	%rdi
	test	%rax, %rax
	jz	1f
	mov	%rax, %rcx
	xor	%eax, %eax
	jmp	*%rcx
	.globl	vu_fault_leave
vu_fault_leave:
1:	lea	8(%rsp), %rsp		/* the frame's return address may be the guest's */
	xor	%r15d, %r15d
	jmp	vu_restorer
	.size	vu_fault_entry, . - vu_fault_entry
	.globl	vu_handlers_end
vu_handlers_end:

	.section .note.GNU-stack, "", @progbits
