/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where things are in the view: from a descriptor, the cwd or a magic link of /proc to a canonical path.
 *
 * The kernel tells the mount (statx(2), stx_mnt_id: no FUSE server is asked) and the path. Mounts of the
 * view are detached: of what lies in them the kernel shows the path from the mount's root, getcwd(2)
 * with "(unreachable)" in front. Everything else is the host's and shown as it is.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/magic.h>

#include "agent/path.h"
#include "agent/tree.h"

#define UNREACHABLE "(unreachable)"
#define DELETED	    " (deleted)"
#define OVERFLOW_ID 65534u /* what the kernel shows for ids that it does not know */

long vu_stat_place(int dirfd, const char *name, int at_flags, struct statx *sx)
{
	/* An empty mask: what is asked for here is filled in whatever the mask, and a FUSE mount
	 * refuses other users' questions for more (fuse_getattr()). */
	return vu_sys(__NR_statx, dirfd, name, at_flags | AT_STATX_DONT_SYNC, 0, sx);
}

size_t vu_server_fds_name(char *buf)
{
	size_t n = vu_strlcpy(buf, "/proc/", 64);

	n += vu_utoa(buf + n, (unsigned long)vu_view()->server);
	return n + vu_strlcpy(buf + n, "/fd/", 8);
}

size_t vu_mount_name(const struct vu_view_mount *m, char *buf)
{
	size_t n = vu_tree_name(m, buf);

	if (n)
		return n;
	n = vu_server_fds_name(buf);
	return n + vu_utoa(buf + n, (unsigned long)m->fd);
}

/* The mount hung in the tree. If it does not any more, but is the view's, it is reached otherwise from now on. */
static long lost_in_tree(struct vu_call *c, const struct vu_path *p, const char *name, long r)
{
	struct vu_view_mount m;

	if (vu_tree_mount(name, &name) != p->mount)
		return r;
	if (vu_mount_by_id(p->mount, &m)) {
		vu_tree_meet(&m);
		if (vu_tree())
			return r;
	}
	c->again = true;
	return -ENOTCONN;
}

long vu_mount_lost(struct vu_call *c, const struct vu_path *p, long r)
{
	char name[64], body[1];
	struct vu_view_mount m;
	size_t n, at = 0;

	if ((r != -ENOENT && r != -EACCES && r != -ESRCH && r != -EROFS) || !p->real[0] ||
	    (p->flags & VU_PATH_NATIVE))
		return r;
	if (vu_tree_rest(p->real))
		return lost_in_tree(c, p, vu_tree_rest(p->real), r);
	if (!agent_process.ref.server)
		return r;
	n = vu_server_fds_name(name);
	if (r == -EROFS || vu_strncmp(p->real, name, n))
		return r;
	while (p->real[n + at] >= '0' && p->real[n + at] <= '9' && n + at < sizeof(name) - 1)
		at++;
	memcpy(name + n, p->real + n, at);
	name[n + at] = 0;
	if (vu_sys(__NR_readlinkat, AT_FDCWD, name, body, sizeof(body)) >= 0)
		return r;
	c->again = p->mount && !vu_mount_by_id(p->mount, &m);
	return -ENOTCONN;
}

void vu_meet_root(const struct vu_view_mount *m)
{
	char name[64];
	struct statx sx;

	if (!(m->flags & VU_MOUNT_DAEMON) || m->id == agent_process.serves ||
	    m->id == agent_process.met)
		return;
	vu_mount_name(m, name);
	if (vu_stat_place(AT_FDCWD, name, 0, &sx) < 0)
		return;
	if ((sx.stx_uid != OVERFLOW_ID && sx.stx_gid != OVERFLOW_ID) ||
	    !vu_sys(__NR_statx, AT_FDCWD, name, 0, STATX_BASIC_STATS, &sx))
		agent_process.met = m->id;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = vu_strlen(end);

	return len >= n && !vu_strcmp(s + len - n, end);
}

/* Leaves of what the kernel shows of a path in mount `id` the path in it. */
static size_t take_from_tree(uint32_t id, char *text, size_t n)
{
	size_t skip = vu_tree_skip(id, text, n);

	if (!skip)
		return n;
	memmove(text, text + skip, n - skip + 1);
	if (n == skip)
		vu_strlcpy(text, "/", 2);
	return n == skip ? 1 : n - skip;
}

