/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone3 by raw call: as fork, with a stack, with pidfd, tids, CLONE_CLEAR_SIGHAND, as vfork. */
/* variants: static musl */
#include "guest.h"
#include <sched.h>

#ifndef __WALL
#define __WALL 0x40000000
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup;
};

static volatile int value;
static volatile int handled;

static void handler(int sig)
{
	(void)sig;
	handled++;
}

static long clone3(struct args *a, size_t size)
{
	return syscall(SYS_clone3, a, size);
}

static __attribute__((noreturn, used)) void on_new_stack(void)
{
	int ok = mkdir("by-stack-child", 0755) == 0 && access("by-stack-child", F_OK) == 0;

	value++;
	_exit(ok ? 5 : 6);
}

/* A child on another stack must not return through the caller's frames: done in assembler. */
static long clone3_on_stack(struct args *a, size_t size)
{
#if defined(__x86_64__)
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "and $-16, %%rsp\n\t"
			 "call *%4\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret)
			 : "a"(SYS_clone3), "D"(a), "S"(size), "r"((long)on_new_stack)
			 : "rcx", "r11", "memory");
	return ret;
#else
	(void)a;
	(void)size;
	return -1;
#endif
}

int main(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct args a = { 0 };
	pid_t ptid = 0;
	siginfo_t si;
	int pidfd = -1;
	long pid;

	close_extra_fds();
	a.exit_signal = SIGCHLD;
	pid = clone3(&a, sizeof(a));
	if (pid == 0)
		_exit(mkdir("by-fork-child", 0755) == 0 ? 3 : 4);
	reap(pid, "as fork");
	pid = clone3(&a, 64);
	if (pid == 0)
		_exit(3);
	reap(pid, "as fork, first version of the struct");

	a.flags = CLONE_PIDFD | CLONE_PARENT_SETTID;
	a.pidfd = (uintptr_t)&pidfd;
	a.parent_tid = (uintptr_t)&ptid;
	pid = clone3(&a, sizeof(a));
	if (pid == 0)
		_exit(11);
	say("pidfd is the lowest free one: %d\n", pidfd);
	say("parent_tid is the pid: %s\n", yes(ptid == pid));
	memset(&si, 0, sizeof(si));
	SHOW(syscall(SYS_waitid, P_PIDFD, pidfd, &si, WEXITED, NULL));
	say("pid right: %s, status %d\n", yes(si.si_pid == pid), si.si_status);
	close(pidfd);

	memset(&a, 0, sizeof(a));
	a.exit_signal = SIGCHLD;
	a.flags = CLONE_VM | CLONE_VFORK;
	a.stack = (uintptr_t)stack;
	a.stack_size = sizeof(stack);
	value = 0;
	pid = clone3_on_stack(&a, sizeof(a));
	reap(pid, "with a stack, memory shared");
	say("value %d\n", value);
	SHOW(rmdir("by-stack-child"));
	a.flags = 0;
	pid = clone3_on_stack(&a, sizeof(a));
	reap(pid, "with a stack, memory copied");
	say("value %d\n", value);

	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	memset(&a, 0, sizeof(a));
	a.exit_signal = SIGCHLD;
	a.flags = CLONE_CLEAR_SIGHAND;
	pid = clone3(&a, sizeof(a));
	if (pid == 0) {
		struct sigaction sa;

		sigaction(SIGUSR2, NULL, &sa);
		say("SIGUSR2 still ignored: %s\n", yes(sa.sa_handler == SIG_IGN));
		sigaction(SIGUSR1, NULL, &sa);
		say("SIGUSR1 default: %s\n", yes(sa.sa_handler == SIG_DFL));
		sigaction(SIGSYS, NULL, &sa);
		say("SIGSYS default: %s\n", yes(sa.sa_handler == SIG_DFL));
		SHOW(mkdir("handlers-cleared", 0755));
		raise(SIGUSR1);
		_exit(1);
	}
	reap(pid, "CLONE_CLEAR_SIGHAND");
	raise(SIGUSR1);
	say("the parent's handler ran: %d\n", handled);

	/* An exit signal of another kind, or none. */
	memset(&a, 0, sizeof(a));
	a.exit_signal = SIGUSR1;
	pid = clone3(&a, sizeof(a));
	if (pid == 0)
		_exit(12);
	SHOW(waitpid(pid, NULL, __WALL) == pid);
	say("handled %d\n", handled);
	a.exit_signal = 0;
	pid = clone3(&a, sizeof(a));
	if (pid == 0)
		_exit(13);
	SHOW(waitpid(pid, NULL, __WALL) == pid);
	return 0;
}
