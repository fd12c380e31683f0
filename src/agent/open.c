/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * open, openat, creat, openat2.
 *
 * Opens are let wait with the guest's signals (a FIFO, a driver). Some files the agent makes itself:
 * those of /proc that tell about mounts, ids or the process (procfs.c), and the FUSE device (fusedev.c).
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/openat2.h>

#include "agent/filter.h"
#include "agent/handlers.h"
#include "agent/names.h"
#include "agent/open.h"
#include "agent/ptrace.h"
#include "agent/tree.h"
#include "agent/stack.h"

/* Is a link at the end followed? */
uint32_t vu_how_to_open(uint64_t flags)
{
	uint32_t how = VU_SPECIAL;
	bool creates = (flags & VU_O_CREAT) && !(flags & VU_O_PATH);

	if (creates)
		how |= VU_CREATE;
	if (!(flags & VU_O_NOFOLLOW) && !(creates && (flags & VU_O_EXCL)))
		how |= VU_FOLLOW;
	return how;
}

/* A name for opening: the root of a mount must be followed, and may be asked for with O_CREAT. */
static uint64_t fix_root(struct vu_path *p, uint64_t flags)
{
	size_t n = vu_strlen(p->real);

	if (!(p->flags & VU_PATH_ROOT) || (p->flags & VU_PATH_NATIVE))
		return flags;
	if ((flags & VU_O_CREAT) && !(p->flags & VU_PATH_SLASH) && n > 1 && p->real[n - 1] == '/')
		p->real[n - 1] = 0;
	return flags & ~(uint64_t)VU_O_NOFOLLOW;
}

/*
 * /proc/self/exe for writing: the kernel knows of no program that runs, and would let it be changed. A
 * name that leads there otherwise is not told apart.
 */
static long refuse_writing(const struct vu_path *p)
{
	long r = vu_sys(__NR_faccessat2, p->dirfd, p->real, VU_W_OK, VU_AT_EACCESS);

	return r < 0 ? r : -ETXTBSY;
}

/* The memory of `pid` is opened for writing: that code may come to be there. Another process gets the filter with its next call. */
static long may_write_code(int pid)
{
	if (pid && vu_is_own_pid(pid))
		return vu_filter_need();
	if (pid)
		vu_trace_from_now(pid);
	return 0;
}

/*
 * Issues the call, whose name is in its arguments, and puts what the agent makes itself in the place of
 * what the kernel opened. So all that the kernel, or a filter of the guest's, has to say comes first.
 */
static long open_issue(struct vu_call *c, struct vu_path *p, uint64_t flags, bool resolved)
{
	bool special = resolved && p->virt[0] && !(flags & VU_O_PATH);
	long r = 0, fd = -1;

	if (special && (p->flags & VU_PATH_SELF_EXE) && (flags & (VU_O_ACCMODE | VU_O_TRUNC)))
		r = refuse_writing(p);
	else if (special && (flags & VU_O_ACCMODE))
		r = may_write_code(vu_proc_mem_of(c, p->virt));
	if (!r)
		r = fd = vu_mount_lost(c, p, vu_native_blocking(c));
	if (special && fd >= 0) {
		r = vu_proc_open(c, p, (int)fd, flags);
		if (r == VU_NOT_MINE)
			r = vu_fuse_open(c, p, (int)fd, flags);
		if (r == VU_NOT_MINE)
			r = vu_stack_open(c, p, (int)fd, flags);
		if (r == VU_NOT_MINE)
			r = fd;
	}
	vu_path_put(p);
	return r;
}

/* The call with the flags in argument `at`: the name is in argument at - 1. */
static long open_at(struct vu_call *c, int dirfd, int at)
{
	struct vu_path *p = &c->s->path[0];
	uint64_t flags = c->nr == __NR_creat ? VU_O_CREAT | 01 : (unsigned int)c->arg[at];
	long r = vu_resolve(c, dirfd, c->arg[at - 1], vu_how_to_open(flags), p);

	if (vu_walk_is_final(p, r)) {
		vu_path_put(p);
		return r;
	}
	if (p->real[0]) {
		if (c->nr != __NR_creat)
			c->arg[at] = fix_root(p, flags);
		else
			fix_root(p, flags);
		c->arg[at - 1] = (unsigned long)p->real;
		if (at == 2)
			c->arg[1] = (unsigned long)vu_tree_relative(p, &c->arg[0]);
	}
	return open_issue(c, p, flags, !r);
}

long sys_open(struct vu_call *c)
{
	return c->nr == __NR_openat ? open_at(c, (int)c->arg[0], 2) : open_at(c, VU_AT_FDCWD, 1);
}

/* Bits that the walk knows; with others, or two scopes at a time, the kernel refuses the call. */
static bool is_valid_resolve(uint64_t resolve)
{
	uint64_t known = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
			 RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED;
	uint64_t scopes = RESOLVE_BENEATH | RESOLVE_IN_ROOT;

	return !(resolve & ~known) && (resolve & scopes) != scopes;
}

static bool is_valid_how(const struct open_how *how)
{
	bool creates = how->flags & (VU_O_CREAT | VU_O_TMPFILE_BIT);

	return is_valid_resolve(how->resolve) && !(how->flags >> 32) && (creates || !how->mode);
}

/*
 * openat2: the walk obeys the RESOLVE_* bits. Where it comes through a mount of the view, they are not
 * given to the kernel again, which would see links of /proc that the guest's path does not have.
 */
long sys_openat2(struct vu_call *c)
{
	struct vu_path *p = &c->s->path[0];
	struct open_how how;
	long r;

	r = guest_read_struct(&how, sizeof(how), c->arg[2], c->arg[3]);
	if (r < 0)
		return r;
	c->arg[2] = (unsigned long)&how;
	c->arg[3] = sizeof(how);
	if (!is_valid_how(&how))
		return vu_native(c);
	r = vu_resolve_how(c, (int)c->arg[0], c->arg[1], vu_how_to_open(how.flags), how.resolve, p);
	if (vu_walk_is_final(p, r)) {
		vu_path_put(p);
		return r;
	}
	if (!(p->flags & VU_PATH_NATIVE)) {
		how.resolve &= RESOLVE_CACHED;
		how.flags = fix_root(p, how.flags);
	}
	if (p->real[0])
		c->arg[1] = (unsigned long)vu_tree_relative(p, &c->arg[0]);
	return open_issue(c, p, how.flags, !r);
}
