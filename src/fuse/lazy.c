/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of a read-only FUSE mount that are opened without a word to the daemon.
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

#include "fuse/handles.h"
#include "fuse/lazy.h"

/* The kernel counts up by 2 from 0; its highest bit has a meaning (FUSE_UNIQUE_RESEND). */
#define OUR_UNIQUE (1ull << 62)

/* Of flags2 in INIT; what Debian 12's header does not have. Both would take requests past us. */
#define FLAGS2_PASSTHROUGH (1u << (37 - 32))
#define FLAGS2_IO_URING	   (1u << (41 - 32))

struct vu_lazy {
	pthread_mutex_t lock;
	struct vu_lazy_host host;
	struct vu_handles table;
	struct vu_list ready; /* for the daemon */
	struct vu_list held;  /* for the daemon, when handles have been closed */
	bool files, dirs;     /* need not be opened */
	bool told;	      /* host.ready() was told so */
	bool warned;
	uint64_t unique;
};

/* A message of the kernel's, in the buffer that the daemon reads to. */
struct message {
	struct fuse_in_header in;
	unsigned char *at, *body;
	size_t len, body_len;
};

struct vu_lazy *vu_lazy_new(const struct vu_lazy_host *host)
{
	struct vu_lazy *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->host = *host;
	l->unique = OUR_UNIQUE;
	vu_handles_init(&l->table);
	vu_list_init(&l->ready);
	vu_list_init(&l->held);
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
	vu_handles_free(&l->table);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* ---- handles ---------------------------------------------------------------------------------- */

static void put_ready(struct vu_lazy *l, struct vu_call *c)
{
	vu_list_del(&c->node);
	vu_list_add_tail(&l->ready, &c->node);
}

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
	in->nodeid = h->node;
	memcpy(c->msg, in, sizeof(*in));
	memcpy(c->msg + sizeof(*in), body, body_len);
	put_ready(l, c);
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
		put_ready(l, c);
	}
}

static void drop(struct vu_lazy *l, struct vu_handle *h)
{
	vu_handle_free(&l->table, h);
	let_go(l);
}

/* Release a handle that is to be closed, if nobody uses it. */
static void settle(struct vu_lazy *l, struct vu_handle *h)
{
	struct fuse_in_header in = { .opcode = h->dir ? FUSE_RELEASEDIR : FUSE_RELEASE };
	struct fuse_release_in body = { .fh = h->fh, .flags = O_RDONLY | O_LARGEFILE };

	if (!h->closing || h->users || !h->opened || h->call.kind == VU_CALL_RELEASE)
		return;
	if (h->no_release)
		drop(l, h);
	else
		ask(l, h, VU_CALL_RELEASE, &in, &body, sizeof(body));
}

static void close_handle(struct vu_lazy *l, struct vu_handle *h)
{
	vu_handle_hide(&l->table, h);
	settle(l, h);
}

/* A handle for the node that the message is about. NULL: no memory. */
static struct vu_handle *open_handle(struct vu_lazy *l, const struct message *m, bool dir)
{
	struct fuse_in_header in = m->in;
	struct fuse_open_in body = { .flags = O_RDONLY | O_LARGEFILE | (dir ? O_DIRECTORY : 0) };
	struct vu_handle *h;

	while (l->table.n >= l->host.max_handles && (h = vu_handle_oldest(&l->table)))
		close_handle(l, h);
	h = vu_handle_new(&l->table, in.nodeid, dir);
	if (!h)
		return NULL;
	in.opcode = dir ? FUSE_OPENDIR : FUSE_OPEN;
	ask(l, h, VU_CALL_OPEN, &in, &body, sizeof(body));
	return h;
}

/* ---- requests --------------------------------------------------------------------------------- */

/* Answer a request; error as in its reply, a negative errno. */
static void answer(struct vu_lazy *l, uint64_t unique, int error)
{
	struct fuse_out_header out = { .len = sizeof(out), .error = error, .unique = unique };

	l->host.send(l->host.ctx, &out, sizeof(out));
}

static size_t refuse(struct vu_lazy *l, const struct message *m, int error)
{
	answer(l, m->in.unique, error);
	return 0;
}

/* All requests that have a handle begin with it, as far as we look at them. */
static uint64_t handle_of(const struct message *m)
{
	uint64_t fh;

	memcpy(&fh, m->body, sizeof(fh));
	return fh;
}

/* A request that needs a handle. */
static size_t use(struct vu_lazy *l, struct message *m, bool dir)
{
	struct vu_handle *h;
	struct vu_call *c;

	/* The kernel knows handles of files that the daemon has made itself (CREATE). */
	if (!(dir ? l->dirs : l->files) || handle_of(m))
		return m->len;
	h = vu_handle_find(&l->table, m->in.nodeid);
	if (h && h->dir != dir)
		return refuse(l, m, -EIO);
	if (!h)
		h = open_handle(l, m, dir);
	c = h ? vu_call_new(VU_CALL_USE, h, m->at, h->opened ? 0 : m->len) : NULL;
	if (!c)
		return refuse(l, m, -ENOMEM);
	c->unique = m->in.unique;
	h->users++;
	if (!h->opened) {
		vu_list_add_tail(&h->kept, &c->node);
		return 0;
	}
	vu_call_begin(&l->table, c);
	memcpy(m->body, &h->fh, sizeof(h->fh));
	return m->len;
}

