/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations on modules: MODULE_ADD, MODULE_DEL, MODULE_LIST. */
#include <errno.h>

#include "base/str.h"
#include "umvu/modules.h"
#include "umvu/ops.h"
#include "umvu/view.h"

static struct vu_view *users_view(const struct vu_conn *c)
{
	return c->view->owner ? c->view->owner : c->view;
}

void vu_op_module_add(struct vu_conn *c, struct vu_rpc_in *in)
{
	char text[VU_MODULE_TEXT];
	int res = vu_modules_add(users_view(c), in->str[0], text);

	vu_conn_result(c, res, text);
}

void vu_op_module_del(struct vu_conn *c, struct vu_rpc_in *in)
{
	char text[VU_MODULE_TEXT];
	int res = vu_modules_del(users_view(c), in->str[0], text);

	vu_conn_result(c, res, text);
}

void vu_op_module_list(struct vu_conn *c, struct vu_rpc_in *in)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };

	(void)in;
	vu_modules_list(users_view(c), &b);
	vu_conn_result(c, b.error, vu_buf_text(&b));
}
