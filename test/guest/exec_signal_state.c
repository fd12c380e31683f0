/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Over execve: ignored stay ignored, handlers are reset, mask and pending signals are kept. */
/* variants: static musl */
#include "guest.h"

static void handler(int sig)
{
	(void)sig;
}

static int child(void)
{
	sigset_t mask, pending;
	struct sigaction sa;
	stack_t ss;
	int sig;

	MUST(sigprocmask(SIG_BLOCK, NULL, &mask));
	MUST(sigpending(&pending));
	for (sig = 1; sig < 65; sig++) {
		if (sig >= 32 && sig < 35)
			continue;
		MUST(sigaction(sig, NULL, &sa));
		if (sa.sa_handler == SIG_DFL && !sigismember(&mask, sig) &&
		    !sigismember(&pending, sig))
			continue;
		say("  %s:%s%s%s\n", signame(sig),
		    sa.sa_handler == SIG_DFL ? "" :
		    sa.sa_handler == SIG_IGN ? " ignored" :
					       " handled",
		    sigismember(&mask, sig) ? " blocked" : "",
		    sigismember(&pending, sig) ? " pending" : "");
	}
	MUST(sigaltstack(NULL, &ss));
	say("  alternate stack disabled: %s\n", yes(ss.ss_flags == SS_DISABLE));
	return 7;
}

int main(void)
{
	static char stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = handler };
	char *const argv[] = { "x", NULL };
	char *const envp[] = { "CHILD=1", NULL };
	sigset_t mask;
	pid_t pid;
	int round;

	if (getenv("CHILD"))
		return child();
	for (round = 0; round < 3; round++) {
		pid = MUST(fork());
		if (pid == 0) {
			sigemptyset(&mask);
			if (round > 0) {
				MUST(sigaltstack(&ss, NULL));
				sigaddset(&mask, SIGUSR1);
				sigaddset(&mask, SIGTERM);
				sigaddset(&mask, SIGRTMIN + 3);
				signal(SIGHUP, SIG_IGN);
				signal(SIGPIPE, SIG_IGN);
				MUST(sigaction(SIGUSR1, &sa, NULL));
				MUST(sigaction(SIGUSR2, &sa, NULL));
				MUST(sigaction(SIGRTMIN + 3, &sa, NULL));
			}
			if (round > 1) {
				sigaddset(&mask, SIGSYS);
				sigaddset(&mask, SIGSEGV);
				signal(SIGTRAP, SIG_IGN);
				MUST(sigaction(SIGSYS, &sa, NULL));
			}
			MUST(sigprocmask(SIG_SETMASK, &mask, NULL));
			if (round > 0)
				raise(SIGUSR1);
			if (round > 0)
				kill(getpid(), SIGRTMIN + 3);
			if (round > 1)
				kill(getpid(), SIGSYS);
			execve("/proc/self/exe", argv, envp);
			_exit(1);
		}
		reap(pid, round == 0 ? "plain" : round == 1 ? "usual signals" : "with SIGSYS");
	}

	/* SIGSYS ignored over execve, and blocked and pending with its default action. */
	pid = MUST(fork());
	if (pid == 0) {
		signal(SIGSYS, SIG_IGN);
		execve("/proc/self/exe", argv, envp);
		_exit(1);
	}
	reap(pid, "SIGSYS ignored");
	pid = MUST(fork());
	if (pid == 0) {
		sigfillset(&mask);
		MUST(sigprocmask(SIG_SETMASK, &mask, NULL));
		execve("/proc/self/exe", argv, envp);
		_exit(1);
	}
	reap(pid, "all blocked");
	return 0;
}
