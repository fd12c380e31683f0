/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nodes and attributes of a writable mount whose data nobody but this kernel changes.
 *
 * Names of one file are given to the kernel as one node (nodes.h), so it has one inode for them: what is done by one
 * name is seen by the others, in data and attributes, and both can be remembered. So the times for which the
 * kernel may remember are raised in all replies, also of names that do not exist. This is exact because
 * the kernel itself invalidates what it changes (fs/fuse of Linux 5.15 to 6.18):
 *
 *	WRITE, FALLOCATE	size, blocks and times of the file, also when a mapped page has been written back
 *	READ, READLINK, READDIR	the time of access
 *	SETATTR			the reply has them all; it is not overtaken by an older GETATTR's (attr_version)
 *	UNLINK, RMDIR, RENAME, LINK, CREATE, MKDIR ...	the directories, and links and ctime of the file. That
 *				LINK's reply is taken whatever its age is no harm: the inode is locked, as for writes.
 *	SETXATTR, REMOVEXATTR, IOCTL	these do not tell what else they change (mode, flags, ctime): we have the
 *				attributes invalidated before the reply
 * FUSE_HANDLE_KILLPRIV, FUSE_WRITEBACK_CACHE and FUSE_AUTO_INVAL_DATA are not offered to the daemon: with them it would
 * change modes on its own, or the kernel hold attributes that the daemon does not have, or pages be thrown away at
 * each new mtime. So the kernel clears S_ISUID by a SETATTR of its own.
 *
 * One node for all names needs the file system's own inode numbers. A daemon that counts (libfuse without use_ino: the
 * root has the number 1) does not have them: then files with several names are not remembered.
 *
 * Directories are opened as ever: libfuse keeps a listing with each open one, and positions in it mean nothing
 * in another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuse/internal.h"

#define LONG_TIME 86400 /* s */

/* What Debian 12's header does not have. */
#define OPCODE_TMPFILE 51
#define OPCODE_STATX   52

#define NOT_OFFERED                                                               \
	(FUSE_ATOMIC_O_TRUNC | FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS |       \
	 FUSE_READDIRPLUS_AUTO | FUSE_WRITEBACK_CACHE | FUSE_NO_OPENDIR_SUPPORT | \
	 FUSE_HANDLE_KILLPRIV | FUSE_HANDLE_KILLPRIV_V2 | FUSE_EXPORT_SUPPORT)

/* The first protocol that has all replies in the form that is known here. */
#define FIRST_MINOR 12

/* ---- requests --------------------------------------------------------------------------------- */

/* Large ones have nothing that their replies need. */
static size_t worth_keeping(const struct message *m)
{
	return m->in.opcode == FUSE_WRITE || m->in.opcode == FUSE_SETXATTR ? sizeof(m->in) : m->len;
}

size_t vu_pass(struct vu_lazy *l, struct message *m, struct vu_name *n,
	       void (*done)(struct vu_lazy *, struct vu_call *, struct vu_reply *))
{
	struct vu_call *c = vu_call_new(VU_CALL_SEEN, NULL, m->at, worth_keeping(m));

	if (!c)
		return vu_refuse(l, m, -ENOMEM);
	c->unique = m->in.unique;
	c->done = done;
	c->name = n;
	if (n)
		n->users++;
	vu_call_begin(&l->table, c);
	return m->len;
}

/* The name that requests for a node are to go by; of a file without one, what it was. */
static struct vu_name *name_for(struct vu_lazy *l, uint64_t id)
{
	struct vu_node *node = vu_node_find(&l->nodes, id);
	struct vu_name *n = node ? vu_node_name(node, NULL) : NULL;

	if (node && !n)
		n = vu_list_entry(node->names.next, struct vu_name, of);
	return n;
}

/* Pass a request for a node, by one of its names. */
static size_t pass_node(struct vu_lazy *l, struct message *m,
			void (*done)(struct vu_lazy *, struct vu_call *, struct vu_reply *))
{
	struct vu_name *n = name_for(l, m->in.nodeid);
	size_t res = vu_pass(l, m, n, done);

	if (n)
		memcpy(m->at + offsetof(struct fuse_in_header, nodeid), &n->id, sizeof(n->id));
	return res;
}

size_t vu_exclusive_pass(struct vu_lazy *l, struct message *m)
{
	return pass_node(l, m, NULL);
}

