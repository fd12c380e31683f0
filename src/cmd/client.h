/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talking to the session's umvu: one request, one reply (see abi/rpc.h). */
#ifndef VU_CMD_CLIENT_H
#define VU_CMD_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "abi/rpc.h"

struct vu_request {
	enum vu_rpc_op op;
	uint64_t a, b, c;
	const char *const *strings; /* those that the operation names, in order */
	size_t n_strings;
};

struct vu_reply {
	int result; /* of the operation: >= 0 or -errno */
	char *text; /* what umvu said, never NULL after success of vu_client_call(); to be freed */
	uint64_t a, b; /* as the operation says */
};

/* For VU_CLEANUP(reply): frees the text. */
void vu_cleanup_reply(void *p);

/*
 * Send a request to the umvu of the caller's session and wait for its reply. 0 and *reply, whatever the
 * operation's own result; or -ENOTCONN where the caller is in no session, -EPROTO for an answer that
 * makes no sense, or another -errno; reply->text is NULL then.
 */
int vu_client_call(const struct vu_request *request, struct vu_reply *reply);

/* The same for an operation with one string (NULL: none) and no numbers. */
int vu_client_simple(enum vu_rpc_op op, const char *string, struct vu_reply *reply);

/* Say on stderr, in one line, that umvu could not be asked; `error` is from vu_client_call(). */
void vu_client_complain(int error);

/* Whether the caller is in a session. 0, or the error after vu_client_complain(). */
int vu_client_check_session(void);

#endif
