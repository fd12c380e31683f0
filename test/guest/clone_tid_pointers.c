/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CLONE_PARENT_SETTID, CHILD_SETTID, CHILD_CLEARTID with its futex; set_tid_address. */
/* variants: static */
#include "guest.h"
#include <linux/futex.h>
#include <sched.h>

static volatile int tids[4];

static int child(void *arg)
{
	(void)arg;
	tids[2] = tids[1] == (int)syscall(SYS_gettid);
	mkdir("made", 0755);
	return 5;
}

int main(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid;

	tids[0] = tids[1] = -1;
	pid = MUST(clone(child, stack + sizeof(stack),
			 CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
				 CLONE_CHILD_CLEARTID | SIGCHLD,
			 NULL, &tids[0], NULL, &tids[1]));
	say("parent tid: %s\n", yes(tids[0] == pid));
	while (tids[1] != 0) {
		int seen = tids[1];

		if (seen)
			syscall(SYS_futex, &tids[1], FUTEX_WAIT, seen, NULL, NULL, 0);
	}
	say("child tid cleared: %d\n", tids[1]);
	say("the child saw its own tid: %d\n", tids[2]);
	reap(pid, "child");
	SHOW(access("made", F_OK));

	tids[0] = tids[1] = -1;
	pid = MUST(clone(child, stack + sizeof(stack),
			 CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, NULL, &tids[0], NULL,
			 &tids[1]));
	say("memory copied: parent's %s, child's %d\n", yes(tids[0] == pid), tids[1]);
	reap(pid, "child");

	/* A bad address for the parent's tid is only found after the fork: no error. */
	pid = syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, 16, 0);
	if (pid == 0)
		_exit(6);
	reap(pid, "bad child tid");
	say("set_tid_address returns the tid: %s\n",
	    yes(syscall(SYS_set_tid_address, &tids[3]) == getpid()));
	return 0;
}