const char *vu_string_at(const struct message *m, size_t at, unsigned int n)
{
	const char *s = (const char *)m->body + at, *end = (const char *)m->body + m->body_len;
	const char *stop;

	for (;; s = stop + 1) {
		stop = s < end ? memchr(s, '\0', (size_t)(end - s)) : NULL;
		if (!stop || !n--)
			return stop ? s : NULL;
	}
}

/* ---- replies ---------------------------------------------------------------------------------- */

/* How many links a file is to have, without those that only we know. */
static void fix_links(const struct vu_node *node, struct fuse_attr *attr)
{
	const struct vu_name *n;
	uint32_t least = 0;

	if (!node->hidden)
		return;
	vu_list_for_each(n, &node->names, of)
		if (n->name && !n->hidden)
			least = 1;
	attr->nlink = attr->nlink > node->hidden + least ? attr->nlink - node->hidden : least;
}

/* For how long attributes may be remembered. */
static uint64_t attr_time(struct vu_lazy *l, const struct fuse_attr *attr)
{
	if (attr->nlink < 2 || S_ISDIR(attr->mode))
		return LONG_TIME;
	/* From now on it cannot be otherwise, since there is a file that is not unified. */
	if (l->unify == VU_UNIFY_UNKNOWN)
		l->unify = VU_UNIFY_NO;
	return l->unify == VU_UNIFY_YES ? LONG_TIME : 0;
}

static void no_such_name(struct vu_lazy *l, struct vu_reply *r)
{
	memset(&r->entry, 0, sizeof(r->entry));
	r->entry.entry_valid = LONG_TIME;
	r->out.error = 0;
	vu_reply_send(l, r, sizeof(r->entry));
}

/*
 * A reply with an entry, for a name in the request, is put right. NULL: it is not one. If it cannot be counted
 * the kernel is told so; the daemon, that it came too late, and then it takes its count back.
 */
static struct vu_name *enter(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r, size_t at)
{
	struct message m = vu_call_message(c);
	struct fuse_entry_out *e = &r->entry;
	struct vu_entry entry = { .parent = m.in.nodeid, .name = vu_string_at(&m, at, 0) };
	struct vu_name *n;

	if (r->out.error || r->len < sizeof(*e) || !entry.name)
		return NULL;
	e->attr_valid = attr_time(l, &e->attr);
	e->entry_valid = LONG_TIME;
	entry.id = e->nodeid;
	entry.generation = e->generation;
	entry.ino = e->attr.ino;
	entry.mode = e->attr.mode;
	entry.nlink = e->attr.nlink;
	entry.unify = l->unify == VU_UNIFY_YES;
	n = vu_nodes_enter(&l->nodes, &entry);
	if (!n) {
		r->out.error = -ENOMEM;
		vu_reply_send(l, r, 0);
		r->result = -ENOENT;
		return NULL;
	}
	e->nodeid = n->node->id;
	e->generation = n->node->generation;
	fix_links(n->node, &e->attr);
	return n;
}

/* It has to be counted before the kernel has it, which may forget it at once. */
static void send_entry(struct vu_lazy *l, struct vu_reply *r, struct vu_name *n, size_t len)
{
	if (!n)
		return;
	vu_reply_send(l, r, len);
	if (r->result)
		vu_nodes_uncount(&l->nodes, n);
}

static void seen_lookup(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	if (r->out.error == -ENOENT ||
	    (!r->out.error && r->len >= sizeof(r->entry) && !r->entry.nodeid))
		no_such_name(l, r);
	else
		send_entry(l, r, enter(l, c, r, 0), sizeof(r->entry));
}

static void seen_mknod(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	send_entry(l, r, enter(l, c, r, sizeof(struct fuse_mknod_in)), sizeof(r->entry));
}

static void seen_mkdir(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	send_entry(l, r, enter(l, c, r, sizeof(struct fuse_mkdir_in)), sizeof(r->entry));
}

static void seen_symlink(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	send_entry(l, r, enter(l, c, r, 0), sizeof(r->entry));
}

static void seen_link(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	send_entry(l, r, enter(l, c, r, sizeof(struct fuse_link_in)), sizeof(r->entry));
}

/* The handle becomes ours: kernels differ in whether they give back one that they have, if others need not be opened. */
static void seen_create(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	struct vu_name *n =
		r->len < sizeof(r->create) ? NULL : enter(l, c, r, sizeof(struct fuse_create_in));
	struct vu_handle *h;

	if (!n)
		return;
	h = vu_handle_given(l, n, r->create.open.fh);
	r->create.open.fh = 0;
	r->create.open.open_flags = FOPEN_KEEP_CACHE;
	r->out.error = h ? 0 : -ENOMEM;
	vu_reply_send(l, r, h ? sizeof(r->create) : 0);
	if (h && !r->result)
		return;
	/* The daemon takes all of it back on its own. */
	r->result = -ENOENT;
	if (h) {
		vu_handle_free(&l->table, h);
		n->users--;
	}
	vu_nodes_uncount(&l->nodes, n);
}

