/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a signal finds the program that waits in a call: in its own code, or its library's. */
/* libs: -lpthread */
/* variants: static musl */
#include <pthread.h>
#include <setjmp.h>
#include <ucontext.h>

#include "guest.h"

static volatile uintptr_t place, caught;
static sigjmp_buf out;
static volatile int jumps;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	place = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	caught++;
	if (jumps)
		siglongjmp(out, 1);
}

/* Is the place in a mapping that may be executed? */
static int is_code(uintptr_t at)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512], perms[8];
	int found = 0;

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3 && at >= from && at < to)
			found = perms[2] == 'x';
	if (maps)
		fclose(maps);
	return found;
}

static volatile int done;

/* Sends signals until it has been caught in the call. */
static void *send(void *arg)
{
	while (!done) {
		usleep(20000);
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	}
	return NULL;
}

static void *open_other_end(void *arg)
{
	while (caught < 3)
		usleep(1000);
	close(open("fifo", O_WRONLY));
	return arg;
}

static void check(const char *what, int flags, int jump)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
	pthread_t self = pthread_self(), sender, opener;
	int fd = -2;

	MUST(sigaction(SIGUSR1, &sa, NULL));
	done = 0;
	caught = place = 0;
	jumps = jump;
	MUST(-pthread_create(&opener, NULL, open_other_end, NULL));
	MUST(-pthread_create(&sender, NULL, send, &self));
	if (sigsetjmp(out, 1) || jump) {
		if (caught < 40)
			fd = open("fifo", O_RDONLY);
	} else {
		do
			fd = open("fifo", O_RDONLY);
		while (fd < 0 && errno == EINTR);
	}
	done = 1;
	jumps = 0;
	pthread_join(sender, NULL);
	if (fd < 0) /* the other end waits, still */
		fd = open("fifo", O_RDONLY | O_NONBLOCK);
	pthread_join(opener, NULL);
	close(fd);
	say("%s: code %s\n", what, yes(is_code(place)));
}

int main(void)
{
	struct sigaction sa, old;

	close_extra_fds();
	MUST(mkfifo("fifo", 0644));
	check("restarted", SA_RESTART, 0);
	check("interrupted", 0, 0);
	check("jumps out", 0, 1);
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = handler;
	sa.sa_flags = SA_SIGINFO;
	MUST(sigaction(SIGUSR2, &sa, &old));
	say("old default: %s\n", yes(old.sa_handler == SIG_DFL));
	sa.sa_handler = SIG_IGN;
	MUST(sigaction(SIGUSR2, &sa, &old));
	say("old handler: %s\n", yes(old.sa_sigaction == handler));
	MUST(sigaction(SIGUSR2, NULL, &old));
	say("ignored: %s\n", yes(old.sa_handler == SIG_IGN));
	return 0;
}
