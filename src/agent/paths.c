/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls that take path names and only need them translated. They work by their row's kinds of arguments
 * (abi/syscalls.def): each name is fetched once, resolved in the view, and the call is issued with the
 * name that the kernel knows the place by, so that its errors are the kernel's own. Names that touch no
 * mount of the view go as they were given.
 *
 * The root of a mount is reached as "/proc/<server>/fd/<n>/", or without the slash if it is no
 * directory. The slash makes the kernel follow that link in every call; without it a call that does not
 * follow must be told to, for the link must never be operated on itself.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fanotify.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/mount.h>

#include "agent/handlers.h"
#include "agent/known.h"
#include "agent/names.h"
#include "agent/tree.h"

/* Calls whose flags for following links are not AT_*: their argument, "do not follow", "empty is good". */
static const struct flags_rule {
	short nr;
	short arg;
	unsigned int nofollow, empty;
} flags_rules[] = {
	{ __NR_inotify_add_watch, 2, IN_DONT_FOLLOW, 0 },
	{ __NR_fanotify_mark, 1, FAN_MARK_DONT_FOLLOW, 0 },
	{ __NR_open_tree, 2, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH },
	{ __NR_mount_setattr, 2, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH },
	{ 467 /* open_tree_attr */, 2, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH },
	{ __NR_fspick, 2, FSPICK_SYMLINK_NOFOLLOW, FSPICK_EMPTY_PATH },
};

/* Calls that never follow, and those that do the same but follow. */
static const struct {
	short nofollow, follow;
} pairs[] = {
	{ __NR_lstat, __NR_stat },	     { __NR_lchown, __NR_chown },
	{ __NR_lsetxattr, __NR_setxattr },   { __NR_lgetxattr, __NR_getxattr },
	{ __NR_llistxattr, __NR_listxattr }, { __NR_lremovexattr, __NR_removexattr },
};

/* What operations on names say if the name is a mount point: a directory, something else. */
static const struct {
	short nr, dir, other;
} on_mount_point[] = {
	{ __NR_mkdir, EEXIST, EEXIST },	  { __NR_mkdirat, EEXIST, EEXIST },
	{ __NR_mknod, EEXIST, EEXIST },	  { __NR_mknodat, EEXIST, EEXIST },
	{ __NR_symlink, EEXIST, EEXIST }, { __NR_symlinkat, EEXIST, EEXIST },
	{ __NR_link, EEXIST, EEXIST },	  { __NR_linkat, EEXIST, EEXIST },
	{ __NR_unlink, EISDIR, EBUSY },	  { __NR_rmdir, EBUSY, ENOTDIR },
	{ __NR_unlinkat, EISDIR, EBUSY }, { __NR_rename, EBUSY, EBUSY },
	{ __NR_renameat, EBUSY, EBUSY },  { __NR_renameat2, EBUSY, EBUSY },
};

#define UNRESOLVED   ~0u /* flags of a path not yet looked at */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int vu_names(const struct vu_call *c, struct vu_name n[2])
{
	const char *kinds = c->row->args;
	int count = 0, dirfd = -1;

	for (int i = 0; kinds[i]; i++) {
		if (kinds[i] == 'd') {
			dirfd = i;
		} else if (vu_strchr("pln", kinds[i])) {
			n[count++] = (struct vu_name){
				.kind = kinds[i], .path = i, .dirfd = dirfd, .flags = -1
			};
			dirfd = -1;
		} else if (vu_strchr("aLh", kinds[i]) && count) {
			n[0].flags = i;
			n[0].flags_kind = kinds[i];
		}
	}
	for (size_t i = 0; i < COUNT(flags_rules); i++) {
		if (flags_rules[i].nr != c->nr)
			continue;
		n[0].flags = flags_rules[i].arg;
		n[0].flags_kind = 'r';
		n[0].nofollow = flags_rules[i].nofollow;
		n[0].empty = flags_rules[i].empty;
	}
	return count;
}

/* How the call wants the name resolved. */
static uint32_t how_of(const struct vu_call *c, const struct vu_name *n)
{
	unsigned long flags = n->flags < 0 ? 0 : c->arg[n->flags];
	unsigned long empty = n->flags_kind == 'r' ? n->empty : AT_EMPTY_PATH;
	uint32_t how = flags & empty ? VU_EMPTY_OK : 0;

	if (n->kind == 'n')
		return how | VU_PARENT;
	if (n->flags_kind == 'a')
		return flags & AT_SYMLINK_NOFOLLOW ? how : how | VU_FOLLOW;
	if (n->flags_kind == 'r')
		return flags & n->nofollow ? how : how | VU_FOLLOW;
	if (n->flags_kind == 'L' || n->flags_kind == 'h')
		return flags & AT_SYMLINK_FOLLOW ? how | VU_FOLLOW : how;
	return n->kind == 'p' ? how | VU_FOLLOW : how;
}

