/* sources: src/fuse/lazy.c src/fuse/opens.c src/fuse/handles.c src/fuse/nodes.c src/fuse/exclusive.c src/fuse/removed.c */
/* libs: -lpthread */
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What vu-fuse-lazy.so makes of the messages between kernel and daemon. Both are played here: kernel() reads
 * for the daemon what the kernel has sent, next() what is ready without it, daemon() writes a reply.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/lazy.h"

#define BOTH  (FUSE_NO_OPEN_SUPPORT | FUSE_NO_OPENDIR_SUPPORT)
#define LIMIT 4

struct msg {
	struct fuse_in_header in;
	unsigned char body[256];
};

struct world {
	struct vu_lazy *lazy;
	struct msg msg; /* the last one that the daemon has read */
	uint64_t unique;
	struct fuse_out_header sent[64]; /* to the kernel, by the library */
	size_t n_sent;
	bool ready;
	int warned;
};

static int on_send(void *ctx, const void *reply, size_t len)
{
	struct world *w = ctx;

	assert_int_equal(len, sizeof(struct fuse_out_header));
	memcpy(&w->sent[w->n_sent++ % 64], reply, len);
	return 0;
}

static void on_alarm(void *ctx)
{
	(void)ctx;
	fail();
}

static void on_ready(void *ctx, bool is)
{
	struct world *w = ctx;

	assert_true(is != w->ready);
	w->ready = is;
}

static void on_warn(void *ctx, const char *what)
{
	struct world *w = ctx;

	assert_non_null(what);
	w->warned++;
}

/* A request; what the daemon reads at once: its length, or 0. */
static size_t kernel(struct world *w, uint32_t opcode, uint64_t node, const void *body, size_t len)
{
	size_t size = sizeof(w->msg.in) + len;

	w->msg.in = (struct fuse_in_header){ .len = (uint32_t)size,
					     .opcode = opcode,
					     .unique = w->unique += 2,
					     .nodeid = node,
					     .uid = 1000,
					     .gid = 100,
					     .pid = 7 };
	if (len)
		memmove(w->msg.body, body, len);
	return vu_lazy_request(w->lazy, &w->msg, size);
}

static size_t open_(struct world *w, uint64_t node, uint32_t flags)
{
	struct fuse_open_in body = { .flags = flags };

	return kernel(w, FUSE_OPEN, node, &body, sizeof(body));
}

static size_t read_(struct world *w, uint32_t opcode, uint64_t node)
{
	struct fuse_read_in body = { .offset = 4096, .size = 512 };

	return kernel(w, opcode, node, &body, sizeof(body));
}

static size_t forget(struct world *w, uint64_t node)
{
	struct fuse_forget_in body = { .nlookup = 1 };

	return kernel(w, FUSE_FORGET, node, &body, sizeof(body));
}

static ssize_t next(struct world *w)
{
	memset(&w->msg, 0, sizeof(w->msg));
	return vu_lazy_next(w->lazy, &w->msg, sizeof(w->msg));
}

/* A reply of the daemon's; whether the library has kept it. */
static bool daemon_(struct world *w, uint64_t unique, int error, const void *body, size_t len)
{
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + len),
				       .error = error,
				       .unique = unique };
	struct iovec iov[3] = {
		{ &out, 4 }, /* in pieces that are no headers */
		{ (char *)&out + 4, sizeof(out) - 4 },
		{ (void *)body, len },
	};

	return vu_lazy_reply(w->lazy, iov, 3) != VU_REPLY_PASS;
}

static bool opens(struct world *w, uint64_t unique, uint64_t fh, uint32_t flags)
{
	struct fuse_open_out body = { .fh = fh, .open_flags = flags };

	return daemon_(w, unique, 0, &body, sizeof(body));
}

static uint64_t fh_read(const struct world *w)
{
	uint64_t fh;

	memcpy(&fh, w->msg.body, sizeof(fh));
	return fh;
}

/* The error that the kernel was told last; 1: it was told nothing since. */
static int told(struct world *w, uint64_t unique)
{
	if (!w->n_sent)
		return 1;
	assert_int_equal(w->sent[w->n_sent - 1].unique, unique);
	return w->sent[--w->n_sent].error;
}

