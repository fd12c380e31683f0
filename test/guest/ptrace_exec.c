/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What debuggers do: a forked child asks to be traced, stops at its execve, then runs. Its parent, which
 * learns by wait4 that it is a tracer, sees no other stop; ltrace looks at no status.
 */
#include "guest.h"
#include <sys/ptrace.h>
#include <sys/user.h>

static int next_stop(pid_t pid, const char *what)
{
	int status;

	MUST(waitpid(pid, &status, 0));
	if (WIFSTOPPED(status))
		say("%s: stopped by %s\n", what, signame(WSTOPSIG(status)));
	else if (WIFEXITED(status))
		say("%s: exited %d\n", what, WEXITSTATUS(status));
	else
		say("%s: status %#x\n", what, status);
	return WIFSTOPPED(status);
}

int main(int argc, char **argv)
{
	static char *const child_argv[] = { "x", "child", NULL };
	pid_t pid;

	(void)argv;
	if (argc > 1)
		return access(".", F_OK) == 0 ? 9 : 8;
	for (int i = 0; i < 2; i++) {
		pid = MUST(fork());
		if (pid == 0) {
			MUST(ptrace(PTRACE_TRACEME, 0, 0, 0));
			execv("/proc/self/exe", child_argv);
			_exit(1);
		}
		if (i ? waitpid(pid, NULL, 0) == pid : next_stop(pid, "fork and execve")) {
			MUST(ptrace(PTRACE_CONT, pid, 0, 0));
			next_stop(pid, "then");
		}
	}
	return 0;
}
