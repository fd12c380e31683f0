/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests to umvu whose texts lie in several buffers, and that the guest's signals can interrupt. */
#ifndef VU_AGENT_RPC_H
#define VU_AGENT_RPC_H

#include "agent/agent.h"

#define VU_RPC_TEXTS 4

/* A piece of the request's text; NULs between strings are part of it. */
struct vu_rpc_text {
	const void *base;
	size_t len;
};

struct vu_rpc_answer {
	char *text; /* where the reply's text goes, NUL-terminated; size bytes, 0: nowhere */
	size_t size;
	const int *fds; /* to be sent with the request */
	int n_fds;
	int fd; /* received (close-on-exec); -EIO: none; -EMFILE: no number was left for it */
	struct vu_rpc_reply reply;
};

/* struct iovec and struct msghdr (recvmsg(2)). */
struct vu_iovec {
	const void *base;
	size_t len;
};
struct vu_msghdr {
	void *name;
	int name_len;
	struct vu_iovec *iov;
	size_t n_iov;
	void *control;
	size_t control_len;
	unsigned int flags;
};

/*
 * Waits until the server has its socket, which it makes while the session's first guest begins; until then another
 * file has that number.
 */
void vu_await_server(void);

/*
 * Connects to the session's socket that is the server's descriptor session_fd. May block. The new descriptor
 * (close-on-exec, the caller's), -errno of socket(2), -EINTR of connect(2), or `lost`: nobody answers there.
 */
long vu_session_dial(int session_fd, long lost);

/*
 * Sends rq with the pieces of text and waits for the reply. The reply's result; -EIO: umvu is gone;
 * -EINTR: a signal came that the guest of call c handles (c NULL: it is not interrupted).
 */
long vu_rpc_ask(struct vu_call *c, struct vu_rpc_request *rq, const struct vu_rpc_text *texts,
		int n_texts, struct vu_rpc_answer *a);

/*
 * Waits until there is something to be read from socket fd, with those of the guest's signals let in that have
 * no handler. 0, or -EINTR: a signal came that the guest of call c handles (c NULL: it is not interrupted).
 */
long vu_wait_reply(const struct vu_call *c, int fd);

#endif
