/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gdb does: a vforked child asks to be traced and execs, while its tracer waits in vfork. */
#include "guest.h"
#include <sys/ptrace.h>
#include <sys/user.h>

static int next_stop(pid_t pid, const char *what)
{
	int status, ignored = 0;

	for (;;) {
		MUST(waitpid(pid, &status, 0));
		/* SIGSYS is how an interceptor may get the calls: a debugger passes it on. */
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSYS || ignored++ > 100000)
			break;
		MUST(ptrace(PTRACE_CONT, pid, 0, SIGSYS));
	}
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
	pid = vfork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execv("/proc/self/exe", child_argv);
		_exit(1);
	}
	if (next_stop(pid, "vfork and execve")) {
		MUST(ptrace(PTRACE_CONT, pid, 0, 0));
		next_stop(pid, "then");
	}
	return 0;
}
