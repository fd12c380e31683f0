/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Over execve: timers, alarm, umask, directory, limits, nice, session, file locks, memory locks. */
#include "guest.h"
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static int child(void)
{
	struct itimerval it;
	struct rlimit lim;
	struct flock fl = { .l_type = F_WRLCK };
	char cwd[PATH_MAX];
	mode_t mask = umask(0);
	cpu_set_t cpus;
	int level = -1;

	say("  umask %03o\n", (unsigned int)mask);
	say("  cwd ends in \"%s\"\n", getcwd(cwd, sizeof(cwd)) ? strrchr(cwd, '/') : "");
	MUST(getrlimit(RLIMIT_FSIZE, &lim));
	say("  RLIMIT_FSIZE %lu\n", (unsigned long)lim.rlim_cur);
	say("  nice %d\n", getpriority(PRIO_PROCESS, 0));
	say("  session leader: %s\n", yes(getsid(0) == getpid()));
	say("  group leader: %s\n", yes(getpgrp() == getpid()));
	MUST(getitimer(ITIMER_VIRTUAL, &it));
	say("  ITIMER_VIRTUAL runs: %s\n", yes(it.it_value.tv_sec > 0));
	say("  alarm runs: %s\n", yes(alarm(0) > 0));
	SHOW(timer_settime((timer_t)0, 0, &(struct itimerspec){ 0 }, NULL));
	MUST(sched_getaffinity(0, sizeof(cpus), &cpus));
	say("  processors %d\n", CPU_COUNT(&cpus));
	MUST(prctl(PR_GET_CHILD_SUBREAPER, &level));
	say("  child subreaper %d\n", level);
	MUST(prctl(PR_GET_PDEATHSIG, &level));
	say("  parent death signal %d\n", level);
	say("  keep capabilities %d\n", prctl(PR_GET_KEEPCAPS));
	say("  dumpable %d\n", prctl(PR_GET_DUMPABLE));
	say("  timer slack %d\n", (int)prctl(PR_GET_TIMERSLACK));
	/* The lock was taken before execve: it is this process's own. */
	SHOW(fcntl(10, F_GETLK, &fl));
	say("  own lock does not count: %s\n", yes(fl.l_type == F_UNLCK));
	return 7;
}

int main(int argc, char **argv)
{
	struct itimerval it = { .it_value.tv_sec = 100 };
	struct itimerval soon = { .it_value.tv_usec = 30000 };
	struct rlimit lim = { 1 << 20, 1 << 20 };
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	struct flock fl = { .l_type = F_WRLCK };
	cpu_set_t cpus;
	timer_t timer;
	pid_t pid;
	int fd, cpu;

	if (argc > 1 && !strcmp(argv[1], "pause")) {
		for (;;)
			pause();
	}
	if (argc > 1)
		return child();

	close_extra_fds();
	MUST(mkdir("here", 0755));
	fd = MUST(open("file", O_RDWR | O_CREAT, 0644));
	MUST(dup2(fd, 10));
	pid = MUST(fork());
	if (pid == 0) {
		umask(035);
		MUST(chdir("here"));
		MUST(setrlimit(RLIMIT_FSIZE, &lim));
		errno = 0;
		MUST(setpriority(PRIO_PROCESS, 0, 5));
		MUST(setsid());
		MUST(setitimer(ITIMER_VIRTUAL, &it, NULL));
		alarm(100);
		MUST(timer_create(CLOCK_MONOTONIC, &ev, &timer));
		MUST(sched_getaffinity(0, sizeof(cpus), &cpus));
		for (cpu = 0; !CPU_ISSET(cpu, &cpus); cpu++)
			;
		CPU_ZERO(&cpus);
		CPU_SET(cpu, &cpus);
		MUST(sched_setaffinity(0, sizeof(cpus), &cpus));
		MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
		MUST(prctl(PR_SET_PDEATHSIG, SIGUSR1));
		MUST(prctl(PR_SET_TIMERSLACK, 77777));
		MUST(fcntl(10, F_SETLK, &fl));
		execl("/proc/self/exe", "x", "child", NULL);
		_exit(1);
	}
	reap(pid, "state");
	pid = MUST(fork());
	if (pid == 0) {
		MUST(setitimer(ITIMER_REAL, &soon, NULL));
		execl("/proc/self/exe", "x", "pause", NULL);
		_exit(1);
	}
	reap(pid, "ITIMER_REAL set before");
	return 0;
}
