/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seccomp filter, made from the table of system calls. A process gets it when there is code in it whose calls
 * are not all known to go by the gate (code.c), or a filter of its own; a process without it makes its calls at
 * the full speed of the kernel. It looks at the number first: the kernel then keeps a bitmap of the numbers that are
 * always allowed (since 5.11) and does not run the filter for them at all.
 *
 *	wrong architecture, x32 number:   ENOSYS
 *	search tree over the numbers:	  HOST -> allow; ARGn -> allow if the argument is 0; OWNn ->
 *					  allow if it is not the tree (tree.h); else -> below
 *	from the agent's code?		  allow, else trap
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/seccomp.h>

#include "agent/filter.h"
#include "agent/trap.h"

enum when { HOST, TRAP, OWN0, OWN1, ARG1, ARG3, ARG4, ARG5, ENOSYS_ };
#define WHEN_HOST   HOST
#define WHEN_GATE   HOST
#define WHEN_TRAP   TRAP
#define WHEN_EMPTY  TRAP
#define WHEN_OWN0   OWN0
#define WHEN_OWN1   OWN1
#define WHEN_ARG1   ARG1
#define WHEN_ARG3   ARG3
#define WHEN_ARG4   ARG4
#define WHEN_ARG5   ARG5
#define WHEN_ENOSYS ENOSYS_

static const unsigned char when_of[] = {
#define VU_SYSCALL(number, name, when, handler, args) [number] = WHEN_##when + 1,
#include "abi/syscalls.def"
#undef VU_SYSCALL
};
#define NUMBERS ((int)sizeof(when_of))

extern char vu_text_begin[], vu_text_end[];

#define MAX_FILTER 1024
#define BUFFER	   (MAX_FILTER * sizeof(struct sock_filter))

unsigned char vu_filtered VU_HOT;

struct program {
	struct sock_filter *code;
	int n;
};

static void emit(struct program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (p->n < MAX_FILTER)
		p->code[p->n] = (struct sock_filter){ code, jt, jf, k };
	p->n++;
}

#define LOAD(off)    emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (off))
#define RETURN(what) emit(p, BPF_RET | BPF_K, 0, 0, (what))
#define OFF_NR	     0u
#define OFF_ARCH     4u
#define OFF_IP	     8u
#define OFF_ARG(n)   (16u + 8u * (n))

static int when(int nr)
{
	return nr < NUMBERS && when_of[nr] ? when_of[nr] - 1 : TRAP;
}

/* The check of the caller's address: agent's own code passes. */
static void emit_origin(struct program *p)
{
	uint64_t lo = (uint64_t)vu_text_begin, hi = (uint64_t)vu_text_end;

	LOAD(OFF_IP + 4);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)(lo >> 32));
	LOAD(OFF_IP);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 0, 2, (uint32_t)lo);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 1, 0, (uint32_t)hi);
	RETURN(SECCOMP_RET_ALLOW);
	RETURN(SECCOMP_RET_TRAP | VU_TRAP_DATA);
}

static void emit_leaf(struct program *p, int w)
{
	static const int arg_of[] = { [ARG1] = 1, [ARG3] = 3, [ARG4] = 4, [ARG5] = 5 };

	if (w == HOST) {
		RETURN(SECCOMP_RET_ALLOW);
		return;
	}
	if (w == OWN0 || w == OWN1) { /* no process has a tree where its number is 0 */
		LOAD(OFF_ARG(w == OWN1));
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, (uint32_t)vu_view()->tree_number);
		RETURN(SECCOMP_RET_ALLOW);
	}
	if (w == ARG1 || w == ARG3 || w == ARG4 || w == ARG5) {
		uint32_t n = (uint32_t)arg_of[w];

		LOAD(OFF_ARG(n));
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0);
		LOAD(OFF_ARG(n) + 4);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
		RETURN(SECCOMP_RET_ALLOW);
	}
	emit(p, BPF_JMP | BPF_JA, 0, 0, UINT32_MAX); /* to the origin check: set in the end */
}

/* Numbers lo..hi (exclusive); A holds the number. */
static void emit_tree(struct program *p, int lo, int hi)
{
	int mid, at, i;

	for (i = lo + 1; i < hi && when(i) == when(lo); i++)
		;
	if (i >= hi) {
		emit_leaf(p, when(lo));
		return;
	}
	mid = lo + (hi - lo) / 2;
	at = p->n;
	/* The right half may be further than a conditional jump goes. */
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, (uint32_t)mid);
	emit(p, BPF_JMP | BPF_JA, 0, 0, 0);
	emit_tree(p, lo, mid);
	if (at + 1 < MAX_FILTER)
		p->code[at + 1].k = (uint32_t)(p->n - (at + 2));
	emit_tree(p, mid, hi);
}

static void make(struct program *p)
{
	int i, origin;

	LOAD(OFF_ARCH);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
	RETURN(SECCOMP_RET_ERRNO | ENOSYS);
	LOAD(OFF_NR);
	emit(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000); /* x32, or negative */
	RETURN(SECCOMP_RET_ERRNO | ENOSYS);
	emit_tree(p, 0, NUMBERS + 1);
	origin = p->n;
	emit_origin(p);
	for (i = 0; i < origin && i < MAX_FILTER; i++)
		if (p->code[i].code == (BPF_JMP | BPF_JA) && p->code[i].k == UINT32_MAX)
			p->code[i].k = (uint32_t)(origin - i - 1);
}

static long install(struct sock_filter *buf)
{
	struct program p = { .code = buf };
	struct sock_fprog prog;
	unsigned int flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	long r;

	make(&p);
	if (p.n > MAX_FILTER)
		return -E2BIG;
	prog.len = (unsigned short)p.n;
	prog.filter = p.code;
	r = vu_sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_TSYNC, &prog);
	/* A thread with a filter that this one does not have: guests' filters come after ours, but who knows. */
	return r > 0 ? vu_sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog) : r;
}

long vu_filter_need(void)
{
	long buf, r;

	if (vu_filtered)
		return 0;
	buf = vu_sys(__NR_mmap, 0, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (buf < 0 && buf > -4096)
		return buf;
	r = install((struct sock_filter *)buf);
	vu_sys(__NR_munmap, buf, BUFFER);
	/* A vforked child has a filter of its own, but its parent's memory. */
	if (!r && vu_sys(__NR_getpid) == agent_process.pid)
		vu_filtered = true;
	return r;
}
