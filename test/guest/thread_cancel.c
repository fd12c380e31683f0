/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cancelled threads: in a blocking open, in loops of calls, asynchronously; clean-up. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>

static volatile int cleaned, started;

static void cleanup(void *arg)
{
	(void)arg;
	cleaned += access("file", F_OK) == 0;
}

static void *blocked_open(void *arg)
{
	pthread_cleanup_push(cleanup, NULL);
	started = 1;
	open("fifo", O_RDONLY);
	pthread_cleanup_pop(0);
	return arg;
}

static void *loop_of_calls(void *arg)
{
	pthread_cleanup_push(cleanup, NULL);
	started = 1;
	for (;;)
		close(open("file", O_RDONLY));
	pthread_cleanup_pop(0);
	return arg;
}

static void *asynchronous(void *arg)
{
	int i, old;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	started = 1;
	for (i = 0;; i++)
		access(i % 2 ? "file" : "missing", F_OK);
	return arg;
}

static void *disabled(void *arg)
{
	int old, i, good = 0;

	(void)arg;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	started = 1;
	for (i = 0; i < 1000; i++)
		good += access("file", F_OK) == 0;
	return (void *)(intptr_t)good;
}

static void run(const char *what, void *(*fn)(void *), int times)
{
	int i, cancelled = 0;
	long value = 0;

	cleaned = 0;
	for (i = 0; i < times; i++) {
		pthread_t t;
		void *ret;

		started = 0;
		if (pthread_create(&t, NULL, fn, NULL))
			_exit(1);
		while (!started)
			usleep(100);
		pthread_cancel(t);
		pthread_join(t, &ret);
		if (ret == PTHREAD_CANCELED)
			cancelled++;
		else
			value = (long)ret;
	}
	say("%s: cancelled %d, cleaned up %d, value %ld\n", what, cancelled, cleaned, value);
}

int main(void)
{
	int fd;

	close_extra_fds();
	write_text("file", "x", 0644);
	MUST(mkfifo("fifo", 0644));
	run("in a blocking open", blocked_open, 10);
	run("in a loop", loop_of_calls, 20);
	run("asynchronously", asynchronous, 50);
	run("disabled", disabled, 3);
	fd = open("file", O_RDONLY);
	say("calls go on: %s\n", yes(fd >= 0));
	return 0;
}
