/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The main thread ends first; the others go on with calls and the last one gives the exit code. */
/* libs: -lpthread */
/* variants: static */
#include "guest.h"
#include <pthread.h>

static pthread_t leader;

static void *thread(void *arg)
{
	char buf[PATH_MAX];
	pid_t pid;
	int status;

	pthread_join(leader, NULL);
	say("the leader has gone\n");
	say("getcwd %s, mkdir %d, missing %s\n", yes(getcwd(buf, sizeof(buf)) != NULL),
	    mkdir("dir", 0755), access("missing", F_OK) ? errname(errno) : "there");
	pid = fork();
	if (pid == 0)
		_exit(access("dir", F_OK) == 0 ? 3 : 4);
	waitpid(pid, &status, 0);
	say("child %d\n", WEXITSTATUS(status));
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "x", "child", NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	say("child %d\n", WEXITSTATUS(status));
	if (arg) {
		/* The leader is a zombie: /proc/self has no exe any more. */
		execl("/proc/thread-self/exe", "x", "child", NULL);
		say("execve: %s\n", errname(errno));
	}
	exit(6);
}

int main(int argc, char **argv)
{
	pthread_t t;
	pid_t pid;
	int i;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return 5;
	for (i = 0; i < 2; i++) {
		pid = MUST(fork());
		if (pid == 0) {
			leader = pthread_self();
			if (pthread_create(&t, NULL, thread, i ? &t : NULL))
				_exit(1);
			pthread_exit(NULL);
		}
		reap(pid, i ? "execve at last" : "exit at last");
		rmdir("dir");
	}
	return 0;
}
