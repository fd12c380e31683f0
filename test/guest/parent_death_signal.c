/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PR_SET_PDEATHSIG over fork and execve; PR_SET_CHILD_SUBREAPER collects orphans. */
#include "guest.h"
#include <sys/prctl.h>

static int report;

static void on_usr1(int sig)
{
	(void)sig;
	MUST(write(report, "parent died", 11));
	_exit(5);
}

/* The grandchild arms itself, tells the child that it may end, and waits. */
static void orphan(int exec_first)
{
	int sig = -1, ready[2];
	char c;
	pid_t pid;

	MUST(pipe(ready));
	pid = MUST(fork());
	if (pid == 0) {
		signal(SIGUSR1, on_usr1);
		MUST(prctl(PR_SET_PDEATHSIG, SIGUSR1));
		if (exec_first) {
			char r[20], w[20];

			snprintf(r, sizeof(r), "%d", report);
			snprintf(w, sizeof(w), "%d", ready[1]);
			execl("/proc/self/exe", "x", r, w, NULL);
			_exit(1);
		}
		MUST(prctl(PR_GET_PDEATHSIG, &sig));
		say("set to %s\n", signame(sig));
		MUST(write(ready[1], "x", 1));
		for (;;)
			pause();
	}
	MUST(read(ready[0], &c, 1));
	_exit(3);
}

int main(int argc, char **argv)
{
	char buf[40] = "";
	int i, p[2], sig = -1, status;
	pid_t pid;

	if (argc > 2) {
		report = atoi(argv[1]);
		signal(SIGUSR1, on_usr1);
		MUST(prctl(PR_GET_PDEATHSIG, &sig));
		say("after execve %s\n", signame(sig));
		MUST(write(atoi(argv[2]), "x", 1));
		for (;;)
			pause();
	}
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	for (i = 0; i < 2; i++) {
		MUST(pipe(p));
		report = p[1];
		pid = MUST(fork());
		if (pid == 0)
			orphan(i);
		reap(pid, "child");
		memset(buf, 0, sizeof(buf));
		MUST(read(p[0], buf, sizeof(buf) - 1));
		say("grandchild: %s\n", buf);
		pid = MUST(wait(&status));
		say("collected, status %d\n", WEXITSTATUS(status));
	}
	pid = MUST(fork());
	if (pid == 0) {
		prctl(PR_GET_PDEATHSIG, &sig);
		_exit(sig);
	}
	reap(pid, "not inherited");
	SHOW(prctl(PR_SET_PDEATHSIG, 99));
	return 0;
}
