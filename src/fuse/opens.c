/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The handles of files that the kernel has opened by itself (see lazy.c). In a writable mount there can be two for a
 * node: a file that may be read need not be one that may be written to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "fuse/internal.h"

/* Have the daemon get a request of ours for a handle. */
static void ask(struct vu_lazy *l, struct vu_handle *h, enum vu_call_kind kind,
		struct fuse_in_header *in, const void *body, size_t body_len)
{
	struct vu_call *c = &h->call;

	l->unique += 2;
	c->kind = kind;
	c->unique = l->unique;
	c->len = sizeof(*in) + body_len;
	in->len = (uint32_t)c->len;
	in->unique = c->unique;
	in->nodeid = h->id;
	memcpy(c->msg, in, sizeof(*in));
	memcpy(c->msg + sizeof(*in), body, body_len);
	vu_put_ready(l, c);
}

/* What waited for handles to be closed. */
static void let_go(struct vu_lazy *l)
{
	struct vu_call *c, *tmp;
	uint64_t first = UINT64_MAX;

	if (!vu_list_empty(&l->table.closing))
		first = vu_list_entry(l->table.closing.next, struct vu_handle, order)->number;
	vu_list_for_each_safe(c, tmp, &l->held, node) {
		if (c->after >= first)
			break;
		vu_put_ready(l, c);
	}
}

static void drop(struct vu_lazy *l, struct vu_handle *h)
{
	struct vu_name *n = h->name;

	vu_handle_free(&l->table, h);
	let_go(l);
	if (n)
		vu_name_done(l, n);
}

static uint32_t open_flags(const struct vu_handle *h)
{
	return (h->write ? O_RDWR : O_RDONLY) | O_LARGEFILE | (h->dir ? O_DIRECTORY : 0);
}

/* Release a handle that is to be closed, if nobody uses it. */
static void settle(struct vu_lazy *l, struct vu_handle *h)
{
	struct fuse_in_header in = { .opcode = h->dir ? FUSE_RELEASEDIR : FUSE_RELEASE };
	struct fuse_release_in body = { .fh = h->fh, .flags = open_flags(h) };

	if (!h->closing || h->users || !h->opened || h->call.kind == VU_CALL_RELEASE)
		return;
	if (h->no_release)
		drop(l, h);
	else
		ask(l, h, VU_CALL_RELEASE, &in, &body, sizeof(body));
}

void vu_close_handle(struct vu_lazy *l, struct vu_handle *h)
{
	vu_handle_hide(&l->table, h);
	settle(l, h);
}

void vu_close_node(struct vu_lazy *l, uint64_t node)
{
	struct vu_handle *h;

	while ((h = vu_handle_find(&l->table, node, false)))
		vu_close_handle(l, h);
}

void vu_close_name(struct vu_lazy *l, const struct vu_name *n)
{
	struct vu_handle *h, *tmp;

	if (!n->users)
		return;
	vu_list_for_each_safe(h, tmp, &l->table.order, order)
		if (h->name == n)
			vu_close_handle(l, h);
}

void vu_close_all(struct vu_lazy *l)
{
	struct vu_handle *h, *tmp;

	vu_list_for_each_safe(h, tmp, &l->table.order, order)
		vu_close_handle(l, h);
}

bool vu_handles_left(const struct vu_lazy *l)
{
	return !vu_list_empty(&l->table.order) || !vu_list_empty(&l->table.closing);
}

static void make_room(struct vu_lazy *l)
{
	struct vu_handle *h;

	while (l->table.n >= l->host.max_handles && (h = vu_handle_oldest(&l->table)))
		vu_close_handle(l, h);
}

static void belongs_to(struct vu_handle *h, struct vu_name *n)
{
	h->name = n;
	if (!n)
		return;
	h->id = n->id;
	n->users++;
}

/* A handle for the node that the message is about. NULL: no memory. */
static struct vu_handle *open_handle(struct vu_lazy *l, const struct message *m, bool dir,
				     bool write, struct vu_name *n)
{
	struct fuse_in_header in = m->in;
	struct fuse_open_in body = { 0 };
	struct vu_handle *h;

	make_room(l);
	h = vu_handle_new(&l->table, in.nodeid, dir, write);
	if (!h)
		return NULL;
	belongs_to(h, n);
	in.opcode = dir ? FUSE_OPENDIR : FUSE_OPEN;
	body.flags = open_flags(h);
	ask(l, h, VU_CALL_OPEN, &in, &body, sizeof(body));
	return h;
}

/* Something has been written: the daemon may keep of it what a close makes it write. */
static void written(struct vu_lazy *l, struct vu_handle *h)
{
	h->fresh = true;
	if (!l->alarm)
		l->host.alarm(l->host.ctx);
	l->alarm = true;
}

struct vu_handle *vu_handle_given(struct vu_lazy *l, struct vu_name *n, uint64_t fh)
{
	struct vu_handle *h;

	make_room(l);
	h = vu_handle_new(&l->table, n->node->id, false, true);
	if (!h)
		return NULL;
	belongs_to(h, n);
	h->opened = true;
	h->fh = fh;
	written(l, h);
	return h;
}

void vu_handles_tick(struct vu_lazy *l)
{
	struct vu_handle *h, *tmp;

	l->alarm = false;
	vu_list_for_each_safe(h, tmp, &l->table.order, order) {
		if (!h->write)
			continue;
		if (!h->fresh && !h->users && h->opened) {
			vu_close_handle(l, h);
			continue;
		}
		written(l, h);
		h->fresh = false;
	}
}

