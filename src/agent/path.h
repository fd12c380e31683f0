/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths: what path.c, walk.c, place.c and the handlers that take names share beyond agent.h. */
#ifndef VU_AGENT_PATH_H
#define VU_AGENT_PATH_H

#include <linux/stat.h>

#include "agent/agent.h"

/* Further bits of `how` for vu_resolve(). */
#define VU_WANT_VIRT 0x10u /* fill virt and mount even where the path is native */
#define VU_NO_RUN    0x40u /* there is a link among the directories: do not try them at once */
#define VU_SPECIAL   0x20u /* look out for names of /proc and /dev that the agent answers itself */

/* Further bits of vu_path.flags. */
#define VU_PATH_OPENED	 0x40u /* dirfd is the agent's: real goes through it; vu_path_put() closes */
#define VU_PATH_UNPLACED 0x80u /* native, and virt and mount were not found out */

#define VU_O_NOFOLLOW 0400000

/*
 * vu_resolve() with RESOLVE_* bits of openat2(2) in `resolve`.
 *
 * On an error p->flags has VU_PATH_NATIVE, or p->real is a name, if the kernel will say the same when
 * it is asked; else the error is to be returned as it is.
 */
long vu_resolve_how(struct vu_call *c, int dirfd, unsigned long path, uint32_t how,
		    uint64_t resolve, struct vu_path *p);
/* Closes what a path holds open (only names of nearly VU_PATH_MAX bytes do). */
void vu_path_put(struct vu_path *p);

/*
 * Is the path (n bytes and a NUL, in `size` bytes of the agent's, which is as it was in the end) surely the kernel's
 * own, in a view with mounts? If not, *how gets what helps the walk.
 */
bool vu_is_plain(int dirfd, char *path, size_t n, size_t size, uint32_t *how);
/* The same on little stack, where it is known of its directories at least. */
bool vu_is_plain_little(int dirfd, char *path, size_t n, uint32_t how);
/*
 * If the path (n bytes and a NUL, in `size` bytes of the agent's) is known to lead into a mount, it becomes the
 * name that the kernel knows the place by. Else it may have changed, too.
 */
bool vu_is_inside(int dirfd, char *path, size_t n, size_t size, uint32_t how);
/* May the path name a file that the agent answers itself? */
bool vu_is_special(const char *path, size_t n);

/* --- walk.c --- */
/*
 * Walks p->real (the path as it was given) component by component and fills *p. The same results as
 * vu_resolve_how().
 */
long vu_walk(struct vu_call *c, int dirfd, uint32_t how, uint64_t resolve, struct vu_path *p);

/* --- place.c: where things are in the view --- */
/* statx(2) that asks no server: kernel's id of the mount, inode, device. 0 or -errno. */
long vu_stat_place(int dirfd, const char *name, int at_flags, struct statx *sx);
/* "/proc/<server>/fd/" in buf (64 bytes); its length. */
size_t vu_server_fds_name(char *buf);
/* Writes the kernel's name of the mount's root, "/proc/<server>/fd/<fd>", to buf (64 bytes); its length. */
size_t vu_mount_name(const struct vu_view_mount *m, char *buf);
/*
 * The result r of a call that was given p->real. A mount whose descriptor the server has no more since the
 * path was resolved (it was taken off, or the server is dead) shows as a file of /proc that is missing or
 * forbidden: -ENOTCONN then, as after umount -f; if the mount has left the view, the call is made again.
 */
long vu_mount_lost(struct vu_call *c, const struct vu_path *p, long r);
/*
 * Has a daemon's mount asked for the owner of its root if the kernel does not know him yet: until then it
 * lets nobody write there (an id that the user namespace does not have; umvu sees to that for drivers).
 */
void vu_meet_root(const struct vu_view_mount *m);
/* Length of a mount's path as a prefix of the paths in it: that of "/" is 0. */
static inline size_t vu_root_len(const struct vu_view_mount *m)
{
	return m->path_len == 1 ? 0 : m->path_len;
}
/* Puts the path of mount `id` in front of the n bytes of `text` (a path in it, in a buffer of
 * VU_PATH_MAX); the new length or -errno. */
long vu_put_before(uint32_t id, char *text, size_t n);
/* The cwd in buf (VU_PATH_MAX bytes): its length, -errno as getcwd(2) has it, or -EXDEV if it is in
 * a mount that belongs neither to the host nor to the view. */
long vu_cwd_path(char *buf, uint32_t *mount);
/*
 * The text of the magic link `name` (relative to dirfd) as the view has it: in buf of VU_PATH_MAX
 * bytes, NUL-terminated; its length or -errno. *mount gets the mount's id.
 */
long vu_link_text(int dirfd, const char *name, char *buf, uint32_t *mount);
/* Where the magic link leads: a canonical path, or -ENOENT if it has none (a pipe, an unlinked file). */
long vu_link_place(int dirfd, const char *name, char *buf, uint32_t *mount);
/* Does the symbolic link `name` (relative to dirfd) lie in procfs, and do its last components look magic? */
bool vu_link_is_magic(int dirfd, const char *name);
/* st_dev in the encoding of struct vu_view_mount. */
static inline uint64_t vu_dev(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (uint64_t)(major & 0xfff) << 8 | (uint64_t)(minor & ~0xffu) << 12 |
	       (uint64_t)(major & ~0xfffu) << 32;
}

/* --- procfs.c, procexe.c --- */
#define VU_PROC_MEMFD \
	"vu:" /* memfds that stand for files of /proc are named so, then with their path */
/* Is this last component of a path one that may name a file which the agent answers itself? */
bool vu_special_name(const char *name, size_t len);
/* The first look at a path of n bytes: nearly all are told apart by their last two letters. */
static inline bool vu_may_be_special(const char *path, size_t n)
{
	char a = n > 1 ? path[n - 2] : 0, b = n > 1 ? path[n - 1] : 0;

	if (b == 's')
		return a == 't' || a == 'u' || a == 'p';
	if (b == 'e')
		return a == 'x' || a == 's';
	return (b == 'o' && a == 'f') || (b == 'm' && a == 'e');
}
/* The process that a canonical path "/proc/PID/exe" or "/proc/PID/task/TID/exe" belongs to; 0: none. */
int vu_exe_pid(const char *virt);
/* Is `pid` the caller's process or a thread of it? */
bool vu_is_own_pid(int pid);
/*
 * The program of guest `pid`, for which the kernel shows vu-loader: its path in the view goes to virt,
 * a name for the kernel to real (VU_PATH_MAX bytes each), the mount to *mount. buf is for work,
 * VU_PATH_MAX bytes. 0; -ENOENT if the process is no guest or cannot be looked at.
 */
long vu_exe_of(int pid, char *virt, char *real, uint32_t *mount, char *buf);
/* The same of the caller's own program, whose name for the kernel holds even where no path leads to it. */
long vu_own_exe(char *virt, char *real, uint32_t *mount, char *buf);

#endif
