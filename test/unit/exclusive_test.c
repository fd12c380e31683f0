/* sources: src/fuse/lazy.c src/fuse/opens.c src/fuse/handles.c src/fuse/nodes.c src/fuse/exclusive.c src/fuse/removed.c */
/* libs: -lpthread */
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What vu-fuse-lazy.so makes of the messages of a writable mount. Kernel and daemon are played here: kernel()
 * sends a request, next() is what the daemon reads without one, daemon_() its reply; told() is what the kernel was
 * sent by the library.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fuse/lazy.h"

#define TAG  0xabcull
#define ROOT FUSE_ROOT_ID

struct msg {
	struct fuse_in_header in;
	unsigned char body[600];
};

/* What the kernel was sent. */
struct sent {
	struct fuse_out_header out;
	union {
		unsigned char body[600];
		struct fuse_entry_out entry;
		struct fuse_attr_out attr;
		struct fuse_notify_inval_inode_out inval;
		struct {
			struct fuse_entry_out entry;
			struct fuse_open_out open;
		} create;
	};
};

struct world {
	struct vu_lazy *lazy;
	struct msg msg;	       /* the last one that the daemon has read */
	uint64_t unique, last; /* of the kernel's; of what the daemon has read last */
	struct sent sent[16];
	size_t n_sent;
	int error; /* of the next writes to the kernel */
	bool ready;
	int alarms;
};

static int on_send(void *ctx, const void *reply, size_t len)
{
	struct world *w = ctx;

	assert_true(len <= sizeof(w->sent[0]));
	memcpy(&w->sent[w->n_sent++ % 16], reply, len);
	return w->error;
}

static void on_ready(void *ctx, bool is)
{
	((struct world *)ctx)->ready = is;
}

static void on_warn(void *ctx, const char *what)
{
	(void)ctx;
	(void)what;
}

static void on_alarm(void *ctx)
{
	((struct world *)ctx)->alarms++;
}

static size_t kernel(struct world *w, uint32_t opcode, uint64_t node, const void *body, size_t len)
{
	size_t size = sizeof(w->msg.in) + len;

	memset(&w->msg, 0, sizeof(w->msg));
	w->msg.in = (struct fuse_in_header){
		.len = (uint32_t)size, .opcode = opcode, .unique = w->unique += 2, .nodeid = node
	};
	if (len)
		memcpy(w->msg.body, body, len);
	size = vu_lazy_request(w->lazy, &w->msg, size);
	if (size)
		w->last = w->msg.in.unique;
	return size;
}

/* A request with names behind a head. */
static size_t named(struct world *w, uint32_t opcode, uint64_t node, const void *head, size_t len,
		    const char *a, const char *b)
{
	unsigned char body[500] = { 0 };

	if (len)
		memcpy(body, head, len);
	memcpy(body + len, a, strlen(a) + 1);
	len += strlen(a) + 1;
	if (b) {
		memcpy(body + len, b, strlen(b) + 1);
		len += strlen(b) + 1;
	}
	return kernel(w, opcode, node, body, len);
}

static ssize_t next(struct world *w)
{
	ssize_t n;

	memset(&w->msg, 0, sizeof(w->msg));
	n = vu_lazy_next(w->lazy, &w->msg, sizeof(w->msg));
	if (n > 0)
		w->last = w->msg.in.unique;
	return n;
}

/* The daemon reads a request of this kind. */
static void reads(struct world *w, uint32_t opcode, uint64_t node)
{
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, opcode);
	assert_int_equal(w->msg.in.nodeid, node);
}

static int daemon_(struct world *w, uint64_t unique, int error, const void *body, size_t len)
{
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + len),
				       .error = error,
				       .unique = unique };
	struct iovec iov[2] = { { &out, sizeof(out) }, { (void *)body, len } };

	return vu_lazy_reply(w->lazy, iov, 2);
}

/* It answers what it has read last. */
static int answers(struct world *w, int error)
{
	return daemon_(w, w->last, error, NULL, 0);
}

/* It reads such a request and has done what it asks for. */
static void serves(struct world *w, uint32_t opcode, uint64_t node)
{
	reads(w, opcode, node);
	answers(w, 0);
}

