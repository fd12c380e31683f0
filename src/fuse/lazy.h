/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that the kernel opens without asking the FUSE daemon: what has to be changed in the messages between
 * the two. No descriptors here; preload.c has them.
 */
#ifndef VU_FUSE_LAZY_H
#define VU_FUSE_LAZY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct vu_lazy;

/* These are called with the lock held, from any thread, and must be no cancellation points. */
struct vu_lazy_host {
	/* Write a reply, or a notice, to the kernel; it may be too late for it: 0 or -errno. */
	int (*send)(void *ctx, const void *reply, size_t len);
	/* Whether vu_lazy_next() has something for whichever thread comes; told when that changes. */
	void (*ready)(void *ctx, bool is);
	/* The daemon wants something that cannot be done this way. */
	void (*warn)(void *ctx, const char *what);
	/* Have vu_lazy_tick() called in 10 ms, once. */
	void (*alarm)(void *ctx);
	void *ctx;
	size_t max_handles; /* that are kept, though nobody uses them */
	bool exclusive;	    /* the mount is writable, and nobody else changes what is in it */
	uint64_t tag;	    /* which names of ours have in them, that is no other connection's */
};

#define VU_REPLY_PASS 1

enum vu_lazy_end { VU_LAZY_ENDED, VU_LAZY_MORE, VU_LAZY_WAIT };

/* A connection, of which nothing has been read so far. NULL: no memory. */
struct vu_lazy *vu_lazy_new(const struct vu_lazy_host *host);
void vu_lazy_free(struct vu_lazy *l);

/*
 * A message has been read from the kernel, into a buffer of len bytes. Its length, after changes that keep
 * it: it is for the daemon; 0: it is not (yet).
 */
size_t vu_lazy_request(struct vu_lazy *l, void *msg, size_t len);

/* A message that is for the daemon now. Its length; 0: none; -EINVAL: it does not fit. */
ssize_t vu_lazy_next(struct vu_lazy *l, void *msg, size_t size);

/*
 * The daemon writes a message. VU_REPLY_PASS: it is for the kernel. Otherwise it was meant for us, or has been sent: 0, or
 * a negative errno that the daemon is to be told.
 */
int vu_lazy_reply(struct vu_lazy *l, const struct iovec *iov, int n);

/* The kernel has nothing to be read now. Whether vu_lazy_next() has something. */
bool vu_lazy_all_read(struct vu_lazy *l);

/* The time is up that host.alarm() was asked for. */
void vu_lazy_tick(struct vu_lazy *l);

/*
 * The kernel has no more requests. MORE: vu_lazy_next() has one for the daemon, before it is told so. WAIT: so it will;
 * host.ready() is told of that, as of the end.
 */
enum vu_lazy_end vu_lazy_gone(struct vu_lazy *l);

#endif
