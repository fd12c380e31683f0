/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads with the smallest stack the C library allows make calls with paths, and take signals. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>

#ifndef PTHREAD_STACK_MIN
#define PTHREAD_STACK_MIN 2048
#endif

static volatile int handled;
static char name_255[256];

static void handler(int sig)
{
	(void)sig;
	if (access("file", F_OK) == 0)
		handled++;
}

static void *calls(void *arg)
{
	struct stat st;
	long good = 0;
	int fd, i;

	(void)arg;
	for (i = 0; i < 50; i++) {
		fd = open("dir/../file", O_RDONLY);
		good += fd >= 0;
		close(fd);
		good += stat("link", &st) == 0;
		good += access("missing", F_OK) < 0 && errno == ENOENT;
		good += mkdir("dir", 0755) < 0 && errno == EEXIST;
		good += open(name_255, O_RDONLY) < 0 && errno == ENOENT;
	}
	return (void *)good;
}

static void *signalled(void *arg)
{
	(void)arg;
	pthread_kill(pthread_self(), SIGUSR1);
	return (void *)(long)handled;
}

static void run(const char *what, size_t size, void *(*fn)(void *))
{
	pthread_attr_t attr;
	pthread_t t;
	void *ret = NULL;
	int err;

	pthread_attr_init(&attr);
	err = pthread_attr_setstacksize(&attr, size);
	if (!err)
		err = pthread_create(&t, &attr, fn, NULL);
	if (!err)
		err = pthread_join(t, &ret);
	if (err)
		say("%s: %s\n", what, errname(err));
	else
		say("%s: %ld\n", what, (long)ret);
}

int main(void)
{
	/* A stack of the program's own, as small as a runtime of a language may use. */
	size_t min = PTHREAD_STACK_MIN;

	if (min < 16384)
		min = 16384;
	signal(SIGUSR1, handler);
	memset(name_255, 'n', 255);
	MUST(mkdir("dir", 0755));
	write_text("file", "x", 0644);
	MUST(symlink("dir/../file", "link"));
	run("smallest stack", min, calls);
	run("smallest stack, signal", min, signalled);
	run("32 KiB", 32768, calls);
	run("64 KiB, signal", 65536, signalled);
	return 0;
}