static int answers_entry(struct world *w, uint64_t id, uint64_t ino, uint32_t nlink, uint32_t mode)
{
	struct fuse_entry_out e = { .nodeid = id,
				    .generation = id,
				    .attr = { .ino = ino, .nlink = nlink, .mode = mode } };

	return daemon_(w, w->last, 0, &e, sizeof(e));
}

static struct sent *told(struct world *w, uint64_t unique, int error)
{
	struct sent *s;

	assert_true(w->n_sent > 0);
	s = &w->sent[--w->n_sent];
	assert_int_equal(s->out.unique, unique);
	assert_int_equal(s->out.error, error);
	return s;
}

static void init(struct world *w, uint64_t root)
{
	struct fuse_init_in in = { .major = FUSE_KERNEL_VERSION,
				   .minor = 38,
				   .flags = ~0u & ~(uint32_t)FUSE_INIT_EXT };
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = 19 };
	struct fuse_attr_out attr = { .attr = { .ino = root, .mode = S_IFDIR, .nlink = 2 } };

	assert_true(kernel(w, FUSE_INIT, 0, &in, sizeof(in)) > 0);
	memcpy(&in, w->msg.body, sizeof(in));
	assert_int_equal(in.flags & (FUSE_ATOMIC_O_TRUNC | FUSE_WRITEBACK_CACHE |
				     FUSE_DO_READDIRPLUS | FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS),
			 0);
	assert_int_equal(daemon_(w, w->msg.in.unique, 0, &out, 24), VU_REPLY_PASS);
	reads(w, FUSE_GETATTR, ROOT);
	assert_int_equal(daemon_(w, w->msg.in.unique, 0, &attr, sizeof(attr)), 0);
}

static struct world *begin(uint64_t root)
{
	struct world *w = calloc(1, sizeof(*w));
	struct vu_lazy_host host = { .send = on_send,
				     .ready = on_ready,
				     .warn = on_warn,
				     .alarm = on_alarm,
				     .ctx = w,
				     .max_handles = 8,
				     .exclusive = true,
				     .tag = TAG };

	w->lazy = vu_lazy_new(&host);
	assert_non_null(w->lazy);
	init(w, root);
	return w;
}

static void end(struct world *w)
{
	assert_int_equal(w->n_sent, 0);
	vu_lazy_free(w->lazy);
	free(w);
}

/* The kernel looks a name up; what node it is told. */
static uint64_t lookup(struct world *w, uint64_t dir, const char *name, uint64_t id, uint64_t ino,
		       uint32_t nlink, uint32_t mode)
{
	struct sent *s;

	assert_true(named(w, FUSE_LOOKUP, dir, NULL, 0, name, NULL) > 0);
	assert_int_equal(answers_entry(w, id, ino, nlink, mode), 0);
	s = told(w, w->msg.in.unique, 0);
	assert_true(s->entry.entry_valid > 1000);
	return s->entry.nodeid;
}

static uint64_t file(struct world *w, const char *name, uint64_t id)
{
	return lookup(w, ROOT, name, id, id + 1000, 1, S_IFREG);
}

static size_t forget(struct world *w, uint64_t node, uint64_t count)
{
	struct fuse_forget_in body = { .nlookup = count };

	return kernel(w, FUSE_FORGET, node, &body, sizeof(body));
}

static void reads_forget(struct world *w, uint64_t id, uint64_t count)
{
	struct fuse_forget_in body;

	reads(w, FUSE_FORGET, id);
	memcpy(&body, w->msg.body, sizeof(body));
	assert_int_equal(body.nlookup, count);
}

static uint64_t getattr(struct world *w, uint64_t node)
{
	struct fuse_getattr_in body = { .getattr_flags = FUSE_GETATTR_FH };

	assert_true(kernel(w, FUSE_GETATTR, node, &body, sizeof(body)) > 0);
	return w->msg.in.nodeid;
}

/* The attributes that the kernel gets for those of the daemon. */
static struct fuse_attr_out attr_of(struct world *w, uint64_t node, uint32_t nlink)
{
	struct fuse_attr_out attr = { .attr = { .mode = S_IFREG, .nlink = nlink } };

