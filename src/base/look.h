/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking at other processes without being kept by those that hang. What /proc tells of a process waits as long as that
 * hangs with its memory map locked, or in the middle of its execve, which a FUSE daemon that does not answer can bring
 * about, be it another user's: then not even its "stat" can be read (Linux 6.18). So a child looks, and is killed
 * where it waits.
 */
#ifndef VU_BASE_LOOK_H
#define VU_BASE_LOOK_H

#include <sys/types.h>

/* In the child: look at the process, in whatever way. It has a copy of the caller's memory. */
typedef long vu_look_fn(const void *arg, pid_t pid);

/*
 * In the caller: what look() has returned, or -ETIMEDOUT: it hangs, nothing is to be asked of it; or -EIO: the
 * child was killed. Anything but 0 ends it.
 */
typedef int vu_seen_fn(void *ctx, pid_t pid, long result);

/*
 * Look at each process there is. Stops at the first result of seen() other than 0 and returns it; 0 at the end, or -errno
 * if /proc cannot be read. One that hangs keeps the caller waiting for some 0.2 s.
 */
int vu_look_each(vu_look_fn *look, const void *arg, vu_seen_fn *seen, void *ctx);

/* Look at one: what seen() would get. */
long vu_look_at(pid_t pid, vu_look_fn *look, const void *arg);

#endif
