/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree of mounts that guests have open (realm/tree.h), as the server keeps it. A mount that is not in it is
 * reached by the server's descriptor, which takes the kernel longer.
 */
#ifndef VU_UMVU_TREE_H
#define VU_UMVU_TREE_H

struct vu_mount;
struct vu_view;

/* Hang a new mount into the tree, which is made with the first one; where it cannot be it is left out. */
void vu_tree_hang(struct vu_mount *m);

/* Take a mount out of the tree, if it is in it. */
void vu_tree_take(struct vu_mount *m);

/* What the head of a new view's image says of the tree. */
void vu_tree_fill(struct vu_view *v);

#endif
