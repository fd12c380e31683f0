/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * getdents: directories list the mount points in them that exist in the view only ("ghosts"); the folder of
 * a process's own descriptors does not list the agent's.
 *
 * A pass over a directory begins at position 0 and the kernel never comes back there, so the first
 * call of a pass gives the ghosts, behind what the kernel gives: once, with nothing to remember. Their
 * d_off is the position after that first part. No ghosts are shown by a directory that does not leave
 * position 0 (it is empty even of "." and ".."), nor in a first buffer too small for them and an entry.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "agent/anchor.h"
#include "agent/handlers.h"
#include "agent/lines.h"
#include "agent/path.h"

#define SEEK_CUR_  1
#define DT_DIR_	   4
#define DT_REG_	   8
#define BIG_ENTRY  288 /* an entry with a name of 255 bytes */
#define OFF_AT	   8   /* where both formats of entries have d_off and d_reclen */
#define RECLEN_AT  16
#define TYPE_AT_64 18 /* d_type of getdents64, then the name; in the old one at the entry's end */

struct listing {
	int fd;
	bool old; /* getdents(2) */
	uint32_t mount;
	const char *dir;
	size_t dir_len;
	char *buf;
	size_t used, size;
};

static void add_entry(struct listing *l, const struct vu_view_mount *m, const char *name)
{
	size_t n = vu_strlen(name), head = l->old ? TYPE_AT_64 : TYPE_AT_64 + 1;
	size_t len = (head + n + 1 + (l->old ? 1 : 0) + 7) & ~7ul;
	char *at = l->buf + l->used, root[64];
	uint64_t ino = 1;
	struct statx sx;
	uint16_t reclen = (uint16_t)len;

	if (l->used + len > l->size)
		return;
	vu_mount_name(m, root);
	if (!vu_stat_place(AT_FDCWD, root, 0, &sx) && sx.stx_ino)
		ino = sx.stx_ino;
	memset(at, 0, len);
	memcpy(at, &ino, sizeof(ino));
	memcpy(at + RECLEN_AT, &reclen, sizeof(reclen));
	memcpy(at + head, name, n);
	at[l->old ? len - 1 : TYPE_AT_64] = m->flags & VU_MOUNT_FILE ? DT_REG_ : DT_DIR_;
	l->used += len;
}

static bool add_ghost(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	struct listing *l = ctx;
	const char *path = vu_view_str(a, m->path), *slash = vu_strrchr(path, '/');
	struct statx sx;

	if (!(m->flags & VU_MOUNT_GHOST) || m->parent != l->mount || !slash || !slash[1])
		return false;
	if ((size_t)(slash - path) != l->dir_len || vu_strncmp(path, l->dir, l->dir_len))
		return false;
	/* Somebody may have made it meanwhile. */
	if (vu_stat_place(l->fd, slash + 1, AT_SYMLINK_NOFOLLOW, &sx) == -ENOENT)
		add_entry(l, m, slash + 1);
	return false;
}

/* Finds the ghosts of the directory. */
static bool find_ghosts(struct vu_call *c, struct listing *l)
{
	long n = vu_fd_path(l->fd, c->s->path[0].virt, &l->mount);

	if (n <= 0)
		return false;
	l->dir = c->s->path[0].virt;
	l->dir_len = n == 1 ? 0 : (size_t)n;
	l->buf = c->s->msg;
	l->size = sizeof(c->s->msg);
	do
		l->used = 0;
	while (!vu_mount_each(add_ghost, l));
	return l->used;
}

/* --- descriptors of the agent's --- */

/* Is it the folder of descriptors of a process that has the tree? Asked in the folder: there may be no /proc. */
static bool has_tree(int fd)
{
	struct statx sx;
	char tree[12];

	vu_utoa(tree, (unsigned long)vu_tree());
	return vu_tree() && !vu_stat_place(fd, tree, 0, &sx) &&
	       sx.stx_mnt_id == vu_view()->tree_mnt_id;
}

/* Is it one of the folders of the process's own descriptors? */
static bool is_own(int fd)
{
	static const char *const names[] = { "/proc/self/fd", "/proc/thread-self/fd",
					     "/proc/self/fdinfo", "/proc/thread-self/fdinfo" };
	struct statx sx, own;

	if (vu_stat_place(fd, "", AT_EMPTY_PATH, &sx))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (vu_stat_place(AT_FDCWD, names[i], 0, &own) || own.stx_mnt_id != sx.stx_mnt_id)
			return false; /* most folders are not in procfs */
		if (own.stx_ino == sx.stx_ino)
			return true;
	}
	return false;
}

static int number(const char *name)
{
	uint64_t n = vu_parse_num(&name, 10);

	return *name || n > INT32_MAX ? -1 : (int)n;
}

/* Takes the anchors out of n bytes of entries in the guest's buffer; what is left. */
static long drop_anchors(unsigned long buf, long n, bool old)
{
	char entry[BIG_ENTRY];
	unsigned long to = buf;
	uint16_t len = 0;

	for (unsigned long at = buf; at < buf + (unsigned long)n; at += len) {
		memset(entry, 0, sizeof(entry));
		if (guest_read(&len, at + RECLEN_AT, sizeof(len)) < 0 || !len ||
		    len >= sizeof(entry) || guest_read(entry, at, len) < 0)
			return n;
		if (vu_is_anchor(number(entry + TYPE_AT_64 + !old)))
			continue;
		if (to != at && guest_write(to, entry, len) < 0)
			return n;
		to += len;
	}
	return (long)(to - buf);
}

/* A part of a folder in which all are anchors must not look like its end. */
static long list_own_fds(struct vu_call *c)
{
	long r, left;

	do {
		r = vu_native_blocking(c);
		left = r > 0 ? drop_anchors(c->arg[1], r, c->nr == __NR_getdents) : r;
	} while (r > 0 && !left);
	return left;
}

long sys_getdents(struct vu_call *c)
{
	struct listing l = { .fd = (int)c->arg[0], .old = c->nr == __NR_getdents };
	unsigned int size = (unsigned int)c->arg[2];
	uint64_t off;
	long r;

	if (vu_has_own_fds() && (has_tree(l.fd) || is_own(l.fd)))
		return list_own_fds(c);
	if (!vu_touches(VU_TOUCH_PATHS))
		return vu_native(c);
	if (!vu_touches(VU_TOUCH_GHOST) || vu_sys(__NR_lseek, l.fd, 0, SEEK_CUR_) ||
	    !find_ghosts(c, &l) || size < l.used + BIG_ENTRY)
		return vu_native_blocking(c);
	c->arg[2] = size - l.used;
	r = vu_native_blocking(c);
	if (r <= 0)
		return r;
	off = (uint64_t)vu_sys(__NR_lseek, l.fd, 0, SEEK_CUR_);
	if ((int64_t)off <= 0)
		return r;
	for (size_t at = 0; at < l.used;) {
		uint16_t len;

		memcpy(l.buf + at + OFF_AT, &off, sizeof(off));
		memcpy(&len, l.buf + at + RECLEN_AT, sizeof(len));
		at += len;
	}
	return guest_write(c->arg[1] + (unsigned long)r, l.buf, l.used) < 0 ? r : r + (long)l.used;
}
