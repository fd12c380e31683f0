/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File system contexts and their operations: FSOPEN, FSPICK, FSCONFIG, FSMOUNT, MOVE_MOUNT, MOUNT_SETATTR.
 *
 *   open ── CREATE ──▶ created ── FSMOUNT ──▶ mounted ── MOVE_MOUNT ──▶ in the view, context dropped
 *
 * A daemon's own mount (it has given the descriptor of its /dev/fuse) is made at CREATE, as the kernel
 * does. For a module's type the driver must know the mount point: FSMOUNT gives an empty mount that only
 * stands for it, and the driver is started at MOVE_MOUNT.
 *
 * A context of FSPICK changes a mount of the view (mount -o remount): of its options ro and rw only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
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
	int fd;	 /* the guest's end of the socket */
	int log; /* ours */
	ino_t ino;
	uint32_t picked; /* id of the mount that it changes, 0: it makes one */
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
	vu_fd_close(&f->log);
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

void vu_fscontext_log(int log, const char *text)
{
	char line[VU_MODULE_TEXT];
	size_t n;

	for (; log >= 0 && *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (!n)
			continue;
		/* Nobody waits for a guest that does not read. */
		snprintf(line, sizeof(line), "e %.*s\n", (int)n, text);
		send(log, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
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
	int ends[2] = { -1, -1 };
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
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
	f->fd = ends[0];
	f->log = ends[1];
	f->type = strdup(type);
	f->source = strdup("none");
	if (f->fd < 0 || !f->type || !f->source || fstat(f->fd, &st) < 0) {
		drop(f);
		return NULL;
	}
	f->ino = st.st_ino;
	return f;
}

static void answer_new(struct vu_conn *c, const struct vu_fscontext *f)
{
	struct vu_conn_reply r = { .result = f ? 0 : -ENOMEM, .fd = f ? f->fd : 0 };

	vu_conn_answer(c, &r);
}

void vu_op_fsopen(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view *v = users_view(c);
	char text[VU_MODULE_TEXT] = "";
	struct vu_mod *mod;
	int res = 0;

	/* What a daemon mounts itself needs no module. */
	if (strcmp(in->str[0], "fuse") && strcmp(in->str[0], "fuseblk"))
		res = vu_modules_for_type(v, in->str[0], &mod, text);
	if (res < 0) {
		vu_conn_result(c, res, text);
		return;
	}
	tidy(v);
	answer_new(c, new_context(v, in->str[0], c->pid));
}

void vu_op_fspick(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view *v = users_view(c);
	struct vu_entry *e = vu_view_entry(v, (uint32_t)in->head.b);
	struct vu_fscontext *f;

	if (!e) {
		vu_conn_result(c, -EINVAL, NULL);
		return;
	}
	tidy(v);
	f = new_context(v, e->mount->type, c->pid);
	if (f) {
		f->picked = e->mount->id;
		f->attr = e->mount->attr & MOUNT_ATTR_RDONLY;
	}
	answer_new(c, f);
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
		f->bits = in->head.c & VU_MNT_ERROR_MASK;
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

/* Whether a mount has the option: what does not change anything may be said when it is reconfigured. */
static bool has_option(const struct vu_mount *m, const char *key, const char *value)
{
	const char *at = m->super, *item;
	size_t len, n = strlen(key);

	while ((item = vu_comma_next(&at, &len)))
		if (len >= n && !memcmp(item, key, n) &&
		    (value ? len == n + 1 + strlen(value) && item[n] == '=' &&
				     !memcmp(item + n + 1, value, strlen(value)) :
			     len == n))
			return true;
	return false;
}

/* An option for a mount that is there already. */
static int set_again(struct vu_fscontext *f, const char *key, const char *value)
{
	const struct vu_entry *e = vu_view_entry(f->view, f->picked);

	if (!value && (!strcmp(key, "ro") || !strcmp(key, "rw")))
		return set_flag(f, key);
	if (e && ((value && !strcmp(key, "source")) || has_option(e->mount, key, value)))
		return 0;
	vu_fscontext_log(f->log, "of a mount only ro and rw can be changed");
	return -EINVAL;
}

static int reconfigure(struct vu_fscontext *f, char *text)
{
	struct vu_entry *e = vu_view_entry(f->view, f->picked);

	return e ? vu_mounting_change(e->mount, f->attr, MOUNT_ATTR_RDONLY, text) : -EINVAL;
}

/* A parameter: in->head.a is below FSCONFIG_CMD_CREATE. */
static int set(struct vu_fscontext *f, struct vu_rpc_in *in)
{
	bool is_flag = in->head.a == FSCONFIG_SET_FLAG;

	if (in->n_str < (is_flag ? 1 : 2))
		return -EINVAL;
	if (f->state != OPEN)
		return -EBUSY;
	if (in->head.a == FSCONFIG_SET_BINARY)
		return -EOPNOTSUPP;
	if (f->picked)
		return set_again(f, in->str[0], is_flag ? NULL : in->str[1]);
	return is_flag ? set_flag(f, in->str[0]) : set_string(f, in);
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

	if (f->state != OPEN || f->picked)
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

	if (!f) {
		vu_conn_result(c, -EINVAL, NULL);
		return;
	}
	if (in->head.a < FSCONFIG_CMD_CREATE)
		r.result = set(f, in);
	else if (in->head.a == FSCONFIG_CMD_CREATE || in->head.a == 8) /* ..._CREATE_EXCL */
		r.result = create(f, c, in->head.token, &tag, text);
	else if (in->head.a == FSCONFIG_CMD_RECONFIGURE && f->picked)
		r.result = reconfigure(f, text);
	else
		r.result = -EOPNOTSUPP;
	if (r.result < 0)
		vu_fscontext_log(f->log, text);
	if (tag > 0)
		r.fd = tag;
	if (f->mount)
		r.a = f->mount->id;
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
		.log = &f->log,
	};

	vu_mounting_start(&mt);
}

void vu_op_move_mount(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view *v = users_view(c);
	struct vu_fscontext *f = find_mounted(v, in->fds[0]);
	int res;

	if (!f) {
		vu_conn_result(c, -ENOTTY, NULL); /* not one of ours: the kernel's */
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

void vu_op_mount_setattr(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_view *v = users_view(c);
	struct vu_fscontext *f = in->n_fds ? find_mounted(v, in->fds[0]) : NULL;
	struct vu_entry *e = in->head.c ? vu_view_entry(v, (uint32_t)in->head.c) : NULL;
	char why[VU_REALM_TEXT] = "";
	int res = 0;

	if (e)
		res = vu_mounting_change(e->mount, in->head.a, in->head.b, why);
	else if (!f)
		res = -ENOTTY;
	else if (f->mount)
		res = vu_mounting_change(f->mount, in->head.a, in->head.b, why);
	else
		f->attr = (f->attr & ~in->head.b) | in->head.a;
	if (f && res < 0)
		vu_fscontext_log(f->log, why);
	vu_conn_result(c, res, why);
}
