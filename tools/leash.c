/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leash: runs a command of a test, and knows what it leaves behind.
 *
 *   leash [-t SECONDS] [-g SECONDS] [-r FILE] COMMAND [ARGUMENT...]
 *
 * It is the reaper of all orphans below it (PR_SET_CHILD_SUBREAPER), so that no process of the command
 * can get out of its sight. When the command has ended, or has been ended after -t seconds (SIGTERM,
 * then SIGKILL to all), the others get -g seconds (default 3) to go; those that stay are killed and
 * named, on stderr or in FILE.
 *
 * Status: the command's own, 128+N if signal N killed it; 124 if the time was up; 123 if processes
 * stayed and there is no FILE; 125 leash's own failure; 126 and 127 as in sh.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_PROCESSES 4096

struct process {
	pid_t pid, parent;
	bool ours;
};

struct leash {
	double time_limit; /* seconds, 0 none */
	double grace;	   /* seconds */
	const char *report;
	pid_t child;
	int status; /* of the command, as waitpid tells it */
	bool ended; /* the command has */
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/*
 * Fills in pid and parent; false if the process has gone or is a zombie. Its "stat" would tell more, but may keep the
 * reader waiting where a process hangs in its execve.
 */
static bool process_read(const char *pid, struct process *p)
{
	char path[64], buf[1024];
	const char *state, *parent;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	state = strstr(buf, "\nState:\t");
	parent = strstr(buf, "\nPPid:\t");
	if (!state || !parent)
		return false;
	p->pid = atoi(pid);
	p->parent = atoi(parent + strlen("\nPPid:\t"));
	p->ours = false;
	return !strchr("ZX", state[strlen("\nState:\t")]);
}

/* All processes below this one; their number. */
static size_t descendants(struct process *out, size_t max)
{
	static struct process table[MAX_PROCESSES];
	size_t n = 0, found = 0, i, j;
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	bool grown = true;

	if (!dir)
		return 0;
	while (n < MAX_PROCESSES && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			n += process_read(entry->d_name, &table[n]);
	closedir(dir);
	while (grown) {
		grown = false;
		for (i = 0; i < n; i++) {
			bool below = table[i].parent == getpid();

			for (j = 0; j < n && !below; j++)
				below = table[j].ours && table[j].pid == table[i].parent;
			if (below && !table[i].ours && found < max) {
				table[i].ours = grown = true;
				out[found++] = table[i];
			}
		}
	}
	return found;
}

/* Its number may be another's by now, whose parent is none of ours. */
static void send(const struct process *p, int sig)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	char pid[16];
	struct process now;

	snprintf(pid, sizeof(pid), "%d", (int)p->pid);
	if (fd >= 0 && process_read(pid, &now) &&
	    (now.parent == p->parent || now.parent == getpid()))
		syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
	if (fd >= 0)
		close(fd);
}

static size_t kill_all(int sig)
{
	static struct process list[MAX_PROCESSES];
	size_t n = descendants(list, MAX_PROCESSES), i;

	for (i = 0; i < n; i++)
		send(&list[i], sig);
	return n;
}

/* Takes the status of all children that have ended. False: there is no child left. */
static bool reap(struct leash *l)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != l->child)
			continue;
		l->ended = true;
		l->status = status;
	}
	return pid == 0;
}

/* Waits up to `seconds` (0: for ever) for the command (all: for every process) to end. True: it has. */
static bool await(struct leash *l, double seconds, bool all, const sigset_t *set, bool *interrupted)
{
	double end = now() + seconds;

	for (;;) {
		struct timespec ts = { .tv_nsec = 50 * 1000 * 1000 };
		bool some = reap(l);
		int sig;

		if (!some || (!all && l->ended))
			return true;
		if (seconds > 0 && now() >= end)
			return false;
		sig = sigtimedwait(set, NULL, &ts);
		if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP) {
			*interrupted = true;
			return false;
		}
	}
}

static void name_process(FILE *out, pid_t pid)
{
	char path[64], cmd[512] = "";
	size_t n = 0, i;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(cmd, 1, sizeof(cmd) - 1, f);
		fclose(f);
	}
	for (i = 0; i < n; i++)
		if (cmd[i] == '\0')
			cmd[i] = ' ';
	fprintf(out, "process left behind: %d %s\n", pid, cmd);
}

/* Names and kills what is still there; true if there was something. */
static bool clear_leftovers(struct leash *l, const sigset_t *set)
{
	static struct process list[MAX_PROCESSES];
	bool interrupted = false;
	size_t n, i;
	FILE *out;
	int round;

	if (await(l, l->grace, true, set, &interrupted))
		return false;
	n = descendants(list, MAX_PROCESSES);
	out = l->report ? fopen(l->report, "ae") : stderr;
	for (i = 0; i < n && out; i++)
		name_process(out, list[i].pid);
	if (out && out != stderr)
		fclose(out);
	for (round = 0; round < 20; round++) {
		kill_all(SIGKILL);
		if (await(l, 0.1, true, set, &interrupted))
			break;
	}
	return n > 0;
}

static pid_t start(char **argv, const sigset_t *mask)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "leash: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int usage(void)
{
	fputs("usage: leash [-t SECONDS] [-g SECONDS] [-r FILE] COMMAND [ARGUMENT...]\n", stderr);
	return 125;
}

int main(int argc, char **argv)
{
	struct leash l = { .grace = 3 };
	bool interrupted = false, in_time, left;
	sigset_t set, old;
	int opt;

	while ((opt = getopt(argc, argv, "+t:g:r:")) != -1) {
		if (opt == 't')
			l.time_limit = atof(optarg);
		else if (opt == 'g')
			l.grace = atof(optarg);
		else if (opt == 'r')
			l.report = optarg;
		else
			return usage();
	}
	if (optind >= argc)
		return usage();

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	l.child = start(argv + optind, &old);
	if (l.child < 0) {
		perror("leash: fork");
		return 125;
	}

	in_time = await(&l, l.time_limit, false, &set, &interrupted);
	if (!in_time) {
		fprintf(stderr, "leash: %s after %.0f s: %s\n",
			interrupted ? "interrupted" : "time is up", l.time_limit, argv[optind]);
		kill_all(SIGTERM);
		await(&l, 2, true, &set, &interrupted);
		kill_all(SIGKILL);
	}
	left = clear_leftovers(&l, &set);
	if (!in_time)
		return 124;
	if (left && !l.report)
		return 123;
	return WIFSIGNALED(l.status) ? 128 + WTERMSIG(l.status) : WEXITSTATUS(l.status);
}
