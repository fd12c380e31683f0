/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections of clients: accepting them, taking requests, sending replies.
 *
 * A connection carries one request at a time. An operation either answers at once, or leaves in
 * conn->cancel how to give it up, and answers later; cancel is called if the client goes away before
 * that. Only what runs under that protocol refers to a connection.
 */
#ifndef VU_UMVU_CONN_H
#define VU_UMVU_CONN_H

#include <stdint.h>
#include <sys/types.h>

#include "umvu/rpc.h"
#include "umvu/session.h"

struct vu_view;

struct vu_conn {
	struct vu_list node;
	struct vu_session *session;
	struct vu_view *view; /* by whose socket it came; NULL: the session's first front */
	struct vu_io io;
	pid_t pid; /* of the client */
	struct vu_view
		*front_of; /* the view that this connection keeps; NULL: an ordinary client's */
	void (*cancel)(void *op); /* an operation is under way */
	void *op;
};

/* What is sent back. */
struct vu_conn_reply {
	int result;
	const char *text; /* NULL: none; cut where it is too long */
	uint64_t a, b;
	int fd; /* 0: none; else sent, and stays the caller's */
};

/* Accept connections on listening socket `sock` for view v, which has it from now on. 0 or -errno. */
int vu_conn_listen(struct vu_view *v, int sock);

/* Add the connection `sock`, which is taken (and closed on error). 0 or -errno. */
int vu_conn_add(struct vu_session *s, struct vu_view *v, int take_sock);

/* The same for the connection that keeps v, its front's: v ends with it. 0 or -errno. */
int vu_conn_add_front(struct vu_view *v, int take_sock);

/* Answer the request under way; the connection may be gone afterwards. */
void vu_conn_answer(struct vu_conn *c, const struct vu_conn_reply *r);

/* The same for a result and a text. */
void vu_conn_result(struct vu_conn *c, int result, const char *text);

/* Say something unasked to a front (VU_LINK_*). Nothing happens if that fails. */
void vu_conn_tell(struct vu_conn *c, uint32_t kind, const char *text);

/* The operation under way will be answered later; `cancel` undoes it if it cannot be. */
void vu_conn_defer(struct vu_conn *c, void (*cancel)(void *op), void *op);

/* Close the connections that came by a view's socket. */
void vu_conn_drop_view(struct vu_view *v);

/* Close one. What it keeps goes, too: an operation is given up, a view ended. */
void vu_conn_close(struct vu_conn *c);

#endif
