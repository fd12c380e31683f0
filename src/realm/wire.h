/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages between umvu's server and its realm: one request, one reply, over a SOCK_SEQPACKET pair.
 * Both ends are the same program, so structs go as they are.
 */
#ifndef VU_REALM_WIRE_H
#define VU_REALM_WIRE_H

#include <stdint.h>

#define VU_REALM_TEXT 1024

/*
 * VU_REALM_X(NAME): what is sent => what comes back
 *
 * FUSE_OPEN   a: open(2) flags => descriptor of /dev/fuse
 * FUSE_MOUNT  fuse, descriptor of /dev/fuse => descriptor of a detached mount
 * COVER       a: 1 = a file, else a directory => descriptor of a detached, empty tmpfs mount
 * TREE        => descriptor of the tree's root (realm/tree.h)
 * ATTACH      a: number in the tree, descriptor of a detached mount => 0
 * DETACH      a: number in the tree => 0
 * ABORT       a: number in the tree, 0 none; descriptor of a mount => 0
 * SETATTR     a: MOUNT_ATTR_* to set, b: to clear; descriptor of a mount => 0
 * STACK       descriptor: the maker's end of its control socket (realm/stack.h) => pid of the maker
 * QUIT        => 0, and the realm ends without looking for guests
 */
#define VU_REALM_OPS(X) \
	X(FUSE_OPEN)    \
	X(FUSE_MOUNT)   \
	X(COVER)        \
	X(TREE)         \
	X(ATTACH)       \
	X(DETACH)       \
	X(ABORT)        \
	X(SETATTR)      \
	X(STACK)        \
	X(QUIT)

enum vu_realm_op {
#define X(name) VU_REALM_##name,
	VU_REALM_OPS(X)
#undef X
		VU_REALM_N_OPS
};

struct vu_realm_fuse {
	uint32_t rootmode;
	uint32_t user_id, group_id;
	uint32_t max_read;	      /* 0: the kernel's default */
	uint32_t default_permissions; /* 1: the kernel checks modes */
	uint32_t rdonly;	      /* 1: the super block is read-only */
	uint64_t attr;		      /* MOUNT_ATTR_* */
	char source[4096];
	char subtype[64]; /* "" none */
};

struct vu_realm_request {
	uint32_t op; /* enum vu_realm_op */
	uint32_t reserved;
	uint64_t a, b;
	struct vu_realm_fuse fuse;
};

struct vu_realm_reply {
	int32_t result; /* >= 0 or -errno */
	uint32_t reserved;
	char text[VU_REALM_TEXT]; /* why, "" if there is nothing to add to strerror's words */
};

#endif
