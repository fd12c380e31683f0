/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A signal in a blocking open of a fifo: EINTR without SA_RESTART, restarted with it. */
/* variants: static musl */
#include "guest.h"
#include <sys/time.h>

static volatile int count;
static int in_handler_fd = -1;

static void on_alarm(int sig)
{
	(void)sig;
	count++;
}

static void on_alarm_open(int sig)
{
	(void)sig;
	count++;
	in_handler_fd = open("ordinary", O_RDONLY);
	errno = EIO;
}

static void set(void (*fn)(int), int flags)
{
	struct sigaction sa = { .sa_handler = fn, .sa_flags = flags };

	MUST(sigaction(SIGALRM, &sa, NULL));
}

static void arm(void)
{
	struct itimerval soon = { { 0, 500000 }, { 0, 20000 } };

	count = 0;
	MUST(setitimer(ITIMER_REAL, &soon, NULL));
}

static void disarm(void)
{
	struct itimerval off = { { 0, 0 }, { 0, 0 } };

	MUST(setitimer(ITIMER_REAL, &off, NULL));
	say("handled: %s\n", yes(count > 0));
}

/* Waits until the process sleeps in a system call: the state in /proc/PID/stat is S. */
static void wait_until_asleep(pid_t pid)
{
	char path[40], buf[512], *p;
	int quiet = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (quiet < 5) {
		read_whole(path, buf, sizeof(buf));
		p = strrchr(buf, ')');
		quiet = p && p[2] == 'S' ? quiet + 1 : 0;
		usleep(1000);
	}
}

/* The child blocks in open; it gets two signals there, then the fifo is opened here. */
static void restart(const char *what, int flags, void (*fn)(int))
{
	pid_t pid = MUST(fork());
	int fd;

	if (pid == 0) {
		set(fn, flags);
		count = 0;
		errno = 0;
		fd = open("fifo", O_RDONLY);
		showf_ok(fd, "open, %s", what);
		say("signals: %s\n", count == 0 ? "none" : "some");
		_exit(fd >= 0 ? 0 : 1);
	}
	wait_until_asleep(pid);
	kill(pid, SIGALRM);
	if (flags & SA_RESTART) {
		wait_until_asleep(pid);
		kill(pid, SIGALRM);
		wait_until_asleep(pid);
		fd = MUST(open("fifo", O_WRONLY));
		close(fd);
	}
	reap(pid, what);
}

int main(void)
{
	char c;
	int p[2], status;
	pid_t pid;

	close_extra_fds();
	MUST(mkfifo("fifo", 0644));
	write_text("ordinary", "x", 0644);
	set(on_alarm, 0);
	arm();
	SHOW_FD(open("fifo", O_RDONLY));
	disarm();
	arm();
	SHOW_FD(open("fifo", O_WRONLY));
	disarm();
	set(on_alarm_open, 0);
	arm();
	SHOW_FD(open("fifo", O_RDONLY) == -1 ? -1 : 0);
	disarm();
	say("file opened in the handler: %s\n", yes(in_handler_fd >= 0));
	close(in_handler_fd);

	/* Calls that are not the interceptor's business have to behave the same. */
	MUST(pipe(p));
	set(on_alarm, 0);
	arm();
	SHOW(read(p[0], &c, 1));
	disarm();
	arm();
	SHOW(pause());
	disarm();
	pid = MUST(fork());
	if (pid == 0) {
		read(p[0], &c, 1);
		_exit(4);
	}
	arm();
	SHOW(waitpid(pid, &status, 0));
	disarm();
	MUST(write(p[1], "x", 1));
	reap(pid, "reader");

	restart("SA_RESTART", SA_RESTART, on_alarm);
	restart("SA_RESTART and a handler that opens", SA_RESTART, on_alarm_open);
	restart("no SA_RESTART", 0, on_alarm);
	restart("no SA_RESTART and a handler that opens", 0, on_alarm_open);
	return 0;
}
