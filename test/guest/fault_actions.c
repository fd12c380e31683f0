/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGSEGV and SIGBUS of the program's own: faults, sent ones, masks, defaults, over fork and exec. */
/* variants: static musl */
#include "guest.h"

#include <setjmp.h>

static sigjmp_buf back;
static volatile int count, code, on_stack;
static void *volatile address;
static char alternate[65536];

static int bad_calls(void)
{
	struct stat st;
	int bad = 0;

	bad += !(stat((char *)16, &st) < 0 && errno == EFAULT);
	bad += !(stat(".", (void *)16) < 0 && errno == EFAULT);
	bad += !(open((char *)-1, O_RDONLY) < 0 && errno == EFAULT);
	bad += !(access("/", F_OK) == 0);
	return bad;
}

static void on_fault(int sig, siginfo_t *si, void *uc)
{
	char here;

	(void)sig;
	(void)uc;
	count++;
	code = si->si_code;
	address = si->si_addr;
	on_stack = &here >= alternate && &here < alternate + sizeof(alternate);
	if (si->si_code > 0)
		siglongjmp(back, 1);
}

static void install(int sig, int flags)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | flags }, old;

	sigemptyset(&sa.sa_mask);
	sigaddset(&sa.sa_mask, SIGUSR1);
	MUST(sigaction(sig, &sa, NULL));
	MUST(sigaction(sig, NULL, &old));
	say("%s: handler kept %s, flags 0x%x, USR1 in mask %d\n", signame(sig),
	    yes(old.sa_sigaction == on_fault), old.sa_flags & ~0x04000000,
	    sigismember(&old.sa_mask, SIGUSR1));
}

static void fault(const char *what, volatile char *at)
{
	count = 0;
	if (!sigsetjmp(back, 1))
		*at = 1;
	say("%s: %d, code %d, address right %s, on alternate stack %s, bad calls %d\n", what, count,
	    code, yes(address == at), yes(on_stack), bad_calls());
}

static void blocked(int sig)
{
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, sig);
	count = 0;
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(sig);
	MUST(sigpending(&pending));
	say("%s blocked: %d, pending %d, bad calls %d\n", signame(sig), count,
	    sigismember(&pending, sig), bad_calls());
	MUST(sigprocmask(SIG_UNBLOCK, &set, NULL));
	say("%s unblocked: %d, code %d\n", signame(sig), count, code);
}

static void child(const char *what, void (*fn)(void))
{
	pid_t pid = MUST(fork());

	if (!pid) {
		fn();
		_exit(3);
	}
	reap(pid, what);
}

static void null(void)
{
	*(volatile int *)8 = 1;
}

static void default_fault(void)
{
	signal(SIGSEGV, SIG_DFL);
	null();
}

static void default_sent(void)
{
	signal(SIGBUS, SIG_DFL);
	raise(SIGBUS);
}

static void ignored_sent(void)
{
	signal(SIGSEGV, SIG_IGN);
	raise(SIGSEGV);
	say("ignored: still here, bad calls %d\n", bad_calls());
	null();
}

static void blocked_fault(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	say("all blocked: bad calls %d\n", bad_calls());
	null();
}

static void again(int sig)
{
	(void)sig;
	write(1, "once\n", 5);
	null();
}

static void fault_in_handler(void)
{
	signal(SIGSEGV, again);
	null();
}

static void reset_hand(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL }, old;

	count = 0;
	install(SIGSEGV, SA_RESETHAND);
	fault("RESETHAND", (char *)8);
	MUST(sigaction(SIGSEGV, NULL, &old));
	say("default now: %s\n", yes(old.sa_handler == SIG_DFL));
	(void)sa;
	null();
}

static void ignored_over_exec(void)
{
	signal(SIGSEGV, SIG_IGN);
	execl("/bin/sh", "sh", "-c", "kill -SEGV $$; echo survives; kill -BUS $$; echo not",
	      (char *)NULL);
}

int main(void)
{
	stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	char *file;
	int fd = MUST(open("short", O_RDWR | O_CREAT, 0644));

	say("before: bad calls %d\n", bad_calls());
	MUST(sigaltstack(&ss, NULL));
	install(SIGSEGV, 0);
	fault("null", (char *)8);
	install(SIGSEGV, SA_ONSTACK);
	fault("null, on stack", (char *)16);
	install(SIGBUS, SA_NODEFER);
	file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fault("beyond the end of a file", file);
	say("path in there: %d %s\n", access(file, F_OK), strerror(errno));
	blocked(SIGSEGV);
	blocked(SIGBUS);
	child("fault at default", default_fault);
	child("sent at default", default_sent);
	child("ignored", ignored_sent);
	child("fault while blocked", blocked_fault);
	child("fault in the handler", fault_in_handler);
	child("RESETHAND", reset_hand);
	child("ignored over exec", ignored_over_exec);
	fault("still", (char *)24);
	return 0;
}
