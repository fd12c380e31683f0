/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Workers. One is over when its pipe is at its end and it has been reaped, whichever comes first, or
 * when its time is up: then it is killed and not waited for, since it may never end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "umvu/worker.h"

#define OUT_MAX	 65536
#define KEEP_MAX 64

struct vu_worker {
	struct vu_loop *loop;
	struct vu_io io;
	struct vu_timer timer;
	struct vu_child child;
	vu_worker_done *done;
	void *ctx;
	struct vu_buf out;
	pid_t pid;
	bool ended, reaped;
	int status;
};

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void vu_close_all_but(const int *keep, size_t n)
{
	int list[KEEP_MAX + 1];
	unsigned int from = 3;
	size_t i;

	VU_BUG_ON(n > KEEP_MAX + 1);
	if (n)
		memcpy(list, keep, n * sizeof(list[0]));
	qsort(list, n, sizeof(list[0]), by_number);
	for (i = 0; i < n; i++) {
		if (list[i] < (int)from)
			continue;
		if (list[i] > (int)from)
			close_range(from, (unsigned int)list[i] - 1, 0);
		from = (unsigned int)list[i] + 1;
	}
	close_range(from, ~0u, 0);
}

void vu_signals_reset(const sigset_t *mask)
{
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
}

_Noreturn static void run(const struct vu_worker_job *job, int out)
{
	int keep[KEEP_MAX + 1];
	sigset_t none;

	prctl(PR_SET_NAME, "umvu-worker");
	if (job->n_keep)
		memcpy(keep, job->keep, job->n_keep * sizeof(keep[0]));
	keep[job->n_keep] = out;
	vu_close_all_but(keep, job->n_keep + 1);
	sigemptyset(&none);
	vu_signals_reset(&none);
	_exit(job->fn(job->arg, out));
}

static void release(struct vu_worker *w)
{
	int fd = w->io.fd;

	vu_io_del(w->loop, &w->io);
	if (fd >= 0)
		close(fd);
	vu_timer_del(&w->timer);
	vu_child_del(&w->child);
	vu_buf_free(&w->out);
	free(w);
}

static void finish(struct vu_worker *w, int status)
{
	vu_worker_done *done = w->done;
	struct vu_buf out = w->out;
	void *ctx = w->ctx;

	memset(&w->out, 0, sizeof(w->out));
	release(w);
	done(ctx, status, vu_buf_text(&out), out.len);
	vu_buf_free(&out);
}

static void on_output(struct vu_io *io, uint32_t events)
{
	struct vu_worker *w = vu_container_of(io, struct vu_worker, io);
	char chunk[4096];
	ssize_t n = read(io->fd, chunk, sizeof(chunk));

	(void)events;
	if (n > 0) {
		vu_buf_add(&w->out, chunk, (size_t)n); /* what is too much is dropped */
		return;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	n = io->fd;
	vu_io_del(w->loop, io);
	close((int)n);
	w->ended = true;
	if (w->reaped)
		finish(w, w->status);
}

static void on_exit_of(struct vu_child *c, int status)
{
	struct vu_worker *w = vu_container_of(c, struct vu_worker, child);

	w->reaped = true;
	w->status = WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
	if (w->ended)
		finish(w, w->status);
}

static void on_timeout(struct vu_timer *t)
{
	struct vu_worker *w = vu_container_of(t, struct vu_worker, timer);

	if (!w->reaped)
		kill(w->pid, SIGKILL);
	finish(w, -ETIMEDOUT);
}

int vu_worker_start(struct vu_loop *l, const struct vu_worker_job *job, struct vu_worker **out)
{
	struct vu_worker *w = calloc(1, sizeof(*w));
	int pipe[2], res;

	VU_BUG_ON(job->n_keep > KEEP_MAX);
	if (!w)
		return -ENOMEM;
	if (pipe2(pipe, O_CLOEXEC) < 0) {
		res = -errno;
		free(w);
		return res;
	}
	w->loop = l;
	w->done = job->done;
	w->ctx = job->ctx;
	w->out.max = OUT_MAX;
	vu_timer_init(&w->timer);
	vu_child_init(&w->child);
	res = vu_io_add(l, &w->io, pipe[0], EPOLLIN, on_output);
	if (!res) {
		w->pid = fork();
		if (w->pid == 0)
			run(job, pipe[1]);
		res = w->pid < 0 ? -errno : 0;
	}
	close(pipe[1]);
	if (res < 0) {
		vu_io_del(l, &w->io);
		close(pipe[0]);
		free(w);
		return res;
	}
	vu_child_add(l, &w->child, w->pid, on_exit_of);
	if (job->timeout_ms)
		vu_timer_set(l, &w->timer, job->timeout_ms, on_timeout);
	if (out)
		*out = w;
	return 0;
}

void vu_worker_cancel(struct vu_worker *w)
{
	if (!w)
		return;
	if (!w->reaped)
		kill(w->pid, SIGKILL);
	release(w);
}
