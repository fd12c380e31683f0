/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of a FUSE mount that are opened without a word to the daemon. What is said here is of read-only ones.
 *
 * A kernel that says so in INIT (FUSE_NO_OPEN_SUPPORT, FUSE_NO_OPENDIR_SUPPORT) takes ENOSYS as the answer to an
 * OPEN for: files of this mount need not be opened. From then on open(2) and close(2) are its own affair, and
 * requests come with the handle 0. Daemons do need their handles. So each OPEN of the kernel's is answered
 * ENOSYS here, the daemon never sees it. When the first READ (or other request that needs a handle) of a node comes,
 * it is kept, the daemon gets an OPEN of ours, and then the request with the handle that it has given. The handle
 * serves all later requests for the node, of whoever has it open. That is right because the mount is read-only:
 * handles for reading are alike, no file is unlinked while it is open, nothing has to be flushed, and the
 * kernel keeps locks by itself (INIT does not offer them to the daemon).
 *
 * A handle is closed by a RELEASE of ours when the kernel forgets the node, when there are too many, and at the
 * end, but not while a request uses it. The daemon may drop what it knows of a node at FORGET, so a FORGET (and
 * DESTROY) is held back until the daemon has answered the RELEASEs before it.
 *
 * Writable mounts that nobody else changes have rules of their own: exclusive.c, removed.c.
 *
 * Our own requests have numbers with a bit set that the kernel's have not; their replies go no further. All
 * other messages pass as they are, also those that make no sense: to judge them is the daemon's business. INTERRUPT
 * passes, too: of a request that it does not know the daemon has to say EAGAIN, and then the kernel repeats it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/internal.h"

/* The kernel counts up by 2 from 0; its highest bit has a meaning (FUSE_UNIQUE_RESEND). */
#define OUR_UNIQUE (1ull << 62)

/* Of flags2 in INIT; what Debian 12's header does not have. Both would take requests past us. */
#define FLAGS2_PASSTHROUGH (1u << (37 - 32))
#define FLAGS2_IO_URING	   (1u << (41 - 32))

struct vu_lazy *vu_lazy_new(const struct vu_lazy_host *host)
{
	struct vu_lazy *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->host = *host;
	l->unique = OUR_UNIQUE;
	l->exclusive = host->exclusive;
	vu_handles_init(&l->table);
	vu_list_init(&l->ready);
	vu_list_init(&l->held);
	vu_list_init(&l->waiting);
	vu_list_init(&l->hidden);
	vu_list_init(&l->left);
	if (l->exclusive && vu_nodes_init(&l->nodes)) {
		vu_lazy_free(l);
		return NULL;
	}
	return l;
}

static void free_calls(struct vu_list *list)
{
	struct vu_call *c, *tmp;

	vu_list_for_each_safe(c, tmp, list, node)
		vu_call_free(c);
}

