/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that block every signal by raw calls, then work and end; the last call is exit. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>

static int bad;

static void *thread(void *arg)
{
	unsigned long all = -1UL, now = 0;
	int i;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	for (i = 0; i < 50; i++)
		if (access(".", F_OK) || access("missing", F_OK) == 0)
			__atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &now, 8);
	if (now != (all & ~(1UL << (SIGKILL - 1)) & ~(1UL << (SIGSTOP - 1))))
		__atomic_add_fetch(&bad, 1, __ATOMIC_RELAXED);
	return arg;
}

static void *detached(void *arg)
{
	unsigned long all = -1UL;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	access(".", F_OK);
	__atomic_add_fetch((int *)arg, 1, __ATOMIC_RELEASE);
	return NULL;
}

int main(void)
{
	pthread_t t[20];
	static int ended;
	int i, round;

	for (round = 0; round < 10; round++) {
		for (i = 0; i < 20; i++)
			if (pthread_create(&t[i], NULL, thread, NULL))
				return 1;
		for (i = 0; i < 20; i++)
			pthread_join(t[i], NULL);
	}
	say("bad %d\n", bad);
	for (i = 0; i < 100; i++) {
		if (pthread_create(&t[0], NULL, detached, &ended))
			return 1;
		pthread_detach(t[0]);
	}
	while (__atomic_load_n(&ended, __ATOMIC_ACQUIRE) != 100)
		usleep(100);
	say("ended %d\n", ended);
	return 0;
}