/* ---- requests --------------------------------------------------------------------------------- */

/* All requests that have a handle begin with it, as far as we look at them. */
static uint64_t handle_of(const struct message *m)
{
	uint64_t fh;

	memcpy(&fh, m->body, sizeof(fh));
	return fh;
}

/* To the daemon it goes by the name that the file was opened by. */
static void address(unsigned char *msg, const struct vu_handle *h)
{
	memcpy(msg + offsetof(struct fuse_in_header, nodeid), &h->id, sizeof(h->id));
	if (h->opened)
		memcpy(msg + sizeof(struct fuse_in_header), &h->fh, sizeof(h->fh));
}

/* The handle that a request is to go by. NULL, and an error: none. */
static struct vu_handle *handle_for(struct vu_lazy *l, struct message *m, bool dir, bool write,
				    int *error)
{
	struct vu_handle *h = vu_handle_find(&l->table, m->in.nodeid, write);
	struct vu_node *node;
	struct vu_name *n = NULL;

	*error = -EIO;
	if (h)
		return h->dir == dir ? h : NULL;
	if (l->exclusive) {
		node = vu_node_find(&l->nodes, m->in.nodeid);
		n = node ? vu_node_name(node, NULL) : NULL;
		if (!n)
			return NULL;
	}
	*error = -ENOMEM;
	return open_handle(l, m, dir, write, n);
}

/* A request that needs a handle. */
static size_t use(struct vu_lazy *l, struct message *m, bool dir, bool write)
{
	struct vu_handle *h;
	struct vu_call *c;
	int error;

	/* The kernel knows handles of files that the daemon has made itself (CREATE), if they are not ours. */
	if (!(dir ? l->dirs : l->files) || handle_of(m))
		return l->exclusive ? vu_exclusive_pass(l, m) : m->len;
	h = handle_for(l, m, dir, write, &error);
	if (!h)
		return vu_refuse(l, m, error);
	c = vu_call_new(VU_CALL_USE, h, m->at, h->opened ? 0 : m->len);
	if (!c)
		return vu_refuse(l, m, -ENOMEM);
	c->unique = m->in.unique;
	c->changes = l->exclusive && m->in.opcode == FUSE_IOCTL;
	h->users++;
	if (write)
		written(l, h);
	if (!h->opened) {
		vu_list_add_tail(&h->kept, &c->node);
		return 0;
	}
	vu_call_begin(&l->table, c);
	address(m->at, h);
	return m->len;
}

size_t vu_use_file(struct vu_lazy *l, struct message *m)
{
	return use(l, m, false, false);
}

size_t vu_use_dir(struct vu_lazy *l, struct message *m)
{
	return use(l, m, true, false);
}

size_t vu_use_to_write(struct vu_lazy *l, struct message *m)
{
	return use(l, m, false, true);
}

size_t vu_use_ioctl(struct vu_lazy *l, struct message *m)
{
	struct fuse_ioctl_in body;

	memcpy(&body, m->body, sizeof(body));
	return use(l, m, body.flags & FUSE_IOCTL_DIR, false);
}

/* What the kernel asks on its own account is what it then does without. */
size_t vu_no_open(struct vu_lazy *l, struct message *m)
{
	return l->files ? vu_refuse(l, m, -ENOSYS) : m->len;
}

size_t vu_no_opendir(struct vu_lazy *l, struct message *m)
{
	return l->dirs ? vu_refuse(l, m, -ENOSYS) : m->len;
}

/* ---- replies ---------------------------------------------------------------------------------- */

/* The daemon has not opened it. What waited for that gets its error. */
static void not_opened(struct vu_lazy *l, struct vu_handle *h, int error)
{
	struct vu_call *c, *tmp;

	vu_list_for_each_safe(c, tmp, &h->kept, node) {
		vu_answer(l, c->unique, error > -1000 && error < 0 ? error : -EIO);
		vu_call_free(c);
	}
	drop(l, h);
}

static void warn_of(struct vu_lazy *l, uint32_t flags)
{
	if (!(flags & (FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE | FOPEN_STREAM)) || l->warned)
		return;
	l->warned = true;
	l->host.warn(l->host.ctx, "the driver wants a file to be opened as one without a cache, "
				  "or as a stream, which is not done");
}

static void opened(struct vu_lazy *l, struct vu_handle *h, const struct vu_reply *r)
{
	struct vu_call *c, *tmp;

	/* A daemon that knows of no opens is asked by what the kernel has: 0. */
	h->no_release = r->out.error == -ENOSYS;
	if (!h->no_release && (r->out.error || r->len < sizeof(r->open))) {
		not_opened(l, h, r->out.error);
		return;
	}
	h->opened = true;
	h->fh = h->no_release ? 0 : r->open.fh;
	warn_of(l, h->no_release ? 0 : r->open.open_flags);
	vu_list_for_each_safe(c, tmp, &h->kept, node) {
		address(c->msg, h);
		vu_put_ready(l, c);
	}
	settle(l, h);
}

void vu_handle_reply(struct vu_lazy *l, struct vu_call *c, const struct vu_reply *r)
{
	struct vu_handle *h = c->handle;

	if (c->kind == VU_CALL_OPEN) {
		opened(l, h, r);
	} else if (c->kind == VU_CALL_RELEASE) {
		drop(l, h);
	} else {
		if (c->changes)
			vu_invalidate(l, h->node, r);
		vu_call_free(c);
		h->users--;
		settle(l, h);
	}
}
