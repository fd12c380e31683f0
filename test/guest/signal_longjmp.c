/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers that jump out: from blocking calls with paths, from their own depths, many times. */
/* variants: static musl */
#include "guest.h"
#include <setjmp.h>
#include <sys/time.h>

static sigjmp_buf env;
static jmp_buf env_nomask;
static volatile int rounds;

static void jump(int sig)
{
	siglongjmp(env, sig);
}

static void jump_keeping_mask(int sig)
{
	longjmp(env_nomask, sig);
}

static void work_then_jump(int sig)
{
	close(open("from-handler", O_WRONLY | O_CREAT, 0644));
	siglongjmp(env, sig);
}

static void set(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	MUST(sigaction(sig, &sa, NULL));
}

static int masked(int sig)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, sig);
}

int main(void)
{
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, soon = { { 0, 500000 }, { 0, 20000 } };
	struct itimerval off = { { 0, 0 }, { 0, 0 } };
	static volatile int opens, errors;
	sigset_t alarm_set;
	char buf[PATH_MAX];

	MUST(mkfifo("fifo", 0644));
	set(SIGALRM, jump, 0);

	/* Out of an open that would block for ever. */
	for (rounds = 0; rounds < 3; rounds++) {
		if (sigsetjmp(env, 1) == 0) {
			setitimer(ITIMER_REAL, &soon, NULL);
			open("fifo", O_RDONLY);
			say("open came back\n");
		}
		setitimer(ITIMER_REAL, &off, NULL);
		say("jumped out of open, masked %d, access %d\n", masked(SIGALRM),
		    access("fifo", R_OK));
	}

	/* longjmp() leaves the signal blocked. */
	set(SIGALRM, jump_keeping_mask, 0);
	if (setjmp(env_nomask) == 0) {
		setitimer(ITIMER_REAL, &soon, NULL);
		open("fifo", O_WRONLY);
	}
	setitimer(ITIMER_REAL, &off, NULL);
	say("longjmp, masked %d, access %d\n", masked(SIGALRM), access("fifo", W_OK));
	sigemptyset(&alarm_set);
	sigaddset(&alarm_set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &alarm_set, NULL);

	/* Out of a handler that itself opened a file. */
	set(SIGUSR1, work_then_jump, 0);
	for (rounds = 0; rounds < 100; rounds++)
		if (sigsetjmp(env, 1) == 0)
			raise(SIGUSR1);
	say("jumped %d times from a handler that works, access %d\n", rounds,
	    access("from-handler", F_OK));

	/* Out of whatever call a timer happens to hit, some hundred times. */
	set(SIGALRM, jump, 0);
	rounds = 0;
	sigsetjmp(env, 1);
	if (rounds++ == 0)
		setitimer(ITIMER_REAL, &often, NULL);
	while (rounds < 300) {
		int fd = open("from-handler", O_RDONLY);

		if (fd < 0)
			errors++;
		else
			opens++;
		if (fd > 500)
			break;
		close(fd);
		if (access("missing", F_OK) == 0 || errno != ENOENT || !getcwd(buf, sizeof(buf)))
			errors++;
	}
	setitimer(ITIMER_REAL, &off, NULL);
	say("some opens: %s, errors %d\n", yes(opens > 0), errors);
	return 0;
}
