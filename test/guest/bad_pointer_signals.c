/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signal calls with bad pointers, sizes and numbers. */
/* variants: musl */
#include "guest.h"
#include <poll.h>
#include <sys/epoll.h>

int main(void)
{
	unsigned long set = 0, old = 0;
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} act = { SIG_IGN, 0, NULL, 0 };
	struct {
		const void *set;
		size_t size;
	} six = { (void *)16, 8 };
	struct timespec zero = { 0, 0 };
	stack_t ss = { .ss_flags = SS_DISABLE };
	void *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *edge = edge_new(1);
	int ep, how, sig;

	close_extra_fds();
	memcpy(edge - 32, &act, 32);
	ep = MUST(epoll_create1(0));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, (void *)16, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, none, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, edge - 24, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, edge - 32, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 4));
	SHOW(syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 16));
	SHOW(syscall(SYS_rt_sigaction, SIGSYS, (void *)16, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGSYS, NULL, (void *)16, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGSYS, edge - 24, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGSYS, &act, (void *)16, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGSYS, &act, NULL, 4));
	SHOW(syscall(SYS_rt_sigaction, SIGSYS, edge - 32, edge - 32, 8));
	memcpy(&act, edge - 32, 32);
	say("SIGSYS was ignored: %s\n", yes(act.handler == SIG_IGN));
	for (sig = -1; sig <= 66; sig++)
		if (syscall(SYS_rt_sigaction, sig, NULL, NULL, 8) < 0)
			say("signal %d: %s\n", sig, errname(errno));
	act.handler = SIG_IGN;
	SHOW(syscall(SYS_rt_sigaction, SIGKILL, &act, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGSTOP, &act, NULL, 8));
	SHOW(syscall(SYS_rt_sigaction, SIGKILL, NULL, &act, 8));

	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void *)16, NULL, 8));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, none, &old, 8));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, edge - 4, NULL, 8));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, (void *)16, 8));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 4));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 128));
	for (how = -1; how < 5; how++)
		showf(syscall(SYS_rt_sigprocmask, how, &set, &old, 8), "sigprocmask %d", how);
	SHOW(syscall(SYS_rt_sigprocmask, 77, NULL, &old, 8));
	/* The mask is changed even if the old one cannot be written. */
	set = 1UL << (SIGUSR2 - 1) | 1UL << (SIGSYS - 1);
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, none, 8));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, 8));
	say("mask %#lx\n", old);
	set = -1UL;
	SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8));
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, 8));
	say("mask %#lx\n", old);
	set = 0;
	SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, &old, 8));

	SHOW(syscall(SYS_rt_sigsuspend, (void *)16, 8));
	SHOW(syscall(SYS_rt_sigsuspend, &set, 4));
	SHOW(syscall(SYS_rt_sigtimedwait, (void *)16, NULL, &zero, 8));
	SHOW(syscall(SYS_rt_sigtimedwait, &set, NULL, (void *)16, 8));
	SHOW(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 9));
	SHOW(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 8));
	SHOW(syscall(SYS_ppoll, NULL, 0, &zero, (void *)16, 8));
	SHOW(syscall(SYS_ppoll, NULL, 0, &zero, &set, 4));
	SHOW(syscall(SYS_ppoll, NULL, 0, (void *)16, &set, 8));
	SHOW(syscall(SYS_ppoll, NULL, 0, &zero, &set, 8));
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, (void *)16));
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &six));
	six.set = &set;
	six.size = 4;
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &six));
	six.size = 8;
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &six));
	six.set = NULL;
	six.size = 4;
	SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &six));
	SHOW(syscall(SYS_epoll_pwait, ep, edge - 12, 1, 0, (void *)16, 8L));
	SHOW(syscall(SYS_epoll_pwait, ep, edge - 12, 1, 0, &set, 4L));
	SHOW(syscall(SYS_epoll_pwait, ep, edge - 12, 1, 0, &set, 8L));
	SHOW_FD(syscall(SYS_signalfd4, -1, (void *)16, 8, 0));
	SHOW_FD(syscall(SYS_signalfd4, -1, &set, 4, 0));
	SHOW_FD(syscall(SYS_signalfd4, -1, &set, 8, 0));
	SHOW(syscall(SYS_sigaltstack, (void *)16, NULL));
	SHOW(syscall(SYS_sigaltstack, &ss, (void *)16));
	SHOW(syscall(SYS_sigaltstack, edge - 16, NULL));
	SHOW(syscall(SYS_rt_sigpending, &old, 4));
	SHOW(syscall(SYS_rt_sigpending, &old, 16));
	SHOW(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, (void *)16));
	SHOW(access(".", F_OK));
	return 0;
}
