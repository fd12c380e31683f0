/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nested handlers, full sa_mask, real time signals with values, in their order. */
/* variants: static musl */
#include "guest.h"

static volatile int depth, max_depth, order[64], n_order;
static volatile int masks_ok = 1;

static void nested(int sig)
{
	sigset_t now;

	depth++;
	if (depth > max_depth)
		max_depth = depth;
	if (access(".", R_OK) != 0)
		masks_ok = 0;
	if (sig == SIGUSR1)
		raise(SIGUSR2);
	else if (sig == SIGUSR2)
		raise(SIGHUP);
	sigprocmask(SIG_BLOCK, NULL, &now);
	if (!sigismember(&now, sig))
		masks_ok = 0;
	if (access("missing", R_OK) == 0 || errno != ENOENT)
		masks_ok = 0;
	depth--;
}

static void again(int sig)
{
	(void)sig;
	depth++;
	if (depth > max_depth)
		max_depth = depth;
	if (depth < 5)
		raise(SIGWINCH);
	if (access(".", R_OK) != 0)
		masks_ok = 0;
	depth--;
}

static void full(int sig)
{
	sigset_t now;
	int s, missing = 0;

	sigprocmask(SIG_BLOCK, NULL, &now);
	for (s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP && !sigismember(&now, s))
			missing++;
	say("in %s: not blocked %d, paths work: %s\n", signame(sig), missing,
	    yes(access(".", R_OK) == 0 && access("missing", F_OK) != 0));
	raise(SIGTERM);
	say("in %s: still here\n", signame(sig));
}

static void record(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	access(".", R_OK);
	order[n_order++] = (sig - SIGRTMIN) * 1000 + si->si_value.sival_int;
	if (si->si_code != SI_QUEUE)
		order[n_order++] = -1;
}

static void on_term(int sig)
{
	say("%s comes after\n", signame(sig));
}

int main(void)
{
	struct sigaction sa = { .sa_handler = nested };
	union sigval sv;
	sigset_t all, old;
	int i;

	MUST(sigaction(SIGUSR1, &sa, NULL));
	MUST(sigaction(SIGUSR2, &sa, NULL));
	MUST(sigaction(SIGHUP, &sa, NULL));
	raise(SIGUSR1);
	say("nested to %d, masks and calls right: %s\n", max_depth, yes(masks_ok));
	max_depth = 0;
	sa.sa_handler = again;
	sa.sa_flags = SA_NODEFER;
	MUST(sigaction(SIGWINCH, &sa, NULL));
	raise(SIGWINCH);
	say("SA_NODEFER nested to %d, calls right: %s\n", max_depth, yes(masks_ok));

	sa.sa_flags = 0;
	sa.sa_handler = on_term;
	MUST(sigaction(SIGTERM, &sa, NULL));
	sa.sa_handler = full;
	sigfillset(&sa.sa_mask);
	MUST(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);

	sa.sa_sigaction = record;
	sa.sa_flags = SA_SIGINFO;
	for (i = 0; i < 3; i++)
		MUST(sigaction(SIGRTMIN + i, &sa, NULL));
	sigfillset(&all);
	MUST(sigprocmask(SIG_BLOCK, &all, &old));
	for (i = 0; i < 12; i++) {
		sv.sival_int = i;
		MUST(sigqueue(getpid(), SIGRTMIN + (11 - i) % 3, sv));
		MUST(access(".", F_OK));
	}
	MUST(sigprocmask(SIG_SETMASK, &old, NULL));
	say("queued:");
	for (i = 0; i < n_order; i++)
		say(" %04d", order[i]);
	say("\n");
	sv.sival_ptr = main;
	SHOW(sigqueue(getpid(), 0, sv));
	SHOW(sigqueue(getpid(), 99, sv));
	return 0;
}
