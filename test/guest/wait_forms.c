/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wait4, waitid and their options; exit codes, signals, stops, SIGCHLD and its siginfo. */
/* variants: musl */
#include "guest.h"
#include <sys/resource.h>

static volatile int chld_count, chld_code, chld_status;
static volatile pid_t chld_pid;

static void on_chld(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	chld_count++;
	chld_code = si->si_code;
	chld_status = si->si_status;
	chld_pid = si->si_pid;
}

static int hold[2];

static pid_t child(int how)
{
	pid_t pid = MUST(fork());

	if (pid)
		return pid;
	signal(SIGCHLD, SIG_DFL);
	access(".", F_OK);
	if (how >= 1000)
		kill(getpid(), how - 1000);
	/* Continued: not gone before it was seen. */
	if (how == 1000 + SIGSTOP) {
		char c;

		MUST(read(hold[0], &c, 1));
	}
	_exit(how);
}

int main(void)
{
	static const int codes[] = { 0, 1, 7, 126, 127, 128, 255, 256 + 3 };
	static const int sigs[] = { SIGTERM, SIGKILL, SIGUSR1, SIGALRM, SIGSYS, SIGPIPE };
	struct sigaction sa = { .sa_sigaction = on_chld, .sa_flags = SA_SIGINFO };
	struct rlimit none = { 0, 0 };
	struct rusage ru;
	siginfo_t si;
	size_t i;
	pid_t pid;
	int status;

	MUST(setrlimit(RLIMIT_CORE, &none));
	MUST(pipe(hold));
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		reap(child(codes[i]), "exit");
	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		reap(child(1000 + sigs[i]), "signal");

	pid = child(9);
	memset(&si, 0, sizeof(si));
	SHOW(waitid(P_PID, pid, &si, WEXITED | WNOWAIT));
	say("code %d, status %d, pid right %s\n", si.si_code, si.si_status, yes(si.si_pid == pid));
	memset(&si, 0, sizeof(si));
	SHOW(waitid(P_ALL, 0, &si, WEXITED | WNOWAIT));
	say("pid right %s\n", yes(si.si_pid == pid));
	SHOW(wait4(pid, &status, 0, &ru) == pid);
	say("status %#x\n", status);
	SHOW(waitid(P_PID, pid, &si, WEXITED));
	SHOW(waitid(P_ALL, 0, &si, 0));
	SHOW(waitpid(-1, &status, WNOHANG));

	pid = child(1000 + SIGSTOP);
	SHOW(waitpid(pid, &status, WUNTRACED) == pid);
	say("stopped %s, by %s\n", yes(WIFSTOPPED(status)), signame(WSTOPSIG(status)));
	SHOW(waitpid(pid, &status, WNOHANG));
	kill(pid, SIGCONT);
	SHOW(waitid(P_PID, pid, &si, WCONTINUED));
	say("code %d, status %d\n", si.si_code, si.si_status);
	MUST(write(hold[1], "x", 1));
	reap(pid, "continued");

	MUST(sigaction(SIGCHLD, &sa, NULL));
	pid = child(3);
	while (!chld_count)
		usleep(1000);
	say("SIGCHLD: %d, code %d, status %d, pid right %s\n", chld_count, chld_code, chld_status,
	    yes(chld_pid == pid));
	reap(pid, "after SIGCHLD");
	chld_count = 0;
	pid = child(1000 + SIGKILL);
	while (!chld_count)
		usleep(1000);
	say("SIGCHLD: code %d, status %d\n", chld_code, chld_status);
	reap(pid, "after SIGCHLD");

	/* With SIGCHLD ignored children vanish by themselves. */
	signal(SIGCHLD, SIG_IGN);
	pid = child(3);
	SHOW(waitpid(pid, &status, 0));
	signal(SIGCHLD, SIG_DFL);
	SHOW(wait(&status));
	return 0;
}
