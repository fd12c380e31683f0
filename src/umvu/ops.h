/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations of abi/rpc.h and umvu/link.h, one function each. Each answers the request, or defers
 * it (conn.h). Strings and descriptors of the request live during the call; a descriptor that is kept is
 * replaced by -1.
 */
#ifndef VU_UMVU_OPS_H
#define VU_UMVU_OPS_H

#include "umvu/conn.h"

typedef void vu_op(struct vu_conn *c, struct vu_rpc_in *in);

/* Run the operation of a request that vu_rpc_decode() has accepted. */
void vu_ops_run(struct vu_conn *c, struct vu_rpc_in *in);

vu_op vu_op_hello, vu_op_view_new, vu_op_view_name, vu_op_log;
vu_op vu_op_open_fuse, vu_op_mount, vu_op_umount;
vu_op vu_op_module_add, vu_op_module_del, vu_op_module_list;
vu_op vu_op_fsopen, vu_op_fspick, vu_op_fsconfig, vu_op_fsmount, vu_op_move_mount,
	vu_op_mount_setattr;
vu_op vu_op_code;
vu_op vu_op_stack_set, vu_op_stack_list, vu_op_stack_dial;
vu_op vu_op_guests, vu_op_kill, vu_op_end;

#endif
