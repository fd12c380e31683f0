/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program's own use of SIGSYS: its handler gets signals that are sent, and nothing else. */
/* variants: static musl */
#include "guest.h"

static volatile int count, code, value, from_self;

static void on_sigsys(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	if (sig != SIGSYS)
		_exit(90);
	count++;
	code = si->si_code;
	value = si->si_value.sival_int;
	from_self = si->si_pid == getpid();
}

static void plain(int sig)
{
	(void)sig;
	count += 10;
}

static void work(void)
{
	char buf[PATH_MAX];
	int i;

	for (i = 0; i < 20; i++) {
		close(open("file", O_RDWR | O_CREAT, 0644));
		MUST(getcwd(buf, sizeof(buf)) ? 0 : -1);
		MUST(access("file", R_OK));
	}
}

static void report(const char *what)
{
	say("%s: %d time(s), code %d, value %d, from here: %s\n", what, count, code, value,
	    yes(from_self));
	count = 0;
}

static void child(const char *what, void (*fn)(void))
{
	pid_t pid = MUST(fork());

	if (pid == 0) {
		work();
		fn();
		work();
		_exit(3);
	}
	reap(pid, what);
}

static void kill_self(void)
{
	kill(getpid(), SIGSYS);
}

static void ignore_and_kill(void)
{
	signal(SIGSYS, SIG_IGN);
	kill(getpid(), SIGSYS);
	raise(SIGSYS);
}

static void default_and_kill(void)
{
	signal(SIGSYS, SIG_IGN);
	signal(SIGSYS, SIG_DFL);
	kill(getpid(), SIGSYS);
}

static void reset_hand(void)
{
	struct sigaction sa = { .sa_handler = plain, .sa_flags = SA_RESETHAND };

	sigaction(SIGSYS, &sa, NULL);
	kill(getpid(), SIGSYS);
	work();
	sigaction(SIGSYS, NULL, &sa);
	say("  after SA_RESETHAND: default %s, count %d\n", yes(sa.sa_handler == SIG_DFL), count);
	kill(getpid(), SIGSYS);
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO }, old;
	union sigval sv = { .sival_int = 4711 };

	work();
	MUST(sigaction(SIGSYS, NULL, &old));
	say("at first default: %s, flags %#x\n", yes(old.sa_handler == SIG_DFL), old.sa_flags);
	sigaddset(&sa.sa_mask, SIGUSR1);
	sigaddset(&sa.sa_mask, SIGSYS);
	MUST(sigaction(SIGSYS, &sa, &old));
	say("old is default: %s\n", yes(old.sa_handler == SIG_DFL));
	MUST(sigaction(SIGSYS, NULL, &old));
	say("read back: handler %s, SA_SIGINFO %s, SA_ONSTACK %s, SA_NODEFER %s, mask %d%d%d\n",
	    yes(old.sa_sigaction == on_sigsys), yes(old.sa_flags & SA_SIGINFO),
	    yes(old.sa_flags & SA_ONSTACK), yes(old.sa_flags & SA_NODEFER),
	    sigismember(&old.sa_mask, SIGUSR1), sigismember(&old.sa_mask, SIGSYS),
	    sigismember(&old.sa_mask, SIGUSR2));
	work();
	say("ordinary calls do not reach it: %d\n", count);
	kill(getpid(), SIGSYS);
	report("kill");
	raise(SIGSYS);
	report("raise");
	MUST(sigqueue(getpid(), SIGSYS, sv));
	report("sigqueue");
	work();
	say("ordinary calls do not reach it: %d\n", count);

	child("handled in a child", kill_self);
	child("ignored in a child", ignore_and_kill);
	child("default in a child", default_and_kill);
	child("reset in a child", reset_hand);

	sa.sa_handler = plain;
	sa.sa_flags = SA_NODEFER | SA_RESTART;
	sigemptyset(&sa.sa_mask);
	MUST(sigaction(SIGSYS, &sa, &old));
	say("the old one comes back: %s\n", yes(old.sa_sigaction == on_sigsys));
	kill(getpid(), SIGSYS);
	say("plain handler: %d\n", count);
	MUST(sigaction(SIGSYS, NULL, &old));
	say("read back: SA_SIGINFO %s, SA_NODEFER %s, SA_RESTART %s\n",
	    yes(old.sa_flags & SA_SIGINFO), yes(old.sa_flags & SA_NODEFER),
	    yes(old.sa_flags & SA_RESTART));
	return 0;
}
