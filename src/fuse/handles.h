/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of the daemon's open files: a handle for each node that something was read of, and the
 * calls (messages) that wait or are under way because of them. Not locked: lazy.c does that.
 */
#ifndef VU_FUSE_HANDLES_H
#define VU_FUSE_HANDLES_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct message;
struct vu_lazy;
struct vu_name;
struct vu_reply;

#define VU_HANDLE_BUCKETS 256

enum vu_call_kind {
	VU_CALL_USE,	 /* the kernel's, uses a handle */
	VU_CALL_OPEN,	 /* ours */
	VU_CALL_RELEASE, /* ours */
	VU_CALL_HELD,	 /* the kernel's, had to wait */
	VU_CALL_SEEN,	 /* the kernel's, its reply is looked at */
	VU_CALL_OWN,	 /* ours, with a function for the reply */
};

/* A message. It is in one list of those who wait, or, by its number, among those that the daemon has. */
struct vu_call {
	struct vu_list node;
	struct vu_list hash; /* daemon has it: by unique */
	uint64_t unique;
	enum vu_call_kind kind;
	struct vu_handle *handle; /* of USE, OPEN, RELEASE */
	uint64_t after;		  /* HELD: until all handles up to this number are closed */
	/* Of writable mounts. */
	void (*done)(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r); /* SEEN, OWN */
	long (*step)(struct vu_lazy *l, struct vu_call *c); /* of one that waits; see removed.c */
	size_t (*fn)(struct vu_lazy *l, struct message *m); /* of one that waits for room */
	struct vu_name *name;				    /* that it is about, and uses */
	uint64_t because; /* OWN: the number of one that waits for it */
	uint64_t read_at; /* number of the message, if those before have to be read first; 0 */
	unsigned int tries;
	bool changes; /* USE: attributes, and the kernel does not know */
	size_t len;
	unsigned char *msg;
};

/*
 * A file or directory that the daemon has opened, or is about to.
 *
 *   OPEN under way ──▶ opened ──▶ closing (nobody finds it any more) ──▶ RELEASE, when unused ──▶ freed
 *        │ error: freed
 */
struct vu_handle {
	struct vu_list hash;  /* by node; in none when closing */
	struct vu_list order; /* the one used last is last; when closing, by number */
	struct vu_list kept;  /* calls that wait for the OPEN */
	struct vu_call call;  /* our own OPEN, then RELEASE */
	uint64_t node, fh;
	uint64_t id;	      /* the node's number for the daemon */
	struct vu_name *name; /* it was opened by, in a writable mount */
	uint64_t number;      /* of those that close */
	unsigned int users;   /* calls that are kept, or that the daemon has */
	bool dir, opened, closing;
	bool no_release; /* the daemon knows of no opens */
	bool write;	 /* and read */
	bool fresh;	 /* used since the last vu_lazy_tick() */
	uint64_t own[(sizeof(struct fuse_in_header) + sizeof(struct fuse_release_in)) / 8];
};

struct vu_handles {
	struct vu_list nodes[VU_HANDLE_BUCKETS];
	struct vu_list calls[VU_HANDLE_BUCKETS];
	struct vu_list order, closing;
	size_t n;	 /* that are not closing */
	uint64_t closed; /* number of the last one that began to close */
};

void vu_handles_init(struct vu_handles *t);
void vu_handles_free(struct vu_handles *t);

/* The handle of a node, one to write by if that is needed; NULL none. It counts as used last. */
struct vu_handle *vu_handle_find(struct vu_handles *t, uint64_t node, bool write);

/* A new one, NULL: no memory. */
struct vu_handle *vu_handle_new(struct vu_handles *t, uint64_t node, bool dir, bool write);

/* Nobody is to find it any more. */
void vu_handle_hide(struct vu_handles *t, struct vu_handle *h);
void vu_handle_free(struct vu_handles *t, struct vu_handle *h);

/* The unused one that was used longest ago; NULL none. */
struct vu_handle *vu_handle_oldest(struct vu_handles *t);

/* A call, with a copy of a message (len may be 0). NULL: no memory. */
struct vu_call *vu_call_new(enum vu_call_kind kind, struct vu_handle *h, const void *msg,
			    size_t len);
void vu_call_free(struct vu_call *c);

/* The daemon has it now; the call that it has with that number, NULL none. */
void vu_call_begin(struct vu_handles *t, struct vu_call *c);
struct vu_call *vu_call_find(struct vu_handles *t, uint64_t unique);

#endif