static void seen_attr(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	struct fuse_attr_out *a = &r->attr;

	if (r->out.error || r->len < sizeof(*a))
		return;
	a->attr_valid = attr_time(l, &a->attr);
	a->attr_valid_nsec = 0;
	if (c->name)
		fix_links(c->name->node, &a->attr);
	vu_reply_send(l, r, sizeof(*a));
}

void vu_invalidate(struct vu_lazy *l, uint64_t node, const struct vu_reply *r)
{
	struct {
		struct fuse_out_header out;
		struct fuse_notify_inval_inode_out body;
	} notice = { .out = { .len = sizeof(notice), .error = FUSE_NOTIFY_INVAL_INODE },
		     .body = { .ino = node, .off = -1 } };
	/* An ioctl's own error is in a reply without one; the others' replies have no body. */
	int error = r->len >= sizeof(r->ioctl) ? r->ioctl.result : r->out.error;

	/* The daemon does not know it, as when a program asks whether this is a terminal. */
	if (error != -ENOTTY && error != -ENOSYS)
		l->host.send(l->host.ctx, &notice, sizeof(notice));
}

static void seen_change(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	vu_invalidate(l, vu_call_message(c).in.nodeid, r);
}

static void seen_init(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r);
static void seen_readdir(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r);

/* ---- rules ------------------------------------------------------------------------------------ */

static size_t on_lookup(struct vu_lazy *l, struct message *m)
{
	const char *name = vu_string_at(m, 0, 0);

	if (name && vu_is_hidden_name(l, name, strlen(name)))
		return vu_refuse(l, m, -ENOENT);
	return vu_pass(l, m, NULL, seen_lookup);
}

static size_t on_mknod(struct vu_lazy *l, struct message *m)
{
	return vu_pass(l, m, NULL, seen_mknod);
}

static size_t on_mkdir(struct vu_lazy *l, struct message *m)
{
	return vu_pass(l, m, NULL, seen_mkdir);
}

static size_t on_symlink(struct vu_lazy *l, struct message *m)
{
	return vu_pass(l, m, NULL, seen_symlink);
}

static size_t on_link(struct vu_lazy *l, struct message *m)
{
	struct fuse_link_in body;
	struct vu_name *n;
	size_t res;

	memcpy(&body, m->body, sizeof(body));
	n = name_for(l, body.oldnodeid);
	res = vu_pass(l, m, n, seen_link);
	if (n)
		memcpy(m->body, &n->id, sizeof(n->id));
	return res;
}

/* The handle is to serve whoever uses the file. */
static size_t on_create(struct vu_lazy *l, struct message *m)
{
	struct fuse_create_in body;

	memcpy(&body, m->body, sizeof(body));
	body.flags = (body.flags & ~(uint32_t)(O_ACCMODE | O_APPEND)) | O_RDWR;
	memcpy(m->body, &body, sizeof(body));
	return vu_pass(l, m, NULL, seen_create);
}

static size_t on_getattr(struct vu_lazy *l, struct message *m)
{
	vu_getattr_of_node(m);
	return pass_node(l, m, seen_attr);
}

static size_t on_setattr(struct vu_lazy *l, struct message *m)
{
	vu_setattr_of_node(m);
	return pass_node(l, m, seen_attr);
}

static size_t on_change(struct vu_lazy *l, struct message *m)
{
	return pass_node(l, m, seen_change);
}

/* Of a directory it has the handle that the kernel has. */
static size_t on_ioctl(struct vu_lazy *l, struct message *m)
{
	struct fuse_ioctl_in body;

	memcpy(&body, m->body, sizeof(body));
	if (body.flags & FUSE_IOCTL_DIR)
		return on_change(l, m);
	return vu_use_ioctl(l, m);
}

static size_t on_readdir(struct vu_lazy *l, struct message *m)
{
	/* A listing may be older than the removal of what is hidden. */
	return l->hides ? pass_node(l, m, seen_readdir) : vu_exclusive_pass(l, m);
}

/*
 * Of a file that was made by CREATE; not all kernels tell of its close. What the daemon does when it is told is to be
 * done now, as without us.
 */
