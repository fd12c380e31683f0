/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small debugger: PTRACE_TRACEME, stops, memory, registers, signals, execve, detach. */
#include "guest.h"
#include <sys/ptrace.h>
#include <sys/user.h>

static volatile long secret = 0x123456789abcdefL;
static volatile int usr1;

static void on_usr1(int sig)
{
	(void)sig;
	usr1++;
}

static void show_stop(pid_t pid, const char *what)
{
	int status;

	for (;;) {
		MUST(waitpid(pid, &status, 0));
		/* SIGSYS is how an interceptor may get the calls: a debugger passes it on. */
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSYS)
			break;
		MUST(ptrace(PTRACE_CONT, pid, 0, SIGSYS));
	}
	if (WIFSTOPPED(status))
		say("%s: stopped by %s, event %d\n", what, signame(WSTOPSIG(status)), status >> 16);
	else if (WIFEXITED(status))
		say("%s: exited %d\n", what, WEXITSTATUS(status));
	else
		say("%s: status %#x\n", what, status);
}

int main(int argc, char **argv)
{
	struct user_regs_struct regs;
	pid_t pid;

	(void)argv;
	if (argc > 1)
		return access(".", F_OK) == 0 ? 9 : 8;
	pid = MUST(fork());
	if (pid == 0) {
		signal(SIGUSR1, on_usr1);
		MUST(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		raise(SIGUSR1);
		if (usr1 || access(".", F_OK))
			_exit(1);
		raise(SIGUSR1);
		if (usr1 != 1 || secret != 42)
			_exit(2);
		_exit(7);
	}
	show_stop(pid, "SIGSTOP");
	errno = 0;
	say("peek: %#lx\n", ptrace(PTRACE_PEEKDATA, pid, &secret, 0));
#if defined(__x86_64__)
	errno = 0;
	ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.rip), 0);
	say("peek user: %s\n", errname(errno));
	SHOW(ptrace(PTRACE_GETREGS, pid, 0, &regs));
	say("registers: %s\n", yes(regs.rip != 0 && regs.rsp != 0));
#endif
	SHOW(ptrace(PTRACE_PEEKDATA, pid, 16, 0));
	SHOW(ptrace(PTRACE_POKEDATA, pid, &secret, 42));
	SHOW(ptrace(PTRACE_CONT, pid, 0, 0));
	show_stop(pid, "SIGUSR1");
	/* The signal is suppressed here, delivered next time. */
	SHOW(ptrace(PTRACE_CONT, pid, 0, 0));
	show_stop(pid, "SIGUSR1");
	SHOW(ptrace(PTRACE_CONT, pid, 0, SIGUSR1));
	show_stop(pid, "child");

	pid = MUST(fork());
	if (pid == 0) {
		MUST(ptrace(PTRACE_TRACEME, 0, 0, 0));
		raise(SIGSTOP);
		_exit(6);
	}
	show_stop(pid, "SIGSTOP");
	SHOW(ptrace(PTRACE_DETACH, pid, 0, 0));
	reap(pid, "detached");
	SHOW(ptrace(PTRACE_CONT, pid, 0, 0));
	SHOW(ptrace(PTRACE_ATTACH, getpid(), 0, 0));
	return 0;
}