/* Makes the call follow the link that its argument n now is. */
static void make_follow(struct vu_call *c, const struct vu_name *n)
{
	if (n->flags_kind == 'a')
		c->arg[n->flags] &= ~(unsigned long)AT_SYMLINK_NOFOLLOW;
	else if (n->flags_kind == 'r')
		c->arg[n->flags] &= ~(unsigned long)n->nofollow;
	else if (n->flags_kind == 'L' || n->flags_kind == 'h')
		c->arg[n->flags] |= AT_SYMLINK_FOLLOW;
	for (size_t i = 0; i < COUNT(pairs); i++)
		if (pairs[i].nofollow == c->nr)
			c->nr = pairs[i].follow;
	if (c->nr == __NR_link) {
		c->nr = __NR_linkat;
		c->arg[3] = c->arg[1];
		c->arg[1] = c->arg[0];
		c->arg[0] = c->arg[2] = (unsigned long)AT_FDCWD;
		c->arg[4] = AT_SYMLINK_FOLLOW;
	}
}

bool vu_walk_is_final(const struct vu_path *p, long r)
{
	/* The daemon died under the walk. Asked again, the kernel would see its mount point bare. */
	if (r == -ECONNABORTED || r == -ENOTCONN)
		return true;
	return r < 0 && !(p->flags & VU_PATH_NATIVE) && !p->real[0];
}

long vu_name_resolve(struct vu_call *c, const struct vu_name *n, uint32_t how, struct vu_path *p)
{
	int dirfd = n->dirfd < 0 ? AT_FDCWD : (int)c->arg[n->dirfd];
	long r;

	/* A missing name means the descriptor where that is allowed (utimensat), else EFAULT. */
	r = vu_resolve(c, dirfd, c->arg[n->path], how_of(c, n) | how, p);
	return vu_walk_is_final(p, r) ? r : 0;
}

void vu_name_apply(struct vu_call *c, const struct vu_name *n, struct vu_path *p)
{
	if (!p->real[0])
		return;
	c->arg[n->path] = (unsigned long)p->real;
	if (n->dirfd >= 0)
		c->arg[n->path] = (unsigned long)vu_tree_relative(p, &c->arg[n->dirfd]);
	if ((p->flags & VU_PATH_ROOT) && !(p->flags & VU_PATH_NATIVE) && n->kind != 'n')
		make_follow(c, n);
}

long vu_name_issue(struct vu_call *c, struct vu_path *p)
{
	/* Any file system may let its callers wait (FUSE, NFS), and a signal must be able to end that. */
	long r = vu_mount_lost(c, p, vu_native_blocking(c));

	vu_path_put(p);
	return r;
}

/* The name is a mount point, and the call would make, remove or rename it. */
static long refuse_mount_point(const struct vu_call *c, const struct vu_name *n,
			       const struct vu_path *p)
{
	struct vu_view_mount m;
	bool is_dir = !vu_mount_by_id(p->mount, &m) || !(m.flags & VU_MOUNT_FILE);
	long nr = c->nr;

	if (nr == __NR_unlinkat && (c->arg[2] & AT_REMOVEDIR))
		nr = __NR_rmdir;
	if (nr == __NR_renameat2 && n->path == 3 && (c->arg[4] & 1 /* RENAME_NOREPLACE */))
		return -EEXIST;
	if ((p->flags & VU_PATH_SLASH) && !is_dir && nr != __NR_symlinkat && nr != __NR_symlink)
		return -ENOTDIR;
	for (size_t i = 0; i < COUNT(on_mount_point); i++)
		if (on_mount_point[i].nr == nr)
			return is_dir ? -on_mount_point[i].dir : -on_mount_point[i].other;
	return -EBUSY;
}

/* Does a ROOT flag mean that the name itself, not what it leads to, is operated on? */
static bool operates_on_root(const struct vu_path *p)
{
	const char *last = vu_strrchr(p->real, '/');

	if (!(p->flags & VU_PATH_ROOT))
		return false;
	/* "mnt/." is the kernel's matter. */
	return !(last && last[1] == '.');
}

struct beneath {
	const struct vu_path *p;
	bool ghosts, found;
};

static bool lies_beneath(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	struct beneath *b = ctx;
	const char *path = vu_view_str(a, m->path);
	size_t n = vu_strlen(b->p->virt);

	if (m->parent == b->p->mount && !vu_strncmp(path, b->p->virt, n) && path[n] == '/')
		b->found = !b->ghosts ||
			   ((m->flags & VU_MOUNT_GHOST) && !vu_strchr(path + n + 1, '/'));
	return b->found;
}