static size_t use_file(struct vu_lazy *l, struct message *m)
{
	return use(l, m, false);
}

static size_t use_dir(struct vu_lazy *l, struct message *m)
{
	return use(l, m, true);
}

static size_t on_ioctl(struct vu_lazy *l, struct message *m)
{
	struct fuse_ioctl_in body;

	memcpy(&body, m->body, sizeof(body));
	return use(l, m, body.flags & FUSE_IOCTL_DIR);
}

/* What the kernel asks on its own account is what it then does without. */
static size_t unknown_file(struct vu_lazy *l, struct message *m)
{
	return l->files ? refuse(l, m, -ENOSYS) : m->len;
}

static size_t unknown_dir(struct vu_lazy *l, struct message *m)
{
	return l->dirs ? refuse(l, m, -ENOSYS) : m->len;
}

static size_t on_open(struct vu_lazy *l, struct message *m)
{
	struct fuse_open_in body;

	memcpy(&body, m->body, sizeof(body));
	if (l->files && (body.flags & O_ACCMODE) != O_RDONLY)
		return refuse(l, m, -EROFS);
	return unknown_file(l, m);
}

static size_t on_write(struct vu_lazy *l, struct message *m)
{
	return l->files && !handle_of(m) ? refuse(l, m, -EROFS) : m->len;
}

/* Without a handle the daemon looks at the node, which is the same. */
static size_t on_getattr(struct vu_lazy *l, struct message *m)
{
	struct fuse_getattr_in body;

	memcpy(&body, m->body, sizeof(body));
	if (!l->files || body.fh)
		return m->len;
	body.getattr_flags &= ~(uint32_t)FUSE_GETATTR_FH;
	memcpy(m->body, &body, sizeof(body));
	return m->len;
}

static size_t on_setattr(struct vu_lazy *l, struct message *m)
{
	struct fuse_setattr_in body;

	memcpy(&body, m->body, sizeof(body));
	if (!l->files || body.fh)
		return m->len;
	body.valid &= ~(uint32_t)FATTR_FH;
	memcpy(m->body, &body, sizeof(body));
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

static void forget(struct vu_lazy *l, uint64_t node)
{
	struct vu_handle *h = vu_handle_find(&l->table, node);

	if (h)
		close_handle(l, h);
}

static size_t on_forget(struct vu_lazy *l, struct message *m)
{
	forget(l, m->in.nodeid);
	return hold(l, m);
}

static size_t on_batch_forget(struct vu_lazy *l, struct message *m)
{
	struct fuse_batch_forget_in body;
	struct fuse_forget_one one;
	size_t at = sizeof(body), i;

	memcpy(&body, m->body, sizeof(body));
	for (i = 0; i < body.count && m->body_len - at >= sizeof(one); i++, at += sizeof(one)) {
		memcpy(&one, m->body + at, sizeof(one));
		forget(l, one.nodeid);
	}
	return hold(l, m);
}

static void close_all(struct vu_lazy *l)
{
	struct vu_handle *h, *tmp;

	vu_list_for_each_safe(h, tmp, &l->table.order, order)
		close_handle(l, h);
}

static size_t on_destroy(struct vu_lazy *l, struct message *m)
{
	close_all(l);
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
	l->dirs = body.flags & FUSE_NO_OPENDIR_SUPPORT;
	if (l->files)
		body.flags &= ~(uint32_t)(FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS);
	body.flags2 &= ~(FLAGS2_PASSTHROUGH | FLAGS2_IO_URING);
	memcpy(m->body, &body, len);
	return m->len;
}

static const struct rule {
	uint32_t opcode;
	size_t min; /* of the body: shorter ones pass */
	size_t (*fn)(struct vu_lazy *l, struct message *m);
} rules[] = {
	{ FUSE_READ, sizeof(struct fuse_read_in), use_file },
	{ FUSE_READDIR, sizeof(struct fuse_read_in), use_dir },
	{ FUSE_READDIRPLUS, sizeof(struct fuse_read_in), use_dir },
	{ FUSE_GETATTR, sizeof(struct fuse_getattr_in), on_getattr },
	{ FUSE_OPEN, sizeof(struct fuse_open_in), on_open },
	{ FUSE_OPENDIR, sizeof(struct fuse_open_in), unknown_dir },
	{ FUSE_FLUSH, sizeof(struct fuse_flush_in), unknown_file },
	{ FUSE_FSYNC, sizeof(struct fuse_fsync_in), unknown_file },
	{ FUSE_FSYNCDIR, sizeof(struct fuse_fsync_in), unknown_dir },
	{ FUSE_FORGET, sizeof(struct fuse_forget_in), on_forget },
	{ FUSE_BATCH_FORGET, sizeof(struct fuse_batch_forget_in), on_batch_forget },
	{ FUSE_LSEEK, sizeof(struct fuse_lseek_in), use_file },
	{ FUSE_IOCTL, sizeof(struct fuse_ioctl_in), on_ioctl },
	{ FUSE_POLL, sizeof(struct fuse_poll_in), use_file },
	{ FUSE_WRITE, sizeof(struct fuse_write_in), on_write },
	{ FUSE_FALLOCATE, sizeof(struct fuse_fallocate_in), on_write },
	{ FUSE_COPY_FILE_RANGE, sizeof(struct fuse_copy_file_range_in), on_write },
	{ FUSE_SETATTR, sizeof(struct fuse_setattr_in), on_setattr },
	{ FUSE_DESTROY, 0, on_destroy },
	{ FUSE_INIT, offsetof(struct fuse_init_in, flags2), on_init },
};

size_t vu_lazy_request(struct vu_lazy *l, void *msg, size_t len)
{
	struct message m = { .at = msg, .len = len };
	size_t i, res = len;

	if (len < sizeof(m.in))
		return len;
	memcpy(&m.in, msg, sizeof(m.in));
	m.body = m.at + sizeof(m.in);
	m.body_len = len - sizeof(m.in);
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].opcode == m.in.opcode)
			break;
	if (i == sizeof(rules) / sizeof(rules[0]) || m.in.len != len || m.body_len < rules[i].min)
		return len;
	pthread_mutex_lock(&l->lock);
	res = rules[i].fn(l, &m);
	pthread_mutex_unlock(&l->lock);
	return res;
}