static struct world *begin(uint32_t flags)
{
	struct world *w = calloc(1, sizeof(*w));
	struct vu_lazy_host host = { .send = on_send,
				     .ready = on_ready,
				     .warn = on_warn,
				     .alarm = on_alarm,
				     .ctx = w,
				     .max_handles = LIMIT };
	struct fuse_init_in init = { .major = FUSE_KERNEL_VERSION,
				     .minor = 38,
				     .flags = flags | FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS |
					      FUSE_ASYNC_READ | FUSE_INIT_EXT,
				     .flags2 = ~0u };

	assert_non_null(w);
	w->lazy = vu_lazy_new(&host);
	assert_non_null(w->lazy);
	assert_int_equal(kernel(w, FUSE_INIT, 0, &init, sizeof(init)),
			 sizeof(w->msg.in) + sizeof(init));
	return w;
}

static void end(struct world *w)
{
	assert_int_equal(w->n_sent, 0);
	vu_lazy_free(w->lazy);
	free(w);
}

/* Have the daemon open a node by a first read, with fh as its handle; the read is answered. */
static void use_first(struct world *w, uint64_t node, uint64_t fh)
{
	uint64_t unique;

	assert_int_equal(read_(w, FUSE_READ, node), 0);
	unique = w->unique;
	assert_true(next(w) > 0);
	while (w->msg.in.opcode == FUSE_RELEASE) { /* there were too many */
		assert_true(daemon_(w, w->msg.in.unique, 0, NULL, 0));
		assert_true(next(w) > 0);
	}
	assert_int_equal(w->msg.in.opcode, FUSE_OPEN);
	assert_true(opens(w, w->msg.in.unique, fh, 0));
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.unique, unique);
	assert_false(daemon_(w, unique, 0, "data", 4));
}

static void test_init(void **state)
{
	struct world *w = begin(BOTH);
	struct fuse_init_in *init = (struct fuse_init_in *)w->msg.body;

	(void)state;
	assert_int_equal(init->flags, BOTH | FUSE_ASYNC_READ | FUSE_INIT_EXT);
	assert_int_equal(init->flags2, ~((1u << 5) | (1u << 9)));
	assert_int_equal(open_(w, 2, O_RDONLY), 0);
	assert_int_equal(told(w, w->unique), -ENOSYS);
	assert_int_equal(open_(w, 2, O_RDWR), 0);
	assert_int_equal(told(w, w->unique), -EROFS);
	assert_int_equal(kernel(w, FUSE_OPENDIR, 1, w->msg.body, sizeof(struct fuse_open_in)), 0);
	assert_int_equal(told(w, w->unique), -ENOSYS);
	end(w);
}

/* A kernel that would take ENOSYS for an error: nothing is touched. */
static void test_old_kernel(void **state)
{
	struct world *w = begin(0);
	struct fuse_init_in *init = (struct fuse_init_in *)w->msg.body;

	(void)state;
	assert_true(init->flags & FUSE_POSIX_LOCKS);
	assert_true(open_(w, 2, O_RDONLY) > 0);
	assert_true(read_(w, FUSE_READ, 2) > 0);
	assert_true(read_(w, FUSE_READDIR, 1) > 0);
	assert_true(forget(w, 2) > 0);
	assert_int_equal(next(w), 0);
	end(w);

	/* Files only: directories have handles of their own. */
	w = begin(FUSE_NO_OPEN_SUPPORT);
	assert_true(kernel(w, FUSE_OPENDIR, 1, w->msg.body, sizeof(struct fuse_open_in)) > 0);
	assert_true(read_(w, FUSE_READDIR, 1) > 0);
	assert_int_equal(open_(w, 2, O_RDONLY), 0);
	assert_int_equal(told(w, w->unique), -ENOSYS);
	end(w);
}

