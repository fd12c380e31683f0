/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations: OPEN_FUSE, MOUNT. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/link.h"
#include "umvu/mounting.h"
#include "umvu/ops.h"

/* A driver acts on its owner's view. */
static struct vu_view *users_view(const struct vu_conn *c)
{
	return c->view->owner ? c->view->owner : c->view;
}

void vu_op_open_fuse(struct vu_conn *c, struct vu_rpc_in *in)
{
	char why[VU_REALM_TEXT];
	struct vu_conn_reply r = { .text = why };
	int fd = vu_realm_fuse_open(vu_session_realm(c->session), (int)in->head.a, why);

	if (fd < 0)
		r.result = fd;
	else
		r.fd = fd;
	vu_conn_answer(c, &r);
	vu_fd_close(&fd);
}

/* A FUSE daemon's own mount(2): it serves only after that has returned, so the answer comes at once. */
static void mount_by_daemon(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_daemon_mount dm = {
		.type = in->str[0],
		.source = in->str[1],
		.attr = vu_mount_attr(in->head.a),
		.dev = in->fds[0],
		.pid = c->pid,
		.token = in->head.token,
	};
	char text[VU_MODULE_TEXT] = "";
	struct vu_conn_reply r = { .text = text };
	struct vu_view *v = users_view(c);
	struct vu_mount *m = NULL;
	int tag = -1;

	r.result = vu_fuse_data_parse(in->str[3], &dm.data);
	if (!r.result)
		r.result = vu_mounting_daemon(c->session, &dm, &m, &tag, text);
	vu_fd_close(&in->fds[0]); /* no copy of it may be left with us */
	if (!r.result && m) {
		r.result = vu_mounting_place(v, m, (uint32_t)in->head.b, in->str[2], in->head.c);
		r.a = m->id;
		if (vu_mount_put(m))
			vu_mount_free(m); /* could not be placed; the daemon has not begun */
	}
	if (tag > 0)
		r.fd = tag;
	vu_conn_answer(c, &r);
	vu_fd_close(&tag);
	if (!r.result && m && v->front)
		vu_conn_tell(v->front, VU_LINK_LOOK, NULL);
}

/* mount -o remount: flags of the mount. */
static void remount(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_entry *e = vu_view_entry(users_view(c), (uint32_t)in->head.b);
	char why[VU_REALM_TEXT] = "";
	int res = -EINVAL;

	if (e)
		res = vu_mounting_change(e->mount, vu_mount_attr(in->head.a), ~0ull, why);
	vu_conn_result(c, res, why);
}

void vu_op_mount(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_mounting mt = {
		.conn = c,
		.view = users_view(c),
		.type = in->str[0],
		.source = in->str[1],
		.target = in->str[2],
		.options = in->str[3],
		.attr = vu_mount_attr(in->head.a) | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.parent = (uint32_t)in->head.b,
		.bits = in->head.c,
		.source_fd = in->n_fds ? &in->fds[0] : NULL,
		.stack = in->head.stack,
	};
	bool wants_fd = in->head.c & (VU_MNT_FUSE_FD | VU_MNT_SOURCE_FD);

	vu_log_debug("mount", "%s '%s' on '%s' (%s), flags 0x%llx", mt.type, mt.source, mt.target,
		     mt.options, (unsigned long long)in->head.a);
	if (wants_fd != (in->n_fds == 1))
		vu_conn_result(c, -EINVAL, NULL);
	else if (in->head.a & MS_REMOUNT)
		remount(c, in);
	else if (vu_mount_is_change(in->head.a))
		vu_conn_result(c, -EPERM, NULL); /* as for any ordinary user */
	else if (in->head.c & VU_MNT_FUSE_FD)
		mount_by_daemon(c, in);
	else
		vu_mounting_start(&mt);
}
