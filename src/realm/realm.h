/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The realm: a helper process in a user namespace of its own, with mount and network namespaces that it
 * owns. There it may make the kernel objects that an ordinary user may not make in the host's.
 *
 * A guard is forked first: when the server has died without having taken leave, it ends what guests
 * are left. The namespaces, and the process in them, are made at the first request, so that a session
 * without mounts does not pay for them.
 *
 * It never looks into a mount and waits for no driver; each request is answered within milliseconds. So
 * the functions below wait for the answer; after 10 s the realm counts as dead (-ETIMEDOUT).
 */
#ifndef VU_REALM_REALM_H
#define VU_REALM_REALM_H

#include <stdint.h>
#include <sys/types.h>

#include "realm/wire.h"

struct vu_realm {
	int sock;  /* -1: there is none */
	int error; /* why not: what requests fail with */
	pid_t pid; /* of the guard, the caller's child */
};

/* Fork the guard. 0 or -errno; `r` is valid in either case. */
int vu_realm_start(struct vu_realm *r, uint64_t session);

/* Take leave of the guard, which then ends; the caller reaps it. */
void vu_realm_stop(struct vu_realm *r);

/* Forget a guard that has died. */
void vu_realm_drop(struct vu_realm *r);

/*
 * The requests. Descriptors that are given stay the caller's, those returned are the caller's
 * (close-on-exec). text (VU_REALM_TEXT bytes, may be NULL) gets what there is to say about a failure.
 */
int vu_realm_fuse_open(struct vu_realm *r, int flags, char *text);
int vu_realm_fuse_mount(struct vu_realm *r, const struct vu_realm_fuse *m, int dev, char *text);
int vu_realm_cover(struct vu_realm *r, int is_file, char *text);

/* The root of the tree that mounts are hung into for guests (realm/tree.h), O_PATH. */
int vu_realm_tree(struct vu_realm *r);

/* Hang a detached mount into the tree as number `id`; take it out again. 0 or -errno. */
int vu_realm_attach(struct vu_realm *r, int mount, uint32_t id);
int vu_realm_detach(struct vu_realm *r, uint32_t id);

/*
 * Abort the FUSE connection of a mount, number `id` of the tree or 0: all that wait for its driver get
 * ECONNABORTED. 0 or -errno.
 */
int vu_realm_abort(struct vu_realm *r, int mount, uint32_t id, char *text);

/* Fork the maker of a network stack, which serves `control` (realm/stack.h). Its pid or -errno. */
int vu_realm_stack(struct vu_realm *r, int control, char *text);

/* mount_setattr(2) on a mount's root. 0 or -errno. */
int vu_realm_setattr(struct vu_realm *r, int mount, uint64_t set, uint64_t clear, char *text);

#endif