static void test_read(void **state)
{
	struct world *w = begin(BOTH);
	uint64_t first, second, ours;
	struct fuse_read_in body;

	(void)state;
	assert_int_equal(read_(w, FUSE_READ, 2), 0);
	first = w->unique;
	assert_int_equal(next(w), sizeof(struct fuse_in_header) + sizeof(struct fuse_open_in));
	assert_int_equal(w->msg.in.opcode, FUSE_OPEN);
	assert_int_equal(w->msg.in.nodeid, 2);
	assert_int_equal(w->msg.in.uid, 1000);
	assert_int_equal(w->msg.in.gid, 100);
	assert_int_equal(w->msg.in.pid, 7);
	ours = w->msg.in.unique;
	assert_true(ours != first);
	/* Another one, meanwhile. */
	assert_int_equal(read_(w, FUSE_READ, 2), 0);
	second = w->unique;
	assert_int_equal(next(w), 0);
	assert_false(w->ready);
	assert_true(opens(w, ours, 0xabcdef, 0));
	/* Whoever else reads is told that there is something. */
	assert_true(w->ready);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.unique, first);
	memcpy(&body, w->msg.body, sizeof(body));
	assert_int_equal(body.fh, 0xabcdef);
	assert_int_equal(body.offset, 4096);
	assert_int_equal(body.size, 512);
	assert_true(w->ready);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.unique, second);
	assert_false(w->ready);
	assert_false(daemon_(w, second, 0, "data", 4));
	assert_false(daemon_(w, first, 0, "data", 4));
	/* From now on they pass at once. */
	assert_true(read_(w, FUSE_READ, 2) > 0);
	assert_int_equal(fh_read(w), 0xabcdef);
	assert_int_equal(next(w), 0);
	end(w);
}

static void test_other_requests(void **state)
{
	struct world *w = begin(BOTH);
	struct fuse_getattr_in *getattr = (struct fuse_getattr_in *)w->msg.body;
	struct fuse_setattr_in *setattr = (struct fuse_setattr_in *)w->msg.body;
	struct fuse_ioctl_in ioctl = { .flags = FUSE_IOCTL_DIR };
	unsigned char zero[sizeof(struct fuse_setattr_in)] = { 0 };
	struct fuse_read_in own = { .fh = 5 };

	(void)state;
	zero[0] = FUSE_GETATTR_FH;
	assert_true(kernel(w, FUSE_GETATTR, 2, zero, sizeof(*getattr)) > 0);
	assert_int_equal(getattr->getattr_flags, 0);
	zero[0] = FATTR_FH | FATTR_ATIME;
	assert_true(kernel(w, FUSE_SETATTR, 2, zero, sizeof(*setattr)) > 0);
	assert_int_equal(setattr->valid, FATTR_ATIME);
	zero[0] = 0;
	assert_int_equal(kernel(w, FUSE_FLUSH, 2, zero, sizeof(struct fuse_flush_in)), 0);
	assert_int_equal(told(w, w->unique), -ENOSYS);
	assert_int_equal(kernel(w, FUSE_FSYNC, 2, zero, sizeof(struct fuse_fsync_in)), 0);
	assert_int_equal(told(w, w->unique), -ENOSYS);
	assert_int_equal(kernel(w, FUSE_WRITE, 2, zero, sizeof(struct fuse_write_in)), 0);
	assert_int_equal(told(w, w->unique), -EROFS);
	/* A handle that the kernel knows, of a file that the daemon has made itself. */
	assert_true(kernel(w, FUSE_READ, 2, &own, sizeof(own)) > 0);
	assert_int_equal(fh_read(w), 5);
	assert_int_equal(kernel(w, FUSE_LSEEK, 2, zero, sizeof(struct fuse_lseek_in)), 0);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_OPEN);
	assert_int_equal(kernel(w, FUSE_IOCTL, 3, &ioctl, sizeof(ioctl)), 0);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_OPENDIR);
	/* What is a directory is no file. */
	assert_int_equal(read_(w, FUSE_READ, 3), 0);
	assert_int_equal(told(w, w->unique), -EIO);
	/* Lookups, interrupts and what is not known pass. */
	assert_true(kernel(w, FUSE_LOOKUP, 1, "x", 2) > 0);
	assert_true(kernel(w, FUSE_INTERRUPT, 0, zero, sizeof(struct fuse_interrupt_in)) > 0);
	assert_true(kernel(w, 12345, 1, zero, 8) > 0);
	end(w);
}