static size_t on_release(struct vu_lazy *l, struct message *m)
{
	struct vu_handle *h = vu_handle_find(&l->table, m->in.nodeid, true);

	if (h)
		vu_close_handle(l, h);
	return vu_refuse(l, m, 0);
}

/* What the kernel does in another way if it is not known. */
static size_t not_known(struct vu_lazy *l, struct message *m)
{
	return vu_refuse(l, m, -ENOSYS);
}

/*
 * A request that is interrupted takes its time all the same, as on a disk; the daemon may not know it, or by
 * another number.
 */
static size_t on_interrupt(struct vu_lazy *l, struct message *m)
{
	(void)l;
	(void)m;
	return 0;
}

static size_t as_it_is(struct vu_lazy *l, struct message *m)
{
	(void)l;
	return m->len;
}

static size_t on_forget(struct vu_lazy *l, struct message *m)
{
	struct fuse_forget_in body;

	memcpy(&body, m->body, sizeof(body));
	l->no_forgets = 0;
	vu_forget(l, m->in.nodeid, body.nlookup);
	return 0;
}

static size_t on_batch_forget(struct vu_lazy *l, struct message *m)
{
	l->no_forgets = 0;
	vu_forget_each(l, m, vu_forget);
	return 0;
}

const struct rule vu_exclusive_rules[] = {
	{ FUSE_LOOKUP, 1, on_lookup, NULL },
	{ FUSE_FORGET, sizeof(struct fuse_forget_in), on_forget, NULL },
	{ FUSE_BATCH_FORGET, sizeof(struct fuse_batch_forget_in), on_batch_forget, NULL },
	{ FUSE_GETATTR, sizeof(struct fuse_getattr_in), on_getattr, NULL },
	{ FUSE_SETATTR, sizeof(struct fuse_setattr_in), on_setattr, vu_step_room },
	{ FUSE_MKNOD, sizeof(struct fuse_mknod_in), on_mknod, vu_step_room },
	{ FUSE_MKDIR, sizeof(struct fuse_mkdir_in), on_mkdir, vu_step_room },
	{ FUSE_SYMLINK, 1, on_symlink, vu_step_room },
	{ FUSE_LINK, sizeof(struct fuse_link_in), on_link, vu_step_room },
	{ FUSE_CREATE, sizeof(struct fuse_create_in), on_create, vu_step_room },
	{ FUSE_UNLINK, 1, NULL, vu_step_unlink },
	{ FUSE_RMDIR, 1, NULL, vu_step_rmdir },
	{ FUSE_RENAME, sizeof(struct fuse_rename_in), NULL, vu_step_rename },
	{ FUSE_RENAME2, sizeof(struct fuse_rename2_in), NULL, vu_step_rename },
	{ FUSE_OPEN, sizeof(struct fuse_open_in), vu_no_open, NULL },
	{ FUSE_READ, sizeof(struct fuse_read_in), vu_use_file, NULL },
	{ FUSE_WRITE, sizeof(struct fuse_write_in), vu_use_to_write, vu_step_room },
	{ FUSE_RELEASE, sizeof(struct fuse_release_in), on_release, NULL },
	{ FUSE_FLUSH, sizeof(struct fuse_flush_in), vu_no_open, NULL },
	{ FUSE_FSYNC, sizeof(struct fuse_fsync_in), vu_use_to_write, NULL },
	{ FUSE_LSEEK, sizeof(struct fuse_lseek_in), vu_use_file, NULL },
	{ FUSE_POLL, sizeof(struct fuse_poll_in), vu_use_file, NULL },
	{ FUSE_IOCTL, sizeof(struct fuse_ioctl_in), on_ioctl, NULL },
	{ FUSE_FALLOCATE, sizeof(struct fuse_fallocate_in), vu_use_to_write, vu_step_room },
	/* With two handles; the kernel then reads and writes. */
	{ FUSE_COPY_FILE_RANGE, 0, not_known, NULL },
	/* Without a name, and with other attributes. */
	{ OPCODE_TMPFILE, 0, not_known, NULL },
	{ OPCODE_STATX, 0, not_known, NULL },
	{ FUSE_READDIR, sizeof(struct fuse_read_in), on_readdir, NULL },
	{ FUSE_SETXATTR, 1, on_change, vu_step_room },
	{ FUSE_REMOVEXATTR, 1, on_change, NULL },
	{ FUSE_STATFS, 0, vu_exclusive_pass, vu_step_room },
	{ FUSE_INTERRUPT, 0, on_interrupt, NULL },
	{ FUSE_NOTIFY_REPLY, 0, as_it_is, NULL },
	{ FUSE_DESTROY, 0, NULL, vu_step_destroy },
	{ 0, 0, NULL, NULL }, /* the end */
};

