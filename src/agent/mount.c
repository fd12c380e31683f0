/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount, umount2 and their kin. Mounting is umvu's work: the agent fetches the arguments, finds the
 * mount point in the view, opens the source as the caller may, and asks. What the kernel itself can do
 * for the caller (in a user namespace of its own) it does; types of modules never go to it.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "agent/handlers.h"
#include "agent/known.h"
#include "agent/mount.h"
#include "agent/open.h"

#define MNT_FORCE_	 1
#define MNT_DETACH_	 2
#define MNT_EXPIRE_	 4
#define UMOUNT_NOFOLLOW_ 8
#define F_DUPFD_	 0
#define F_SETFD_	 2
#define F_DUPFD_CLOEXEC_ 1030
#define TYPE_AT		 VU_PATH_MAX /* in the scratch's msg: the source, then the type */
#define TYPE_MAX	 1024
#define MAKES_NO_MOUNT \
	(MS_REMOUNT | MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

struct vec {
	const void *base;
	size_t len;
};

/* Shows umvu's words to the user, line by line. */
static void complain(const char *text)
{
	while (*text) {
		const char *end = vu_strchr(text, '\n');
		size_t n = end ? (size_t)(end - text) : vu_strlen(text);
		struct vec line[3] = { { "umvu: ", 6 }, { text, n }, { "\n", 1 } };

		if (n)
			vu_sys(__NR_writev, 2, line, 3);
		text += n + (end ? 1 : 0);
	}
}

long vu_place_fd(int fd, bool cloexec)
{
	long low = vu_sys(__NR_fcntl, fd, cloexec ? F_DUPFD_CLOEXEC_ : F_DUPFD_, 0);

	if (low >= 0 && low < fd) {
		vu_sys(__NR_close, fd);
		return low;
	}
	if (low >= 0)
		vu_sys(__NR_close, low);
	vu_sys(__NR_fcntl, fd, F_SETFD_, cloexec ? 1 : 0);
	return fd;
}

void vu_wear_tag(const struct vu_rpc_answer *a)
{
	if (a->fd < 0)
		return;
	vu_sys(__NR_mmap, 0, 4096, PROT_READ, MAP_PRIVATE, a->fd, 0);
	vu_sys(__NR_close, a->fd);
	agent_process.serves = (uint32_t)a->reply.a;
}

long vu_mount_ask(struct vu_call *c, struct vu_rpc_request *rq, const struct vu_rpc_text *texts,
		  int n_texts, struct vu_rpc_answer *a)
{
	long r;

	a->text = c->s->msg;
	a->size = sizeof(c->s->msg);
	r = vu_rpc_ask(c, rq, texts, n_texts, a);
	if (r < 0)
		complain(a->text);
	if (r < 0 && a->fd >= 0) {
		vu_sys(__NR_close, a->fd);
		a->fd = -1;
	}
	return r;
}

bool vu_is_module_type(const char *type)
{
	return !vu_strncmp(type, "vu", 2) || !vu_strncmp(type, "fuse", 4);
}

long vu_mount_target(struct vu_call *c, int dirfd, unsigned long path, uint32_t how,
		     struct vu_path *p, uint64_t *bits)
{
	struct statx sx;
	long r = vu_resolve(c, dirfd, path, how | VU_CREATE | VU_WANT_VIRT, p);

	if (r < 0)
		return r;
	if (!p->virt[0])
		return -EINVAL;
	if (!p->real[0]) /* by descriptor */
		r = vu_stat_place(dirfd, "", AT_EMPTY_PATH, &sx);
	else
		r = vu_stat_place(p->dirfd, p->real, 0, &sx);
	if (r == -ENOENT && !(how & VU_FOLLOW)) /* there is no link: is there its directory? */
		r = vu_resolve_str(c, VU_AT_FDCWD, p->virt, VU_FOLLOW | VU_CREATE | VU_WANT_VIRT, p) ?:
			    -ENOENT;
	if (r == -ENOENT && (p->flags & VU_PATH_MISSING))
		return 0;
	if (!r)
		*bits |= (sx.stx_mode & S_IFMT) == S_IFDIR ? VU_MNT_TARGET_DIR : VU_MNT_TARGET_REG;
	return r;
}

/* Opens it for writing, or as the caller may. The descriptor or -errno. */
static long open_source(const char *name, struct vu_path *p, struct vu_call *c, uint64_t *bits)
{
	long flags = VU_O_CLOEXEC | VU_O_NONBLOCK, fd;
	struct statx sx;
	uint32_t type;

	fd = *name ? vu_resolve_str(c, AT_FDCWD, name, VU_FOLLOW | VU_WANT_VIRT, p) : -ENOENT;
	if (!fd)
		fd = p->virt[0] ? vu_stat_place(p->dirfd, p->real, 0, &sx) : -ENOENT;
	if (fd < 0)
		return fd;
	type = sx.stx_mode & S_IFMT;
	if (type != S_IFREG && type != S_IFBLK)
		return -ENOTBLK;
	fd = vu_sys(__NR_openat, p->dirfd, p->real, VU_O_RDWR | flags, 0);
	if (fd >= 0)
		return fd;
	*bits |= VU_MNT_SOURCE_RO;
	return vu_sys(__NR_openat, p->dirfd, p->real, flags, 0);
}

int vu_mount_source(struct vu_call *c, const char *name, struct vu_path *p, uint64_t *bits)
{
	uint64_t how = 0;
	long fd = open_source(name, p, c, &how);

	*bits &= ~(VU_MNT_SOURCE_FD | VU_MNT_SOURCE_RO | VU_MNT_ERROR_MASK);
	*bits |= fd < 0 ? VU_MNT_ERROR(-fd) : how | VU_MNT_SOURCE_FD;
	return fd < 0 ? -1 : (int)fd;
}

/* A string argument of mount(2): NULL is "". */
static long read_arg(char *buf, size_t size, unsigned long from)
{
	buf[0] = 0;
	return from ? guest_read_str(buf, size, from) : 0;
}

/* The number N of "fd=N" among the options, -1 none. */
static int fuse_fd(const char *data)
{
	const char *s = data;
	int n = 0;

	while (vu_strncmp(s, "fd=", 3)) {
		s = vu_strchr(s, ',');
		if (!s)
			return -1;
		s++;
	}
	for (s += 3; *s >= '0' && *s <= '9' && n < 1 << 24; s++)
		n = n * 10 + (*s - '0');
	return *s && *s != ',' ? -1 : n;
}

/* Source and type are in msg; of path[1] virt is the target, real has the options. */
static long ask_mount(struct vu_call *c, unsigned long flags, uint64_t bits)
{
	struct vu_scratch *s = c->s;
	const char *type = s->msg + TYPE_AT, *data = s->path[1].real;
	struct vu_rpc_request rq = { .op = VU_RPC_MOUNT, .a = flags, .b = s->path[1].mount };
	struct vu_rpc_text texts[4] = { { type, vu_strlen(type) + 1 },
					{ s->msg, vu_strlen(s->msg) + 1 },
					{ s->path[1].virt, vu_strlen(s->path[1].virt) + 1 },
					{ data, vu_strlen(data) + 1 } };
	int fuse = vu_strncmp(type, "fuse", 4) ? -1 : fuse_fd(data), source = -1;
	struct vu_rpc_answer a = { .fds = &fuse, .n_fds = 1 };
	long r;

	if (fuse >= 0) {
		bits |= VU_MNT_FUSE_FD;
	} else {
		source = vu_mount_source(c, s->msg, &s->path[0], &bits);
		if (source >= 0)
			texts[1] = (struct vu_rpc_text){ s->path[0].virt,
							 vu_strlen(s->path[0].virt) + 1 };
		a.fds = &source;
		a.n_fds = source >= 0;
	}
	rq.c = bits;
	r = vu_mount_ask(c, &rq, texts, 4, &a);
	if (source >= 0) {
		vu_sys(__NR_close, source);
		vu_path_put(&s->path[0]);
	}
	vu_wear_tag(&a);
	return r == -EBADF ? -EINVAL : r;
}

/* The caller's namespace may let it mount what is no module's. */
static long mount_natively(struct vu_call *c)
{
	struct vu_scratch *s = c->s;
	struct vu_path *p = &s->path[1];
	unsigned long was = c->arg[1];
	long r = vu_resolve(c, VU_AT_FDCWD, was, VU_FOLLOW, p);

	if (r < 0 && !(p->flags & VU_PATH_NATIVE) && !p->real[0])
		return r;
	if (p->real[0])
		c->arg[1] = (unsigned long)p->real;
	r = vu_native_blocking(c);
	vu_path_put(p);
	c->arg[1] = was;
	return r;
}

/* Does a filter of the guest's let it mount or umount? A call without a name fails with EFAULT if so. */
static long judge(const struct vu_call *c)
{
	long r = vu_guest_sys6(c->nr, 0, 0, 0, 0, 0, 0);

	return r == -EFAULT ? 0 : r;
}

/* mount -o remount of a mount of the view; others are the kernel's. */
static long remount(struct vu_call *c, unsigned long flags)
{
	struct vu_rpc_request rq = { .op = VU_RPC_MOUNT, .a = flags };
	struct vu_path *p = &c->s->path[1];
	struct vu_rpc_text texts[4] = { { "", 1 }, { "", 1 }, { p->virt, 0 }, { "", 1 } };
	struct vu_rpc_answer a = { .n_fds = 0 };
	long r = vu_resolve(c, VU_AT_FDCWD, c->arg[1], VU_FOLLOW | VU_WANT_VIRT, p);

	if (r < 0 || !(p->flags & VU_PATH_ROOT)) {
		vu_path_put(p);
		return mount_natively(c);
	}
	rq.b = p->mount;
	texts[2].len = vu_strlen(p->virt) + 1;
	r = judge(c);
	if (!r)
		r = vu_mount_ask(c, &rq, texts, 4, &a);
	vu_path_put(p);
	return r;
}

long sys_mount(struct vu_call *c)
{
	struct vu_path *target = &c->s->path[1];
	char *type = c->s->msg + TYPE_AT;
	unsigned long flags = c->arg[3];
	uint64_t bits = 0;
	long r, native = 0;

	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	if ((flags & MS_REMOUNT) && vu_touches(VU_TOUCH_PATHS))
		return remount(c, flags);
	if (agent_process.viewless || (flags & MAKES_NO_MOUNT) || !c->arg[2])
		return mount_natively(c);
	r = read_arg(type, TYPE_MAX, c->arg[2]);
	if (r < 0)
		return r == -ENAMETOOLONG ? -EINVAL : r;
	if (!vu_is_module_type(type)) {
		native = mount_natively(c);
		if (native != -EPERM && native != -ENODEV)
			return native;
	}
	r = judge(c);
	if (r < 0)
		return r;
	r = read_arg(c->s->msg, VU_PATH_MAX, c->arg[0]);
	if (r < 0)
		return r == -ENAMETOOLONG ? -EINVAL : r;
	r = vu_mount_target(c, VU_AT_FDCWD, c->arg[1], VU_FOLLOW, target, &bits);
	if (!r) {
		r = read_arg(target->real, VU_PATH_MAX, c->arg[4]);
		target->real[VU_PATH_MAX - 1] = 0; /* the kernel takes a page of options, cut */
		r = r < 0 && r != -ENAMETOOLONG ? r : ask_mount(c, flags, bits);
	}
	vu_path_put(target);
	return r == -ENODEV && native ? native : r;
}

/* Of the host's. */
static bool is_mount_point(const struct vu_path *p)
{
	struct statx sx;

	return vu_stat_place(p->dirfd, p->real, 0, &sx) < 0 ||
	       (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

long sys_umount(struct vu_call *c)
{
	struct vu_path *p = &c->s->path[0];
	struct vu_rpc_request rq = { .op = VU_RPC_UMOUNT, .a = c->arg[1] };
	struct vu_rpc_answer a = { .n_fds = 0 };
	struct vu_rpc_text text;
	uint32_t how = c->arg[1] & UMOUNT_NOFOLLOW_ ? VU_WANT_VIRT : VU_WANT_VIRT | VU_FOLLOW;
	long r;

	if (agent_process.viewless ||
	    (c->arg[1] &
	     ~(unsigned long)(MNT_FORCE_ | MNT_DETACH_ | MNT_EXPIRE_ | UMOUNT_NOFOLLOW_)))
		return vu_native(c);
	r = vu_resolve(c, VU_AT_FDCWD, c->arg[0], how, p);
	if (r < 0 && !(p->flags & VU_PATH_NATIVE) && !p->real[0])
		return r;
	if (!r && (p->flags & VU_PATH_ROOT)) {
		rq.b = p->mount;
		text = (struct vu_rpc_text){ p->virt, vu_strlen(p->virt) + 1 };
		r = judge(c);
		if (!r)
			r = vu_mount_ask(c, &rq, &text, 1, &a);
	} else {
		if (p->real[0])
			c->arg[0] = (unsigned long)p->real;
		r = vu_native(c);
		/* The kernel lets no ordinary user unmount; where nothing is mounted, that is the matter. */
		if (r == -EPERM && !is_mount_point(p))
			r = -EINVAL;
		vu_links_changed();
	}
	vu_path_put(p);
	return r;
}

/* Not for guests, in the kernel's words: names are translated, the kernel refuses. */
long sys_pivot_root(struct vu_call *c)
{
	long r = sys_path2(c);

	vu_known_leave();
	return r;
}

/* statmount, listmount: they know nothing of the view; without them callers read mountinfo. */
long sys_statmount(struct vu_call *c)
{
	(void)c;
	return -ENOSYS;
}

/*
 * The kernel's sync does not reach what a FUSE daemon holds back (it sends FUSE_SYNCFS to virtiofs
 * only); fsync of the root does.
 */
static long sync_mount(struct vu_call *c, const struct vu_view_mount *m)
{
	struct vu_call call = *c;
	char name[64];
	long fd, r;

	if (m->flags & (VU_MOUNT_RDONLY | VU_MOUNT_HIDDEN))
		return 0;
	vu_mount_name(m, name);
	fd = vu_sys(__NR_openat, VU_AT_FDCWD, name, VU_O_CLOEXEC | VU_O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	call.nr = __NR_fsync;
	call.arg[0] = (unsigned long)fd;
	r = vu_native_blocking(&call);
	vu_sys(__NR_close, fd);
	return r == -EINVAL || r == -ENOSYS ? 0 : r;
}

static bool sync_each(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	(void)a;
	sync_mount(ctx, m);
	return false;
}

long sys_sync(struct vu_call *c)
{
	bool all = c->nr == __NR_sync;
	struct vu_view_mount m;
	struct statx sx;
	long r = vu_native_blocking(c);

	/* A driver must not wait for itself. */
	if (r < 0 || !vu_touches(VU_TOUCH_PATHS) || agent_process.driver)
		return r;
	if (all)
		while (!vu_mount_each(sync_each, c))
			;
	else if (!vu_stat_place((int)c->arg[0], "", AT_EMPTY_PATH, &sx) &&
		 vu_mount_by_mnt_id(sx.stx_mnt_id, &m))
		r = sync_mount(c, &m);
	return r;
}
