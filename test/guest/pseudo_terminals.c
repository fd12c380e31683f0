/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* openpty and forkpty: window size, controlling terminal, Ctrl-C, /dev/tty. */
/* libs: -lutil */
#include "guest.h"
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

static volatile int interrupted;

static void on_int(int sig)
{
	(void)sig;
	interrupted++;
}

static void child(void)
{
	struct sigaction sa = { .sa_handler = on_int };
	char line[100], name[100];
	sigset_t ints, old;
	int tty;
	ssize_t n;

	MUST(sigaction(SIGINT, &sa, NULL));
	tty = open("/dev/tty", O_RDWR);
	if (tty < 0)
		_exit(2);
	if (!ttyname(0) || strncmp(ttyname(0), "/dev/pts/", 9) || tcgetpgrp(tty) != getpid())
		_exit(3);
	if (ttyname_r(0, name, sizeof(name)) || access(name, R_OK))
		_exit(4);
	sigemptyset(&ints);
	sigaddset(&ints, SIGINT);
	sigprocmask(SIG_BLOCK, &ints, &old);
	dprintf(1, "ready\n");
	if (sigsuspend(&old) != -1 || errno != EINTR || interrupted != 1)
		_exit(5);
	dprintf(1, "interrupted\n");
	n = read(0, line, sizeof(line));
	if (n != 6 || memcmp(line, "hello\n", 6))
		_exit(6);
	_exit(7);
}

static void expect(int fd, const char *text)
{
	char buf[1000] = "";
	size_t len = 0;

	while (!strstr(buf, text)) {
		ssize_t n = read(fd, buf + len, sizeof(buf) - 1 - len);

		if (n <= 0)
			break;
		len += n;
		buf[len] = '\0';
	}
	say("%s: %s\n", text, yes(strstr(buf, text) != NULL));
}

int main(void)
{
	struct winsize ws = { 24, 80, 0, 0 }, got;
	struct termios tio;
	char name[100], buf[100] = "";
	int master, slave, pt, n;
	pid_t pid;

	close_extra_fds();
	if (openpty(&master, &slave, name, NULL, &ws) < 0) {
		say("openpty: %s\n", errname(errno));
		return 0;
	}
	say("numbers %d %d, name in /dev/pts: %s\n", master, slave,
	    yes(!strncmp(name, "/dev/pts/", 9)));
	SHOW(ioctl(slave, TIOCGWINSZ, &got));
	say("%d rows, %d columns\n", got.ws_row, got.ws_col);
	ws.ws_row = 50;
	SHOW(ioctl(master, TIOCSWINSZ, &ws));
	SHOW(ioctl(slave, TIOCGWINSZ, &got));
	say("%d rows\n", got.ws_row);
	say("terminals: %d %d %d\n", isatty(slave), isatty(master), isatty(0));
	SHOW(tcgetattr(slave, &tio));
	SHOW(write(slave, "out\n", 4));
	SHOW(read(master, buf, sizeof(buf)));
	say("%s", buf);
	SHOW(write(master, "typed\n", 6));
	SHOW(read(slave, buf, sizeof(buf)));
	SHOW_FD(open(name, O_RDWR | O_NOCTTY));
	SHOW(ioctl(0, TIOCGWINSZ, &got) < 0);
	close(master);
	SHOW(read(slave, buf, sizeof(buf)));
	SHOW(write(slave, "x", 1));
	close(slave);
	pt = MUST(posix_openpt(O_RDWR | O_NOCTTY));
	SHOW(grantpt(pt));
	SHOW(unlockpt(pt));
	SHOW(ptsname_r(pt, name, sizeof(name)));
	SHOW_FD(open(name, O_RDWR | O_NOCTTY));
	SHOW(ioctl(pt, TIOCGPTN, &n));
	close(pt);

	pid = MUST(forkpty(&master, NULL, NULL, &ws));
	if (pid == 0)
		child();
	expect(master, "ready");
	MUST(write(master, "\003", 1));
	expect(master, "interrupted");
	MUST(write(master, "hello\n", 6));
	reap(pid, "child on a terminal");
	return 0;
}
