/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The realm's mounts, made and changed within its namespaces. Results are descriptors or 0, or -errno
 * with a sentence in text[VU_REALM_TEXT], which is "" where strerror says it all.
 */
#ifndef VU_REALM_FS_H
#define VU_REALM_FS_H

#include "realm/wire.h"

/* An open /dev/fuse. */
int vu_fs_fuse_open(int flags, char *text);

/* A detached FUSE mount that `dev` serves. Does not wait for the daemon. */
int vu_fs_fuse_mount(const struct vu_realm_fuse *m, int dev, char *text);

/* A detached mount of an empty tmpfs for names, not for data; no text. */
int vu_fs_tmpfs(void);

/* A detached mount of an empty tmpfs, or of an empty file in one. */
int vu_fs_cover(int is_file, char *text);

/* Abort the connection of the FUSE mount whose root is `mount`, which is detached. */
int vu_fs_abort(int mount, char *text);

/* Set and clear MOUNT_ATTR_* of the mount whose root is `mount`. */
int vu_fs_setattr(int mount, uint64_t set, uint64_t clear, char *text);

#endif
