/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which processes serve a mount, and which use it. All of this reads other processes' /proc and may
 * block: for workers only.
 */
#ifndef VU_UMVU_HOLDERS_H
#define VU_UMVU_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/proc.h"
#include "umvu/mount.h"

#define VU_HOLDERS_MOUNTS 24 /* at most so many mounts at once */

/* What is looked for. */
struct vu_holders {
	uint64_t session;
	pid_t server, realm; /* are never found */
	struct vu_mount *const *mounts;
	size_t n_mounts;
};

/*
 * Processes that serve one of the mounts: those that map its tag, those noted when it was mounted, those of the first n in
 * list[max] that are still there, and with `connected` those that hold the /dev/fuse of its connection (where the kernel
 * tells): only while the mount is open, or its number may be another's. Into list; their number, at most max.
 */
size_t vu_holders_drivers(const struct vu_holders *h, bool connected, struct vu_proc_id *list,
			  size_t n, size_t max);

/* Whether a process is a driver of any mount: by tag, or because it holds a /dev/fuse. */
bool vu_holders_is_driver(uint64_t session, pid_t pid);

struct vu_busy {
	struct vu_holders h;
	uint64_t dev, mnt_id;
	uint32_t view; /* only guests and drivers of this view; 0: all processes */
	pid_t maker;   /* of a network stack: its sockets are looked for, too; 0: it is none */
};

/*
 * Write "PID (name), PID (name)" to `out` for those that have something in the mount: a working or root
 * directory, a program, an open file, mapped memory, a socket of the stack. At most eight, then ", ...". 1 if there are any,
 * else 0.
 */
int vu_holders_busy(const struct vu_busy *b, int out);

/* Whether the calling process has a file of the mount open besides descriptor `root`. Does not block. */
bool vu_holders_self(uint64_t mnt_id, int root);

#endif
