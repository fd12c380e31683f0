/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that the agent opens itself, and the flags of open(2) as the kernel has them on x86_64. */
#ifndef VU_AGENT_OPEN_H
#define VU_AGENT_OPEN_H

#include "agent/path.h"

#define VU_O_ACCMODE	 03
#define VU_O_WRONLY	 01
#define VU_O_RDWR	 02
#define VU_O_CREAT	 0100
#define VU_O_EXCL	 0200
#define VU_O_TRUNC	 01000
#define VU_O_NONBLOCK	 04000
#define VU_O_DIRECTORY	 0200000
#define VU_O_CLOEXEC	 02000000
#define VU_O_PATH	 010000000
#define VU_O_TMPFILE_BIT 020000000
#define VU_AT_FDCWD	 (-100)
#define VU_AT_EACCESS	 0x200
#define VU_W_OK		 2

/* How a path is resolved (`how` of vu_resolve()) for opening it with these flags. */
uint32_t vu_how_to_open(uint64_t flags);

#define VU_NOT_MINE (-4096l) /* no -errno: what the kernel opened is right */

/*
 * p has been opened as `fd` with the guest's flags. If it is one of the files that the agent makes
 * (procfs.c), or the FUSE device (fusedev.c), another description takes its place. The descriptor;
 * -errno, and fd is closed; VU_NOT_MINE, and nothing is done.
 */
long vu_proc_open(struct vu_call *c, struct vu_path *p, int fd, uint64_t flags);
long vu_fuse_open(struct vu_call *c, struct vu_path *p, int fd, uint64_t flags);
/* The guest (process or thread) whose memory the canonical path names ("/proc/PID/mem"); 0: none. */
int vu_proc_mem_of(struct vu_call *c, const char *virt);

#endif
