/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many threads on small stacks make calls and children while signals come, some of whose handlers jump away. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <spawn.h>

#ifndef PTHREAD_STACK_MIN
#define PTHREAD_STACK_MIN 2048
#endif

enum { CALLERS = 64, JUMPERS = 6, PARENTS = 4, ROUNDS = 60, JUMPS = 30, CHILDREN = 6 };

static const char *self;
static volatile int running; /* threads that take signals still */
static volatile int handled[2];
/* While a thread is in execve, which may fail, clone(CLONE_FS) says EAGAIN: all wait for all. */
static pthread_barrier_t all_here;
static __thread sigjmp_buf away;
static __thread volatile sig_atomic_t may_jump;
static char alternate[CALLERS][32768] __attribute__((aligned(16)));

static void count(int sig)
{
	struct stat st;
	int saved = errno;

	if (stat("file", &st) == 0 && access("missing", F_OK) < 0)
		__atomic_add_fetch(&handled[sig == SIGUSR2], 1, __ATOMIC_RELAXED);
	errno = saved;
}

/* siglongjmp() lets the signal in again while it is on the way: one that comes then is not to use more of the stack. */
static void jump(int sig)
{
	(void)sig;
	if (may_jump) {
		may_jump = 0;
		siglongjmp(away, 1);
	}
}

/* Half of them have an alternate stack. */
static void *caller(void *arg)
{
	static char *const argv[] = { "x", NULL };
	long n = (long)arg, good = 0;
	struct stat st;
	int fd, i;

	if (n % 2) {
		stack_t ss = { .ss_sp = alternate[n], .ss_size = sizeof(alternate[n]) };

		MUST(sigaltstack(&ss, NULL));
	}
	pthread_barrier_wait(&all_here);
	for (i = 0; i < ROUNDS; i++) {
		fd = open(i % 2 ? "file" : "dir/../file", O_RDONLY);
		good += fd >= 0;
		close(fd);
		good += stat("link", &st) == 0 && S_ISREG(st.st_mode);
		good += open("missing/x", O_RDONLY) < 0 && errno == ENOENT;
		if (i % 8)
			continue;
		good += execve("missing", argv, argv) < 0 && errno == ENOENT;
		good += execve("file", argv, argv) < 0 && errno == EACCES;
		good += execve("text", argv, argv) < 0 && errno == ENOEXEC;
	}
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
	return (void *)good;
}

/* Nobody ever opens the fifo's other end: only the handler ends the call. */
static void *jumper(void *arg)
{
	volatile long jumps = 0, errors = 0;

	(void)arg;
	pthread_barrier_wait(&all_here);
	while (jumps < JUMPS) {
		if (sigsetjmp(away, 1)) {
			may_jump = 0;
			jumps++;
			continue;
		}
		may_jump = 1;
		open("fifo", O_RDONLY);
		errors++;
		may_jump = 0;
	}
	errors += access("file", F_OK) < 0;
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
	return (void *)(jumps + 1000 * errors);
}

static long status_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

/* Children by vfork and by posix_spawn. */
static void *parent(void *arg)
{
	char *const argv[] = { (char *)self, "seven", NULL };
	static char *const envp[] = { NULL };
	volatile long good = 0; /* vfork */
	pid_t pid;
	int i;

	(void)arg;
	pthread_barrier_wait(&all_here);
	for (i = 0; i < CHILDREN; i++) {
		pid = vfork();
		if (!pid) {
			execve("missing", argv, envp);
			execve(self, argv, envp);
			_exit(1);
		}
		good += status_of(pid) == 7;
		good += posix_spawn(&pid, self, NULL, NULL, argv, envp) == 0 && status_of(pid) == 7;
		good += posix_spawn(&pid, "missing", NULL, NULL, argv, envp) == ENOENT;
	}
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELEASE);
	return (void *)good;
}

static void handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	sigfillset(&sa.sa_mask);
	MUST(sigaction(sig, &sa, NULL));
}

static pthread_t start(void *(*fn)(void *), long arg, size_t stack)
{
	pthread_attr_t attr;
	pthread_t t;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, stack);
	err = pthread_create(&t, &attr, fn, (void *)arg);
	if (err)
		say("pthread_create: %s\n", errname(err));
	return t;
}

/* The sum of what n threads return. */
static long sum(pthread_t *t, int n)
{
	long total = 0;
	void *ret;

	while (n--) {
		pthread_join(*t++, &ret);
		total += (long)ret;
	}
	return total;
}

int main(int argc, char **argv)
{
	pthread_t callers[CALLERS], jumpers[JUMPERS], parents[PARENTS];
	size_t min = PTHREAD_STACK_MIN < 16384 ? 16384 : PTHREAD_STACK_MIN;
	int i;

	if (argc > 1)
		return 7;
	self = argv[0];
	MUST(mkdir("dir", 0755));
	write_text("file", "x", 0644);
	write_text("text", "no program", 0755);
	MUST(symlink("dir/../file", "link"));
	MUST(mkfifo("fifo", 0600));
	handle(SIGUSR1, count, SA_RESTART);
	handle(SIGUSR2, count, SA_RESTART | SA_ONSTACK);
	handle(SIGURG, jump, SA_RESTART);
	pthread_barrier_init(&all_here, NULL, CALLERS + JUMPERS + PARENTS + 1);
	running = CALLERS + JUMPERS + PARENTS;
	for (i = 0; i < CALLERS; i++)
		callers[i] = start(caller, i, min);
	/* Two signals' frames, of 3.4 KiB each with AVX-512, and where calls are trapped one for each of two calls. */
	for (i = 0; i < JUMPERS; i++)
		jumpers[i] = start(jumper, 0, 2 * min);
	for (i = 0; i < PARENTS; i++)
		parents[i] = start(parent, 0, 65536);
	pthread_barrier_wait(&all_here);
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) {
		for (i = 0; i < CALLERS; i++)
			pthread_kill(callers[i], i % 4 < 2 ? SIGUSR1 : SIGUSR2);
		for (i = 0; i < JUMPERS; i++)
			pthread_kill(jumpers[i], SIGURG);
		for (i = 0; i < PARENTS; i++)
			pthread_kill(parents[i], SIGUSR1);
		usleep(2000);
	}
	say("calls: %ld\n", sum(callers, CALLERS));
	say("jumps: %ld\n", sum(jumpers, JUMPERS));
	say("children: %ld\n", sum(parents, PARENTS));
	say("handled: %s %s\n", yes(handled[0] > 0), yes(handled[1] > 0));
	return 0;
}
