/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network stacks.
 *
 *   making ── the maker's notes, DONE ──▶ plugging ── all plugs ready ──▶ asking ── all clients ready ──▶ ready
 *
 * Nothing here waits: the maker and the plugs tell when they have come so far. There is no time limit, as a
 * plug may ask a remote host; the client that waits can be interrupted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/clients.h"
#include "umvu/image.h"
#include "umvu/modules.h"
#include "umvu/stack.h"

static void report(struct vu_stack *st, int res, const char *text)
{
	vu_stack_ready *ready = st->ready;

	st->ready = NULL;
	if (ready)
		ready(st->ctx, res, text);
}

static void close_control(struct vu_stack *st)
{
	int fd = st->control.fd;

	vu_io_del(&st->session->loop, &st->control);
	vu_fd_close(&fd);
}

static void close_client(struct vu_stack_client *c)
{
	int fd = c->output.fd;

	vu_io_del(&c->stack->session->loop, &c->output);
	vu_fd_close(&fd);
	vu_buf_free(&c->said);
}

static void free_files(struct vu_stack *st)
{
	size_t i;

	for (i = 0; i < st->n_files; i++) {
		vu_fd_close(&st->files[i].fd);
		free(st->files[i].path);
	}
}

void vu_stack_free(struct vu_stack *st)
{
	size_t i;

	st->ready = NULL;
	close_control(st);
	for (i = 0; i < VU_STACK_IFS; i++) {
		vu_plug_stop(&st->plugs[i]);
		vu_fd_close(&st->taps[i]);
		close_client(&st->clients[i]);
	}
	free_files(st);
	vu_fd_close(&st->maker_fd);
	free(st);
}

/* A client has said something, or has ended. */
static void on_client(struct vu_io *io, uint32_t events)
{
	struct vu_stack_client *c = vu_container_of(io, struct vu_stack_client, output);
	struct vu_stack *st = c->stack;
	char chunk[1024];
	ssize_t n = read(io->fd, chunk, sizeof(chunk) - 1);

	(void)events;
	if (n <= 0) {
		if (c->ready)
			vu_log_warn("net", "%s has ended", st->conf.ifs[c->index].client);
		report(st, -ETIMEDOUT, vu_buf_text(&c->said));
		/* Nothing is left of it if that was the end of the mount. */
		if (c->ready)
			close_client(c);
		return;
	}
	if (c->ready)
		return;
	chunk[n] = '\0';
	vu_buf_puts(&c->said, chunk);
	if (!vu_str_ends(vu_buf_text(&c->said), VU_PLUG_READY))
		return;
	c->ready = true;
	if (--st->waiting == 0)
		report(st, 0, "");
}

/* Have the maker start a client. 0 or -errno. */
static int start_client(struct vu_stack_client *c)
{
	struct vu_stack *st = c->stack;
	struct iovec iov = { &c->index, sizeof(c->index) };
	int out[2], res;
	ssize_t n;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	n = vu_fd_send(st->control.fd, &iov, 1, &out[1], 1);
	close(out[1]);
	res = n < 0 ? (int)n :
		      vu_io_add(&st->session->loop, &c->output, out[0], EPOLLIN, on_client);
	if (res < 0)
		close(out[0]);
	return res;
}

/* The interfaces are connected: those that are to be set up from the net are. */
static void ask_net(struct vu_stack *st)
{
	uint32_t i;
	int res = 0;

	st->waiting = 1;
	for (i = 0; !res && i < st->conf.n_ifs; i++) {
		if (!st->conf.ifs[i].client[0])
			continue;
		st->waiting++;
		res = start_client(&st->clients[i]);
	}
	if (res < 0)
		report(st, res, "");
	else if (--st->waiting == 0)
		report(st, 0, "");
}

static void on_plug(void *ctx, int res, const char *text)
{
	struct vu_stack *st = ctx;

	if (res < 0)
		report(st, res, text);
	else if (--st->waiting == 0)
		ask_net(st);
}

/* The namespace is there: connect its interfaces. */
static void plug_in(struct vu_stack *st)
{
	uint32_t i;
	int res = 0;

	st->waiting = 1;
	for (i = 0; !res && i < st->conf.n_ifs; i++) {
		if (!st->plugs[i].argv.n)
			continue;
		st->waiting++;
		res = vu_plug_start(&st->plugs[i], vu_steal_fd(&st->taps[i]), on_plug, st);
	}
	if (res < 0)
		report(st, res, "");
	else if (--st->waiting == 0)
		ask_net(st);
}

