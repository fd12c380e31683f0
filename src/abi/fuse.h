/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What umvu tells vu-fuse-lazy.so. */
#ifndef VU_ABI_FUSE_H
#define VU_ABI_FUSE_H

/* In the environment of a driver: its mount is writable, and nobody else changes what is in it. */
#define VU_FUSE_EXCLUSIVE "VU_FUSE_EXCLUSIVE"

#endif
