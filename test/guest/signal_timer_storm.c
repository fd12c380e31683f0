/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers deliver hundreds of signals into loops of calls: no call fails, none is lost. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <dirent.h>
#include <pthread.h>
#include <sys/time.h>

static volatile int ticks, in_handler_bad;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
	errno = 0;
	if (access("missing", F_OK) == 0 || errno != ENOENT)
		in_handler_bad++;
	errno = 12345;
}

static int round_of_calls(int i)
{
	char name[30], buf[PATH_MAX];
	struct stat st;
	int fd, bad = 0;

	snprintf(name, sizeof(name), "file-%d", i % 10);
	fd = open(name, O_RDWR | O_CREAT, 0644);
	bad += fd < 0;
	bad += fstat(fd, &st) < 0;
	bad += stat(name, &st) < 0;
	bad += !getcwd(buf, sizeof(buf));
	bad += mkdir("dir", 0755) < 0;
	bad += rename("dir", "dir2") < 0;
	bad += rmdir("dir2") < 0;
	bad += readlink("link", buf, sizeof(buf)) != 6;
	bad += access("missing", F_OK) == 0;
	bad += unlink(name) < 0;
	bad += close(fd) < 0;
	return bad;
}

static int children(int i)
{
	int status = -1;
	pid_t pid = i % 2 ? vfork() : fork();

	if (pid == 0) {
		execl("/proc/self/exe", "x", "child", NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status != 7 << 8;
}

static void *thread(void *arg)
{
	struct stat st;
	intptr_t bad = 0;
	int i;

	(void)arg;
	for (i = 0; i < 5000; i++)
		bad += stat(".", &st) < 0;
	return (void *)bad;
}

int main(int argc, char **argv)
{
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = on_tick, .sa_flags = SA_RESTART };
	static int i, bad;
	pthread_t t;
	void *ret;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return 7;
	MUST(symlink("target", "link"));
	MUST(sigaction(SIGALRM, &sa, NULL));
	MUST(setitimer(ITIMER_REAL, &often, NULL));
	for (i = 0; i < 100 || ticks < 300; i++)
		bad += round_of_calls(i);
	say("calls: bad %d, in the handler %d\n", bad, in_handler_bad);
	/* execve clears the handler, not the timer: children start with the timer off. */
	bad = 0;
	ticks = 0;
	for (i = 0; i < 20 || ticks < 10; i++)
		bad += children(i);
	say("children: bad %d, in the handler %d\n", bad, in_handler_bad);
	if (pthread_create(&t, NULL, thread, NULL))
		return 1;
	for (i = 0; i < 200; i++)
		bad += round_of_calls(i);
	pthread_join(t, &ret);
	MUST(setitimer(ITIMER_REAL, &off, NULL));
	say("with a thread: bad %d, in the thread %ld, in the handler %d\n", bad, (long)ret,
	    in_handler_bad);
	return 0;
}