	getattr(w, node);
	assert_int_equal(daemon_(w, w->msg.in.unique, 0, &attr, sizeof(attr)), 0);
	return told(w, w->msg.in.unique, 0)->attr;
}

static size_t write_(struct world *w, uint64_t node)
{
	struct fuse_write_in body = { .size = 0 };

	return kernel(w, FUSE_WRITE, node, &body, sizeof(body));
}

static size_t unlink_(struct world *w, uint64_t dir, const char *name)
{
	return named(w, FUSE_UNLINK, dir, NULL, 0, name, NULL);
}

/* The daemon is asked to link a hidden name, and does it: id. */
static void hides(struct world *w, uint64_t dir, uint64_t from, uint64_t id)
{
	struct fuse_link_in body;

	reads(w, FUSE_LINK, dir);
	memcpy(&body, w->msg.body, sizeof(body));
	assert_int_equal(body.oldnodeid, from);
	assert_int_equal(strncmp((char *)w->msg.body + sizeof(body), ".vu-removed-", 12), 0);
	assert_int_equal(answers_entry(w, id, from + 1000, 2, S_IFREG), 0);
}

/* The daemon has a write handle of a node. */
static void opens_to_write(struct world *w, uint64_t node, uint64_t id, uint64_t fh)
{
	struct fuse_open_out out = { .fh = fh };
	struct fuse_write_in body;
	uint64_t unique;

	assert_int_equal(write_(w, node), 0);
	unique = w->unique;
	vu_lazy_all_read(w->lazy);
	reads(w, FUSE_OPEN, id);
	assert_int_equal(((struct fuse_open_in *)w->msg.body)->flags & O_ACCMODE, O_RDWR);
	assert_int_equal(daemon_(w, w->msg.in.unique, 0, &out, sizeof(out)), 0);
	reads(w, FUSE_WRITE, id);
	memcpy(&body, w->msg.body, sizeof(body));
	assert_int_equal(body.fh, fh);
	assert_int_equal(w->msg.in.unique, unique);
	assert_int_equal(answers(w, 0), VU_REPLY_PASS);
}

/* ---- nodes and attributes --------------------------------------------------------------------- */

static void test_one_node_for_all_names(void **state)
{
	struct world *w = begin(2);
	struct fuse_link_in link = { .oldnodeid = 10 };

	(void)state;
	assert_int_equal(lookup(w, ROOT, "a", 10, 1010, 1, S_IFREG), 10);
	assert_true(named(w, FUSE_LINK, ROOT, &link, sizeof(link), "b", NULL) > 0);
	assert_int_equal(answers_entry(w, 11, 1010, 2, S_IFREG), 0);
	assert_int_equal(told(w, w->unique, 0)->entry.nodeid, 10);
	assert_int_equal(lookup(w, ROOT, "c", 12, 1010, 3, S_IFREG), 10);
	/* Others with the number of a directory, or with one link, are not the same. */
	assert_int_equal(lookup(w, ROOT, "d", 13, 1010, 2, S_IFDIR), 13);
	assert_int_equal(lookup(w, ROOT, "e", 14, 1010, 1, S_IFREG), 14);
	/* When a name has gone another one serves. */
	assert_int_equal(getattr(w, 10), 10);
	assert_int_equal(unlink_(w, ROOT, "a"), 0);
	assert_int_equal(next(w), 0); /* the GETATTR uses it */
	answers(w, -EIO);
	reads(w, FUSE_UNLINK, ROOT);
	assert_int_equal(answers(w, 0), VU_REPLY_PASS);
	assert_int_equal(getattr(w, 10), 11);
	answers(w, -EIO);
	/* The daemon is told to forget what it has counted, when the kernel has forgotten all. */
	assert_int_equal(forget(w, 10, 2), 0);
	assert_int_equal(next(w), 0);
	assert_int_equal(forget(w, 10, 1), 0);
	reads_forget(w, 10, 1);
	reads_forget(w, 11, 1);
	reads_forget(w, 12, 1);
	assert_int_equal(next(w), 0);
	end(w);
}

