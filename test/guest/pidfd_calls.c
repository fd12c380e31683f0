/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pidfd_open, pidfd_send_signal, pidfd_getfd, poll and waitid on a pidfd. */
#include "guest.h"
#include <poll.h>
#include <sys/prctl.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static long pidfd_open_raw(pid_t pid, unsigned int flags)
{
	return syscall(SYS_pidfd_open, pid, flags);
}

static long send(int fd, int sig, siginfo_t *si, unsigned int flags)
{
	return syscall(SYS_pidfd_send_signal, fd, sig, si, flags);
}

int main(void)
{
	struct pollfd pfd;
	siginfo_t si;
	char text[20] = "";
	int fd, other, ready[2];
	pid_t pid;

	close_extra_fds();
	write_text("file", "content", 0644);
	MUST(pipe(ready));
	pid = MUST(fork());
	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 1);
		MUST(dup2(MUST(open("file", O_RDONLY)), 40));
		MUST(write(ready[1], "x", 1));
		for (;;)
			pause();
	}
	MUST(read(ready[0], text, 1));
	fd = MUST(pidfd_open_raw(pid, 0));
	say("number %d, close-on-exec %d\n", fd, fcntl(fd, F_GETFD));
	pfd.fd = fd;
	pfd.events = POLLIN;
	SHOW(poll(&pfd, 1, 0));
	SHOW(send(fd, 0, NULL, 0));
	SHOW(send(fd, 99, NULL, 0));
	SHOW(send(fd, SIGTERM, NULL, 0x100));
	SHOW(send(1, SIGTERM, NULL, 0));
	SHOW(send(99, SIGTERM, NULL, 0));
	SHOW(send(fd, SIGTERM, (siginfo_t *)16, 0));
	other = syscall(SYS_pidfd_getfd, fd, 40, 0);
	if (other >= 0) {
		SHOW(read(other, text, sizeof(text) - 1));
		say("read \"%s\"\n", text);
		close(other);
	} else {
		say("pidfd_getfd: %s\n", errname(errno));
	}
	SHOW(syscall(SYS_pidfd_getfd, fd, 41, 0));
	SHOW(send(fd, SIGTERM, NULL, 0));
	SHOW(poll(&pfd, 1, -1));
	SHOW(syscall(SYS_waitid, P_PIDFD, fd, &si, WEXITED, NULL));
	say("killed by %s\n", signame(si.si_status));
	SHOW(send(fd, 0, NULL, 0));
	SHOW_FD(pidfd_open_raw(getpid(), 0));
	SHOW_FD(pidfd_open_raw(-1, 0));
	SHOW_FD(pidfd_open_raw(0, 0));
	SHOW_FD(pidfd_open_raw(getpid(), 0x100));
	SHOW(pidfd_open_raw(pid, 0));
	return 0;
}
