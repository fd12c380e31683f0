/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree of mounts, a descriptor of the process's own that no program sees (abi/view.h). It is opened when a
 * path first leads into a mount; children and programs inherit it. The names in it that the agent works with are
 * "/proc/self/fd/<tree>/.vu/<id>/rest"; calls that take a descriptor are given that and the rest, which the kernel
 * follows several times as fast.
 */
#ifndef VU_AGENT_TREE_H
#define VU_AGENT_TREE_H

#include "agent/agent.h"
#include "agent/path.h"

/*
 * A path leads into mount m: opens the tree if it is not open yet, and the process can have it; gives it up if the
 * mount does not hang there any more (the realm was killed). With the signals blocked, not in the quick way.
 */
void vu_tree_meet(const struct vu_view_mount *m);
/* Opens it before it is too late. */
void vu_tree_open(void);
/* Its number, or 0: it is not open. */
static inline int vu_tree(void)
{
	return agent_process.tree;
}
/*
 * Memory and descriptors part ways (vfork, a thread with descriptors of its own): between the two, or for good, the
 * tree is not opened, because not all that share the memory would have it.
 */
void vu_tree_part(void);
void vu_tree_rejoin(void);
/* In the child of a fork, which has both for itself. */
void vu_tree_fork(void);

/* Writes the name of mount m in the tree to buf (64 bytes); its length, 0: it is not to be reached so. */
size_t vu_tree_name(const struct vu_view_mount *m, char *buf);
/* If `name` is one in the tree: what is relative to it, else NULL. */
const char *vu_tree_rest(const char *name);
/* What a call that takes a descriptor is to be given for path p: sets *dirfd, returns the name. */
const char *vu_tree_relative(const struct vu_path *p, unsigned long *dirfd);
/* The id of the mount that a name relative to the tree leads into, and the rest of it in *rest; 0: none. */
uint32_t vu_tree_mount(const char *name, const char **rest);
/*
 * What the kernel shows of a path in mount `id`, n bytes: the path within the mount begins so many bytes later,
 * if the mount hangs in the tree.
 */
size_t vu_tree_skip(uint32_t id, const char *text, size_t n);

#endif
