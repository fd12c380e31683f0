/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* argv and envp reach the new program unchanged: odd names, empty vectors, bytes of any value. */
/* variants: static musl */
#include "guest.h"

extern char **environ;

static void dump(const char *what, char **v)
{
	size_t i;

	for (i = 0; v[i]; i++) {
		const unsigned char *p = (const unsigned char *)v[i];

		say("  %s[%zu] ", what, i);
		for (; *p; p++)
			say(*p >= 0x20 && *p < 0x7f ? "%c" : "\\x%02x", *p);
		say("\n");
	}
	say("  %s has %zu\n", what, i);
}

static void run(const char *what, char *const argv[], char *const envp[])
{
	pid_t pid = MUST(fork());

	if (pid == 0) {
		/* By raw call: the C library must not mend anything. */
		syscall(SYS_execve, "./prog", argv, envp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, what);
}

int main(int argc, char **argv)
{
	char *const plain[] = { "plain", "a", "b c", NULL };
	char *const login[] = { "-login", NULL };
	char *const empty_names[] = { "", "", "", NULL };
	char *const bytes[] = { "\x01\x7f\x80\xff\n\t", "\xc3\xa4", NULL };
	char *const none[] = { NULL };
	char *const stop[] = { "stop", NULL };
	char *const env[] = { "CHILD=1", "A=", "=odd", "noequals", "A=twice", "\xff=\xfe", NULL };
	char *const env1[] = { "CHILD=1", NULL };

	if (argc == 0 || getenv("CHILD") || strcmp(argv[0], "stop") == 0) {
		say("  argc %d\n", argc);
		dump("argv", argv);
		dump("envp", environ);
		return 7;
	}
	copy_self("prog");
	run("plain", plain, env1);
	run("login", login, env1);
	run("empty strings", empty_names, env1);
	run("bytes", bytes, env1);
	run("environment", plain, env);
	run("empty argv", none, env1);
	run("NULL argv", NULL, env1);
	run("empty envp", stop, none);
	run("NULL envp", stop, NULL);
	return 0;
}
