/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP: siginfo, repair and going on, calls in the handlers. */
/* variants: static musl */
#include "guest.h"
#include <setjmp.h>
#include <sys/resource.h>

static sigjmp_buf env;
static volatile int sig_seen, code_seen, works;
static void *volatile addr_seen;
static char *page;

static void handler(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	sig_seen = sig;
	code_seen = si->si_code;
	addr_seen = si->si_addr;
	works = access(".", R_OK) == 0 && access("missing", F_OK) < 0 && errno == ENOENT;
	siglongjmp(env, 1);
}

static void repair(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	addr_seen = si->si_addr;
	works = mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0 && access(".", R_OK) == 0;
}

static void report(const char *what, void *expected)
{
	say("%s: %s, code %d, address %s, calls work: %s\n", what, signame(sig_seen), code_seen,
	    addr_seen == expected ? "right" : "other", yes(works));
	sig_seen = 0;
}

static volatile int zero;
static volatile int sink;

int main(void)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	struct rlimit none = { 0, 0 };
	char *map;
	size_t i;
	int fd;
	pid_t pid;

	MUST(setrlimit(RLIMIT_CORE, &none));
	close_extra_fds();
	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		MUST(sigaction(sigs[i], &sa, NULL));
	page = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!sigsetjmp(env, 1))
		sink = *(volatile int *)(uintptr_t)(zero + 16);
	report("read at 16", (void *)16);
	if (!sigsetjmp(env, 1))
		*(volatile int *)(uintptr_t)(unsigned int)zero = 1;
	report("write at NULL", NULL);
	if (!sigsetjmp(env, 1))
		sink = *(volatile char *)page;
	report("read of PROT_NONE", page);
	if (!sigsetjmp(env, 1))
		*(volatile char *)(uintptr_t) "constant" = 'x';
	addr_seen = NULL;
	report("write to a constant", NULL);
	if (!sigsetjmp(env, 1))
		((void (*)(void))(uintptr_t)(page + 4096))();
	report("call into PROT_NONE", page + 4096);
	fd = MUST(open("file", O_RDWR | O_CREAT, 0644));
	MUST(ftruncate(fd, 100));
	map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	if (!sigsetjmp(env, 1))
		sink = map[4096];
	report("behind the end of a mapped file", map + 4096);
	if (!sigsetjmp(env, 1))
		raise(SIGSEGV);
	addr_seen = NULL;
	report("raise(SIGSEGV)", NULL);
#if defined(__x86_64__)
	if (!sigsetjmp(env, 1))
		__asm__ volatile("ud2");
	addr_seen = NULL;
	report("ud2", NULL);
	if (!sigsetjmp(env, 1))
		__asm__ volatile("int3");
	addr_seen = NULL;
	report("int3", NULL);
	if (!sigsetjmp(env, 1))
		__asm__ volatile("hlt");
	addr_seen = NULL;
	report("hlt", NULL);
	if (!sigsetjmp(env, 1))
		__asm__ volatile("idivl %0" : : "r"(zero) : "eax", "edx");
	addr_seen = NULL;
	report("division by zero", NULL);
	if (!sigsetjmp(env, 1))
		sink = *(volatile int *)0x8000000000000000UL;
	report("not canonical", NULL);
#endif

	sa.sa_sigaction = repair;
	MUST(sigaction(SIGSEGV, &sa, NULL));
	page[10] = 'y';
	say("repaired: %c, address %s, calls work: %s\n", page[10],
	    addr_seen == page + 10 ? "right" : "other", yes(works));

	for (i = 0; i < ARRAY_SIZE(sigs); i++)
		signal(sigs[i], SIG_DFL);
	pid = MUST(fork());
	if (pid == 0) {
		*(volatile int *)(uintptr_t)(unsigned int)zero = 1;
		_exit(1);
	}
	reap(pid, "not handled");
	signal(SIGSEGV, SIG_IGN);
	pid = MUST(fork());
	if (pid == 0) {
		*(volatile int *)(uintptr_t)(unsigned int)zero = 1;
		_exit(1);
	}
	reap(pid, "ignored");
	return 0;
}
