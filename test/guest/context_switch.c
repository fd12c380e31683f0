/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Coroutines with makecontext and swapcontext: calls on their stacks, switches out of handlers. */
#include "guest.h"
#include <sys/time.h>
#include <ucontext.h>

#define N 8

static ucontext_t main_context, contexts[N];
static char stacks[N][16384] __attribute__((aligned(16)));
static int turns[N], bad, current, done;
static volatile int switches;
static sigset_t alarm_only;

static void coroutine(int id)
{
	char name[30], buf[PATH_MAX];
	int i;

	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "file-%d-%d", id, i);
		bad += open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0;
		bad += !getcwd(buf, sizeof(buf));
		turns[id]++;
		swapcontext(&contexts[id], &main_context);
		bad += unlink(name) < 0;
	}
	done++;
}

static void endless(int id)
{
	sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
	for (;;) {
		bad += access(".", F_OK) != 0;
		turns[id]++;
	}
}

/*
 * A scheduler in a signal handler: saves what was interrupted, goes on with another. All contexts that it changes to have
 * the signal blocked: swapcontext sets the mask before it leaves the stack, and a signal that waits would save as the
 * other context what is still this one.
 */
static void preempt(int sig)
{
	int from = current;

	(void)sig;
	switches++;
	current = (current + 1) % 2;
	if (switches > 200)
		setcontext(&main_context);
	swapcontext(&contexts[from], &contexts[current]);
}

int main(void)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = preempt };
	static volatile int returned;
	int i, round;

	for (i = 0; i < N; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = stacks[i];
		contexts[i].uc_stack.ss_size = sizeof(stacks[i]);
		contexts[i].uc_link = &main_context;
		makecontext(&contexts[i], (void (*)(void))coroutine, 1, i);
	}
	for (round = 0; round < 11; round++)
		for (i = 0; i < N; i++)
			swapcontext(&main_context, &contexts[i]);
	for (i = 0; i < N; i++)
		say("coroutine %d: %d turns\n", i, turns[i]);
	say("finished %d, bad %d\n", done, bad);

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	MUST(sigprocmask(SIG_BLOCK, &alarm_only, NULL));
	for (i = 0; i < 2; i++) {
		getcontext(&contexts[i]);
		contexts[i].uc_stack.ss_sp = stacks[i];
		contexts[i].uc_stack.ss_size = sizeof(stacks[i]);
		contexts[i].uc_link = NULL;
		turns[i] = 0;
		makecontext(&contexts[i], (void (*)(void))endless, 1, i);
	}
	MUST(sigaction(SIGALRM, &sa, NULL));
	getcontext(&main_context);
	if (!returned) {
		returned = 1;
		MUST(setitimer(ITIMER_REAL, &often, NULL));
		setcontext(&contexts[0]);
	}
	MUST(setitimer(ITIMER_REAL, &off, NULL));
	say("preempted: both ran %s, bad %d, access %d\n", yes(turns[0] > 0 && turns[1] > 0), bad,
	    access(".", F_OK));
	return 0;
}
