/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking requests apart. Whatever a client sends, the result is a valid request or an error. */
#ifndef VU_UMVU_RPC_H
#define VU_UMVU_RPC_H

#include <stddef.h>

#include "abi/rpc.h"

#define VU_RPC_MAX_STRINGS 4

/* A request; strings point into the message. */
struct vu_rpc_in {
	struct vu_rpc_request head;
	const char *str[VU_RPC_MAX_STRINGS];
	size_t n_str;
	int fds[VU_RPC_MAX_FDS]; /* closed after the operation where it has not taken them (-1) */
	size_t n_fds;
};

/*
 * Check a message of `len` bytes with n_fds descriptors, and take it apart. 0; -EPROTO: no request of
 * this protocol or version; -EOPNOTSUPP: unknown operation; -EINVAL: wrong strings or descriptors for
 * it. Sets in->head (zeroed after -EPROTO), str and n_str only.
 */
int vu_rpc_decode(const void *msg, size_t len, size_t n_fds, struct vu_rpc_in *in);

/* "MOUNT"; "?" for an unknown number. */
const char *vu_rpc_name(unsigned int op);

#endif
