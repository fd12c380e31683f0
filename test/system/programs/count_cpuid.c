/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often a process asks the processor about itself.
 *   count_cpuid COMMAND...	runs COMMAND, which is to print a number of a process that then waits for a line
 * From there that process goes step by step, to its end. Printed: how many cpuid instructions it has executed.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPUID 0xa20f

/* Runs the command; *in is what it reads. The number that it prints, 0: none. */
static pid_t run(char **command, int *in)
{
	int to[2], from[2];
	char line[32] = "";
	ssize_t n;

	if (pipe(to) < 0 || pipe(from) < 0)
		return 0;
	if (!fork()) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execvp(command[0], command);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	*in = to[1];
	n = read(from[0], line, sizeof(line) - 1);
	return n > 0 ? atoi(line) : 0;
}

static int follow(pid_t pid)
{
	struct user_regs_struct r;
	int status, n = 0, sig = 0;

	while (!ptrace(PTRACE_GETREGS, pid, 0, &r)) {
		n += (ptrace(PTRACE_PEEKTEXT, pid, r.rip, 0) & 0xffff) == CPUID;
		if (ptrace(PTRACE_SINGLESTEP, pid, 0, sig) < 0 ||
		    waitpid(pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
			break;
		sig = WSTOPSIG(status);
		if (sig == SIGTRAP || sig == SIGSTOP)
			sig = 0;
	}
	return n;
}

int main(int argc, char **argv)
{
	int in = -1, status;
	pid_t pid = argc > 1 ? run(argv + 1, &in) : 0;

	if (pid <= 0 || ptrace(PTRACE_ATTACH, pid, 0, 0) < 0 || waitpid(pid, &status, __WALL) < 0) {
		perror("count_cpuid");
		return 1;
	}
	if (write(in, "\n", 1) != 1)
		return 1;
	printf("%d\n", follow(pid));
	return 0;
}
