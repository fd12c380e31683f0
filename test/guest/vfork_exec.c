/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfork and execve: programs, scripts, failing names, deep stacks, many in a row. */
/* variants: static musl */
#include "guest.h"

static volatile int child_errno;
extern char **environ;

static void __attribute__((noinline)) run(const char *what, const char *path, const char *arg)
{
	char *argv[] = { "x", (char *)(uintptr_t)arg, NULL };
	volatile int canary = 12345;
	pid_t pid;

	child_errno = 0;
	pid = vfork();
	if (pid == 0) {
		execve(path, argv, environ);
		child_errno = errno;
		_exit(127);
	}
	if (child_errno)
		say("  %s\n", errname(child_errno));
	reap(pid, what);
	if (canary != 12345)
		say("the stack of the parent is damaged\n");
}

static int deep(int n)
{
	volatile char pad[512];

	pad[n % 512] = (char)n;
	if (n > 0)
		return deep(n - 1) + (pad[n % 512] == (char)n);
	run("at depth", "./prog", "child");
	return 0;
}

int main(int argc, char **argv)
{
	static int status, i, bad;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[argc - 1], "child"))
		return 7;
	if (argc > 1 && !strcmp(argv[argc - 1], "again")) {
		run("grandchild", "/proc/self/exe", "child");
		return 6;
	}
	umask(022);
	copy_self("prog");
	write_text("script", "#!./prog\n", 0755);
	write_text("text", "text\n", 0755);
	run("program", "./prog", "child");
	run("script", "./script", "child");
	run("missing", "./missing", "child");
	run("directory", ".", "child");
	run("text", "./text", "child");
	run("again", "./prog", "again");
	say("frames intact: %d\n", deep(200));

	/* First a failing name, then the good one, as execvp() does it along PATH. */
	pid = vfork();
	if (pid == 0) {
		execl("./missing", "x", "child", NULL);
		execl("./text", "x", "child", NULL);
		execl("./prog", "x", "child", NULL);
		_exit(127);
	}
	reap(pid, "third try");
	for (i = 0; i < 50; i++) {
		pid = vfork();
		if (pid == 0) {
			execl("./prog", "x", "child", NULL);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7)
			bad++;
	}
	say("50 times, %d bad\n", bad);
	return 0;
}
