/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking at other processes without being kept by those that hang. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/look.h"
#include "base/proc.h"
#include "base/str.h"

/* A child that sleeps in so many looks, and tells nothing, waits for a process that hangs. */
#define LOOKS	4
#define LOOK_MS 50

/* Who is looked at, and the child that looks. */
struct look {
	const pid_t *pids;
	size_t n_pids;
	vu_look_fn *look;
	const void *arg;
	pid_t looker; /* 0: there is none */
	int from;     /* it writes a long for each of the rest of pids */
};

_Noreturn static void look_on(const struct look *l, size_t i, int to, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (; i < l->n_pids; i++) {
		long result = l->look(l->arg, l->pids[i]);

		if (vu_fd_write(to, &result, sizeof(result)) < 0)
			_exit(1);
	}
	_exit(0);
}

static void stop(struct look *l)
{
	if (!l->looker)
		return;
	kill(l->looker, SIGKILL); /* it has not been waited for, so the number is its own */
	while (waitpid(l->looker, NULL, 0) < 0 && errno == EINTR)
		;
	l->looker = 0;
	vu_fd_close(&l->from);
}

/* Have a child look from the i-th on. 0 or -errno. */
static int start(struct look *l, size_t i)
{
	pid_t parent = getpid(), pid;
	int pipe[2], res;

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		look_on(l, i, pipe[1], parent);
	res = pid < 0 ? -errno : 0;
	close(pipe[1]);
	if (res < 0) {
		close(pipe[0]);
		return res;
	}
	l->looker = pid;
	l->from = pipe[0];
	return 0;
}

/* Is something to be read? False: the child waits, for something else than the processor. */
static bool await(const struct look *l)
{
	struct pollfd p = { .fd = l->from, .events = POLLIN };
	struct vu_proc looker;
	int asleep = 0, res;

	while (asleep < LOOKS) {
		res = poll(&p, 1, LOOK_MS);
		if (res > 0)
			return true;
		if (res < 0 && errno != EINTR)
			return false;
		if (res == 0 && vu_proc_stat(l->looker, &looker) == 0 && looker.state == 'D')
			asleep++;
	}
	return false;
}

/* What was seen of the i-th. */
static long next(struct look *l, size_t i)
{
	long result;

	/* Where no child can be made, better to wait than to see nothing. */
	if (!l->looker && start(l, i) < 0)
		return l->look(l->arg, l->pids[i]);
	if (!await(l))
		result = -ETIMEDOUT;
	else if (vu_fd_read(l->from, &result, sizeof(result)) == (ssize_t)sizeof(result))
		return result;
	else
		result = -EIO;
	stop(l);
	return result;
}

static int each(struct look *l, vu_seen_fn *seen, void *ctx)
{
	size_t i;
	int res = 0;

	for (i = 0; i < l->n_pids && !res; i++)
		res = seen(ctx, l->pids[i], next(l, i));
	stop(l);
	return res;
}

static int add_pid(void *pids, pid_t pid)
{
	return vu_buf_add(pids, &pid, sizeof(pid));
}

int vu_look_each(vu_look_fn *look, const void *arg, vu_seen_fn *seen, void *ctx)
{
	VU_CLEANUP(buf) struct vu_buf pids = { 0 };
	struct look l = { .look = look, .arg = arg };
	int res = vu_proc_each(add_pid, &pids);

	if (res < 0)
		return res;
	l.pids = (const pid_t *)(const void *)pids.data;
	l.n_pids = pids.len / sizeof(pid_t);
	return each(&l, seen, ctx);
}

static int keep(void *ctx, pid_t pid, long result)
{
	(void)pid;
	*(long *)ctx = result;
	return 0;
}

long vu_look_at(pid_t pid, vu_look_fn *look, const void *arg)
{
	struct look l = { .pids = &pid, .n_pids = 1, .look = look, .arg = arg };
	long result = -ESRCH;

	each(&l, keep, &result);
	return result;
}
