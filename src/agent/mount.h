/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the calls that mount (mount.c, fsctx.c) and the FUSE device (fusedev.c) share. */
#ifndef VU_AGENT_MOUNT_H
#define VU_AGENT_MOUNT_H

#include "agent/path.h"
#include "agent/rpc.h"

/* Types that are never the kernel's own: "fuse...", "vu...". */
bool vu_is_module_type(const char *type);
/*
 * Resolves the name of a mount point into *p (virt, mount); *bits gets VU_MNT_TARGET_*. A name that does
 * not exist is good, its directory must. 0 or -errno.
 */
long vu_mount_target(struct vu_call *c, int dirfd, unsigned long path, uint32_t how,
		     struct vu_path *p, uint64_t *bits);
/*
 * Opens a source of a mount, `name` in the view. The descriptor, with VU_MNT_SOURCE_* in *bits and its
 * canonical path in p->virt; -1, with the reason in *bits, if it is no file or device that the caller may
 * open: it goes as given.
 */
int vu_mount_source(struct vu_call *c, const char *name, struct vu_path *p, uint64_t *bits);
/* Asks umvu. What it says of a failure is shown to the user. */
long vu_mount_ask(struct vu_call *c, struct vu_rpc_request *rq, const struct vu_rpc_text *texts,
		  int n_texts, struct vu_rpc_answer *a);
/*
 * Maps a page of a driver's tag, which tells umvu whose process this and its children are, and closes it.
 * Nothing if the answer has none.
 */
void vu_wear_tag(const struct vu_rpc_answer *a);
/* Moves a received descriptor to the lowest free number, as if a call had opened it there. */
long vu_place_fd(int fd, bool cloexec);

#endif
