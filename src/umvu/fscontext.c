/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File system contexts and their operations: FSOPEN, FSCONFIG, FSMOUNT, MOVE_MOUNT.
 *
 *   open ── CREATE ──▶ created ── FSMOUNT ──▶ mounted ── MOVE_MOUNT ──▶ in the view, context dropped
 *
 * A daemon's own mount (it has given the descriptor of its /dev/fuse) is made at CREATE, as the kernel
 * does. For a module's type the driver must know the mount point: FSMOUNT gives an empty mount that only
 * stands for it, and the driver is started at MOVE_MOUNT.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/fscontext.h"
#include "umvu/link.h"
#include "umvu/mounting.h"
#include "umvu/ops.h"

#define CONTEXTS_MAX 64
#define OPTIONS_MAX  4096

enum state { OPEN, CREATED, MOUNTED };

struct vu_fscontext {
	struct vu_list node;
	struct vu_view *view;
	struct vu_proc_id creator;
	int fd; /* the memfd */
	ino_t ino;
	enum state state;
	char *type, *source;
	struct vu_buf options;
	uint64_t attr;
	uint64_t bits; /* VU_MNT_SOURCE_* */
	int source_fd, fuse_fd;
	struct vu_mount *mount; /* a daemon's */
	bool drivers;		/* it was a driver's own mount: nothing is left to be done */
	int stand_in;		/* a module's: the mount that FSMOUNT gave */
	uint64_t mnt_id;	/* of either, once mounted */
};

/* Driver or daemon have nothing to write yet: nobody waits for them. */
static void drop(struct vu_fscontext *f)
{
	struct vu_release_job job = { .timeout_ms = 5000 };

	if (f->mount && vu_mount_put(f->mount))
		vu_mounts_release(f->view->session, &f->mount, 1, &job);
	vu_list_del(&f->node);
	f->view->n_contexts--;
	vu_fd_close(&f->fd);
	vu_fd_close(&f->source_fd);
	vu_fd_close(&f->fuse_fd);
	vu_fd_close(&f->stand_in);
	vu_buf_free(&f->options);
	free(f->type);
	free(f->source);
	free(f);
}

void vu_fscontext_drop_view(struct vu_view *v)
{
	while (!vu_list_empty(&v->contexts))
		drop(vu_list_entry(v->contexts.next, struct vu_fscontext, node));
}

/* Those of processes that have ended; and the oldest, if there are still too many. */
static void tidy(struct vu_view *v)
{
	struct vu_fscontext *f, *tmp;
	struct vu_proc p;

	vu_list_for_each_safe(f, tmp, &v->contexts, node)
		if (vu_proc_stat(f->creator.pid, &p) < 0 || p.id.start != f->creator.start)
			drop(f);
	if (v->n_contexts >= CONTEXTS_MAX)
		drop(vu_list_entry(v->contexts.next, struct vu_fscontext, node));
}

static struct vu_view *users_view(const struct vu_conn *c)
{
	return c->view->owner ? c->view->owner : c->view;
}

/* The context that a guest's descriptor stands for. */
static struct vu_fscontext *find(const struct vu_view *v, int fd)
{
	struct vu_fscontext *f;
	struct stat st, own;

	if (fstat(fd, &st) < 0)
		return NULL;
	vu_list_for_each(f, &v->contexts, node)
		if (f->ino == st.st_ino && fstat(f->fd, &own) == 0 && own.st_dev == st.st_dev)
			return f;
	return NULL;
}

static struct vu_fscontext *find_mounted(const struct vu_view *v, int fd)
{
	struct vu_fscontext *f;
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return NULL;
	vu_list_for_each(f, &v->contexts, node)
		if (f->state == MOUNTED && f->mnt_id == st.stx_mnt_id)
			return f;
	return NULL;
}

static struct vu_fscontext *new_context(struct vu_view *v, const char *type, pid_t pid)
{
	struct vu_fscontext *f = calloc(1, sizeof(*f));
	struct vu_proc p = { .id = { .pid = pid } };
	struct stat st;

