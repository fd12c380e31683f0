/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGSYS in signal masks: blocked as asked, pending, waited for; calls with paths go on working. */
/* variants: static musl */
#include "guest.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <time.h>

static volatile int count, blocked_inside;

static void on_sigsys(int sig)
{
	sigset_t now;

	count++;
	sigprocmask(SIG_BLOCK, NULL, &now);
	blocked_inside = sigismember(&now, sig) * 10 + sigismember(&now, SIGUSR1);
}

static int work(void)
{
	char buf[PATH_MAX];
	int i, bad = 0;

	for (i = 0; i < 10; i++) {
		bad += access(".", R_OK) != 0;
		bad += getcwd(buf, sizeof(buf)) == NULL;
		bad += mkdir("sub", 0755) != 0;
		bad += rmdir("sub") != 0;
	}
	return bad;
}

static void state(const char *what)
{
	sigset_t mask, pending;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	say("%s: blocked %d, pending %d, handled %d, bad calls %d\n", what,
	    sigismember(&mask, SIGSYS), sigismember(&pending, SIGSYS), count, work());
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_sigsys };
	struct timespec zero = { 0, 0 };
	struct signalfd_siginfo ssi = { 0 };
	struct epoll_event ev;
	struct pollfd pfd;
	sigset_t sys, all, none, old;
	siginfo_t si;
	int ep, sfd;

	close_extra_fds();
	sigemptyset(&none);
	sigfillset(&all);
	sigemptyset(&sys);
	sigaddset(&sys, SIGSYS);
	sigaddset(&sa.sa_mask, SIGUSR1);
	MUST(sigaction(SIGSYS, &sa, NULL));
	state("at first");

	MUST(sigprocmask(SIG_BLOCK, &sys, &old));
	say("old mask had it: %d\n", sigismember(&old, SIGSYS));
	state("blocked");
	kill(getpid(), SIGSYS);
	state("blocked and sent");
	MUST(sigprocmask(SIG_UNBLOCK, &sys, &old));
	say("old mask had it: %d\n", sigismember(&old, SIGSYS));
	say("blocked inside the handler (SIGSYS, SIGUSR1): %02d\n", blocked_inside);
	state("unblocked");
	MUST(sigprocmask(SIG_SETMASK, &all, NULL));
	state("all blocked");
	kill(getpid(), SIGSYS);
	kill(getpid(), SIGSYS);
	state("all blocked and sent twice");

	SHOW(sigtimedwait(&sys, &si, &zero));
	say("code %d, from here %s\n", si.si_code, yes(si.si_pid == getpid()));
	SHOW(sigtimedwait(&sys, &si, &zero));
	kill(getpid(), SIGSYS);
	state("sent again");

	/* Each of these opens the mask for the time of the call. */
	SHOW(sigsuspend(&none));
	state("after sigsuspend");
	kill(getpid(), SIGSYS);
	SHOW(ppoll(NULL, 0, NULL, &none));
	state("after ppoll");
	kill(getpid(), SIGSYS);
	SHOW(pselect(0, NULL, NULL, NULL, NULL, &none));
	state("after pselect");
	ep = MUST(epoll_create1(EPOLL_CLOEXEC));
	kill(getpid(), SIGSYS);
	SHOW(epoll_pwait(ep, &ev, 1, -1, &none));
	state("after epoll_pwait");

	/* And these close it. */
	MUST(sigprocmask(SIG_SETMASK, &none, NULL));
	kill(getpid(), SIGSYS);
	state("open mask");
	SHOW(ppoll(NULL, 0, &zero, &all));
	SHOW(pselect(0, NULL, NULL, NULL, &zero, &all));
	SHOW(epoll_pwait(ep, &ev, 1, 0, &all));
	state("after calls with all blocked");

	MUST(sigprocmask(SIG_SETMASK, &sys, NULL));
	sfd = MUST(signalfd(-1, &sys, SFD_NONBLOCK | SFD_CLOEXEC));
	SHOW(read(sfd, &ssi, sizeof(ssi)));
	kill(getpid(), SIGSYS);
	pfd.fd = sfd;
	pfd.events = POLLIN;
	SHOW(poll(&pfd, 1, 0));
	SHOW(read(sfd, &ssi, sizeof(ssi)) == sizeof(ssi));
	say("signo %s, from here %s\n", signame(ssi.ssi_signo), yes((int)ssi.ssi_pid == getpid()));
	state("after signalfd");
	return 0;
}
