/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A handler that changes the context it returns to: registers, instruction, mask; vector state. */
#include "guest.h"
#include <sys/ucontext.h>
#include <ucontext.h>

#if defined(__x86_64__)
static volatile int hits;

/* Skips the two bytes of ud2 and puts a value into rax, as emulators do. */
static void skip(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	(void)si;
	hits++;
	uc->uc_mcontext.gregs[REG_RIP] += 2;
	uc->uc_mcontext.gregs[REG_RAX] = 1000 + hits;
	access(".", R_OK);
}

/* Leaves a signal blocked after the return. */
static void block_usr2(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *uc = ctx;

	(void)sig;
	(void)si;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
	sigaddset(&uc->uc_sigmask, SIGSYS);
}

/* Clobbers vector registers and makes calls: they have to come back as they were. */
static void clobber(int sig)
{
	(void)sig;
	__asm__ volatile("pxor %%xmm0, %%xmm0\n\tpxor %%xmm7, %%xmm7\n\tpxor %%xmm15, %%xmm15"
			 :
			 :
			 : "xmm0", "xmm7", "xmm15");
	access(".", R_OK);
}

static long call_and_keep(long nr, long a, long b, long *kept)
{
	register long r8 __asm__("r8") = 0x1111111111111111;
	register long r9 __asm__("r9") = 0x2222222222222222;
	register long r10 __asm__("r10") = 0;
	register long r12 __asm__("r12") = 0x4444444444444444;
	register long r15 __asm__("r15") = 0x5555555555555555;
	long ret;

	__asm__ volatile("movq %[pat], %%xmm3\n\t"
			 "movq %[pat], %%xmm12\n\t"
			 "std\n\t"
			 "cld\n\t"
			 "syscall\n\t"
			 : "=a"(ret), "+D"(a), "+S"(b), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r12),
			   "+r"(r15)
			 : "a"(nr), "d"(0x3333333333333333), [pat] "b"(0x6666666666666666)
			 : "rcx", "r11", "memory", "xmm3", "xmm12");
	__asm__ volatile("movq %%xmm12, %0" : "=r"(kept[5]));
	__asm__ volatile("movq %%xmm3, %0" : "=r"(kept[4]));
	kept[0] = r8;
	kept[1] = r9;
	kept[2] = r12;
	kept[3] = r15;
	kept[6] = a;
	kept[7] = b;
	return ret;
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = skip, .sa_flags = SA_SIGINFO };
	unsigned long out[3], red;
	sigset_t now;
	long ret, kept[8];
	size_t i;

	MUST(sigaction(SIGILL, &sa, NULL));
	for (i = 0; i < 3; i++) {
		__asm__ volatile("ud2" : "=a"(ret) : : "memory");
		say("the handler returned %ld\n", ret);
	}
	sa.sa_sigaction = block_usr2;
	MUST(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, NULL, &now));
	say("left blocked: SIGUSR1 %d, SIGUSR2 %d, SIGSYS %d\n", sigismember(&now, SIGUSR1),
	    sigismember(&now, SIGUSR2), sigismember(&now, SIGSYS));
	SHOW(access(".", R_OK));

	signal(SIGHUP, clobber);
	__asm__ volatile("movq %3, %%xmm0\n\tmovq %3, %%xmm7\n\tmovq %3, %%xmm15\n\t"
			 "syscall\n\t"
			 "movq %%xmm0, %0\n\tmovq %%xmm7, %1\n\tmovq %%xmm15, %2"
			 : "=&r"(out[0]), "=&r"(out[1]), "=&r"(out[2])
			 : "r"(0x7777777777777777), "a"(SYS_kill), "D"(getpid()), "S"(SIGHUP)
			 : "rcx", "r11", "memory", "xmm0", "xmm7", "xmm15");
	say("vector registers over a signal: %lx %lx %lx\n", out[0], out[1], out[2]);

	ret = call_and_keep(SYS_access, (long)"missing", F_OK, kept);
	say("raw access: %ld\n", ret);
	for (i = 0; i < 6; i++)
		say("  kept %lx\n", kept[i]);
	say("  rdi, rsi kept: %s %s\n", yes(!strcmp((char *)kept[6], "missing")),
	    yes(kept[7] == 0));
	ret = call_and_keep(SYS_getpid, 1, 2, kept);
	say("raw getpid right: %s\n", yes(ret == getpid()));

	/* Carry and friends are restored from r11, the red zone is not touched. */
	__asm__ volatile("movq %2, -8(%%rsp)\n\tmovq %2, -128(%%rsp)\n\t"
			 "syscall\n\t"
			 "movq -8(%%rsp), %0\n\txorq -128(%%rsp), %0"
			 : "=&r"(red), "=a"(ret)
			 : "r"(0x1234L), "a"(SYS_access), "D"("missing"), "S"(F_OK)
			 : "rcx", "r11", "memory");
	say("red zone intact: %s\n", yes(red == 0));
	__asm__ volatile("stc\n\tsyscall\n\tsetc %b0"
			 : "=q"(red), "=a"(ret)
			 : "0"(0UL), "1"(SYS_access), "D"("missing"), "S"(F_OK)
			 : "rcx", "r11", "memory", "cc");
	say("carry flag after a call: %lu\n", red & 0xff);
	return 0;
}
#else
int main(void)
{
	say("not for this architecture\n");
	return 0;
}
#endif
