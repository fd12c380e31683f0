/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* setpgid, setsid and their errors; signals to groups; a pipeline as a shell makes it. */
#include "guest.h"

int main(void)
{
	int ready[2], go[2], i;
	pid_t pid, group = 0, pids[3];
	char c;

	MUST(pipe(ready));
	MUST(pipe(go));
	pid = MUST(fork());
	if (pid == 0) {
		SHOW(setpgid(0, 0));
		say("leader: %s\n", yes(getpgrp() == getpid()));
		SHOW(setsid());
		pid = MUST(fork());
		if (pid == 0) {
			SHOW_OK(setsid());
			say("session: %s, group: %s\n", yes(getsid(0) == getpid()),
			    yes(getpgid(0) == getpid()));
			SHOW(setpgid(0, 0));
			SHOW(setpgid(0, getppid()));
			_exit(4);
		}
		reap(pid, "session leader");
		_exit(3);
	}
	reap(pid, "group leader");

	/* Three processes in one group, killed at once. */
	for (i = 0; i < 3; i++) {
		pids[i] = MUST(fork());
		if (pids[i] == 0) {
			MUST(setpgid(0, group));
			access(".", F_OK);
			MUST(write(ready[1], "x", 1));
			for (;;)
				pause();
		}
		setpgid(pids[i], group);
		if (!group)
			group = pids[i];
	}
	for (i = 0; i < 3; i++)
		MUST(read(ready[0], &c, 1));
	say("all in one group: %s\n",
	    yes(getpgid(pids[1]) == group && getpgid(pids[2]) == group && getpgrp() != group));
	SHOW(kill(-group, 0));
	SHOW(killpg(group, SIGTERM));
	for (i = 0; i < 3; i++)
		reap(pids[i], "member");
	SHOW(kill(-group, 0));
	SHOW(setpgid(0, 999999999));
	SHOW(setpgid(-1, 0));
	SHOW(getpgid(-1));
	SHOW(getsid(999999999));
	SHOW(setpgid(1, 0));
	return 0;
}
