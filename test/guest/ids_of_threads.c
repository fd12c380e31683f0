/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids and their attributes belong to threads; new threads start with those of their maker. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>
#include <sys/prctl.h>

static pthread_barrier_t step;

static void show_keep(const char *who)
{
	say("%s: keepcaps %d\n", who, prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
}

static void *grandchild(void *arg)
{
	(void)arg;
	show_keep("thread of the thread");
	MUST(prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0));
	show_keep("thread of the thread");
	return NULL;
}

static void *other(void *arg)
{
	pthread_t t;
	pid_t pid;

	(void)arg;
	show_keep("thread at start");
	MUST(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	show_keep("thread");
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	pthread_create(&t, NULL, grandchild, NULL);
	pthread_join(t, NULL);
	show_keep("thread");
	pid = fork();
	if (!pid) {
		show_keep("child of the thread");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	say("thread's ids: %s\n", yes(getuid() == geteuid() && getgid() == getegid()));
	return NULL;
}

int main(void)
{
	uid_t uid = getuid();
	pthread_t t;

	pthread_barrier_init(&step, NULL, 2);
	pthread_create(&t, NULL, other, NULL);
	pthread_barrier_wait(&step);
	show_keep("main");
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	/* the C library has all threads do it */
	SHOW(setresuid(uid, uid, uid));
	SHOW(setuid(uid));
	SHOW(setgid(getgid()));
	show_keep("main");
	pthread_barrier_wait(&step);
	pthread_join(t, NULL);
	show_keep("main");
	MUST(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	pthread_create(&t, NULL, grandchild, NULL);
	pthread_join(t, NULL);
	show_keep("main");
	return 0;
}
