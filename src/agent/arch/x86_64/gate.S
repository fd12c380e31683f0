/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The gate: where patched call sites enter the agent (abi/code.h). A site calls by a slot of the table at
 * VU_GATE_ADDR; rcx and r11 are free, as a system call clobbers them; everything else is the guest's. What
 * lies on the guest's stack is small (Go's goroutines leave some 500 bytes) and borne by a longjmp.
 */

#define SYS_SLOTS 509
#define PATH_ROOM 224 /* VU_PATH_ROOM */
#define ERR_F000  -4096
#define ERR_F001  -4095

/* kinds of sites, in r11's lowest byte; for NR the guest's flags are above it, as lahf and seto give them */
#define KIND_NR	  0
#define KIND_F000 1
#define KIND_F001 2

	.section .gate, "ax", @progbits
	.balign 4096
	.set	i, 0
	.rept	SYS_SLOTS
	.quad	vu_gate_stubs + 16 * i
	.set	i, i + 1
	.endr
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

	.text
	.balign 16
vu_gate_stubs:
	.set	i, 0
	.rept	SYS_SLOTS
	.balign 16
	mov	$i, %eax
	jmp	vu_gate_nr
	.set	i, i + 1
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
	mov	%eax, %ecx
	lahf
	seto	%al
	movzwl	%ax, %r11d
	shl	$8, %r11d
	mov	%ecx, %eax
/* eax: number; r11: kind; (rsp): return address */
vu_gate:
	mov	%eax, %eax		/* the kernel takes an int */
	cmpb	$0, vu_traced(%rip)
	jne	vu_gate_traced
	cmp	$SYS_SLOTS, %eax
	jae	vu_gate_ask
	lea	vu_gate_class(%rip), %rcx
	cmpb	$0, (%rcx,%rax)
	je	vu_gate_host
vu_gate_ask:
	push	%r9			/* struct vu_frame (trap.h) */
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rax
	push	%r11
	push	%rsi			/* what the call is to be made with */
	push	%rdi
	mov	%rsp, %rdi
	sub	$PATH_ROOM, %rsp
	call	vu_quick
	test	%edx, %edx
	jz	vu_gate_slow
	js	vu_gate_issue
	add	$PATH_ROOM, %rsp
vu_gate_out:
	mov	16(%rsp), %r11
	add	$32, %rsp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
vu_gate_ret:
	test	%r11b, %r11b
	jnz	2f
	mov	%rax, %rcx
	mov	%r11d, %eax
	shr	$8, %eax
	add	$0x7f, %al		/* overflow if it was 1 */
	sahf
	mov	%rcx, %rax
	mov	(%rsp), %rcx		/* as after a system call */
	ret
2:	mov	(%rsp), %rcx
	cmp	$KIND_F000, %r11b
	jne	3f
	cmp	$ERR_F000, %rax
	ret
3:	cmp	$ERR_F001, %rax
	ret

vu_gate_host:
	push	%r11
	syscall
	.globl	vu_gate_made_host
vu_gate_made_host:
	pop	%r11
	jmp	vu_gate_ret

/*
 * The call as it is, but for what vu_quick() has put for its first two arguments. Here, so that few returns
 * follow: the processor has forgotten where they go when it comes back from the kernel.
 */
vu_gate_issue:
	mov	PATH_ROOM+24(%rsp), %rax
	mov	PATH_ROOM(%rsp), %rdi
	mov	PATH_ROOM+8(%rsp), %rsi
	mov	PATH_ROOM+48(%rsp), %rdx
	mov	PATH_ROOM+56(%rsp), %r10
	mov	PATH_ROOM+64(%rsp), %r8
	mov	PATH_ROOM+72(%rsp), %r9
	syscall
	.globl	vu_gate_made
vu_gate_made:
	mov	PATH_ROOM+16(%rsp), %r11
	mov	PATH_ROOM+32(%rsp), %rdi
	mov	PATH_ROOM+40(%rsp), %rsi
	add	$PATH_ROOM+80, %rsp
	jmp	vu_gate_ret

vu_gate_slow:
	add	$PATH_ROOM, %rsp
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %rdi
	call	vu_gate_full
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	jmp	vu_gate_out

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

	.section .note.GNU-stack, "", @progbits
