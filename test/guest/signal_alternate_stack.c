/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers on an alternate stack make calls with paths; sigaltstack tells what was set. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>

static char altstack[65536];
static volatile int on_alt, opened, flags_inside;

static void handler(int sig)
{
	char here;
	stack_t ss;

	(void)sig;
	on_alt = &here >= altstack && &here < altstack + sizeof(altstack);
	sigaltstack(NULL, &ss);
	flags_inside = ss.ss_flags;
	opened = open("file", O_RDONLY) >= 0 && access("missing", F_OK) < 0 && errno == ENOENT;
}

static void overflow_handler(int sig)
{
	char buf[PATH_MAX];

	(void)sig;
	say("  handler after the overflow: getcwd %s, mkdir %d\n",
	    yes(getcwd(buf, sizeof(buf)) != NULL), mkdir("by-overflow", 0755));
	_exit(5);
}

static int eat(int n)
{
	volatile char pad[4096];

	pad[0] = (char)n;
	return n < INT_MAX ? eat(n + 1) + pad[0] : 0;
}

static void set(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	MUST(sigaction(sig, &sa, NULL));
}

static void report(const char *what)
{
	say("%s: on the alternate stack %s, SS_ONSTACK %s, opened %s\n", what, yes(on_alt),
	    yes(flags_inside & SS_ONSTACK), yes(opened));
}

static void *thread(void *arg)
{
	stack_t ss;

	(void)arg;
	MUST(sigaltstack(NULL, &ss));
	say("a thread has none: %s\n", yes(ss.ss_flags == SS_DISABLE));
	raise(SIGUSR1);
	report("SA_ONSTACK in a thread without");
	ss.ss_sp = altstack;
	ss.ss_size = sizeof(altstack);
	ss.ss_flags = 0;
	MUST(sigaltstack(&ss, NULL));
	raise(SIGUSR1);
	report("SA_ONSTACK in a thread with");
	ss.ss_flags = SS_DISABLE;
	MUST(sigaltstack(&ss, NULL));
	return NULL;
}

int main(void)
{
	stack_t ss = { .ss_sp = altstack, .ss_size = sizeof(altstack) }, old;
	struct sigaction none = { .sa_handler = SIG_DFL };
	pthread_t t;
	pid_t pid;

	write_text("file", "x", 0644);
	MUST(sigaltstack(NULL, &old));
	say("at first disabled: %s, size %zu\n", yes(old.ss_flags == SS_DISABLE), old.ss_size);
	set(SIGUSR1, handler, SA_ONSTACK);
	set(SIGUSR2, handler, 0);
	raise(SIGUSR1);
	report("SA_ONSTACK without a stack");
	SHOW(sigaltstack(&ss, &old));
	say("old disabled: %s\n", yes(old.ss_flags == SS_DISABLE));
	access("file", F_OK);
	MUST(sigaltstack(NULL, &old));
	say("read back: pointer %s, size %zu, flags %#x\n", yes(old.ss_sp == altstack), old.ss_size,
	    old.ss_flags);
	raise(SIGUSR1);
	report("SA_ONSTACK");
	raise(SIGUSR2);
	report("without SA_ONSTACK");

	pid = MUST(fork());
	if (pid == 0) {
		raise(SIGUSR1);
		report("in a forked child");
		set(SIGSEGV, overflow_handler, SA_ONSTACK);
		_exit(eat(0));
	}
	reap(pid, "stack overflow");
	SHOW(rmdir("by-overflow"));

	ss.ss_size = 100;
	SHOW(sigaltstack(&ss, NULL));
	ss.ss_size = sizeof(altstack);
	ss.ss_flags = 0x1234;
	SHOW(sigaltstack(&ss, NULL));
	ss.ss_flags = SS_DISABLE;
	SHOW(sigaltstack(&ss, NULL));
	if (pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL))
		return 1;
	MUST(sigaction(SIGUSR1, &none, NULL));
	return 0;
}