static void test_open_fails(void **state)
{
	struct world *w = begin(BOTH);
	uint64_t first;

	(void)state;
	assert_int_equal(read_(w, FUSE_READ, 2), 0);
	first = w->unique;
	assert_int_equal(read_(w, FUSE_READ, 2), 0);
	assert_true(next(w) > 0);
	assert_true(daemon_(w, w->msg.in.unique, -EACCES, NULL, 0));
	assert_int_equal(w->n_sent, 2);
	assert_int_equal(told(w, w->unique), -EACCES);
	assert_int_equal(told(w, first), -EACCES);
	assert_int_equal(next(w), 0);
	/* It is tried again. A reply that is too short is an error. */
	assert_int_equal(read_(w, FUSE_READ, 2), 0);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_OPEN);
	assert_true(daemon_(w, w->msg.in.unique, 0, "abc", 3));
	assert_int_equal(told(w, w->unique), -EIO);
	/* A daemon that knows of no opens is not told of a close either. */
	assert_int_equal(read_(w, FUSE_READ, 2), 0);
	assert_true(next(w) > 0);
	assert_true(daemon_(w, w->msg.in.unique, -ENOSYS, NULL, 0));
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_READ);
	assert_int_equal(fh_read(w), 0);
	assert_false(daemon_(w, w->msg.in.unique, 0, NULL, 0));
	assert_true(forget(w, 2) > 0);
	assert_int_equal(next(w), 0);
	end(w);
}

static void test_forget(void **state)
{
	struct world *w = begin(BOTH);
	uint64_t unique, ours;

	(void)state;
	assert_true(forget(w, 9) > 0); /* never read */
	use_first(w, 2, 20);
	assert_int_equal(forget(w, 2), 0);
	unique = w->unique;
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_RELEASE);
	assert_int_equal(fh_read(w), 20);
	ours = w->msg.in.unique;
	assert_int_equal(next(w), 0); /* not before that is done */
	/* The number of the node may already be another file's. */
	assert_int_equal(read_(w, FUSE_READ, 2), 0);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_OPEN);
	assert_true(daemon_(w, ours, 0, NULL, 0));
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_FORGET);
	assert_int_equal(w->msg.in.unique, unique);
	end(w);
}

/* A node is not forgotten under the hands of a request. */
static void test_forget_in_use(void **state)
{
	struct world *w = begin(BOTH);
	uint64_t reading, ours;

	(void)state;
	use_first(w, 2, 20);
	assert_true(read_(w, FUSE_READ, 2) > 0);
	reading = w->unique;
	assert_int_equal(forget(w, 2), 0);
	assert_int_equal(next(w), 0);
	assert_false(daemon_(w, reading, 0, "data", 4));
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_RELEASE);
	/* Replies that nobody awaits are no harm; ours go no further. */
	assert_false(daemon_(w, reading, 0, "data", 4));
	assert_true(daemon_(w, w->msg.in.unique, 0, NULL, 0));
	assert_true(daemon_(w, w->msg.in.unique, 0, NULL, 0));
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_FORGET);
	/* While it is being opened. */
	assert_int_equal(read_(w, FUSE_READ, 3), 0);
	reading = w->unique;
	assert_true(next(w) > 0);
	ours = w->msg.in.unique;
	assert_int_equal(forget(w, 3), 0);
	assert_int_equal(next(w), 0);
	assert_true(opens(w, ours, 30, 0));
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.unique, reading);
	assert_int_equal(next(w), 0);
	assert_false(daemon_(w, reading, 0, "data", 4));
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_RELEASE);
	assert_int_equal(fh_read(w), 30);
	end(w);
}

static void test_batch_forget(void **state)
{
	struct world *w = begin(BOTH);
	struct {
		struct fuse_batch_forget_in in;
		struct fuse_forget_one one[3];
	} batch = { { 1000, 0 }, { { 3, 1 }, { 99, 1 }, { 2, 1 } } };
	int i;

	(void)state;
	use_first(w, 2, 20);
	use_first(w, 3, 30);
	use_first(w, 4, 40);
	/* It says that there are more than there are. */
	assert_int_equal(kernel(w, FUSE_BATCH_FORGET, 0, &batch, sizeof(batch)), 0);
	for (i = 0; i < 2; i++) {
		assert_true(next(w) > 0);
		assert_int_equal(w->msg.in.opcode, FUSE_RELEASE);
		assert_int_equal(fh_read(w), i ? 20 : 30);
		assert_true(daemon_(w, w->msg.in.unique, 0, NULL, 0));
	}
	assert_int_equal(next(w), sizeof(struct fuse_in_header) + sizeof(batch));
	assert_memory_equal(w->msg.body, &batch, sizeof(batch));
	end(w);
}

