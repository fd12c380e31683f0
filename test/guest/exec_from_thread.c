/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* execve by a thread that is not the leader: one thread and the same pid remain. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>
#include <time.h>

static char *const child_env[] = { "CHILD=1", NULL };
static pthread_barrier_t barrier;

static void *idle(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&barrier);
	for (;;)
		pause();
	return NULL;
}

static void *fail_then_exec(void *arg)
{
	char *argv[] = { "x", arg, NULL };
	char pid[20];

	pthread_barrier_wait(&barrier);
	snprintf(pid, sizeof(pid), "%d", getpid());
	argv[1] = pid;
	SHOW(execve("missing", argv, child_env));
	SHOW(execve("/dev/null", argv, child_env));
	execve("/proc/self/exe", argv, child_env);
	say("not reached\n");
	_exit(1);
}

static int child(char **argv)
{
	char buf[4096], *line;

	say("  pid kept: %s, leader: %s\n", yes(atoi(argv[1]) == getpid()),
	    yes(syscall(SYS_gettid) == getpid()));
	read_whole("/proc/self/status", buf, sizeof(buf));
	line = strstr(buf, "\nThreads:");
	say("  %.*s\n", (int)strcspn(line + 1, "\n"), line + 1);
	return 7;
}

int main(int argc, char **argv)
{
	pthread_t t;
	pid_t pid;
	int i;

	(void)argc;
	if (getenv("CHILD"))
		return child(argv);
	for (i = 0; i < 5; i++) {
		pid = MUST(fork());
		if (pid == 0) {
			int n;

			pthread_barrier_init(&barrier, NULL, 10);
			for (n = 0; n < 9; n++)
				if (pthread_create(&t, NULL, idle, NULL))
					_exit(2);
			if (pthread_create(&t, NULL, fail_then_exec, NULL))
				_exit(2);
			for (;;)
				pause();
		}
		reap(pid, "exec from a thread");
	}
	return 0;
}
