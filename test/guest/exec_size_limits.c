/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* E2BIG: one argument of 128 KiB, too many bytes in all, an argument vector without end. */
#include "guest.h"
#include <sys/resource.h>

static void run(const char *what, char *const argv[], char *const envp[])
{
	pid_t pid = MUST(fork());

	if (pid == 0) {
		execve("/proc/self/exe", argv, envp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, what);
}

static char *fill(size_t len)
{
	char *p = malloc(len + 1);

	memset(p, 'x', len);
	p[len] = '\0';
	return p;
}

int main(int argc, char **argv)
{
	static char *many[200000];
	char *args[40] = { "count", NULL };
	char *env[] = { NULL };
	char *big_env[] = { NULL, NULL };
	struct rlimit lim = { 8 << 20, RLIM_INFINITY };
	size_t total = 0;
	size_t i;

	if (argc > 0 && !strcmp(argv[0], "count")) {
		for (i = 0; argv[i]; i++)
			total += strlen(argv[i]);
		say("  %zu arguments, %zu characters\n", i, total);
		return 7;
	}
	MUST(getrlimit(RLIMIT_STACK, &lim));
	lim.rlim_cur = 8 << 20;
	MUST(setrlimit(RLIMIT_STACK, &lim));

	args[1] = fill(131071);
	run("argument of 131071", args, env);
	args[1] = fill(131072);
	run("argument of 131072", args, env);
	args[1] = NULL;
	big_env[0] = fill(131071);
	big_env[0][1] = '=';
	run("variable of 131071", args, big_env);
	big_env[0] = fill(131072);
	big_env[0][1] = '=';
	run("variable of 131072", args, big_env);

	for (i = 1; i < 14; i++)
		args[i] = fill(131000);
	run("13 of 131000 with 8 MiB of stack", args, env);
	for (i = 1; i < 30; i++)
		args[i] = fill(131000);
	run("29 of 131000 with 8 MiB of stack", args, env);

	lim.rlim_cur = 1 << 20;
	MUST(setrlimit(RLIMIT_STACK, &lim));
	for (i = 1; i < 30; i++)
		args[i] = NULL;
	args[1] = fill(100000);
	run("100000 with 1 MiB of stack", args, env);
	args[2] = args[3] = args[1];
	run("300000 with 1 MiB of stack", args, env);
	lim.rlim_cur = 8 << 20;
	MUST(setrlimit(RLIMIT_STACK, &lim));

	many[0] = "count";
	for (i = 1; i < 100000; i++)
		many[i] = "a";
	run("100000 short arguments", many, env);
	for (; i < 199999; i++)
		many[i] = "";
	run("199999 arguments, half of them empty", many, env);
	return 0;
}