	if (!f)
		return NULL;
	vu_proc_stat(pid, &p);
	f->view = v;
	f->creator = p.id;
	f->source_fd = -1;
	f->fuse_fd = -1;
	f->stand_in = -1;
	f->options.max = OPTIONS_MAX;
	vu_list_add_tail(&v->contexts, &f->node);
	v->n_contexts++;
	f->fd = memfd_create("vu-fsctx", MFD_CLOEXEC); /* the agent knows it by this name */
	f->type = strdup(type);
	f->source = strdup("none");
	if (f->fd < 0 || !f->type || !f->source || fstat(f->fd, &st) < 0) {
		drop(f);
		return NULL;
	}
	f->ino = st.st_ino;
	return f;
}

void vu_op_fsopen(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_conn_reply r = { 0 };
	struct vu_view *v = users_view(c);
	struct vu_fscontext *f;

	if (!vu_modules_knows(v, in->str[0])) {
		vu_conn_result(c, -ENODEV, NULL);
		return;
	}
	tidy(v);
	f = new_context(v, in->str[0], c->pid);
	if (f)
		r.fd = f->fd;
	else
		r.result = -ENOMEM;
	vu_conn_answer(c, &r);
}

static int add_option(struct vu_fscontext *f, const char *key, const char *value)
{
	VU_CLEANUP(free) char *escaped = value ? vu_comma_escape(value) : NULL;

	if (value && !escaped)
		return -ENOMEM;
	if (f->options.len + strlen(key) + (value ? strlen(escaped) : 0) + 2 > OPTIONS_MAX)
		return -EINVAL;
	return vu_buf_printf(&f->options, "%s%s%s%s", f->options.len ? "," : "", key,
			     value ? "=" : "", value ? escaped : "");
}

/* A descriptor that came with the parameter is taken. */
static int set_string(struct vu_fscontext *f, struct vu_rpc_in *in)
{
	const char *key = in->str[0], *value = in->str[1];
	char *source;

	if (!strcmp(key, "source")) {
		source = strdup(value);
		if (!source)
			return -ENOMEM;
		free(f->source);
		f->source = source;
		vu_fd_close(&f->source_fd);
		f->bits &= ~(uint64_t)(VU_MNT_SOURCE_FD | VU_MNT_SOURCE_RO);
		if (in->n_fds == 2 && (in->head.c & VU_MNT_SOURCE_FD)) {
			f->source_fd = vu_steal_fd(&in->fds[1]);
			f->bits |= in->head.c & (VU_MNT_SOURCE_FD | VU_MNT_SOURCE_RO);
		}
		return 0;
	}
	if (in->n_fds == 2 && (in->head.c & VU_MNT_FUSE_FD)) {
		vu_fd_close(&f->fuse_fd);
		f->fuse_fd = vu_steal_fd(&in->fds[1]);
		return 0;
	}
	return add_option(f, key, value);
}

static int set_flag(struct vu_fscontext *f, const char *key)
{
	if (!strcmp(key, "ro"))
		f->attr |= MOUNT_ATTR_RDONLY;
	else if (!strcmp(key, "rw"))
		f->attr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	else
		return add_option(f, key, NULL);
	return 0;
}

/* *tag: what the daemon shall map, -1 if there is none. */
static int create(struct vu_fscontext *f, struct vu_conn *c, uint32_t token, int *tag, char *text)
{
	struct vu_daemon_mount dm = {
		.type = f->type,
		.source = f->source,
		.attr = f->attr,
		.dev = f->fuse_fd,
		.pid = c->pid,
		.token = token,
	};
	struct vu_mod *mod;
	int res;

	if (f->state != OPEN)
		return -EBUSY;
	if (f->fuse_fd < 0) {
		res = vu_modules_for_type(f->view, f->type, &mod, text);
	} else {
		res = vu_fuse_data_parse(vu_buf_text(&f->options), &dm.data);
		if (!res)
			res = vu_mounting_daemon(c->session, &dm, &f->mount, tag, text);
		f->drivers = !res && !f->mount;
		vu_fd_close(&f->fuse_fd);
	}
	if (!res)
		f->state = CREATED;
	return res;
}

