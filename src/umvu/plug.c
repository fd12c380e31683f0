/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plugs of network stacks.
 *
 *   starting ── "ready" ──▶ running ── it ends ──▶ (pause) ──▶ running ...
 *      └── it ends ──▶ failed
 *
 * While there is no plug the interface stays: the server holds the tap, and what is sent goes nowhere, as on a
 * link whose other end is dead. The pause grows from FIRST_PAUSE_MS to LAST_PAUSE_MS.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/plug.h"
#include "umvu/session.h"
#include "umvu/worker.h"

#define TAP_FD	       3
#define FREE_FD	       16 /* descriptors from here on are in nobody's way */
#define SAID_MAX       4096
#define FIRST_PAUSE_MS 100
#define LAST_PAUSE_MS  5000
#define END_MS	       2000 /* for one whose input has ended to end */

static void launch(struct vu_plug *p);

void vu_plug_init(struct vu_plug *p, struct vu_session *s, struct vu_strings *take_argv)
{
	memset(p, 0, sizeof(*p));
	p->session = s;
	p->argv = *take_argv;
	memset(take_argv, 0, sizeof(*take_argv));
	p->folder = -1;
	p->tap = -1;
	p->input = -1;
	p->pid = -1;
	p->output.fd = -1;
	p->said.max = SAID_MAX;
	p->pause = FIRST_PAUSE_MS;
	vu_child_init(&p->child);
	vu_timer_init(&p->again);
}

/* In the child: 0, 1, 2 and the tap in their places, nothing else. */
_Noreturn static void run(const struct vu_plug *p, int input, int output)
{
	static const int keep[1] = { TAP_FD };
	sigset_t none;
	int tap = vu_fd_dup(p->tap, FREE_FD);

	input = vu_fd_dup(input, FREE_FD);
	output = vu_fd_dup(output, FREE_FD);
	sigemptyset(&none);
	vu_signals_reset(&none);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setrlimit(RLIMIT_NOFILE, &p->session->nofile);
	if ((p->folder < 0 || fchdir(p->folder) < 0) && chdir("/") < 0)
		_exit(EIO);
	if (tap < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || dup2(tap, TAP_FD) < 0)
		_exit(EMFILE);
	vu_close_all_but(keep, 1);
	execv(p->argv.list[0], p->argv.list);
	fprintf(stderr, "%s: %s\n", p->argv.list[0], strerror(errno));
	_exit(errno < 126 ? errno : EIO);
}

static void close_ends(struct vu_plug *p)
{
	int fd = p->output.fd;

	vu_io_del(&p->session->loop, &p->output);
	vu_fd_close(&fd);
	vu_fd_close(&p->input);
}

static void report(struct vu_plug *p, int res)
{
	vu_plug_ready *ready = p->ready;

	p->ready = NULL;
	if (ready)
		ready(p->ctx, res, vu_buf_text(&p->said));
}

/* Read what is there; false at the end. */
static bool read_output(struct vu_plug *p)
{
	char chunk[1024];
	ssize_t n = read(p->output.fd, chunk, sizeof(chunk) - 1);

	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		return false;
	chunk[n] = '\0';
	if (p->ready)
		vu_buf_puts(&p->said, chunk);
	else if (strcmp(chunk, VU_PLUG_READY) != 0)
		vu_log_info("net", "%s: %s", p->argv.list[0], chunk);
	return true;
}

static void on_output(struct vu_io *io, uint32_t events)
{
	struct vu_plug *p = vu_container_of(io, struct vu_plug, output);
	int fd = io->fd;

	(void)events;
	if (!read_output(p)) {
		vu_io_del(&p->session->loop, io);
		close(fd);
	}
	if (p->ready && vu_str_ends(vu_buf_text(&p->said), VU_PLUG_READY)) {
		p->said.len = 0;
		p->said.data[0] = '\0';
		report(p, 0);
	}
}

static void on_again(struct vu_timer *t)
{
	launch(vu_container_of(t, struct vu_plug, again));
}

static void on_end(struct vu_child *c, int status)
{
	struct vu_plug *p = vu_container_of(c, struct vu_plug, child);
	int res = WIFEXITED(status) && WEXITSTATUS(status) ? -WEXITSTATUS(status) : -EIO;

	p->pid = -1;
	while (p->output.fd >= 0 && read_output(p))
		;
	close_ends(p);
	if (p->ready) {
		while (p->said.len && p->said.data[p->said.len - 1] == '\n')
			p->said.data[--p->said.len] = '\0';
		report(p, res < -125 ? -EIO : res);
		return;
	}
	vu_log_warn("net", "%s has ended (status 0x%x) and is started again", p->argv.list[0],
		    status);
	vu_timer_set(&p->session->loop, &p->again, p->pause, on_again);
	p->pause = p->pause * 2 < LAST_PAUSE_MS ? p->pause * 2 : LAST_PAUSE_MS;
}

/* Start the process. 0 or -errno. */
static int start(struct vu_plug *p)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, res = 0;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		res = -errno;
	if (!res) {
		p->pid = fork();
		if (p->pid == 0)
			run(p, in[0], out[1]);
		res = p->pid < 0 ? -errno : 0;
	}
	vu_fd_close(&in[0]);
	vu_fd_close(&out[1]);
	if (!res) {
		vu_fd_nonblock(out[0], true);
		res = vu_io_add(&p->session->loop, &p->output, out[0], EPOLLIN, on_output);
		p->input = in[1];
		vu_child_add(&p->session->loop, &p->child, p->pid, on_end);
		return res;
	}
	vu_fd_close(&in[1]);
	vu_fd_close(&out[0]);
	return res;
}

static void launch(struct vu_plug *p)
{
	int res = start(p);

	if (res < 0) {
		vu_log_warn("net", "%s: %s", p->argv.list[0], strerror(-res));
		vu_timer_set(&p->session->loop, &p->again, LAST_PAUSE_MS, on_again);
	}
}

int vu_plug_start(struct vu_plug *p, int take_tap, vu_plug_ready *ready, void *ctx)
{
	p->tap = take_tap;
	p->ready = ready;
	p->ctx = ctx;
	return start(p);
}

/* A process that has been told to end. */
struct ending {
	struct vu_child child;
	struct vu_timer timer;
};

static void on_ended(struct vu_child *c, int status)
{
	struct ending *e = vu_container_of(c, struct ending, child);

	(void)status;
	vu_timer_del(&e->timer);
	free(e);
}

static void on_late(struct vu_timer *t)
{
	struct ending *e = vu_container_of(t, struct ending, timer);

	kill(e->child.pid, SIGKILL);
}

/* Its input has been closed: it takes away what it has made, or is killed. */
static void await_end(struct vu_loop *l, pid_t pid)
{
	struct ending *e = calloc(1, sizeof(*e));

	if (!e) {
		kill(pid, SIGKILL);
		return;
	}
	vu_timer_init(&e->timer);
	vu_child_add(l, &e->child, pid, on_ended);
	vu_timer_set(l, &e->timer, END_MS, on_late);
}

void vu_plug_stop(struct vu_plug *p)
{
	p->ready = NULL;
	vu_timer_del(&p->again);
	vu_child_del(&p->child);
	close_ends(p);
	if (p->pid > 0)
		await_end(&p->session->loop, p->pid);
	p->pid = -1;
	vu_fd_close(&p->tap);
	vu_fd_close(&p->folder);
	vu_strings_free(&p->argv);
	vu_buf_free(&p->said);
}