static void test_numbers_of_libfuse(void **state)
{
	struct world *w = begin(ROOT);
	struct sent *s;

	(void)state;
	assert_int_equal(lookup(w, ROOT, "a", 10, 10, 2, S_IFREG), 10);
	assert_true(named(w, FUSE_LOOKUP, ROOT, NULL, 0, "b", NULL) > 0);
	answers_entry(w, 11, 10, 2, S_IFREG);
	s = told(w, w->unique, 0);
	assert_int_equal(s->entry.nodeid, 11);
	assert_int_equal(s->entry.attr_valid, 0);
	end(w);
}

static void test_times(void **state)
{
	struct world *w = begin(2);
	struct fuse_ioctl_in chattr = { .fh = 7, .flags = FUSE_IOCTL_DIR };
	struct fuse_ioctl_out result = { 0 };
	struct sent *s;

	(void)state;
	file(w, "a", 10);
	assert_true(attr_of(w, 10, 1).attr_valid > 1000);
	assert_true(named(w, FUSE_LOOKUP, ROOT, NULL, 0, "none", NULL) > 0);
	assert_int_equal(answers(w, -ENOENT), 0);
	s = told(w, w->unique, 0);
	assert_int_equal(s->entry.nodeid, 0);
	assert_true(s->entry.entry_valid > 1000);
	assert_true(named(w, FUSE_LOOKUP, ROOT, NULL, 0, "bad", NULL) > 0);
	assert_int_equal(answers(w, -EIO), VU_REPLY_PASS);
	/* What the kernel cannot know. */
	assert_true(kernel(w, FUSE_SETXATTR, 10, "12345678name\0value", 18) > 0);
	assert_int_equal(answers(w, 0), VU_REPLY_PASS);
	assert_int_equal(told(w, 0, FUSE_NOTIFY_INVAL_INODE)->inval.ino, 10);
	assert_true(kernel(w, FUSE_IOCTL, ROOT, &chattr, sizeof(chattr)) > 0);
	assert_int_equal(daemon_(w, w->last, 0, &result, sizeof(result)), VU_REPLY_PASS);
	assert_int_equal(told(w, 0, FUSE_NOTIFY_INVAL_INODE)->inval.ino, ROOT);
	/* It is no terminal. */
	result.result = -ENOTTY;
	assert_true(kernel(w, FUSE_IOCTL, ROOT, &chattr, sizeof(chattr)) > 0);
	assert_int_equal(daemon_(w, w->last, 0, &result, sizeof(result)), VU_REPLY_PASS);
	end(w);
}

/* A reply that the kernel does not take is not counted: the daemon hears of it. */
static void test_too_late(void **state)
{
	struct world *w = begin(2);

	(void)state;
	file(w, "a", 10);
	w->error = -ENOENT;
	assert_true(named(w, FUSE_LOOKUP, ROOT, NULL, 0, "a", NULL) > 0);
	assert_int_equal(answers_entry(w, 10, 1010, 1, S_IFREG), -ENOENT);
	told(w, w->unique, 0);
	assert_true(named(w, FUSE_LOOKUP, ROOT, NULL, 0, "b", NULL) > 0);
	assert_int_equal(answers_entry(w, 11, 1011, 1, S_IFREG), -ENOENT);
	told(w, w->unique, 0);
	w->error = 0;
	/* So its number may be another file's. */
	assert_int_equal(lookup(w, ROOT, "c", 11, 1012, 1, S_IFREG), 11);
	forget(w, 10, 1);
	reads_forget(w, 10, 1);
	end(w);
}

/* ---- handles ---------------------------------------------------------------------------------- */