long vu_put_before(uint32_t id, char *text, size_t n)
{
	struct vu_view_mount m;
	size_t skip;
	char first;

	n = take_from_tree(id, text, n);
	if (!vu_mount_by_id(id, &m))
		return -ENOENT;
	skip = vu_root_len(&m);
	if (!skip)
		return (long)n;
	if (n == 1)
		n = 0;
	if (skip + n >= VU_PATH_MAX)
		return -ENAMETOOLONG;
	/* The mount's path is copied with its NUL, which may lie on the text's first byte. */
	memmove(text + skip, text, n);
	first = text[skip];
	if (vu_mount_path(id, text) != (long)skip)
		return -ENOENT;
	text[skip] = first;
	text[skip + n] = 0;
	return (long)(skip + n);
}

/* The kernel's text for a link in /proc, without the mounts of the view. */
static long raw_text(int dirfd, const char *name, char *buf)
{
	long n = vu_sys(__NR_readlinkat, dirfd, name, buf, VU_PATH_MAX);

	if (n >= VU_PATH_MAX)
		return -ENAMETOOLONG;
	if (n >= 0)
		buf[n] = 0;
	return n;
}

/* A memfd that stands for a file of /proc: shown as that file. */
static long unmask(char *buf, long n)
{
	static const char mask[] = "/memfd:" VU_PROC_MEMFD;
	size_t skip = sizeof(mask) - 1;

	if (vu_strncmp(buf, mask, skip) || !ends_with(buf, (size_t)n, DELETED))
		return n;
	n -= (long)(skip + sizeof(DELETED) - 1);
	memmove(buf, buf + skip, (size_t)n);
	buf[n] = 0;
	return n;
}

long vu_link_text(int dirfd, const char *name, char *buf, uint32_t *mount)
{
	struct vu_view_mount m;
	struct statx sx;
	long n = raw_text(dirfd, name, buf);

	*mount = 0;
	if (n < 0 || buf[0] != '/')
		return n;
	n = unmask(buf, n);
	if (!vu_touches(VU_TOUCH_PATHS))
		return n;
	if (vu_stat_place(dirfd, name, 0, &sx) < 0 || !vu_mount_by_mnt_id(sx.stx_mnt_id, &m))
		return n;
	*mount = m.id;
	return vu_put_before(m.id, buf, (size_t)n);
}

/* Is `text` of the host, shown by the kernel for what *sx tells, really the way to it? */
static bool is_there(const char *text, size_t n, const struct statx *sx)
{
	struct statx there;
	long r = vu_stat_place(AT_FDCWD, text, AT_SYMLINK_NOFOLLOW, &there);

	if (r == -EACCES)
		return !ends_with(text, n, DELETED);
	return !r && there.stx_ino == sx->stx_ino && there.stx_mnt_id == sx->stx_mnt_id &&
	       there.stx_dev_major == sx->stx_dev_major && there.stx_dev_minor == sx->stx_dev_minor;
}

/* Turns the kernel's path of an object that *sx tells of into the view's. */
static long to_view(char *buf, size_t n, const struct statx *sx, uint32_t *mount)
{
	struct vu_view_mount m;

	*mount = 0;
	if (buf[0] != '/')
		return -ENOENT;
	if (!vu_mount_by_mnt_id(sx->stx_mnt_id, &m))
		return is_there(buf, n, sx) ? (long)n : -ENOENT;
	if (!sx->stx_nlink && ends_with(buf, n, DELETED))
		return -ENOENT;
	*mount = m.id;
	return vu_put_before(m.id, buf, n);
}

long vu_link_place(int dirfd, const char *name, char *buf, uint32_t *mount)
{
	struct statx sx;
	long n;

	*mount = 0;
	n = vu_stat_place(dirfd, name, 0, &sx);
	if (n < 0)
		return n;
	n = raw_text(dirfd, name, buf);
	return n < 0 ? n : to_view(buf, (size_t)n, &sx, mount);
}