/* A detached mount that the maker shows to those in the stack. */
static int add_file(struct vu_stack *st, const struct vu_stack_note *note, int *fd)
{
	struct vu_stack_file *f = &st->files[st->n_files];
	struct statx sx;

	if (st->n_files == VU_STACK_FILES || *fd < 0 ||
	    statx(*fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, &sx) < 0)
		return -EPROTO;
	f->flags = VU_MOUNT_OFNET | VU_MOUNT_HIDDEN;
	if (note->kind == VU_NOTE_SYSCTL)
		f->flags |= VU_MOUNT_SYSCTL;
	if (!S_ISDIR(sx.stx_mode))
		f->flags |= VU_MOUNT_FILE;
	f->mnt_id = sx.stx_mnt_id;
	f->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	f->path = strdup(note->text);
	f->fd = vu_session_place_fd(st->session, vu_steal_fd(fd));
	if (f->fd < 0 || !f->path) {
		vu_fd_close(&f->fd);
		free(f->path);
		return -ENOMEM;
	}
	f->id = st->session->next_mount++;
	st->n_files++;
	return 0;
}

static void take_note(struct vu_stack *st, struct vu_stack_note *note, int *fd)
{
	int res = 0;

	note->text[sizeof(note->text) - 1] = '\0';
	if (note->kind == VU_NOTE_DONE) {
		if (note->result < 0)
			report(st, note->result, note->text);
		else
			plug_in(st);
		return;
	}
	if (note->kind == VU_NOTE_TAP && note->index < VU_STACK_IFS && st->taps[note->index] < 0)
		st->taps[note->index] = vu_steal_fd(fd);
	else
		res = add_file(st, note, fd);
	if (res < 0)
		report(st, res, "");
}

static void on_note(struct vu_io *io, uint32_t events)
{
	struct vu_stack *st = vu_container_of(io, struct vu_stack, control);
	struct vu_stack_note note;
	VU_CLEANUP(fd) int fd = -1;
	size_t n_fds = 0;
	ssize_t n = vu_fd_recv(io->fd, &note, sizeof(note), &fd, 1, &n_fds);

	(void)events;
	if (!n_fds)
		fd = -1;
	if (n == (ssize_t)sizeof(note)) {
		take_note(st, &note, &fd);
		return;
	}
	if (n == -EAGAIN)
		return;
	vu_log_warn("net", "the maker of a stack (%d) has ended unexpectedly", (int)st->maker);
	close_control(st);
	report(st, -EIO, "the process of the stack has ended unexpectedly");
}

/* Socket and process of the maker, which gets its task. */
static int start_maker(struct vu_stack *st, char *text)
{
	VU_CLEANUP(fd) int listener = -1;
	struct iovec iov = { &st->conf, sizeof(st->conf) };
	char why[VU_REALM_TEXT] = "";
	int pair[2], path = -1, res;
	ssize_t n;

	listener = vu_image_socket(st->session->id, &path);
	if (listener < 0)
		return listener;
	st->maker_fd = vu_session_place_fd(st->session, path);
	if (st->maker_fd < 0)
		return st->maker_fd;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	res = vu_realm_stack(vu_session_realm(st->session), pair[1], why);
	close(pair[1]);
	n = res < 0 ? res : vu_fd_send(pair[0], &iov, 1, &listener, 1);
	if (n < 0) {
		vu_str_copy(text, VU_MODULE_TEXT, why);
		close(pair[0]);
		return (int)n;
	}
	st->maker = res;
	vu_fd_nonblock(pair[0], true);
	return vu_io_add(&st->session->loop, &st->control, pair[0], EPOLLIN, on_note);
}

/* What the plugs get from the client. */
static void equip(struct vu_stack *st, pid_t client)
{
	char folder[40];
	uint32_t i;

	snprintf(folder, sizeof(folder), "/proc/%d/cwd", (int)client);
	for (i = 0; i < st->conf.n_ifs; i++)
		st->plugs[i].folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int vu_stack_new(struct vu_session *s, struct viewos_stack *plan, const struct vu_stack_init *init,
		 struct vu_stack **out, char *text)
{
	struct vu_stack *st = calloc(1, sizeof(*st));
	size_t i;
	int res;

	if (!st)
		return -ENOMEM;
	st->session = s;
	st->maker_fd = -1;
	st->control.fd = -1;
	st->conf = plan->conf;
	st->host = plan->host;
	for (i = 0; i < VU_STACK_IFS; i++) {
		st->taps[i] = -1;
		vu_plug_init(&st->plugs[i], s, &plan->plugs[i]);
		st->clients[i].stack = st;
		st->clients[i].index = (uint32_t)i;
		st->clients[i].output.fd = -1;
		st->clients[i].said.max = VU_MODULE_TEXT;
	}
	equip(st, init->client);
	res = st->host ? 0 : start_maker(st, text);
	if (res < 0) {
		vu_stack_free(st);
		return res;
	}
	st->ready = init->ready;
	st->ctx = init->ctx;
	*out = st;
	return 0;
}

void vu_stack_interfaces(const struct vu_stack *st, char *text, size_t size)
{
	size_t n = 0;
	uint32_t i;

	text[0] = '\0';
	for (i = 0; i < st->conf.n_ifs && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s", i ? "," : "",
				      st->conf.ifs[i].name);
}