static void test_create(void **state)
{
	struct world *w = begin(2);
	struct fuse_create_in in = { .flags = O_WRONLY | O_APPEND | O_CREAT };
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out = { .entry = { .nodeid = 10, .attr = { .ino = 20, .mode = S_IFREG, .nlink = 1 } },
		  .open = { .fh = 77, .open_flags = FOPEN_DIRECT_IO } };
	struct fuse_release_in release = { .fh = 0 };
	struct sent *s;

	(void)state;
	assert_true(named(w, FUSE_CREATE, ROOT, &in, sizeof(in), "a", NULL) > 0);
	memcpy(&in, w->msg.body, sizeof(in));
	assert_int_equal(in.flags, O_RDWR | O_CREAT);
	assert_int_equal(daemon_(w, w->msg.in.unique, 0, &out, sizeof(out)), 0);
	s = told(w, w->unique, 0);
	assert_int_equal(s->create.open.fh, 0);
	assert_int_equal(s->create.open.open_flags, FOPEN_KEEP_CACHE);
	assert_true(write_(w, 10) > 0);
	assert_int_equal(*(uint64_t *)w->msg.body, 77);
	answers(w, 0);
	assert_int_equal(kernel(w, FUSE_RELEASE, 10, &release, sizeof(release)), 0);
	told(w, w->unique, 0);
	reads(w, FUSE_RELEASE, 10);
	assert_int_equal(*(uint64_t *)w->msg.body, 77);
	answers(w, 0);
	opens_to_write(w, 10, 10, 78);
	/* What was written is closed when nothing has been for a while. */
	assert_int_equal(w->alarms, 1);
	vu_lazy_tick(w->lazy);
	assert_int_equal(next(w), 0);
	vu_lazy_tick(w->lazy);
	serves(w, FUSE_RELEASE, 10);
	assert_int_equal(w->alarms, 2);
	end(w);
}

static void test_read_and_write(void **state)
{
	struct world *w = begin(2);
	struct fuse_open_in open = { .flags = O_RDWR };
	struct fuse_read_in in = { .size = 5 };
	struct fuse_fsync_in fsync = { 0 };
	struct fuse_open_out out = { .fh = 5 };

	(void)state;
	file(w, "a", 10);
	assert_int_equal(kernel(w, FUSE_OPEN, 10, &open, sizeof(open)), 0);
	told(w, w->unique, -ENOSYS);
	assert_int_equal(kernel(w, FUSE_READ, 10, &in, sizeof(in)), 0);
	reads(w, FUSE_OPEN, 10);
	assert_int_equal(((struct fuse_open_in *)w->msg.body)->flags & O_ACCMODE, O_RDONLY);
	daemon_(w, w->msg.in.unique, 0, &out, sizeof(out));
	serves(w, FUSE_READ, 10);
	/* A handle for reading does not do for writing. */
	opens_to_write(w, 10, 10, 6);
	/* fuse2fs writes out at an FSYNC of one that it was opened to write by. */
	assert_true(kernel(w, FUSE_FSYNC, 10, &fsync, sizeof(fsync)) > 0);
	assert_int_equal(*(uint64_t *)w->msg.body, 6);
	answers(w, 0);
	assert_int_equal(forget(w, 10, 1), 0);
	serves(w, FUSE_RELEASE, 10);
	serves(w, FUSE_RELEASE, 10);
	reads_forget(w, 10, 1);
	end(w);
}

/* ---- removed files ---------------------------------------------------------------------------- */

static void test_unlink(void **state)
{
	struct world *w = begin(2);
	uint64_t unique;

	(void)state;
	file(w, "a", 10);
	opens_to_write(w, 10, 10, 5);
	assert_int_equal(unlink_(w, ROOT, "a"), 0);
	unique = w->unique;
	hides(w, ROOT, 10, 11);
	/* libfuse would keep a file that it knows as open. */
	reads(w, FUSE_RELEASE, 10);
	assert_int_equal(next(w), 0);
	answers(w, 0);
	reads(w, FUSE_UNLINK, ROOT);
	assert_int_equal(w->msg.in.unique, unique);
	assert_string_equal((char *)w->msg.body, "a");
	assert_int_equal(answers(w, 0), VU_REPLY_PASS);
	/* It is still there, and has no links. */
	assert_int_equal(attr_of(w, 10, 1).attr.nlink, 0);
	assert_int_equal(getattr(w, 10), 11);
	answers(w, -EIO);
	/* Nobody sees the name. */
	assert_int_equal(
		named(w, FUSE_LOOKUP, ROOT, NULL, 0, ".vu-removed-0000000000000abc-1", NULL), 0);
	told(w, w->unique, -ENOENT);
	assert_int_equal(forget(w, 10, 1), 0);
	reads(w, FUSE_UNLINK, ROOT);
	assert_string_equal((char *)w->msg.body, ".vu-removed-0000000000000abc-1");
	assert_int_equal(next(w), 0);
	assert_int_equal(answers(w, 0), 0);
	reads_forget(w, 10, 1);
	reads_forget(w, 11, 1);
	end(w);
}

