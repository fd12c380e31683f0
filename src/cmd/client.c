/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talking to the session's umvu. The abstract name exists in no name space of sockets: it is the agent
 * of the calling process that turns a connect to it into one to the view's socket. So outside a session
 * the connect is refused by the kernel.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/view.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "cmd/client.h"

void vu_cleanup_reply(void *p)
{
	struct vu_reply *reply = p;

	free(reply->text);
	reply->text = NULL;
}

/* A socket connected to umvu, or -errno. */
static int connect_session(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	VU_CLEANUP(fd) int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	size_t len = sizeof(VU_RPC_ABSTRACT) - 1;

	if (sock < 0)
		return -errno;
	memcpy(addr.sun_path + 1, VU_RPC_ABSTRACT, len);
	len += offsetof(struct sockaddr_un, sun_path) + 1;
	if (connect(sock, (const struct sockaddr *)&addr, (socklen_t)len) < 0)
		return errno == ECONNREFUSED || errno == EPROTOTYPE ? -ENOTCONN : -errno;
	return vu_steal_fd(&sock);
}

static int send_request(int sock, const struct vu_request *request)
{
	struct vu_rpc_request head = { .magic = VU_RPC_MAGIC,
				       .abi = VU_ABI_VERSION,
				       .op = (uint16_t)request->op,
				       .a = request->a,
				       .b = request->b,
				       .c = request->c };
	VU_CLEANUP(buf) struct vu_buf body = { .max = VU_RPC_MAX - sizeof(head) };
	struct iovec iov[2] = { { &head, sizeof(head) } };
	ssize_t sent;
	size_t i;

	for (i = 0; i < request->n_strings; i++)
		vu_buf_addstr(&body, request->strings[i]);
	if (body.error)
		return body.error;
	head.len = (uint32_t)body.len;
	iov[1] = (struct iovec){ body.data, body.len };
	sent = vu_fd_send(sock, iov, body.len ? 2 : 1, NULL, 0);
	return sent < 0 ? (int)sent : 0;
}

static int receive_reply(int sock, struct vu_reply *reply)
{
	VU_CLEANUP(free) char *message = malloc(VU_RPC_MAX);
	struct vu_rpc_reply head;
	struct vu_reader r;
	const char *text;
	ssize_t n;

	if (!message)
		return -ENOMEM;
	n = vu_fd_recv(sock, message, VU_RPC_MAX, NULL, 0, NULL);
	if (n < 0)
		return (int)n;
	vu_reader_init(&r, message, (size_t)n);
	vu_reader_copy(&r, &head, sizeof(head));
	text = vu_reader_bytes(&r, head.len);
	if (r.error || head.magic != VU_RPC_MAGIC)
		return -EPROTO;
	reply->result = head.result;
	reply->a = head.a;
	reply->b = head.b;
	reply->text = vu_str_ndup(text, head.len);
	return reply->text ? 0 : -ENOMEM;
}

int vu_client_call(const struct vu_request *request, struct vu_reply *reply)
{
	VU_CLEANUP(fd) int sock = connect_session();
	int res;

	memset(reply, 0, sizeof(*reply));
	if (sock < 0)
		return sock;
	res = send_request(sock, request);
	return res < 0 ? res : receive_reply(sock, reply);
}

int vu_client_simple(enum vu_rpc_op op, const char *string, struct vu_reply *reply)
{
	const struct vu_request request = { .op = op, .strings = &string, .n_strings = !!string };

	return vu_client_call(&request, reply);
}

void vu_client_complain(int error)
{
	if (error == -ENOTCONN)
		warnx("not in a View OS session");
	else
		warnx("cannot reach the session's umvu: %s", strerror(-error));
}

int vu_client_check_session(void)
{
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	int res = vu_client_simple(VU_RPC_HELLO, NULL, &reply);

	if (!res)
		res = reply.result < 0 ? reply.result : 0;
	if (res)
		vu_client_complain(res);
	return res;
}