size_t vu_rule(struct vu_lazy *l, const struct rule *r, struct message *m)
{
	l->no_forgets++;
	if (!r->fn)
		return vu_wait(l, m, NULL, r->step);
	if (r->step && vu_room_to_come(l))
		return vu_wait(l, m, r->fn, r->step);
	return r->fn(l, m);
}

/* ---- the beginning ---------------------------------------------------------------------------- */

void vu_exclusive_offer(struct fuse_init_in *in)
{
	in->flags &= ~(uint32_t)NOT_OFFERED;
}

/* The root's number tells whose the numbers are. */
static void seen_root(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	(void)c;
	if (l->unify == VU_UNIFY_UNKNOWN && !r->out.error && r->len >= sizeof(r->attr))
		l->unify = r->attr.attr.ino == FUSE_ROOT_ID ? VU_UNIFY_NO : VU_UNIFY_YES;
}

static void seen_init(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	const struct fuse_getattr_in body = { 0 };
	struct message m = vu_call_message(c);
	struct vu_call *own;

	/* Only the start of the reply is certain to be there; an old daemon is left alone. */
	if (r->out.error || r->len < offsetof(struct fuse_init_out, max_readahead) ||
	    r->init.major != FUSE_KERNEL_VERSION || r->init.minor < FIRST_MINOR) {
		l->exclusive = l->files = false;
		return;
	}
	own = vu_own_new(l, &m.in, FUSE_GETATTR, FUSE_ROOT_ID, &body, sizeof(body));
	if (!own)
		return;
	own->done = seen_root;
	vu_put_ready(l, own);
}

size_t vu_exclusive_init(struct vu_lazy *l, struct message *m)
{
	return vu_pass(l, m, NULL, seen_init);
}

/* ---- listings --------------------------------------------------------------------------------- */

/* Copy all of a reply that lies in pieces. */
static void gather(const struct vu_reply *r, unsigned char *to, size_t size)
{
	size_t len;
	int i;

	for (i = 0; i < r->n && size; i++, to += len, size -= len) {
		len = r->iov[i].iov_len < size ? r->iov[i].iov_len : size;
		memcpy(to, r->iov[i].iov_base, len);
	}
}

/* Leave out what nobody is to see; how much is left. Position: where the last one that was left out ends, or 0. */
static size_t filter(const struct vu_lazy *l, unsigned char *buf, size_t size, uint64_t *position)
{
	struct fuse_dirent d;
	size_t at, len, to = 0;

	*position = 0;
	for (at = 0; size - at >= FUSE_NAME_OFFSET; at += len) {
		memcpy(&d, buf + at, FUSE_NAME_OFFSET);
		len = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + (size_t)d.namelen);
		if (len > size - at)
			break;
		if (vu_is_hidden_name(l, (char *)buf + at + FUSE_NAME_OFFSET, d.namelen)) {
			*position = d.off;
			continue;
		}
		memmove(buf + to, buf + at, len);
		to += len;
	}
	return to;
}

/* A reply without entries would be the end of the listing: ask for what follows. */
static bool ask_on(struct vu_lazy *l, struct vu_call *c, uint64_t position)
{
	struct vu_call *next = vu_call_new(VU_CALL_SEEN, NULL, c->msg, c->len);
	struct fuse_read_in body;

	if (!next)
		return false;
	memcpy(&body, next->msg + sizeof(struct fuse_in_header), sizeof(body));
	body.offset = position;
	memcpy(next->msg + sizeof(struct fuse_in_header), &body, sizeof(body));
	next->unique = c->unique;
	next->done = seen_readdir;
	next->name = c->name;
	if (next->name)
		next->name->users++;
	vu_put_ready(l, next);
	return true;
}

static void seen_readdir(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	size_t size = r->out.len - sizeof(r->out), left;
	struct fuse_out_header *reply;
	uint64_t position;

	if (r->out.error || !size)
		return;
	reply = malloc(r->out.len);
	if (!reply) {
		r->out.error = -ENOMEM;
		vu_reply_send(l, r, 0);
		return;
	}
	gather(r, (unsigned char *)reply, r->out.len);
	left = filter(l, (unsigned char *)(reply + 1), size, &position);
	if (position && (left || !ask_on(l, c, position))) {
		reply->len = (uint32_t)(sizeof(*reply) + left);
		r->result = l->host.send(l->host.ctx, reply, reply->len);
	}
	r->changed = position;
	free(reply);
}