/* No hidden name in the directory, nor in the root: it is removed all the same. */
static void test_no_room_to_hide(void **state)
{
	struct world *w = begin(2);

	(void)state;
	lookup(w, ROOT, "d", 5, 1005, 2, S_IFDIR);
	lookup(w, 5, "a", 10, 1010, 1, S_IFREG);
	assert_int_equal(unlink_(w, 5, "a"), 0);
	reads(w, FUSE_LINK, 5);
	answers(w, -ENOSPC);
	reads(w, FUSE_LINK, ROOT);
	answers(w, -ENOSPC);
	reads(w, FUSE_UNLINK, 5);
	assert_int_equal(answers(w, 0), VU_REPLY_PASS);
	end(w);
}

static void test_unlink_fails(void **state)
{
	struct world *w = begin(2);

	(void)state;
	file(w, "a", 10);
	assert_int_equal(unlink_(w, ROOT, "a"), 0);
	hides(w, ROOT, 10, 11);
	reads(w, FUSE_UNLINK, ROOT);
	assert_int_equal(answers(w, -EPERM), VU_REPLY_PASS);
	reads(w, FUSE_UNLINK, ROOT);
	assert_true(strcmp((char *)w->msg.body, "a"));
	assert_int_equal(answers(w, 0), 0);
	reads_forget(w, 11, 1);
	assert_int_equal(attr_of(w, 10, 1).attr.nlink, 1);
	end(w);
}

static size_t rename_(struct world *w, uint64_t from, const char *old, uint64_t to, const char *new)
{
	struct fuse_rename_in body = { .newdir = to };

	return named(w, FUSE_RENAME, from, &body, sizeof(body), old, new);
}

static void test_rename_over(void **state)
{
	struct world *w = begin(2);

	(void)state;
	file(w, "a", 10);
	file(w, "b", 20);
	assert_int_equal(rename_(w, ROOT, "a", ROOT, "b"), 0);
	hides(w, ROOT, 20, 21);
	reads(w, FUSE_RENAME, ROOT);
	assert_int_equal(answers(w, -EIO), VU_REPLY_PASS);
	reads(w, FUSE_UNLINK, ROOT); /* what was hidden in vain */
	answers(w, 0);
	reads_forget(w, 21, 1);
	assert_int_equal(getattr(w, 20), 20);
	answers(w, -EIO);
	assert_int_equal(rename_(w, ROOT, "a", ROOT, "b"), 0);
	hides(w, ROOT, 20, 22);
	reads(w, FUSE_RENAME, ROOT);
	assert_int_equal(answers(w, 0), VU_REPLY_PASS);
	assert_int_equal(getattr(w, 20), 22);
	answers(w, -EIO);
	/* The name is the other file's. */
	assert_int_equal(unlink_(w, ROOT, "b"), 0);
	reads(w, FUSE_LINK, ROOT);
	assert_int_equal(((struct fuse_link_in *)w->msg.body)->oldnodeid, 10);
	answers(w, -EPERM);
	serves(w, FUSE_UNLINK, ROOT);
	end(w);
}

/* What is hidden in a directory is brought out of it before that is removed. */
static void test_rmdir(void **state)
{
	struct world *w = begin(2);

	(void)state;
	lookup(w, ROOT, "d", 5, 1005, 2, S_IFDIR);
	lookup(w, 5, "a", 10, 1010, 1, S_IFREG);
	unlink_(w, 5, "a");
	hides(w, 5, 10, 11);
	serves(w, FUSE_UNLINK, 5);
	assert_int_equal(named(w, FUSE_RMDIR, ROOT, NULL, 0, "d", NULL), 0);
	assert_int_equal(next(w), 0); /* the kernel may have forgotten the file */
	assert_true(vu_lazy_all_read(w->lazy));
	reads(w, FUSE_RENAME, 5);
	assert_int_equal(((struct fuse_rename_in *)w->msg.body)->newdir, ROOT);
	answers(w, 0);
	reads(w, FUSE_RMDIR, ROOT);
	assert_int_equal(answers(w, 0), VU_REPLY_PASS);
	forget(w, 10, 1);
	serves(w, FUSE_UNLINK, ROOT);
	reads_forget(w, 10, 1);
	reads_forget(w, 11, 1);
	forget(w, 5, 1);
	reads_forget(w, 5, 1);
	end(w);
}

