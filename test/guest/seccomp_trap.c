/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program's own filter that traps, and the program's own handler of SIGSYS. */
#include "seccomp.h"

static volatile int trapped, trap_nr, trap_data, trap_arch_ok, trap_code;

static void on_sigsys(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	trapped++;
	trap_nr = si->si_syscall;
	trap_data = si->si_errno;
	trap_code = si->si_code;
	trap_arch_ok = si->si_arch == AUDIT_ARCH_X86_64 && si->si_call_addr != NULL;
}

static void trap_filter(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };
	struct sock_filter f[] = {
		NR,
		IF(SYS_personality, SECCOMP_RET_TRAP | 77),
		IF(SYS_mkdir, SECCOMP_RET_TRAP | 78),
		ALLOW,
	};

	MUST(sigaction(SIGSYS, &sa, NULL));
	install(f, ARRAY_SIZE(f), 0);
	syscall(SYS_personality, 0xffffffff);
	say("trapped %d, personality %s, data %d, code %d, other fields %s\n", trapped,
	    yes(trap_nr == SYS_personality), trap_data, trap_code, yes(trap_arch_ok));
	syscall(SYS_mkdir, "x", 0755);
	say("trapped %d, mkdir %s, data %d, code %d\n", trapped, yes(trap_nr == SYS_mkdir),
	    trap_data, trap_code);
	SHOW(access("x", F_OK));
	SHOW(access("file", F_OK));
	kill(getpid(), SIGSYS);
	say("trapped %d, code %d\n", trapped, trap_code);
	signal(SIGSYS, SIG_DFL);
	syscall(SYS_personality, 0xffffffff);
	_exit(1);
}

int main(void)
{
	struct rlimit none = { 0, 0 };

	MUST(setrlimit(RLIMIT_CORE, &none));
	run("trap", trap_filter);
	return 0;
}