void vu_op_fsconfig(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_fscontext *f = find(users_view(c), in->fds[0]);
	char text[VU_MODULE_TEXT] = "";
	struct vu_conn_reply r = { .text = text };
	int tag = -1;

	if (!f || (in->head.a <= FSCONFIG_SET_FD && in->n_str < 1) ||
	    (in->head.a != FSCONFIG_SET_FLAG && in->head.a <= FSCONFIG_SET_FD && in->n_str < 2)) {
		vu_conn_result(c, -EINVAL, NULL);
		return;
	}
	if (in->head.a < FSCONFIG_CMD_CREATE && f->state != OPEN)
		r.result = -EBUSY;
	else if (in->head.a == FSCONFIG_SET_FLAG)
		r.result = set_flag(f, in->str[0]);
	else if (in->head.a < FSCONFIG_CMD_CREATE && in->head.a != FSCONFIG_SET_BINARY)
		r.result = set_string(f, in);
	else if (in->head.a == FSCONFIG_CMD_CREATE || in->head.a == 8) /* ..._CREATE_EXCL */
		r.result = create(f, c, in->head.token, &tag, text);
	else
		r.result = -EOPNOTSUPP;
	if (tag > 0)
		r.fd = tag;
	vu_conn_answer(c, &r);
	vu_fd_close(&tag);
}

/* The detached mount of a context: its descriptor, still the context's, or -errno. */
static int mount_of(struct vu_fscontext *f, uint64_t attr, char *text)
{
	struct vu_realm *realm = vu_session_realm(f->view->session);
	struct statx st;
	int res = 0;

	if (f->mount) {
		res = vu_realm_setattr(realm, f->mount->fd, attr, 0, text);
		f->mount->attr |= attr;
		f->mount->flags |= attr & MOUNT_ATTR_RDONLY ? VU_MOUNT_RDONLY : 0;
		f->mnt_id = f->mount->mnt_id;
		return res < 0 ? res : f->mount->fd;
	}
	f->attr |= attr;
	f->stand_in = vu_realm_cover(realm, 0, text);
	if (f->stand_in < 0)
		return f->stand_in;
	if (statx(f->stand_in, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return -errno;
	f->mnt_id = st.stx_mnt_id;
	return f->stand_in;
}

void vu_op_fsmount(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_fscontext *f = find(users_view(c), in->fds[0]);
	char why[VU_REALM_TEXT] = "";
	struct vu_conn_reply r = { .text = why };
	int fd;

	if (!f || f->state != CREATED) {
		vu_conn_result(c, f ? -EBUSY : -EINVAL, NULL);
		return;
	}
	fd = mount_of(f, in->head.b, why);
	if (fd < 0) {
		r.result = fd;
	} else {
		r.fd = fd;
		f->state = MOUNTED;
	}
	vu_conn_answer(c, &r);
}

/* Answers the connection. */
static void start_driver(struct vu_fscontext *f, struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_mounting mt = {
		.conn = c,
		.view = f->view,
		.type = f->type,
		.source = f->source,
		.target = in->str[0],
		.options = vu_buf_text(&f->options),
		.attr = f->attr | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
		.parent = (uint32_t)in->head.b,
		.bits = f->bits | (in->head.c & (VU_MNT_TARGET_DIR | VU_MNT_TARGET_REG)),
		.source_fd = &f->source_fd,
	};

	vu_mounting_start(&mt);
}

void vu_op_move_mount(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view *v = users_view(c);
	struct vu_fscontext *f = find_mounted(v, in->fds[0]);
	int res;

	if (!f) {
		vu_conn_result(c, -EINVAL, NULL); /* not one of ours: the kernel's */
		return;
	}
	if (!f->mount) {
		if (f->drivers)
			vu_conn_result(c, 0, NULL);
		else
			start_driver(f, c, in);
		drop(f);
		return;
	}
	res = vu_mounting_place(v, f->mount, (uint32_t)in->head.b, in->str[0], in->head.c);
	vu_conn_result(c, res, NULL);
	if (res < 0)
		return;
	if (v->front)
		vu_conn_tell(v->front, VU_LINK_LOOK, NULL);
	drop(f);
}