static bool on_way_to_mount(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	struct beneath *b = ctx;
	const char *path = vu_view_str(a, m->path), *s = path;
	const char *end = b->p->real + vu_strlen(b->p->real), *name;
	size_t n;

	while (end > b->p->real && end[-1] == '/')
		end--;
	for (name = end; name > b->p->real && name[-1] != '/'; name--)
		;
	n = (size_t)(end - name);
	for (; (s = vu_strchr(s, '/')); s++)
		if (!vu_strncmp(s + 1, name, n) && s[1 + n] == '/')
			b->found = true;
	return b->found;
}

static bool search_mounts(vu_mount_fn *fn, struct beneath *b)
{
	do
		b->found = false;
	while (!vu_mount_each(fn, b));
	return b->found;
}

/*
 * Renaming a directory that mount points lie in would leave the mounts without a path: EBUSY, as for the
 * mount points themselves (the kernel's mounts would move along). Removing the parent of a mount point
 * that exists in the view only: ENOTEMPTY.
 */
static long check_beneath(struct vu_call *c, struct vu_path *p)
{
	bool is_rename = c->nr == __NR_rename || c->nr == __NR_renameat || c->nr == __NR_renameat2;
	bool is_rmdir = c->nr == __NR_rmdir ||
			(c->nr == __NR_unlinkat && (c->arg[2] & AT_REMOVEDIR));
	struct beneath b = { .p = p, .ghosts = is_rmdir };

	if ((!is_rename && !is_rmdir) || !p->real[0])
		return 0;
	if (p->flags & VU_PATH_UNPLACED) {
		if (!search_mounts(on_way_to_mount, &b))
			return 0;
		if (vu_resolve_str(c, p->dirfd, p->real, VU_PARENT | VU_WANT_VIRT, p) < 0)
			return 0;
	}
	if (!p->virt[0])
		return 0;
	return search_mounts(lies_beneath, &b) ? (is_rmdir ? -ENOTEMPTY : -EBUSY) : 0;
}

/* Resolves name n of the call into p; an error that is to be returned. */
static long prepare(struct vu_call *c, const struct vu_name *n, struct vu_path *p)
{
	long r = vu_name_resolve(c, n, 0, p);

	if (!r && n->kind == 'n' && operates_on_root(p))
		r = refuse_mount_point(c, n, p);
	if (!r && n->kind == 'n')
		r = check_beneath(c, p);
	return r;
}

/* One path. */
long sys_path(struct vu_call *c)
{
	struct vu_path *p = &c->s->path[0];
	struct vu_name n[2];
	long r;

	vu_names(c, n);
	if (!c->arg[n[0].path])
		return vu_native(c);
	r = prepare(c, &n[0], p);
	if (r < 0) {
		vu_path_put(p);
		return r;
	}
	vu_name_apply(c, &n[0], p);
	return vu_name_issue(c, p);
}

/* chdir, chroot: where relative paths, or all, begin. */
long sys_chdir(struct vu_call *c)
{
	long r = sys_path(c);

	if (c->nr == __NR_chroot)
		vu_known_leave();
	else
		vu_known_forget();
	return r;
}

long sys_fchdir(struct vu_call *c)
{
	long r = vu_native_blocking(c);

	vu_known_forget();
	return r;
}

/* symlink: a link that may lead into a mount. */
long sys_symlink(struct vu_call *c)
{
	long r = sys_path(c);

	vu_links_changed();
	return r;
}

/* The kernel looks for the old name before it minds what the new one is. */
static bool old_is_missing(const struct vu_path *old)
{
	struct statx sx;

	return old->real[0] &&
	       vu_stat_place(old->dirfd, old->real, AT_SYMLINK_NOFOLLOW, &sx) == -ENOENT;
}

/* The mount that the name itself is in: a mount point is in the one beneath. */
static uint32_t mount_of_name(struct vu_call *c, struct vu_path *p)
{
	struct vu_view_mount m;

	if ((p->flags & VU_PATH_UNPLACED) && p->real[0])
		vu_resolve_str(c, p->dirfd, p->real, VU_PARENT | VU_WANT_VIRT, p);
	if (!operates_on_root(p))
		return p->mount;
	return vu_mount_by_id(p->mount, &m) ? m.parent : 0;
}

/* What comes before error r of one of the names: a missing old one, another mount. */
static long sooner(struct vu_call *c, const struct vu_name *n, struct vu_path *old,
		   struct vu_path *new, long r)
{
	if (old_is_missing(old))
		return -ENOENT;
	if (r != -EBUSY || n[0].kind != 'n')
		return r;
	if (new->flags == UNRESOLVED && vu_name_resolve(c, &n[1], 0, new) < 0)
		return r;
	return mount_of_name(c, old) != mount_of_name(c, new) ? -EXDEV : r;
}

