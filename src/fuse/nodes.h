/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The nodes that the kernel knows of a writable mount, and the names by which the daemon knows them. libfuse
 * gives each name of a file a node of its own; the kernel is given one for all names, as it has one inode for
 * them on a real file system. Not locked: lazy.c does that.
 */
#ifndef VU_FUSE_NODES_H
#define VU_FUSE_NODES_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/*
 * A name, and the daemon's node for it. When the name has been removed (name is NULL) it stays for as long as the
 * daemon has not been told to forget its node.
 */
struct vu_name {
	struct vu_list by_id, by_name; /* in the table */
	struct vu_list of;	       /* among the names of its node */
	struct vu_list hiding;	       /* hidden ones: in a list of removed.c's */
	struct vu_node *node;
	struct vu_node *dir; /* hidden ones: where, which is not forgotten meanwhile */
	uint64_t id;	     /* the daemon's */
	uint64_t count;	     /* of lookups that the daemon has counted */
	uint64_t parent;
	char *name;
	unsigned int users; /* requests and handles that the daemon has for it */
	bool leaving;	    /* is about to be removed: no new users */
	bool hidden;	    /* only we know it */
	bool moving, stuck; /* hidden ones: on the way to another directory; cannot go there */
};

struct vu_node {
	struct vu_list by_id, by_ino; /* in the table */
	struct vu_list names;
	struct vu_list left; /* in a list of removed.c's, when the kernel has forgotten it */
	uint64_t id;	     /* the kernel's, which is the daemon's for the first name */
	uint64_t ino, generation;
	uint64_t count; /* of lookups that the kernel has counted */
	uint32_t mode;
	unsigned int hidden; /* names */
	unsigned int pins;   /* hidden names in this directory */
	bool hiding;	     /* a hidden name is being made */
};

struct vu_table {
	struct vu_list *buckets;
	size_t size, n; /* size: a power of 2 */
};

struct vu_nodes {
	struct vu_table ids, inos, daemons, names;
};

/* What a reply says of a file. */
struct vu_entry {
	uint64_t parent;
	const char *name;
	uint64_t id, generation, ino;
	uint32_t mode, nlink;
	bool unify; /* ino is the file system's own, so that it tells which names are of the same file */
};

/* With the root, which is never forgotten. 0 or -ENOMEM. */
int vu_nodes_init(struct vu_nodes *t);
void vu_nodes_free(struct vu_nodes *t);

/* By the kernel's number; NULL: unknown. */
struct vu_node *vu_node_find(struct vu_nodes *t, uint64_t id);

/* By a name in a directory; NULL: unknown. */
struct vu_name *vu_name_find(struct vu_nodes *t, uint64_t parent, const char *name);

/* A reply has told of a name: it is counted, for kernel and daemon. NULL: no memory, and not counted. */
struct vu_name *vu_nodes_enter(struct vu_nodes *t, const struct vu_entry *e);

/* A name that we have made; only the daemon counts it. NULL: no memory. */
struct vu_name *vu_nodes_hide(struct vu_nodes *t, struct vu_node *node, struct vu_node *dir,
			      uint64_t id, const char *name);

/* It has not come to the kernel, and the daemon has been told so. What is not counted any more is freed. */
void vu_nodes_uncount(struct vu_nodes *t, struct vu_name *n);

/* A name that requests for the node can go by, not `but`; NULL: none. It is a hidden one only if there is no other. */
struct vu_name *vu_node_name(struct vu_node *node, const struct vu_name *but);

/* The daemon's node has no name any more; or another one: 0 or -ENOMEM, then it has none. */
void vu_name_drop(struct vu_name *n);
int vu_name_move(struct vu_nodes *t, struct vu_name *n, uint64_t parent, const char *name);

/* Nobody finds the node any more. */
void vu_node_hide(struct vu_node *node);

/* What the daemon has been told to forget, or shall be. */
void vu_name_free(struct vu_nodes *t, struct vu_name *n);
void vu_node_free(struct vu_nodes *t, struct vu_node *node);

#endif
