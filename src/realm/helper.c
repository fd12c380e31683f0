/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The realm's processes: the guard, which stays in the host's namespaces, and the one that is inside.
 *
 * The guard waits for the first request, and then forks the other, which enters the namespaces and serves
 * the socket; if it is killed, the next request makes another. If entering fails it goes on with that
 * error as the answer to all requests: what a process may do does not change for the better.
 *
 * At QUIT both end. At the end of the socket without it, the server was killed: the guard removes what
 * it may have left in the file system, ends the session's guests, and waits for drivers to write what they
 * have. It could not do that from inside: a process in another user namespace may not look at those outside
 * (ptrace(2), access mode checking).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "realm/folder.h"
#include "realm/fs.h"
#include "realm/guests.h"
#include "realm/helper.h"
#include "realm/ns.h"
#include "realm/stack.h"
#include "realm/tree.h"
#include "realm/wire.h"

#define DRIVERS_MS 10000 /* for drivers to end after their mounts have gone */

struct helper {
	int sock;
	uint64_t session;
	bool tried;  /* to enter the namespaces */
	int entered; /* 0, or -errno why not */
	char why[VU_REALM_TEXT];
	bool quit;
};

/* The operations: descriptor to send, or 0 or -errno; `fd` is the one that came, -1 none. */
typedef int op_fn(struct helper *h, const struct vu_realm_request *rq, int fd, char *text);

static int op_fuse_open(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)h;
	(void)fd;
	return vu_fs_fuse_open((int)rq->a, text);
}

static int op_fuse_mount(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)h;
	return vu_fs_fuse_mount(&rq->fuse, fd, text);
}

static int op_cover(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)h;
	(void)fd;
	return vu_fs_cover(rq->a == 1, text);
}

static int op_tree(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)h;
	(void)rq;
	(void)fd;
	(void)text;
	return vu_tree_open();
}

static int op_attach(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)h;
	(void)text;
	return vu_tree_attach(fd, (uint32_t)rq->a);
}

static int op_detach(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)h;
	(void)fd;
	(void)text;
	return vu_tree_detach((uint32_t)rq->a);
}

static int op_abort(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)h;
	if (rq->a && !vu_tree_abort((uint32_t)rq->a))
		return 0;
	return vu_fs_abort(fd, text);
}

static int op_setattr(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)h;
	return vu_fs_setattr(fd, rq->a, rq->b, text);
}

/* The maker is a child that nobody waits for (serve_inside()). */
static int op_stack(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	pid_t pid = fork();

	(void)h;
	(void)rq;
	(void)text;
	if (pid == 0)
		vu_maker_main(fd);
	return pid < 0 ? -errno : pid;
}

static int op_quit(struct helper *h, const struct vu_realm_request *rq, int fd, char *text)
{
	(void)rq;
	(void)fd;
	(void)text;
	h->quit = true;
	return 0;
}

static const struct {
	op_fn *fn;
	bool takes_fd, gives_fd, inside;
} ops[VU_REALM_N_OPS] = {
	[VU_REALM_FUSE_OPEN] = { op_fuse_open, false, true, true },
	[VU_REALM_FUSE_MOUNT] = { op_fuse_mount, true, true, true },
	[VU_REALM_COVER] = { op_cover, false, true, true },
	[VU_REALM_TREE] = { op_tree, false, true, true },
	[VU_REALM_ATTACH] = { op_attach, true, false, true },
	[VU_REALM_DETACH] = { op_detach, false, false, true },
	[VU_REALM_ABORT] = { op_abort, true, false, true },
	[VU_REALM_SETATTR] = { op_setattr, true, false, true },
	[VU_REALM_STACK] = { op_stack, true, false, true },
	[VU_REALM_QUIT] = { op_quit, false, false, false },
};

static int enter(struct helper *h, char *text)
{
	if (!h->tried) {
		h->tried = true;
		h->entered = vu_ns_enter(h->why, sizeof(h->why));
	}
	memcpy(text, h->why, sizeof(h->why));
	return h->entered;
}

/* Answer one request; `fd` is closed by the caller. */
static int serve(struct helper *h, const struct vu_realm_request *rq, int fd)
{
	struct vu_realm_reply reply = { 0 };
	VU_CLEANUP(fd) int give = -1;
	struct iovec iov = { &reply, sizeof(reply) };
	int res = 0;

	if (rq->op >= VU_REALM_N_OPS || (fd >= 0) != ops[rq->op].takes_fd)
		res = -EINVAL;
	if (!res && ops[rq->op].inside)
		res = enter(h, reply.text);
	if (!res)
		res = ops[rq->op].fn(h, rq, fd, reply.text);
	if (res >= 0 && rq->op < VU_REALM_N_OPS && ops[rq->op].gives_fd)
		give = res;
	reply.result = give >= 0 ? 0 : res;
	return (int)vu_fd_send(h->sock, &iov, 1, &give, give >= 0);
}

/* One request; < 0 at the end. */
static int next(struct helper *h)
{
	struct vu_realm_request rq;
	VU_CLEANUP(fd) int fd = -1;
	size_t n_fds = 0;
	ssize_t n = vu_fd_recv(h->sock, &rq, sizeof(rq), &fd, 1, &n_fds);

	if (!n_fds)
		fd = -1;
	if (n == 0)
		return -EPIPE;
	if (n != (ssize_t)sizeof(rq))
		return n < 0 ? (int)n : -EPROTO;
	rq.fuse.source[sizeof(rq.fuse.source) - 1] = '\0';
	rq.fuse.subtype[sizeof(rq.fuse.subtype) - 1] = '\0';
	return serve(h, &rq, fd);
}

/* Wait for a message, without taking it: its operation, or -EPIPE at the end. */
static int await(const struct helper *h)
{
	struct vu_realm_request rq;
	ssize_t n;

	do
		n = recv(h->sock, &rq, sizeof(rq), MSG_PEEK);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -EPIPE;
	return n == (ssize_t)sizeof(rq) ? (int)rq.op : VU_REALM_N_OPS;
}

/* In the child: serve from inside. Exit status 0 after QUIT, 1 at the end of the socket. */
_Noreturn static void serve_inside(struct helper *h)
{
	prctl(PR_SET_NAME, "umvu-realm");
	signal(SIGCHLD, SIG_IGN);
	while (!h->quit && next(h) >= 0)
		;
	_exit(h->quit ? 0 : 1);
}

/* Have a child serve until it ends; whether that was by QUIT, or -EPIPE at the end of the socket. */
static int delegate(struct helper *h)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return next(h); /* without memory: from here, as long as it goes */
	if (pid == 0)
		serve_inside(h);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return 0;
	h->quit = WEXITSTATUS(status) == 0;
	return h->quit ? 0 : -EPIPE;
}

void vu_helper_main(int sock, uint64_t session)
{
	struct helper h = { .sock = sock, .session = session };
	struct vu_guests guests = { .session = session };
	int res = 0;

	setsid();
	prctl(PR_SET_NAME, "vu-guard"); /* who ends all that is called umvu leaves it its duty */
	while (!h.quit && res >= 0) {
		res = await(&h);
		if (res == VU_REALM_QUIT)
			res = next(&h);
		else if (res >= 0)
			res = delegate(&h);
	}
	if (!h.quit) {
		vu_fd_close(&h.sock);
		vu_folder_clear(session);
		vu_orphans_end(&guests);
		vu_drivers_end(session, DRIVERS_MS);
	}
	_exit(0);
}
