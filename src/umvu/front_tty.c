/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Job control between the shell outside, the front, and the command.
 *
 * The command begins in the front's process group: what the terminal sends reaches both, and the front
 * blocks it. A command that is itself a shell makes a group of its own and takes the terminal; when it
 * stops, our shell takes the terminal back, and when we go on, we hand it over again.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/str.h"
#include "umvu/front_tty.h"

/* Stop the calling process by a signal that is blocked. Returns when it has been continued. */
static void stop_by(int sig)
{
	struct sigaction was, normal = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigaction(sig, &normal, &was);
	kill(getpid(), sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(sig, &was, NULL);
}

void vu_front_continue(pid_t command)
{
	pid_t group = getpgid(command);

	kill(group > 0 && group != getpgrp() ? -group : command, SIGCONT);
}

void vu_front_suspend(pid_t command, int sig)
{
	VU_CLEANUP(fd) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	pid_t own = getpgrp(), group = getpgid(command);
	pid_t foreground = tty < 0 ? -1 : tcgetpgrp(tty);

	/*
	 * SIGSTOP stops us only where somebody at a terminal is waiting for that: one process stopped
	 * and continued by number would otherwise leave us stopped for ever. The command may be another
	 * front, which has its command's group there.
	 */
	if (sig == SIGSTOP && foreground != own && foreground != group &&
	    !vu_proc_descends(foreground, command))
		return;
	if (sig == SIGSTOP)
		kill(getpid(), sig);
	else
		stop_by(sig);
	if (foreground > 0 && foreground == group && group != own && tcgetpgrp(tty) == own)
		tcsetpgrp(tty, group); /* SIGTTOU is blocked */
	vu_front_continue(command);
}