/* Two paths: rename, link. */
long sys_path2(struct vu_call *c)
{
	struct vu_path *old = &c->s->path[0], *new = &c->s->path[1];
	struct vu_name n[2];
	long r;

	vu_names(c, n);
	new->flags = UNRESOLVED;
	r = prepare(c, &n[0], old);
	if (!r)
		r = prepare(c, &n[1], new);
	if (!r) {
		vu_name_apply(c, &n[1], new);
		vu_name_apply(c, &n[0], old);
		r = vu_mount_lost(c, new, vu_mount_lost(c, old, vu_native_blocking(c)));
	} else {
		r = sooner(c, n, old, new, r);
	}
	vu_path_put(old);
	if (new->flags != UNRESOLVED)
		vu_path_put(new);
	vu_links_changed();
	return r;
}

/* stat and its kin: like the others, but /proc/PID/exe is the guest's program. */
long sys_stat(struct vu_call *c)
{
	struct vu_path *p = &c->s->path[0];
	struct vu_name n[2];
	long r;

	vu_names(c, n);
	if (!c->arg[n[0].path]) /* with AT_EMPTY_PATH the descriptor (Linux 6.11) */
		return vu_native_blocking(c);
	r = vu_name_resolve(c, &n[0], VU_SPECIAL, p);
	if (r < 0)
		return r;
	vu_name_apply(c, &n[0], p);
	return vu_name_issue(c, p);
}

long sys_statfs(struct vu_call *c)
{
	return sys_path(c);
}

/* The handle names no path; the mount's descriptor is the guest's own (and it needs privilege). */
long sys_open_by_handle_at(struct vu_call *c)
{
	return vu_native_blocking(c);
}

/* Writes a link's text of n bytes to the guest as readlink(2) does: cut, without NUL. */
static long give_text(unsigned long buf, long size, const char *text, size_t n)
{
	if (n > (size_t)size)
		n = (size_t)size;
	return guest_write(buf, text, n) < 0 ? -EFAULT : (long)n;
}

/* The text of a magic link in /proc, in the terms of the view. */
static long read_magic(struct vu_call *c, struct vu_path *p, unsigned long buf, long size)
{
	struct vu_path *out = &c->s->path[1];
	int pid = vu_exe_pid(p->virt);
	char *work = c->s->tmp[0];
	uint32_t mount;
	long n;

	if (pid && !(vu_is_own_pid(pid) ? vu_own_exe(out->virt, out->real, &mount, work) :
					  vu_exe_of(pid, out->virt, out->real, &mount, work)))
		return give_text(buf, size, out->virt, vu_strlen(out->virt));
	n = vu_link_text(p->dirfd, p->real, out->virt, &mount);
	return n < 0 ? n : give_text(buf, size, out->virt, (size_t)n);
}

long sys_readlink(struct vu_call *c)
{
	struct vu_path *p = &c->s->path[0];
	struct vu_name n[2];
	long size, r;

	vu_names(c, n);
	size = (int)c->arg[n[0].path + 2];
	if (size <= 0)
		return -EINVAL;
	r = vu_name_resolve(c, &n[0], VU_SPECIAL | VU_EMPTY_OK, p);
	if (r < 0)
		return r;
	if ((p->flags & VU_PATH_ROOT) && !(p->flags & VU_PATH_NATIVE)) {
		r = -EINVAL;
	} else if (p->real[0] && vu_link_is_magic(p->dirfd, p->real)) {
		unsigned long buf = c->arg[n[0].path + 1];

		/* What the kernel, or a filter of the guest's, says comes first, but its text is not the guest's. */
		vu_name_apply(c, &n[0], p);
		c->arg[n[0].path + 1] = (unsigned long)c->s->tmp[1];
		c->arg[n[0].path + 2] = 1;
		r = vu_native(c);
		if (r >= 0)
			r = read_magic(c, p, buf, size);
	} else {
		vu_name_apply(c, &n[0], p);
		return vu_name_issue(c, p);
	}
	vu_path_put(p);
	return r;
}

long sys_getcwd(struct vu_call *c)
{
	char *buf = c->s->path[0].virt;
	uint32_t mount;
	long n;

	if (!vu_touches(VU_TOUCH_PATHS))
		return vu_native(c);
	/* In the guest's name first: a filter of its own may have something to say. */
	n = vu_guest_sys6(c->nr, (long)buf, VU_PATH_MAX, 0, 0, 0, 0);
	if (n >= 0)
		n = buf[0] == '/' ? n - 1 : vu_cwd_path(buf, &mount);
	if (n < 0)
		return n == -EXDEV ? vu_native(c) : n;
	if ((unsigned long)n + 1 > c->arg[1])
		return -ERANGE;
	return guest_write(c->arg[0], buf, (size_t)n + 1) < 0 ? -EFAULT : n + 1;
}
