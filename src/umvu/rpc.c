/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking requests apart. */
#include <errno.h>
#include <string.h>

#include "abi/view.h"
#include "base/buf.h"
#include "base/str.h"
#include "umvu/link.h"
#include "umvu/rpc.h"

/* How many strings and descriptors each operation takes. */
static const struct shape {
	unsigned int op;
	const char *name;
	unsigned char min_str, max_str, min_fds, max_fds;
} shapes[] = {
	{ VU_RPC_HELLO, "HELLO", 0, 0, 0, 0 },
	{ VU_RPC_OPEN_FUSE, "OPEN_FUSE", 0, 0, 0, 0 },
	{ VU_RPC_MOUNT, "MOUNT", 4, 4, 0, 1 },
	{ VU_RPC_UMOUNT, "UMOUNT", 1, 1, 0, 0 },
	{ VU_RPC_MODULE_ADD, "MODULE_ADD", 1, 1, 0, 0 },
	{ VU_RPC_MODULE_DEL, "MODULE_DEL", 1, 1, 0, 0 },
	{ VU_RPC_MODULE_LIST, "MODULE_LIST", 0, 0, 0, 0 },
	{ VU_RPC_VIEW_NEW, "VIEW_NEW", 0, 1, 0, 0 },
	{ VU_RPC_VIEW_NAME, "VIEW_NAME", 0, 1, 0, 0 },
	{ VU_RPC_LOG, "LOG", 1, 1, 0, 0 },
	{ VU_RPC_FSOPEN, "FSOPEN", 1, 1, 0, 0 },
	{ VU_RPC_FSCONFIG, "FSCONFIG", 0, 2, 1, 2 },
	{ VU_RPC_FSMOUNT, "FSMOUNT", 0, 0, 1, 1 },
	{ VU_RPC_MOVE_MOUNT, "MOVE_MOUNT", 1, 1, 1, 1 },
	{ VU_RPC_CODE, "CODE", 0, 0, 1, 1 },
	{ VU_RPC_FSPICK, "FSPICK", 0, 0, 0, 0 },
	{ VU_RPC_MOUNT_SETATTR, "MOUNT_SETATTR", 0, 0, 0, 1 },
	{ VU_RPC_STACK_SET, "STACK_SET", 1, 1, 0, 0 },
	{ VU_RPC_STACK_LIST, "STACK_LIST", 0, 0, 0, 0 },
	{ VU_RPC_STACK_DIAL, "STACK_DIAL", 0, 0, 0, 0 },
	{ VU_LINK_GUESTS, "GUESTS", 1, 1, 0, 0 },
	{ VU_LINK_KILL, "KILL", 0, 0, 0, 0 },
	{ VU_LINK_END, "END", 0, 0, 0, 0 },
};

static const struct shape *shape_of(unsigned int op)
{
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(shapes); i++)
		if (shapes[i].op == op)
			return &shapes[i];
	return NULL;
}

const char *vu_rpc_name(unsigned int op)
{
	const struct shape *s = shape_of(op);

	return s ? s->name : "?";
}

static int read_strings(struct vu_reader *r, struct vu_rpc_in *in)
{
	while (vu_reader_left(r)) {
		if (in->n_str == VU_RPC_MAX_STRINGS)
			return -EINVAL;
		in->str[in->n_str] = vu_reader_str(r);
		if (!in->str[in->n_str])
			return -EINVAL;
		in->n_str++;
	}
	return 0;
}

int vu_rpc_decode(const void *msg, size_t len, size_t n_fds, struct vu_rpc_in *in)
{
	const struct shape *s;
	struct vu_reader r;

	vu_reader_init(&r, msg, len);
	memset(in->str, 0, sizeof(in->str));
	in->n_str = 0;
	if (vu_reader_copy(&r, &in->head, sizeof(in->head)) < 0 || in->head.magic != VU_RPC_MAGIC ||
	    in->head.abi != VU_ABI_VERSION || in->head.len != vu_reader_left(&r)) {
		memset(&in->head, 0, sizeof(in->head));
		return -EPROTO;
	}
	s = shape_of(in->head.op);
	if (!s)
		return -EOPNOTSUPP;
	if (read_strings(&r, in) < 0 || in->n_str < s->min_str || in->n_str > s->max_str ||
	    n_fds < s->min_fds || n_fds > s->max_fds)
		return -EINVAL;
	return 0;
}
