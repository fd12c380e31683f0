/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections of clients. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/view.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/conn.h"
#include "umvu/ops.h"
#include "umvu/view.h"
#include "umvu/view_end.h"

#define TEXT_MAX 8192 /* of a reply; what the agent has room for */
#define PAUSE_MS 100  /* where there was no descriptor for a connection */

void vu_conn_close(struct vu_conn *c)
{
	struct vu_view *kept = c->front_of;
	void (*cancel)(void *op) = c->cancel;
	int fd = c->io.fd;

	vu_io_del(&c->session->loop, &c->io);
	vu_fd_close(&fd);
	vu_list_del(&c->node);
	c->cancel = NULL;
	if (cancel)
		cancel(c->op);
	if (kept) {
		kept->front = NULL;
		vu_view_abandon(kept);
	}
	if (!c->view) /* the first front's: perhaps it never got a view */
		vu_session_check_end(c->session);
	free(c);
}

static int send_reply(struct vu_conn *c, const struct vu_conn_reply *r, uint32_t kind)
{
	size_t len = r->text ? strnlen(r->text, TEXT_MAX - 1) + 1 : 0;
	struct vu_rpc_reply head = { .magic = VU_RPC_MAGIC,
				     .result = r->result,
				     .len = (uint32_t)len,
				     .reserved = kind,
				     .a = r->a,
				     .b = r->b };
	VU_CLEANUP(free) char *text = len ? vu_str_ndup(r->text, len - 1) : NULL;
	struct iovec iov[2] = { { &head, sizeof(head) }, { text, len } };
	ssize_t n;

	if (len && !text)
		return -ENOMEM;
	n = vu_fd_send(c->io.fd, iov, len ? 2 : 1, &r->fd, r->fd > 0);
	return n < 0 ? (int)n : 0;
}

void vu_conn_answer(struct vu_conn *c, const struct vu_conn_reply *r)
{
	int res;

	vu_log_debug("rpc", "%d: result %d%s%s", (int)c->pid, r->result, r->text ? ": " : "",
		     r->text ? r->text : "");
	c->cancel = NULL;
	c->op = NULL;
	res = send_reply(c, r, 0);
	if (res == -EMFILE) {
		const struct vu_conn_reply refusal = { .result = -EMFILE };

		res = send_reply(c, &refusal, 0);
	}
	if (res < 0) {
		/* Its end is noticed by the loop: the caller may still use `c`. */
		vu_log_debug("rpc", "%d does not take its reply: %s", (int)c->pid, strerror(-res));
		shutdown(c->io.fd, SHUT_RDWR);
	}
}

void vu_conn_result(struct vu_conn *c, int result, const char *text)
{
	struct vu_conn_reply r = { .result = result, .text = text };

	vu_conn_answer(c, &r);
}

void vu_conn_tell(struct vu_conn *c, uint32_t kind, const char *text)
{
	struct vu_conn_reply r = { .text = text };

	send_reply(c, &r, kind);
}

void vu_conn_defer(struct vu_conn *c, void (*cancel)(void *op), void *op)
{
	c->cancel = cancel;
	c->op = op;
}

static void close_fds(struct vu_rpc_in *in)
{
	size_t i;

	for (i = 0; i < in->n_fds; i++)
		if (in->fds[i] >= 0)
			close(in->fds[i]);
}

/* A message has come, or the end. */
static void on_message(struct vu_io *io, uint32_t events)
{
	struct vu_conn *c = vu_container_of(io, struct vu_conn, io);
	VU_CLEANUP(free) char *msg = malloc(VU_RPC_MAX);
	struct vu_rpc_in in = { .n_fds = 0 };
	ssize_t n;
	int res;

	(void)events;
	n = msg ? vu_fd_recv(io->fd, msg, VU_RPC_MAX, in.fds, VU_RPC_MAX_FDS, &in.n_fds) : -ENOMEM;
	if (n == -EAGAIN)
		return;
	if (n <= 0 && n != -EMSGSIZE && n != -EMFILE) {
		vu_conn_close(c);
		return;
	}
	if (c->cancel) { /* one request at a time */
		close_fds(&in);
		vu_conn_close(c);
		return;
	}
	if (n == -EMSGSIZE)
		n = -EPROTO;
	res = n < 0 ? (int)n : vu_rpc_decode(msg, (size_t)n, in.n_fds, &in);
	vu_log_debug("rpc", "%d: %s", (int)c->pid,
		     res < 0 ? "bad request" : vu_rpc_name(in.head.op));
	if (res < 0)
		vu_conn_result(c, res, NULL);
	else
		vu_ops_run(c, &in);
	close_fds(&in);
}

static int add(struct vu_session *s, struct vu_view *v, int take_sock, struct vu_conn **out)
{
	struct vu_conn *c = calloc(1, sizeof(*c));
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int res = 0;

	if (!c)
		res = -ENOMEM;
	else if (getsockopt(take_sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		res = -errno;
	else if (cred.uid != s->uid)
		res = -EPERM;
	else
		res = vu_io_add(&s->loop, &c->io, take_sock, EPOLLIN | EPOLLRDHUP, on_message);
	if (res < 0) {
		close(take_sock);
		free(c);
		return res;
	}
	c->session = s;
	c->view = v;
	c->pid = cred.pid;
	vu_list_add_tail(&s->conns, &c->node);
	*out = c;
	return 0;
}

int vu_conn_add(struct vu_session *s, struct vu_view *v, int take_sock)
{
	struct vu_conn *c;

	return add(s, v, take_sock, &c);
}

int vu_conn_add_front(struct vu_view *v, int take_sock)
{
	struct vu_conn *c;
	int res = add(v->session, NULL, take_sock, &c);

	if (!res) {
		v->front = c;
		c->front_of = v;
	}
	return res;
}

static void after_pause(struct vu_timer *t)
{
	struct vu_view *v = vu_container_of(t, struct vu_view, pause);

	vu_io_change(&v->session->loop, &v->listen, EPOLLIN);
}

static void on_connect(struct vu_io *io, uint32_t events)
{
	struct vu_view *v = vu_container_of(io, struct vu_view, listen);
	int sock = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (sock >= 0) {
		vu_conn_add(v->session, v, sock);
		return;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		vu_log_warn("rpc", "no connection possible: %s", strerror(errno));
		vu_io_change(&v->session->loop, io, 0);
		vu_timer_set(&v->session->loop, &v->pause, PAUSE_MS, after_pause);
	}
}

int vu_conn_listen(struct vu_view *v, int sock)
{
	return vu_io_add(&v->session->loop, &v->listen, sock, EPOLLIN, on_connect);
}

void vu_conn_drop_view(struct vu_view *v)
{
	struct vu_list *conns = &v->session->conns;
	struct vu_conn *c;
	bool found = true;

	/* From the start each time: closing one may change more of the list than itself. */
	while (found) {
		found = false;
		vu_list_for_each(c, conns, node) {
			if (c->view == v) {
				vu_conn_close(c);
				found = true;
				break;
			}
		}
	}
}