long vu_cwd_path(char *buf, uint32_t *mount)
{
	size_t skip = sizeof(UNREACHABLE) - 1;
	struct vu_view_mount m;
	struct statx sx;
	long n = vu_sys(__NR_getcwd, buf, VU_PATH_MAX), r;

	*mount = 0;
	if (n <= 0)
		return n ? n : -ENOENT;
	n--;
	if (buf[0] == '/')
		return n;
	if ((size_t)n <= skip || vu_strncmp(buf, UNREACHABLE, skip))
		return -EXDEV;
	r = vu_stat_place(AT_FDCWD, "", AT_EMPTY_PATH, &sx);
	if (r < 0)
		return r;
	if (!vu_mount_by_mnt_id(sx.stx_mnt_id, &m))
		return -EXDEV;
	*mount = m.id;
	memmove(buf, buf + skip, (size_t)n - skip + 1);
	return vu_put_before(m.id, buf, (size_t)n - skip);
}

long vu_fd_path(int fd, char *buf, uint32_t *mount)
{
	struct statx sx;
	char name[40];
	long r;

	if (fd == AT_FDCWD) {
		r = vu_cwd_path(buf, mount);
		return r == -EXDEV ? -ENOENT : r;
	}
	if (fd < 0)
		return -EBADF;
	r = vu_stat_place(fd, "", AT_EMPTY_PATH, &sx);
	if (r < 0)
		return r;
	vu_strlcpy(name, "/proc/self/fd/", sizeof(name));
	vu_append_num(name, sizeof(name), (unsigned long)fd);
	r = raw_text(AT_FDCWD, name, buf);
	return r < 0 ? r : to_view(buf, (size_t)r, &sx, mount);
}

/* Is the directory of `name`, its first dir_len bytes, in procfs? */
static bool lies_in_procfs(int dirfd, const char *name, size_t dir_len)
{
	struct {
		long type;
		long rest[14]; /* struct statfs of the kernel has 120 bytes */
	} fs;
	char dir[128];
	long fd, r;

	if (dir_len >= sizeof(dir))
		return false;
	memcpy(dir, name, dir_len);
	dir[dir_len] = 0;
	if (dirfd == AT_FDCWD || name[0] == '/') {
		r = vu_sys(__NR_statfs, dir_len ? dir : ".", &fs);
	} else if (!dir_len) {
		r = vu_sys(__NR_fstatfs, dirfd, &fs);
	} else {
		fd = vu_sys(__NR_openat, dirfd, dir,
			    010000000 /* O_PATH */ | 02000000 /* O_CLOEXEC */);
		if (fd < 0)
			return false;
		r = vu_sys(__NR_fstatfs, fd, &fs);
		vu_sys(__NR_close, fd);
	}
	return !r && fs.type == PROC_SUPER_MAGIC;
}

static const char *last_component(const char *name)
{
	const char *slash = vu_strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* Is the component that ends before `end` one of the directories that are full of magic links? */
static bool in_magic_dir(const char *name, const char *end)
{
	static const char *const dirs[] = { "fd", "ns", "map_files" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		size_t n = vu_strlen(dirs[i]);

		if ((size_t)(end - name) < n || vu_strncmp(end - n, dirs[i], n))
			continue;
		if ((size_t)(end - name) == n || end[-(long)n - 1] == '/')
			return true;
	}
	return false;
}

/* Links in procfs with a text of their own ("self", "mounts") are relative; magic ones show paths, or
 * "kind:[number]". */
static bool has_magic_text(int dirfd, const char *name)
{
	char text[32];
	long n = vu_sys(__NR_readlinkat, dirfd, name, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = 0;
	return text[0] == '/' || vu_strchr(text, ':');
}

bool vu_link_is_magic(int dirfd, const char *name)
{
	const char *last = last_component(name);
	size_t dir_len = (size_t)(last - name);
	bool unknown = !dir_len || (dir_len >= 3 && !vu_strncmp(last - 3, "../", 3));

	if (!vu_strcmp(last, "cwd") || !vu_strcmp(last, "root") || !vu_strcmp(last, "exe") ||
	    in_magic_dir(name, dir_len ? last - 1 : last))
		return lies_in_procfs(dirfd, name, dir_len);
	/* The name does not tell the directory. */
	return unknown && lies_in_procfs(dirfd, name, dir_len) && has_magic_text(dirfd, name);
}