/* Requests that could notice wait until there is as much room as there should be. */
static void test_room(void **state)
{
	struct world *w = begin(2);
	int i;

	(void)state;
	file(w, "a", 10);
	unlink_(w, ROOT, "a");
	hides(w, ROOT, 10, 11);
	serves(w, FUSE_UNLINK, ROOT);
	assert_int_equal(kernel(w, FUSE_STATFS, ROOT, NULL, 0), 0);
	assert_int_equal(forget(w, 10, 1), 0);
	assert_true(vu_lazy_all_read(w->lazy));
	reads(w, FUSE_UNLINK, ROOT);
	assert_int_equal(next(w), 0);
	answers(w, 0);
	serves(w, FUSE_STATFS, ROOT);
	reads_forget(w, 10, 1);
	reads_forget(w, 11, 1);
	/* If the kernel never stops asking, the order in which it does is enough to go by. */
	file(w, "b", 20);
	unlink_(w, ROOT, "b");
	hides(w, ROOT, 20, 21);
	serves(w, FUSE_UNLINK, ROOT);
	assert_int_equal(kernel(w, FUSE_STATFS, ROOT, NULL, 0), 0);
	for (i = 0; i < 40; i++) {
		getattr(w, ROOT);
		answers(w, -EIO);
	}
	reads(w, FUSE_STATFS, ROOT);
	end(w);
}

static size_t add(unsigned char *to, const char *name, uint64_t off)
{
	struct fuse_dirent d = { .ino = off, .off = off, .namelen = (uint32_t)strlen(name) };
	size_t len = FUSE_NAME_OFFSET + d.namelen;

	memcpy(to, &d, FUSE_NAME_OFFSET);
	memcpy(to + FUSE_NAME_OFFSET, name, d.namelen);
	return FUSE_DIRENT_ALIGN(len);
}

static void test_listing(void **state)
{
	static const char hidden[] = ".vu-removed-0000000000000abc-1";
	struct world *w = begin(2);
	struct fuse_read_in in = { .fh = 3, .size = 500 };
	unsigned char buf[400] = { 0 }, want[400] = { 0 };
	size_t len, only;
	struct sent *s;
	uint64_t unique;

	(void)state;
	file(w, "a", 10);
	unlink_(w, ROOT, "a");
	hides(w, ROOT, 10, 11);
	serves(w, FUSE_UNLINK, ROOT);
	assert_true(kernel(w, FUSE_READDIR, ROOT, &in, sizeof(in)) > 0);
	unique = w->unique;
	only = add(buf, hidden, 7);
	/* Nothing else in it: that is not the end. */
	assert_int_equal(daemon_(w, unique, 0, buf, only), 0);
	assert_int_equal(w->n_sent, 0);
	reads(w, FUSE_READDIR, ROOT);
	assert_int_equal(w->msg.in.unique, unique);
	assert_int_equal(((struct fuse_read_in *)w->msg.body)->offset, 7);
	assert_int_equal(((struct fuse_read_in *)w->msg.body)->fh, 3);
	len = only;
	len += add(buf + len, "x", 8);
	assert_int_equal(daemon_(w, unique, 0, buf, len), 0);
	s = told(w, unique, 0);
	assert_int_equal(s->out.len, sizeof(s->out) + add(want, "x", 8));
	assert_memory_equal(s->body, want, s->out.len - sizeof(s->out));
	end(w);
}

