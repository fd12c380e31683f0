/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree: where the mounts hang that guests reach by name (abi/view.h, VU_TREE). A guest has it open, so that the
 * kernel looks up "<folder>/<id>/rest" below that descriptor, whatever namespaces the guest is in.
 *
 * It is made of two file systems: the root, and the folder in it in which the mounts are. When the namespace ends
 * (the realm was killed) everything in it is unmounted: then the root is empty, and no name in it leads to
 * a mount point that has been laid bare.
 */
#ifndef VU_REALM_TREE_H
#define VU_REALM_TREE_H

#include <stdint.h>

/* A new descriptor of its root (O_PATH), made when it is first asked for; or -errno. */
int vu_tree_open(void);

/* Hangs the detached mount whose root is `mount` into the tree as number `id`. 0 or -errno. */
int vu_tree_attach(int mount, uint32_t id);

/* Takes it out: it is detached again. 0, or -errno: it was not there. */
int vu_tree_detach(uint32_t id);

/* Aborts the FUSE connection of a mount in the tree, where it stays. 0, or -errno: it is not there. */
int vu_tree_abort(uint32_t id);

#endif
