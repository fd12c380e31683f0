/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals find quick calls at any point: in the program's own code, and each call is made exactly once. */
/* libs: -lpthread */
/* variants: static musl */
#include <pthread.h>
#include <ucontext.h>

#include "guest.h"

enum { TIMES = 600, PLACES = 1 << 16, BURST = 3 };

/* All others let the first signal wait: whether it finds the beginning of their handlers is not asked. */
static volatile uintptr_t places[PLACES];
static volatile unsigned int handled, queued, others;
static volatile int in_order = 1, done;

static void note(void *context)
{
	places[handled++ % PLACES] = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	note(context);
}

/* Of these the order is that in which they were sent. */
static void on_queued(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (info->si_value.sival_int != (int)queued++)
		in_order = 0;
}

static void on_other(int sig)
{
	(void)sig;
	others++;
}

static void on_third(int sig)
{
	(void)sig;
}

/* One after the other, each some time after the last has been handled. */
static void *send(void *arg)
{
	pthread_t to = *(pthread_t *)arg;
	unsigned int sent = 0, n = 0, random = 1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	while (!done) {
		if (handled != sent) {
			random = random * 1103515245 + 12345;
			for (volatile unsigned int i = random >> 16 & 4095; i; i--)
				;
			sent = handled;
			pthread_kill(to, SIGUSR1);
			continue;
		}
		if (queued == n && handled % 64 == 0)
			for (int i = 0; i < BURST; i++)
				sigqueue(getpid(), SIGRTMIN,
					 (union sigval){ .sival_int = (int)n++ });
	}
	return NULL;
}

static void handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO | SA_RESTART | flags };

	sigaddset(&sa.sa_mask, SIGUSR1);
	MUST(sigaction(sig, &sa, NULL));
}

static int paths(void)
{
	struct stat st;
	int fd, first = dup(0);

	close(first);
	fd = open("dir/file", O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd != first || close(fd) < 0 || stat("dir/file", &st) < 0 || st.st_nlink != 1)
		return 0;
	return link("dir/file", "dir/other") == 0 && unlink("dir/other") == 0 &&
	       unlink("dir/file") == 0 && unlink("dir/file") < 0 && errno == ENOENT;
}

static int directories(void)
{
	return chdir("dir") == 0 && mkdir("sub", 0700) == 0 && access("sub", F_OK) == 0 &&
	       rmdir("sub") == 0 && chdir("..") == 0 && access("dir", F_OK) == 0;
}

/* Blocked, the other signal waits; SIGSEGV is one that a session keeps for itself. */
static int masks(void)
{
	unsigned int before = others;
	int blocked, good;
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGSEGV);
	good = sigprocmask(SIG_BLOCK, &set, &old) == 0 && !sigismember(&old, SIGUSR2) &&
	       !sigismember(&old, SIGSEGV);
	raise(SIGUSR2);
	blocked = others == before;
	good &= sigprocmask(SIG_SETMASK, &old, &set) == 0 && sigismember(&set, SIGUSR2) &&
		sigismember(&set, SIGSEGV);
	return good && blocked && others == before + 1;
}

static int actions(void)
{
	struct sigaction sa = { .sa_handler = on_third }, old;

	if (sigaction(SIGWINCH, &sa, &old) < 0 || old.sa_handler != SIG_DFL)
		return 0;
	sa.sa_handler = SIG_DFL;
	return sigaction(SIGWINCH, &sa, &old) == 0 && old.sa_handler == on_third;
}

/* Numbers that only the caller knows; the first is never virtual. */
static int by_number(void)
{
	static int fds[2];
	char buf[8];

	if (!fds[1])
		MUST(pipe(fds));
	return syscall(SYS_write, fds[1], "12345", 5) == 5 &&
	       syscall(SYS_read, fds[0], buf, sizeof(buf)) == 5 &&
	       syscall(SYS_getuid) == (long)getuid() && syscall(SYS_access, "none", 0) < 0;
}

/* Reset to the default when it has come: a second one would kill. */
static int once(void)
{
	unsigned int before = handled;

	handle(SIGHUP, on_signal, (int)SA_RESETHAND);
	raise(SIGHUP);
	return handled > before;
}

static int children(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(5);
	return waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5 &&
	       waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD;
}

static void storm(const char *what, int (*fn)(void), unsigned int share)
{
	unsigned int until = handled + TIMES / share;
	int good = 1;

	while (good && handled < until)
		good = fn();
	say("%s: good %s\n", what, yes(good));
}

/* Are the places in mappings that may be executed? */
static unsigned int in_code(unsigned int n)
{
	unsigned long from[256], to[256];
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned int k = 0, found = 0;
	char line[512];

	while (maps && k < 256 && fgets(line, sizeof(line), maps)) {
		char perms[8];

		if (sscanf(line, "%lx-%lx %7s", &from[k], &to[k], perms) == 3 && perms[2] == 'x')
			k++;
	}
	if (maps)
		fclose(maps);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < k; j++)
			found += places[i] >= from[j] && places[i] < to[j];
	return found;
}

int main(void)
{
	struct sigaction other = { .sa_handler = on_other, .sa_flags = SA_RESTART };
	pthread_t self = pthread_self(), sender;
	unsigned int n;

	MUST(mkdir("dir", 0755));
	handle(SIGUSR1, on_signal, 0);
	handle(SIGRTMIN, on_queued, 0);
	sigaddset(&other.sa_mask, SIGUSR1);
	MUST(sigaction(SIGUSR2, &other, NULL));
	raise(SIGUSR1);
	MUST(-pthread_create(&sender, NULL, send, &self));
	storm("paths", paths, 1);
	storm("directories", directories, 1);
	storm("masks", masks, 1);
	storm("actions", actions, 1);
	storm("by number", by_number, 1);
	storm("once", once, 4);
	storm("children", children, 8);
	done = 1;
	pthread_join(sender, NULL);
	n = handled < PLACES ? handled : PLACES;
	say("in code: %s\n", yes(in_code(n) == n));
	say("in order: %s\n", yes(in_order && queued > 0));
	return 0;
}
