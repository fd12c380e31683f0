/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A front's connection to the server.
 *
 * The abstract name leads to the server of the caller's session, if there is one, because the agent turns
 * the connect aside. Outside a session some other user's process might own that name: the peer has to be
 * the user's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/rpc.h"
#include "abi/view.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "umvu/front_link.h"
#include "umvu/image.h"
#include "umvu/link.h"
#include "umvu/server.h"
#include "umvu/view.h"

/* Our own uid as the kernel has it: getuid() may be virtual. */
static uid_t kernel_uid(void)
{
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return cred.uid;
	getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &cred, &len);
	close(pair[0]);
	close(pair[1]);
	return cred.uid;
}

/* A connection to the session's server, -ENOTCONN if we are in none. */
static int connect_session(pid_t *server)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	VU_CLEANUP(fd) int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + sizeof(VU_RPC_ABSTRACT);
	struct ucred cred;

	if (sock < 0)
		return -errno;
	memcpy(addr.sun_path + 1, VU_RPC_ABSTRACT, sizeof(VU_RPC_ABSTRACT) - 1);
	if (connect(sock, (const struct sockaddr *)&addr, len) < 0)
		return -ENOTCONN;
	len = sizeof(cred);
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || cred.pid <= 0 ||
	    cred.uid != kernel_uid())
		return -ENOTCONN;
	*server = cred.pid;
	return vu_steal_fd(&sock);
}

int vu_front_send(const struct vu_front_link *l, unsigned int op, uint64_t a, const char *string)
{
	struct vu_rpc_request head = { .magic = VU_RPC_MAGIC,
				       .abi = VU_ABI_VERSION,
				       .op = (uint16_t)op,
				       .len = string ? (uint32_t)strlen(string) + 1 : 0,
				       .a = a };
	struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)string, head.len } };
	ssize_t n = vu_fd_send(l->fd, iov, string ? 2 : 1, NULL, 0);

	return n < 0 ? (int)n : 0;
}

int vu_front_receive(const struct vu_front_link *l, struct vu_front_message *m)
{
	struct {
		struct vu_rpc_reply head;
		char text[sizeof(m->text)];
	} msg;
	ssize_t n = vu_fd_recv(l->fd, &msg, sizeof(msg), NULL, 0, NULL);
	size_t len;

	/* The server has gone and left something of ours unread. What it said before that comes next. */
	if (n == -ECONNRESET)
		n = vu_fd_recv(l->fd, &msg, sizeof(msg), NULL, 0, NULL);
	if (n == 0 || n == -ECONNRESET)
		return 0;
	if (n < 0)
		return (int)n;
	if (n < (ssize_t)sizeof(msg.head) || msg.head.magic != VU_RPC_MAGIC)
		return -EPROTO;
	len = (size_t)n - sizeof(msg.head);
	if (len >= sizeof(m->text))
		len = sizeof(m->text) - 1;
	memcpy(m->text, msg.text, len);
	m->text[len] = '\0';
	m->kind = msg.head.reserved;
	m->result = msg.head.result;
	m->a = msg.head.a;
	m->b = msg.head.b;
	return 1;
}

/* What the image of the new view says about the session; its counters, if they are wanted. */
static int read_image(struct vu_front_link *l, bool stats)
{
	VU_CLEANUP(fd) int fd = -1;
	const struct vu_view_head *head;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/fd/%d", (int)l->server, l->ref.view_fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	head = mmap(NULL, VU_VIEW_HEAD_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (head == MAP_FAILED)
		return -errno;
	l->ref.session = head->session;
	l->ref.server = head->server;
	l->ref.loader_fd = head->loader_fd;
	l->classes = head->classes;
	munmap((void *)head, VU_VIEW_HEAD_SIZE);
	return stats ? vu_image_stats(fd, &l->stats) : 0;
}

/* A view of the session that we are in. */
static int ask_view(struct vu_front_link *l, const struct vu_options *o, char *text, size_t size)
{
	struct vu_front_message m;
	int res = vu_front_send(l, VU_RPC_VIEW_NEW, o->stats ? VU_NEW_STATS : 0,
				o->name ? o->name : "");

	if (res == -EPIPE)
		res = 0; /* it has gone, but not without a word, perhaps */
	do
		res = res < 0 ? res : vu_front_receive(l, &m);
	while (res > 0 && m.kind);
	if (res <= 0) {
		snprintf(text, size, "the server does not answer");
		return res < 0 ? res : -EPIPE;
	}
	if (m.result < 0) {
		snprintf(text, size, "%s", m.text);
		return m.result;
	}
	l->ref.view_fd = (int32_t)(uint32_t)m.a;
	l->ref.rpc_fd = (int32_t)(m.a >> 32);
	l->view = (uint32_t)m.b;
	return read_image(l, o->stats);
}

/* A session of our own. */
static int start_server(struct vu_front_link *l, const struct vu_options *o, int first, char *text,
			size_t size)
{
	const struct vu_server_start how = {
		.name = o->name ? o->name : "",
		.debug = o->debug,
		.stats = o->stats,
		.first = first,
	};
	int res = vu_server_start(&how, &l->started, text, size);

	if (res < 0)
		return res;
	l->fd = l->started.link;
	l->server = l->started.pid;
	l->ref = vu_view_ref(l->started.view);
	l->view = l->started.view->number;
	l->stats = l->started.stats;
	return 0;
}

int vu_front_connect(struct vu_front_link *l, const struct vu_options *o, struct vu_first *first,
		     char *text, size_t size)
{
	int res;

	memset(l, 0, sizeof(*l));
	text[0] = '\0';
	l->fd = connect_session(&l->server);
	l->nested = l->fd >= 0;
	res = vu_first_find(o, l->nested, first);
	if (res < 0)
		snprintf(text, size, "'%s'", first->path);
	else if (l->nested)
		res = ask_view(l, o, text, size);
	else
		res = start_server(l, o, first->fd, text, size);
	if (res < 0)
		vu_fd_close(&l->fd);
	return res;
}

void vu_front_go(const struct vu_front_link *l)
{
	if (!l->nested)
		vu_server_go(&l->started);
}

void vu_front_let_go(struct vu_front_link *l)
{
	if (!l->nested)
		vu_server_let_go(&l->started);
}
