/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a request to its operation, and who may ask for what. */
#include <errno.h>

#include "base/str.h"
#include "umvu/link.h"
#include "umvu/ops.h"
#include "umvu/view.h"

enum whose {
	ANYBODYS, /* guests and fronts */
	GUESTS,	  /* comes by a view's socket */
	FRONTS,	  /* of a connection that keeps a view */
};

static const struct {
	unsigned int op;
	enum whose whose;
	vu_op *fn;
} ops[] = {
	{ VU_RPC_HELLO, GUESTS, vu_op_hello },
	{ VU_RPC_OPEN_FUSE, GUESTS, vu_op_open_fuse },
	{ VU_RPC_MOUNT, GUESTS, vu_op_mount },
	{ VU_RPC_UMOUNT, GUESTS, vu_op_umount },
	{ VU_RPC_MODULE_ADD, GUESTS, vu_op_module_add },
	{ VU_RPC_MODULE_DEL, GUESTS, vu_op_module_del },
	{ VU_RPC_MODULE_LIST, GUESTS, vu_op_module_list },
	{ VU_RPC_VIEW_NEW, ANYBODYS, vu_op_view_new },
	{ VU_RPC_VIEW_NAME, GUESTS, vu_op_view_name },
	{ VU_RPC_LOG, GUESTS, vu_op_log },
	{ VU_RPC_FSOPEN, GUESTS, vu_op_fsopen },
	{ VU_RPC_FSCONFIG, GUESTS, vu_op_fsconfig },
	{ VU_RPC_FSMOUNT, GUESTS, vu_op_fsmount },
	{ VU_RPC_MOVE_MOUNT, GUESTS, vu_op_move_mount },
	{ VU_RPC_CODE, GUESTS, vu_op_code },
	{ VU_RPC_FSPICK, GUESTS, vu_op_fspick },
	{ VU_RPC_MOUNT_SETATTR, GUESTS, vu_op_mount_setattr },
	{ VU_RPC_STACK_SET, GUESTS, vu_op_stack_set },
	{ VU_RPC_STACK_LIST, GUESTS, vu_op_stack_list },
	{ VU_RPC_STACK_DIAL, GUESTS, vu_op_stack_dial },
	{ VU_LINK_GUESTS, FRONTS, vu_op_guests },
	{ VU_LINK_KILL, FRONTS, vu_op_kill },
	{ VU_LINK_END, FRONTS, vu_op_end },
};

static bool may(const struct vu_conn *c, enum whose whose)
{
	switch (whose) {
	case GUESTS:
		return c->view && !c->front_of && !c->view->ending;
	case FRONTS:
		return c->front_of;
	case ANYBODYS:
		return !c->front_of && !(c->view && c->view->ending);
	}
	return false;
}

void vu_ops_run(struct vu_conn *c, struct vu_rpc_in *in)
{
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(ops); i++) {
		if (ops[i].op != in->head.op)
			continue;
		if (may(c, ops[i].whose))
			ops[i].fn(c, in);
		else
			vu_conn_result(c, -EPERM, NULL);
		return;
	}
	vu_conn_result(c, -EOPNOTSUPP, NULL);
}
