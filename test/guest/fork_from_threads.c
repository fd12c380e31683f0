/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fork and vfork in threads while other threads make calls: the child has one thread and works. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>

static volatile int stop;
static int errors, forks;

static void *busy(void *arg)
{
	while (!stop) {
		if (access("file", F_OK) || access("missing", F_OK) == 0)
			__atomic_add_fetch(&errors, 1, __ATOMIC_RELAXED);
		close(open("file", O_RDONLY | O_CLOEXEC));
	}
	return arg;
}

/* The child may use only what is safe after a fork of a process with threads. */
static int child_works(void)
{
	char path[PATH_MAX];
	pid_t pid;
	int status, fd = open("file", O_RDONLY);

	if (fd < 0 || access("missing", F_OK) == 0 || !getcwd(path, sizeof(path)))
		return 1;
	if (syscall(SYS_gettid) != getpid())
		return 2;
	pid = fork();
	if (pid == 0)
		_exit(access("file", R_OK) == 0 ? 5 : 6);
	if (waitpid(pid, &status, 0) != pid || status != 5 << 8)
		return 3;
	return 0;
}

static void *forker(void *arg)
{
	int i, status;

	for (i = 0; i < 15; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(child_works());
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			__atomic_add_fetch(&errors, 1, __ATOMIC_RELAXED);
		pid = vfork();
		if (pid == 0)
			_exit(access("file", F_OK) == 0 ? 0 : 1);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			__atomic_add_fetch(&errors, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&forks, 1, __ATOMIC_RELAXED);
	}
	return arg;
}

int main(void)
{
	pthread_t b[4], f[4];
	int i;

	write_text("file", "x", 0644);
	for (i = 0; i < 4; i++)
		if (pthread_create(&b[i], NULL, busy, NULL) ||
		    pthread_create(&f[i], NULL, forker, NULL))
			return 1;
	for (i = 0; i < 4; i++)
		pthread_join(f[i], NULL);
	stop = 1;
	for (i = 0; i < 4; i++)
		pthread_join(b[i], NULL);
	say("forks %d, errors %d\n", forks, errors);
	SHOW(waitpid(-1, NULL, 0));
	return 0;
}