void vu_lazy_free(struct vu_lazy *l)
{
	free_calls(&l->ready);
	free_calls(&l->held);
	free_calls(&l->waiting);
	vu_handles_free(&l->table);
	vu_nodes_free(&l->nodes);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* ---- messages --------------------------------------------------------------------------------- */

void vu_put_ready(struct vu_lazy *l, struct vu_call *c)
{
	vu_list_del(&c->node);
	vu_list_add_tail(&l->ready, &c->node);
}

struct vu_call *vu_own_new(struct vu_lazy *l, const struct fuse_in_header *in, uint32_t opcode,
			   uint64_t node, const void *body, size_t len)
{
	struct fuse_in_header head = *in;
	struct vu_call *c;

	l->unique += 2;
	head.len = (uint32_t)(sizeof(head) + len);
	head.opcode = opcode;
	head.unique = l->unique;
	head.nodeid = node;
	c = vu_call_new(VU_CALL_OWN, NULL, NULL, head.len);
	if (!c)
		return NULL;
	c->unique = head.unique;
	memcpy(c->msg, &head, sizeof(head));
	if (len)
		memcpy(c->msg + sizeof(head), body, len);
	return c;
}

void vu_answer(struct vu_lazy *l, uint64_t unique, int error)
{
	struct fuse_out_header out = { .len = sizeof(out), .error = error, .unique = unique };

	l->host.send(l->host.ctx, &out, sizeof(out));
}

size_t vu_refuse(struct vu_lazy *l, const struct message *m, int error)
{
	vu_answer(l, m->in.unique, error);
	return 0;
}

static struct message message_at(void *msg, size_t len)
{
	struct message m = { .at = msg, .len = len };

	memcpy(&m.in, msg, sizeof(m.in));
	m.body = m.at + sizeof(m.in);
	m.body_len = len - sizeof(m.in);
	return m;
}

struct message vu_call_message(struct vu_call *c)
{
	return message_at(c->msg, c->len);
}

void vu_getattr_of_node(struct message *m)
{
	struct fuse_getattr_in body;

	memcpy(&body, m->body, sizeof(body));
	if (!body.fh)
		body.getattr_flags &= ~(uint32_t)FUSE_GETATTR_FH;
	memcpy(m->body, &body, sizeof(body));
}

void vu_setattr_of_node(struct message *m)
{
	struct fuse_setattr_in body;

	memcpy(&body, m->body, sizeof(body));
	if (!body.fh)
		body.valid &= ~(uint32_t)FATTR_FH;
	memcpy(m->body, &body, sizeof(body));
}

void vu_forget_each(struct vu_lazy *l, const struct message *m,
		    void (*fn)(struct vu_lazy *, uint64_t node, uint64_t count))
{
	struct fuse_batch_forget_in body;
	struct fuse_forget_one one;
	size_t at = sizeof(body), i;

	memcpy(&body, m->body, sizeof(body));
	for (i = 0; i < body.count && m->body_len - at >= sizeof(one); i++, at += sizeof(one)) {
		memcpy(&one, m->body + at, sizeof(one));
		fn(l, one.nodeid, one.nlookup);
	}
}

/* ---- requests of read-only mounts ------------------------------------------------------------- */

static size_t on_open(struct vu_lazy *l, struct message *m)
{
	struct fuse_open_in body;

	memcpy(&body, m->body, sizeof(body));
	if (l->files && (body.flags & O_ACCMODE) != O_RDONLY)
		return vu_refuse(l, m, -EROFS);
	return vu_no_open(l, m);
}

/* All that are looked at here begin with their handle. */
static size_t on_write(struct vu_lazy *l, struct message *m)
{
	uint64_t fh;

	memcpy(&fh, m->body, sizeof(fh));
	return l->files && !fh ? vu_refuse(l, m, -EROFS) : m->len;
}

static size_t on_getattr(struct vu_lazy *l, struct message *m)
{
	if (l->files)
		vu_getattr_of_node(m);
	return m->len;
}

static size_t on_setattr(struct vu_lazy *l, struct message *m)
{
	if (l->files)
		vu_setattr_of_node(m);
	return m->len;
}

/* Hold a message back until all handles that close now are closed. */
static size_t hold(struct vu_lazy *l, const struct message *m)
{
	struct vu_call *c;

	if (vu_list_empty(&l->table.closing))
		return m->len;
	c = vu_call_new(VU_CALL_HELD, NULL, m->at, m->len);
	/* No memory: it is better that the daemon finds a handle without a node than that it keeps the node. */
	if (!c)
		return m->len;
	c->after = l->table.closed;
	vu_list_add_tail(&l->held, &c->node);
	return 0;
}

static size_t on_forget(struct vu_lazy *l, struct message *m)
{
	vu_close_node(l, m->in.nodeid);
	return hold(l, m);
}

static void close_forgotten(struct vu_lazy *l, uint64_t node, uint64_t count)
{
	(void)count;
	vu_close_node(l, node);
}

static size_t on_batch_forget(struct vu_lazy *l, struct message *m)
{
	vu_forget_each(l, m, close_forgotten);
	return hold(l, m);
}

static size_t on_destroy(struct vu_lazy *l, struct message *m)
{
	vu_close_all(l);
	return hold(l, m);
}

/*
 * What the kernel can do decides what we do. What would have to know which opens belong together, or go past
 * us, is not offered to the daemon.
 */
static size_t on_init(struct vu_lazy *l, struct message *m)
{
	struct fuse_init_in body = { 0 };
	size_t len = m->body_len < sizeof(body) ? m->body_len : sizeof(body);

	memcpy(&body, m->body, len);
	if (body.major != FUSE_KERNEL_VERSION)
		return m->len;
	l->files = body.flags & FUSE_NO_OPEN_SUPPORT;
	l->dirs = body.flags & FUSE_NO_OPENDIR_SUPPORT && !l->exclusive;
	l->exclusive = l->exclusive && l->files;
	if (l->exclusive)
		vu_exclusive_offer(&body);
	if (l->files)
		body.flags &= ~(uint32_t)(FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS);
	body.flags2 &= ~(FLAGS2_PASSTHROUGH | FLAGS2_IO_URING);
	memcpy(m->body, &body, len);
	return l->exclusive ? vu_exclusive_init(l, m) : m->len;
}

static const struct rule lazy_rules[] = {
	{ FUSE_READ, sizeof(struct fuse_read_in), vu_use_file, NULL },
	{ FUSE_READDIR, sizeof(struct fuse_read_in), vu_use_dir, NULL },
	{ FUSE_READDIRPLUS, sizeof(struct fuse_read_in), vu_use_dir, NULL },
	{ FUSE_GETATTR, sizeof(struct fuse_getattr_in), on_getattr, NULL },
	{ FUSE_OPEN, sizeof(struct fuse_open_in), on_open, NULL },
	{ FUSE_OPENDIR, sizeof(struct fuse_open_in), vu_no_opendir, NULL },
	{ FUSE_FLUSH, sizeof(struct fuse_flush_in), vu_no_open, NULL },
	{ FUSE_FSYNC, sizeof(struct fuse_fsync_in), vu_no_open, NULL },
	{ FUSE_FSYNCDIR, sizeof(struct fuse_fsync_in), vu_no_opendir, NULL },
	{ FUSE_FORGET, sizeof(struct fuse_forget_in), on_forget, NULL },
	{ FUSE_BATCH_FORGET, sizeof(struct fuse_batch_forget_in), on_batch_forget, NULL },
	{ FUSE_LSEEK, sizeof(struct fuse_lseek_in), vu_use_file, NULL },
	{ FUSE_IOCTL, sizeof(struct fuse_ioctl_in), vu_use_ioctl, NULL },
	{ FUSE_POLL, sizeof(struct fuse_poll_in), vu_use_file, NULL },
	{ FUSE_WRITE, sizeof(struct fuse_write_in), on_write, NULL },
	{ FUSE_FALLOCATE, sizeof(struct fuse_fallocate_in), on_write, NULL },
	{ FUSE_COPY_FILE_RANGE, sizeof(struct fuse_copy_file_range_in), on_write, NULL },
	{ FUSE_SETATTR, sizeof(struct fuse_setattr_in), on_setattr, NULL },
	{ FUSE_DESTROY, 0, on_destroy, NULL },
	{ FUSE_INIT, offsetof(struct fuse_init_in, flags2), on_init, NULL },
	{ 0, 0, NULL, NULL }, /* the end */
};

/* The kernel is gone, and nothing is to be done any more. */
static bool at_end(const struct vu_lazy *l)
{
	return l->gone && vu_list_empty(&l->ready) && !vu_handles_left(l) && !vu_removed_busy(l);
}

/* Tell the host, if it has changed, whether something is ready. */
static void tell(struct vu_lazy *l)
{
	bool is = !vu_list_empty(&l->ready) || at_end(l);

	if (is != l->told)
		l->host.ready(l->host.ctx, is);
	l->told = is;
}

static const struct rule *find_rule(const struct vu_lazy *l, uint32_t opcode)
{
	const struct rule *r = l->exclusive && opcode != FUSE_INIT ? vu_exclusive_rules :
								     lazy_rules;

	while (r->opcode && r->opcode != opcode)
		r++;
	return r;
}

static size_t request(struct vu_lazy *l, struct message *m)
{
	const struct rule *r = find_rule(l, m->in.opcode);
	size_t res;

	if (m->in.len != m->len || m->body_len < r->min)
		return m->len;
	if (!l->exclusive)
		return r->fn ? r->fn(l, m) : m->len;
	l->reads++;
	res = r->fn || r->step ? vu_rule(l, r, m) : vu_exclusive_pass(l, m);
	vu_step_all(l);
	return res;
}

size_t vu_lazy_request(struct vu_lazy *l, void *msg, size_t len)
{
	struct message m;
	size_t res;

	if (len < sizeof(m.in))
		return len;
	m = message_at(msg, len);
	pthread_mutex_lock(&l->lock);
	res = request(l, &m);
	/* Otherwise this thread comes for what is ready itself. */
	if (res)
		tell(l);
	pthread_mutex_unlock(&l->lock);
	return res;
}

/* Give a message to the daemon. */
static ssize_t hand_out(struct vu_lazy *l, struct vu_call *c, void *msg, size_t size)
{
	ssize_t len = (ssize_t)c->len;

	if (c->len > size)
		return -EINVAL;
	memcpy(msg, c->msg, c->len);
	vu_list_del(&c->node);
	l->own += c->kind == VU_CALL_OWN;
	if (c->kind == VU_CALL_HELD)
		vu_call_free(c);
	else
		vu_call_begin(&l->table, c);
	return len;
}

ssize_t vu_lazy_next(struct vu_lazy *l, void *msg, size_t size)
{
	ssize_t res = 0;

	pthread_mutex_lock(&l->lock);
	if (!vu_list_empty(&l->ready))
		res = hand_out(l, vu_list_entry(l->ready.next, struct vu_call, node), msg, size);
	/* Others can have the next one. */
	tell(l);
	pthread_mutex_unlock(&l->lock);
	return res;
}

/* ---- replies ---------------------------------------------------------------------------------- */

/* The first bytes of a message in pieces; how many there are. */
static size_t peek(const struct iovec *iov, int n, void *to, size_t size)
{
	size_t have = 0, len;

	for (; n > 0 && have < size; iov++, n--) {
		len = iov->iov_len < size - have ? iov->iov_len : size - have;
		if (len)
			memcpy((char *)to + have, iov->iov_base, len);
		have += len;
	}
	return have;
}

void vu_reply_send(struct vu_lazy *l, struct vu_reply *r, size_t body_len)
{
	r->out.len = (uint32_t)(sizeof(r->out) + body_len);
	r->changed = true;
	r->result = l->host.send(l->host.ctx, r, r->out.len);
}

static void take_reply(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	struct vu_name *n = c->name;

	vu_list_del(&c->hash);
	if (c->kind != VU_CALL_SEEN && c->kind != VU_CALL_OWN) {
		vu_handle_reply(l, c, r);
		return;
	}
	l->own -= c->kind == VU_CALL_OWN;
	if (c->done)
		c->done(l, c, r);
	vu_call_free(c);
	if (n)
		vu_name_done(l, n);
}

int vu_lazy_reply(struct vu_lazy *l, const struct iovec *iov, int n)
{
	struct vu_reply r = { .iov = iov, .n = n };
	size_t have = peek(iov, n, &r, sizeof(r.out) + sizeof(r.body));
	struct vu_call *c;
	int res;

	if (have < sizeof(r.out))
		return VU_REPLY_PASS;
	r.len = have - sizeof(r.out);
	pthread_mutex_lock(&l->lock);
	c = vu_call_find(&l->table, r.out.unique);
	if (c)
		take_reply(l, c, &r);
	res = r.changed ? r.result : r.out.unique & OUR_UNIQUE ? 0 : VU_REPLY_PASS;
	if (l->exclusive)
		vu_step_all(l);
	/* The thread that is here may not come to read. */
	tell(l);
	pthread_mutex_unlock(&l->lock);
	return res;
}

/* ---- time, and the end ------------------------------------------------------------------------- */

bool vu_lazy_all_read(struct vu_lazy *l)
{
	bool res;

	pthread_mutex_lock(&l->lock);
	if (l->exclusive)
		vu_all_read(l);
	res = !vu_list_empty(&l->ready);
	tell(l);
	pthread_mutex_unlock(&l->lock);
	return res;
}

void vu_lazy_tick(struct vu_lazy *l)
{
	pthread_mutex_lock(&l->lock);
	vu_handles_tick(l);
	tell(l);
	pthread_mutex_unlock(&l->lock);
}

enum vu_lazy_end vu_lazy_gone(struct vu_lazy *l)
{
	enum vu_lazy_end res;

	pthread_mutex_lock(&l->lock);
	l->gone = true;
	vu_close_all(l);
	if (l->exclusive)
		vu_removed_end(l);
	res = at_end(l) ? VU_LAZY_ENDED : vu_list_empty(&l->ready) ? VU_LAZY_WAIT : VU_LAZY_MORE;
	tell(l);
	pthread_mutex_unlock(&l->lock);
	return res;
}