/* Tell the host, if it has changed, whether something is ready. */
static void tell(struct vu_lazy *l)
{
	bool is = !vu_list_empty(&l->ready);

	if (is != l->told)
		l->host.ready(l->host.ctx, is);
	l->told = is;
}

/* Give a message to the daemon. */
static ssize_t hand_out(struct vu_lazy *l, struct vu_call *c, void *msg, size_t size)
{
	ssize_t len = (ssize_t)c->len;

	if (c->len > size)
		return -EINVAL;
	memcpy(msg, c->msg, c->len);
	vu_list_del(&c->node);
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

/* The daemon has not opened it. What waited for that gets its error. */
static void not_opened(struct vu_lazy *l, struct vu_handle *h, int error)
{
	struct vu_call *c, *tmp;

	vu_list_for_each_safe(c, tmp, &h->kept, node) {
		answer(l, c->unique, error > -1000 && error < 0 ? error : -EIO);
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

static void opened(struct vu_lazy *l, struct vu_handle *h, const struct fuse_out_header *out,
		   const struct fuse_open_out *open)
{
	struct vu_call *c, *tmp;

	/* A daemon that knows of no opens is asked by what the kernel has: 0. */
	h->no_release = out->error == -ENOSYS;
	if (!h->no_release && (out->error || out->len < sizeof(*out) + sizeof(*open))) {
		not_opened(l, h, out->error);
		return;
	}
	h->opened = true;
	h->fh = h->no_release ? 0 : open->fh;
	warn_of(l, h->no_release ? 0 : open->open_flags);
	vu_list_for_each_safe(c, tmp, &h->kept, node) {
		memcpy(c->msg + sizeof(struct fuse_in_header), &h->fh, sizeof(h->fh));
		put_ready(l, c);
	}
	settle(l, h);
}

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

static void take_reply(struct vu_lazy *l, struct vu_call *c, const struct fuse_out_header *out,
		       const struct fuse_open_out *open)
{
	struct vu_handle *h = c->handle;

	vu_list_del(&c->hash);
	switch (c->kind) {
	case VU_CALL_USE:
		vu_call_free(c);
		h->users--;
		settle(l, h);
		break;
	case VU_CALL_OPEN:
		opened(l, h, out, open);
		break;
	case VU_CALL_RELEASE:
		drop(l, h);
		break;
	case VU_CALL_HELD: /* the daemon never has it as a call of ours */
		break;
	}
}

bool vu_lazy_reply(struct vu_lazy *l, const struct iovec *iov, int n)
{
	struct {
		struct fuse_out_header out;
		struct fuse_open_out open;
	} msg = { 0 };
	size_t have = peek(iov, n, &msg, sizeof(msg));
	struct vu_call *c;

	if (have < sizeof(msg.out))
		return false;
	if (msg.out.len > have)
		msg.out.len = (uint32_t)have;
	pthread_mutex_lock(&l->lock);
	c = vu_call_find(&l->table, msg.out.unique);
	if (c)
		take_reply(l, c, &msg.out, &msg.open);
	/* The thread that is here may not come to read. */
	tell(l);
	pthread_mutex_unlock(&l->lock);
	return msg.out.unique & OUR_UNIQUE;
}

/* ---- the end ---------------------------------------------------------------------------------- */

bool vu_lazy_gone(struct vu_lazy *l)
{
	bool res;

	pthread_mutex_lock(&l->lock);
	close_all(l);
	res = !vu_list_empty(&l->ready);
	pthread_mutex_unlock(&l->lock);
	return res;
}
