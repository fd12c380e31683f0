/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signal lines of /proc/self/status say what the program asked for, no more and no less. */
#include "guest.h"

static void handler(int sig)
{
	(void)sig;
}

static void show_lines(const char *what)
{
	static const char *const keys[] = { "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:" };
	char buf[8192], *line;
	size_t i;

	say("%s\n", what);
	read_whole("/proc/self/status", buf, sizeof(buf));
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		line = strstr(buf, keys[i]);
		if (line)
			say("  %.*s\n", (int)strcspn(line, "\n"), line);
	}
}

int main(void)
{
	struct sigaction sa = { .sa_handler = handler };
	sigset_t all;

	show_lines("at the start");
	MUST(sigaction(SIGUSR1, &sa, NULL));
	signal(SIGPIPE, SIG_IGN);
	show_lines("SIGUSR1 handled, SIGPIPE ignored");
	MUST(sigaction(SIGSYS, &sa, NULL));
	show_lines("SIGSYS handled too");
	signal(SIGSYS, SIG_IGN);
	show_lines("SIGSYS ignored");
	signal(SIGSYS, SIG_DFL);
	sigfillset(&all);
	MUST(sigprocmask(SIG_SETMASK, &all, NULL));
	kill(getpid(), SIGSYS);
	kill(getpid(), SIGUSR1);
	show_lines("all blocked, two pending");
	return 0;
}
