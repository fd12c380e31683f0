/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A signal for a process group that comes while a process is being made is not lost: there is no child yet, or it gets
 * the signal, too.
 */
/* variants: static musl */
#include "guest.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

enum { ROUNDS = 150, STEP_NS = 3000, STACK = 65536 };

static char *stack_end;

static int wait_for_signal(void *arg)
{
	while (pause() < 0)
		;
	return arg != NULL;
}

static void by_fork(void)
{
	if (!syscall(SYS_fork))
		wait_for_signal(NULL);
}

static void by_vfork(void)
{
	if (!vfork())
		wait_for_signal(NULL);
}

static void by_clone(void)
{
	clone(wait_for_signal, stack_end, SIGCHLD, NULL);
}

static void by_sharing_clone(void)
{
	clone(wait_for_signal, stack_end, CLONE_VM | SIGCHLD, NULL);
}

static void by_spawning_clone(void)
{
	clone(wait_for_signal, stack_end, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
}

static void spin(long ns)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < ns);
}

/* A group's leader that makes a process; the signal is sent `ns` after it began. Are all gone? */
static int round_of(void (*make)(void), long ns)
{
	int go[2], status, i;
	pid_t leader, pid;
	char byte;

	MUST(pipe(go));
	leader = fork();
	MUST(leader);
	if (!leader) {
		setpgid(0, 0);
		MUST(write(go[1], "", 1));
		make();
		wait_for_signal(NULL);
	}
	MUST(read(go[0], &byte, 1));
	close(go[0]);
	close(go[1]);
	spin(ns);
	kill(-leader, SIGTERM);
	for (i = 0; i < 10000; i++) {
		do
			pid = waitpid(-1, &status, WNOHANG);
		while (pid > 0);
		if (pid < 0)
			return 1;
		usleep(1000);
	}
	kill(-leader, SIGKILL);
	while (waitpid(-1, &status, 0) > 0)
		;
	return 0;
}

static void check(const char *name, void (*make)(void))
{
	int i = 0;

	while (i < ROUNDS && round_of(make, i * (long)STEP_NS))
		i++;
	if (i == ROUNDS)
		say("%s: all got it\n", name);
	else
		say("%s: one did not\n", name);
}

int main(void)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	stack_end = stack + STACK;
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	check("fork", by_fork);
	check("vfork", by_vfork);
	check("clone, its own memory", by_clone);
	check("clone, the same memory", by_sharing_clone);
	check("clone, as vfork", by_spawning_clone);
	return 0;
}