static void test_end(void **state)
{
	struct world *w = begin(2);

	(void)state;
	file(w, "a", 10);
	unlink_(w, ROOT, "a");
	hides(w, ROOT, 10, 11);
	serves(w, FUSE_UNLINK, ROOT);
	opens_to_write(w, 10, 11, 5);
	assert_int_equal(vu_lazy_gone(w->lazy), VU_LAZY_MORE);
	reads(w, FUSE_RELEASE, 11);
	assert_int_equal(vu_lazy_gone(w->lazy), VU_LAZY_WAIT);
	answers(w, 0);
	assert_int_equal(vu_lazy_gone(w->lazy), VU_LAZY_MORE);
	reads(w, FUSE_UNLINK, ROOT);
	assert_int_equal(vu_lazy_gone(w->lazy), VU_LAZY_WAIT);
	answers(w, 0);
	reads_forget(w, 11, 1);
	assert_true(w->ready);
	assert_int_equal(vu_lazy_gone(w->lazy), VU_LAZY_ENDED);
	end(w);
}

/* ---- anything --------------------------------------------------------------------------------- */

static uint32_t random_(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void random_request(struct world *w, uint32_t *seed)
{
	static const uint32_t opcodes[] = { FUSE_LOOKUP, FUSE_UNLINK, FUSE_RENAME,	FUSE_LINK,
					    FUSE_CREATE, FUSE_WRITE,  FUSE_READ,	FUSE_FORGET,
					    FUSE_RMDIR,	 FUSE_MKDIR,  FUSE_BATCH_FORGET };
	uint32_t opcode = random_(seed) % 8 ? opcodes[random_(seed) % 11] : random_(seed) % 55;
	unsigned char body[128] = { 0 };
	size_t i, len = random_(seed) % sizeof(body);

	for (i = 0; i < sizeof(body); i++)
		body[i] = random_(seed) % 3 ?
				  0 :
				  (unsigned char)(random_(seed) % 4 + (i > 7 ? 'a' : 0));
	kernel(w, opcode == FUSE_INIT ? FUSE_LOOKUP : opcode, random_(seed) % 6, body, len);
}

/* Messages that no kernel and no daemon sends, or not in this order. */
static void test_nonsense(void **state)
{
	struct world *w = begin(2);
	uint32_t seed = 1;
	uint64_t seen[8] = { 0 };
	size_t i, j;
	union {
		struct fuse_entry_out entry;
		unsigned char bytes[160];
	} body;

	(void)state;
	for (i = 0; i < 20000; i++) {
		for (j = 0; j < sizeof(body); j++)
			body.bytes[j] = random_(&seed) % 3 ? 0 : (unsigned char)random_(&seed);
		body.entry.nodeid = random_(&seed) % 6;
		body.entry.attr.ino = random_(&seed) % 4;
		body.entry.attr.nlink = random_(&seed) % 4;
		body.entry.attr.mode = random_(&seed) % 4 ? S_IFREG : S_IFDIR;
		w->error = random_(&seed) % 16 ? 0 : -ENOENT;
		switch (random_(&seed) % 5) {
		case 0:
		case 1:
			random_request(w, &seed);
			seen[random_(&seed) % 8] = w->msg.in.unique;
			break;
		case 2:
			if (next(w) > 0)
				seen[random_(&seed) % 8] = w->msg.in.unique;
			break;
		default:
			daemon_(w, seen[random_(&seed) % 8], random_(&seed) % 3 ? 0 : -(int)j,
				&body, random_(&seed) % 2 ? sizeof(body) : random_(&seed) % 160);
		}
		if (random_(&seed) % 64 == 0)
			vu_lazy_all_read(w->lazy);
		if (random_(&seed) % 64 == 0)
			vu_lazy_tick(w->lazy);
		if (random_(&seed) % 4096 == 0)
			vu_lazy_gone(w->lazy);
	}
	w->n_sent = 0;
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_node_for_all_names),
		cmocka_unit_test(test_numbers_of_libfuse),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_too_late),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_read_and_write),
		cmocka_unit_test(test_unlink),
		cmocka_unit_test(test_no_room_to_hide),
		cmocka_unit_test(test_unlink_fails),
		cmocka_unit_test(test_rename_over),
		cmocka_unit_test(test_rmdir),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_listing),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
