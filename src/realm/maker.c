/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making sockets for guests (abi/stack.h).
 *
 * One loop, which never waits for a guest: what is ready is sent without blocking; when a pair takes no more
 * the kernel says when half of it has been taken. A guest that connects and says nothing costs a descriptor;
 * when there are none left, the oldest of those goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/stack.h"
#include "base/fd.h"
#include "base/str.h"
#include "realm/maker.h"

#define GIVE_FD	    (VU_STASH_FD + (int)VU_STASH_KINDS) /* the sending ends are from here on */
#define FIRST_GUEST (GIVE_FD + (int)VU_STASH_KINDS)
/*
 * Bytes of socket memory that what is ready of a kind may take, which the kernel doubles: some 5 sockets at
 * first, twice as many each time that they have been taken, some 130 at last. Descriptors that are under way
 * count against a limit of the user's, so there must not be many that nobody wants.
 */
#define FIRST_BYTES 2304
#define LAST_BYTES  55296

struct maker {
	const struct vu_stack_conf *conf;
	int epoll, control, listener;
	bool ready;		   /* sockets are made in advance */
	int bytes[VU_STASH_KINDS]; /* that those of each kind may take */
};

int vu_maker_stash(void)
{
	int pair[2];
	size_t i;

	for (i = 0; i < VU_STASH_KINDS; i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return -errno;
		if (dup3(pair[0], GIVE_FD + (int)i, O_CLOEXEC) < 0 ||
		    dup3(pair[1], VU_STASH_FD + (int)i, O_CLOEXEC) < 0)
			return -errno;
		close(pair[0]);
		close(pair[1]);
		vu_fd_nonblock(GIVE_FD + (int)i, true);
	}
	return 0;
}

static int watch(const struct maker *m, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* Send an int32_t with a descriptor (-1 none). 0 or -errno. */
static int give(int to, int32_t result, int fd)
{
	struct iovec iov = { &result, sizeof(result) };
	ssize_t n = vu_fd_send(to, &iov, 1, &fd, fd >= 0);

	return n < 0 ? (int)n : 0;
}

/* Fill the pair of kind i until it takes no more, which is more than the time before. */
static void refill(struct maker *m, unsigned int i)
{
	const struct vu_stash_kind *k = &vu_stash_kinds[i];
	int *bytes = &m->bytes[i], res = 0;

	*bytes = !*bytes ? FIRST_BYTES : *bytes * 2 < LAST_BYTES ? *bytes * 2 : LAST_BYTES;
	setsockopt(GIVE_FD + (int)i, SOL_SOCKET, SO_SNDBUF, bytes, sizeof(*bytes));
	while (!res) {
		VU_CLEANUP(fd) int fd = socket(k->domain, k->type | SOCK_CLOEXEC, k->protocol);

		res = fd < 0 ? -errno : give(GIVE_FD + (int)i, 0, fd);
	}
}

/* What is ready would have the old settings. The numbers stay taken: guests may still look there. */
static int flush(struct maker *m)
{
	VU_CLEANUP(fd) int none = open("/dev/null", O_RDWR | O_CLOEXEC);
	int i;

	if (none < 0)
		return -errno;
	for (i = 0; m->ready && i < (int)VU_STASH_KINDS; i++) {
		dup3(none, GIVE_FD + i, O_CLOEXEC);
		dup3(none, VU_STASH_FD + i, O_CLOEXEC);
	}
	m->ready = false;
	return 0;
}

/* What was asked for: a descriptor (*is_fd), or a result. */
static int answer(struct maker *m, const struct vu_maker_request *rq, bool *is_fd)
{
	int fd = -1;

	*is_fd = false;
	if (rq->op == VU_MAKER_FLUSH)
		return flush(m);
	*is_fd = true;
	if (rq->op == VU_MAKER_SOCKET && vu_family_of((unsigned int)rq->domain) != VU_FAMILY_NONE)
		fd = socket(rq->domain, rq->type | SOCK_CLOEXEC, rq->protocol);
	else if (rq->op == VU_MAKER_TUN)
		fd = open("/dev/net/tun", (rq->type & (O_ACCMODE | O_NONBLOCK)) | O_CLOEXEC);
	else
		return -EINVAL;
	return fd < 0 ? -errno : fd;
}

/* Take the request of a guest's connection. False: it has not come yet. */
static bool serve_guest(struct maker *m, int conn)
{
	struct vu_maker_request rq;
	ssize_t n = recv(conn, &rq, sizeof(rq), MSG_DONTWAIT);
	bool is_fd = false;
	int res;

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n == (ssize_t)sizeof(rq)) {
		res = answer(m, &rq, &is_fd);
		give(conn, res < 0 ? res : 0, is_fd && res >= 0 ? res : -1);
		if (is_fd && res >= 0)
			close(res);
	}
	close(conn);
	return true;
}

static bool is_own_user(int conn)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.uid == geteuid();
}

static void accept_guest(struct maker *m)
{
	int conn = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), fd;

	if (conn < 0 && (errno == EMFILE || errno == ENFILE)) {
		for (fd = FIRST_GUEST; close(fd) < 0 && fd < FIRST_GUEST + 65536;)
			fd++;
		return;
	}
	if (conn >= 0 && (!is_own_user(conn) ||
			  (!serve_guest(m, conn) && watch(m, conn, EPOLLIN | EPOLLRDHUP) < 0)))
		close(conn);
}

/* A client is to be started. False: the end. */
static bool take_order(const struct maker *m)
{
	VU_CLEANUP(fd) int out = -1;
	size_t n_fds = 0;
	uint32_t i;
	ssize_t n = vu_fd_recv(m->control, &i, sizeof(i), &out, 1, &n_fds);

	if (n != (ssize_t)sizeof(i))
		return n < 0 && n != -ECONNRESET;
	if (n_fds == 1 && i < m->conf->n_ifs)
		vu_maker_client(m->conf->ifs[i].client, out);
	return true;
}

static void handle(struct maker *m, const struct epoll_event *e)
{
	int fd = e->data.fd;

	if (fd == m->listener)
		accept_guest(m);
	else if (fd >= GIVE_FD && fd < FIRST_GUEST)
		refill(m, (unsigned int)(fd - GIVE_FD));
	else
		serve_guest(m, fd);
}

/* As many descriptors as we may have, those under way included. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void vu_maker_serve(const struct vu_stack_conf *conf, int control, int listener)
{
	struct maker m = { .conf = conf, .control = control, .listener = listener, .ready = true };
	struct epoll_event e;
	unsigned int i;

	raise_limit();
	m.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (m.epoll < 0 || watch(&m, control, EPOLLIN | EPOLLRDHUP) < 0 ||
	    watch(&m, listener, EPOLLIN) < 0)
		return;
	for (i = 0; i < VU_STASH_KINDS; i++) {
		refill(&m, i);
		watch(&m, GIVE_FD + (int)i, EPOLLOUT | EPOLLET);
	}
	for (;;) {
		if (epoll_wait(m.epoll, &e, 1, -1) != 1)
			continue;
		if (e.data.fd != control)
			handle(&m, &e);
		else if (!take_order(&m))
			return;
	}
}
