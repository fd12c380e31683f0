/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's side of the realm: starting it, and a function for each request. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "realm/helper.h"
#include "realm/realm.h"

#define ANSWER_S 10

/* In the child: signals as by default, no descriptor but the socket. */
_Noreturn static void run_helper(int sock, uint64_t session)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (sock > 3)
		close_range(3, (unsigned int)sock - 1, 0);
	close_range((unsigned int)sock + 1, ~0u, 0);
	vu_helper_main(sock, session);
}

int vu_realm_start(struct vu_realm *r, uint64_t session)
{
	struct timeval patience = { .tv_sec = ANSWER_S };
	int pair[2], res;

	r->sock = -1;
	r->pid = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		r->error = -errno;
		return r->error;
	}
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	r->pid = fork();
	res = r->pid < 0 ? -errno : 0;
	if (r->pid == 0)
		run_helper(pair[1], session);
	close(pair[1]);
	if (res < 0)
		close(pair[0]);
	else
		r->sock = pair[0];
	r->error = res;
	return res;
}

void vu_realm_drop(struct vu_realm *r)
{
	vu_fd_close(&r->sock);
	r->pid = -1;
}

/* Send a request, take the answer. With `give` the result is the descriptor that came. */
static int ask(struct vu_realm *r, const struct vu_realm_request *rq, int fd, int give, char *text)
{
	struct iovec iov = { (void *)rq, sizeof(*rq) };
	struct vu_realm_reply reply;
	VU_CLEANUP(fd) int got = -1;
	size_t n_fds = 0;
	ssize_t n;

	if (text)
		text[0] = '\0';
	if (r->sock < 0)
		return r->error ? r->error : -EPIPE;
	n = vu_fd_send(r->sock, &iov, 1, &fd, fd >= 0);
	if (n >= 0)
		n = vu_fd_recv(r->sock, &reply, sizeof(reply), &got, 1, &n_fds);
	if (!n_fds)
		got = -1;
	if (n != (ssize_t)sizeof(reply)) {
		/* An answer that comes later would be taken for the next one's. */
		vu_fd_close(&r->sock);
		return n == -EAGAIN ? -ETIMEDOUT : n < 0 ? (int)n : -EPIPE;
	}
	if (text) {
		memcpy(text, reply.text, sizeof(reply.text));
		text[sizeof(reply.text) - 1] = '\0';
	}
	if (reply.result < 0 || !give)
		return reply.result;
	return got >= 0 ? vu_steal_fd(&got) : -EPROTO;
}

void vu_realm_stop(struct vu_realm *r)
{
	struct vu_realm_request rq = { .op = VU_REALM_QUIT };

	ask(r, &rq, -1, 0, NULL);
	vu_fd_close(&r->sock);
}

int vu_realm_fuse_open(struct vu_realm *r, int flags, char *text)
{
	struct vu_realm_request rq = { .op = VU_REALM_FUSE_OPEN, .a = (unsigned int)flags };

	return ask(r, &rq, -1, 1, text);
}

int vu_realm_fuse_mount(struct vu_realm *r, const struct vu_realm_fuse *m, int dev, char *text)
{
	struct vu_realm_request rq = { .op = VU_REALM_FUSE_MOUNT, .fuse = *m };

	return ask(r, &rq, dev, 1, text);
}

int vu_realm_cover(struct vu_realm *r, int is_file, char *text)
{
	struct vu_realm_request rq = { .op = VU_REALM_COVER, .a = is_file ? 1 : 0 };

	return ask(r, &rq, -1, 1, text);
}

int vu_realm_tree(struct vu_realm *r)
{
	struct vu_realm_request rq = { .op = VU_REALM_TREE };

	return ask(r, &rq, -1, 1, NULL);
}

int vu_realm_attach(struct vu_realm *r, int mount, uint32_t id)
{
	struct vu_realm_request rq = { .op = VU_REALM_ATTACH, .a = id };

	return ask(r, &rq, mount, 0, NULL);
}

int vu_realm_detach(struct vu_realm *r, uint32_t id)
{
	struct vu_realm_request rq = { .op = VU_REALM_DETACH, .a = id };

	return ask(r, &rq, -1, 0, NULL);
}

int vu_realm_abort(struct vu_realm *r, int mount, uint32_t id, char *text)
{
	struct vu_realm_request rq = { .op = VU_REALM_ABORT, .a = id };

	return ask(r, &rq, mount, 0, text);
}

int vu_realm_setattr(struct vu_realm *r, int mount, uint64_t set, uint64_t clear, char *text)
{
	struct vu_realm_request rq = { .op = VU_REALM_SETATTR, .a = set, .b = clear };

	return ask(r, &rq, mount, 0, text);
}

int vu_realm_stack(struct vu_realm *r, int control, char *text)
{
	struct vu_realm_request rq = { .op = VU_REALM_STACK };

	return ask(r, &rq, control, 0, text);
}
