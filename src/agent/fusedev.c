/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/fuse: the kernel wants device and mount of one user namespace, so the descriptor that a daemon
 * gets is opened in the realm, whatever name leads to the host's device.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/stat.h>

#include "agent/mount.h"
#include "agent/open.h"

#define FUSE_MAJOR 10
#define FUSE_MINOR 229

static bool is_fuse_device(const struct vu_path *p)
{
	const char *name = vu_strrchr(p->virt, '/');
	struct statx sx;

	if (!name || vu_strcmp(name, "/fuse") || vu_stat_place(p->dirfd, p->real, 0, &sx) < 0)
		return false;
	return (sx.stx_mode & S_IFMT) == S_IFCHR && sx.stx_rdev_major == FUSE_MAJOR &&
	       sx.stx_rdev_minor == FUSE_MINOR;
}

long vu_fuse_open(struct vu_call *c, struct vu_path *p, int fd, uint64_t flags)
{
	struct vu_rpc_request rq = { .op = VU_RPC_OPEN_FUSE, .a = flags };
	struct vu_rpc_answer a = { .n_fds = 0 };
	long r;

	if (agent_process.viewless || !is_fuse_device(p))
		return VU_NOT_MINE;
	vu_sys(__NR_close, fd);
	r = vu_mount_ask(c, &rq, NULL, 0, &a);
	if (r < 0)
		return r;
	return a.fd < 0 ? a.fd : vu_place_fd(a.fd, flags & VU_O_CLOEXEC);
}