/* The end: all is closed before the daemon hears of it. */
static void test_destroy_and_gone(void **state)
{
	struct world *w = begin(BOTH);

	(void)state;
	use_first(w, 2, 20);
	assert_int_equal(kernel(w, FUSE_DESTROY, 0, NULL, 0), 0);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_RELEASE);
	assert_true(daemon_(w, w->msg.in.unique, 0, NULL, 0));
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_DESTROY);
	use_first(w, 2, 20);
	assert_int_equal(vu_lazy_gone(w->lazy), VU_LAZY_MORE);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_RELEASE);
	assert_int_equal(vu_lazy_gone(w->lazy), VU_LAZY_WAIT);
	assert_false(w->ready);
	assert_true(daemon_(w, w->msg.in.unique, 0, NULL, 0));
	/* Whoever waits is to come and hear that this is the end. */
	assert_true(w->ready);
	assert_int_equal(next(w), 0);
	assert_int_equal(vu_lazy_gone(w->lazy), VU_LAZY_ENDED);
	end(w);
}

static void test_limit(void **state)
{
	struct world *w = begin(BOTH);
	uint64_t i, reading;

	(void)state;
	for (i = 0; i < LIMIT; i++)
		use_first(w, 10 + i, 100 + i);
	assert_true(read_(w, FUSE_READ, 10) > 0); /* the eldest, but in use */
	reading = w->unique;
	assert_int_equal(read_(w, FUSE_READ, 50), 0);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_RELEASE);
	assert_int_equal(fh_read(w), 101);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_OPEN);
	assert_int_equal(w->msg.in.nodeid, 50);
	assert_false(daemon_(w, reading, 0, NULL, 0));
	/* It was used since the others. */
	assert_int_equal(read_(w, FUSE_READ, 51), 0);
	assert_true(next(w) > 0);
	assert_int_equal(fh_read(w), 102);
	end(w);
}

static void test_small_buffer(void **state)
{
	struct world *w = begin(BOTH);
	char small[sizeof(struct fuse_in_header)];

	(void)state;
	assert_int_equal(read_(w, FUSE_READ, 2), 0);
	assert_int_equal(vu_lazy_next(w->lazy, small, sizeof(small)), -EINVAL);
	assert_true(next(w) > 0);
	assert_int_equal(w->msg.in.opcode, FUSE_OPEN);
	assert_true(opens(w, w->msg.in.unique, 1, FOPEN_DIRECT_IO));
	assert_int_equal(w->warned, 1);
	end(w);
}

static uint32_t random_(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Messages that no kernel and no daemon sends, or not in this order. */
static void test_nonsense(void **state)
{
	struct world *w = begin(BOTH);
	uint32_t seed = 1, opcode;
	uint64_t seen[16] = { 0 };
	unsigned char body[sizeof(w->msg.body)];
	size_t i, j, len;

	(void)state;
	for (i = 0; i < 200000; i++) {
		for (j = 0; j < sizeof(body); j++)
			body[j] = random_(&seed) % 4 ? 0 : (unsigned char)random_(&seed);
		opcode = random_(&seed) % 4 ? FUSE_READ + random_(&seed) % 3 * 13 :
					      random_(&seed) % 53;
		len = random_(&seed) % sizeof(body);
		switch (random_(&seed) % 6) {
		case 0:
		case 1:
			if (kernel(w, opcode, random_(&seed) % 8, body, len))
				seen[random_(&seed) % 16] = w->msg.in.unique;
			break;
		case 2:
			if (kernel(w, random_(&seed) % 2 ? FUSE_FORGET : FUSE_BATCH_FORGET,
				   random_(&seed) % 8, body, len))
				seen[random_(&seed) % 16] = w->msg.in.unique;
			break;
		case 3:
			if (next(w) > 0)
				seen[random_(&seed) % 16] = w->msg.in.unique;
			break;
		default:
			daemon_(w, seen[random_(&seed) % 16], random_(&seed) % 3 ? 0 : -(int)len,
				body, len);
		}
		if (random_(&seed) % 4096 == 0)
			vu_lazy_gone(w->lazy);
	}
	assert_int_equal(vu_lazy_reply(w->lazy, NULL, 0), VU_REPLY_PASS);
	w->n_sent = 0;
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_old_kernel),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_other_requests),
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_forget_in_use),
		cmocka_unit_test(test_batch_forget),
		cmocka_unit_test(test_destroy_and_gone),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_small_buffer),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
