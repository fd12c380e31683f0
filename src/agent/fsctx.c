/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fsopen, fspick, fsconfig, fsmount, mount_setattr, move_mount and the others of the new mount calls.
 *
 * For types of modules and mounts of the view umvu keeps the context; a socket stands for it in the guest,
 * from which it reads the log, and the descriptor that fsmount gives is the real detached mount. Everything
 * else goes to the kernel.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

#include "agent/handlers.h"
#include "agent/mount.h"
#include "agent/open.h"

#define CONTEXT	  "socket:["
#define KEY_MAX	  256 /* strndup_user() of fsconfig(2) */
#define VALUE_MAX 256
#define KEY_AT	  VU_PATH_MAX /* in the scratch's msg: the value, then the key */
#define PICK_FLAGS                                                                       \
	(unsigned long)(FSPICK_CLOEXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT | \
			FSPICK_EMPTY_PATH)
#define ATTRIBUTES                                                                      \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | \
	 MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME)
#define CLEARABLE (ATTRIBUTES | MOUNT_ATTR_NOSYMFOLLOW) /* is never set */

/* May it be one? No context of the kernel's is a socket. */
static bool is_context(int fd)
{
	char name[40], text[sizeof(CONTEXT) - 1];
	long n;

	if (fd < 0)
		return false;
	vu_strlcpy(name, "/proc/self/fd/", sizeof(name));
	vu_append_num(name, sizeof(name), (unsigned long)fd);
	n = vu_sys(__NR_readlinkat, VU_AT_FDCWD, name, text, sizeof(text));
	return n == (long)sizeof(text) && !vu_strncmp(text, CONTEXT, sizeof(text));
}

/* Asks for a descriptor. */
static long ask_fd(struct vu_call *c, struct vu_rpc_request *rq, const struct vu_rpc_text *text,
		   bool cloexec)
{
	struct vu_rpc_answer a = { .n_fds = 0 };
	long r = vu_mount_ask(c, rq, text, text ? 1 : 0, &a);

	if (r < 0)
		return r;
	return a.fd < 0 ? a.fd : vu_place_fd(a.fd, cloexec);
}

static long open_context(struct vu_call *c, const char *type)
{
	struct vu_rpc_request rq = { .op = VU_RPC_FSOPEN };
	struct vu_rpc_text text = { type, vu_strlen(type) + 1 };

	return ask_fd(c, &rq, &text, c->arg[1] & FSOPEN_CLOEXEC);
}

long sys_fsopen(struct vu_call *c)
{
	char type[128];
	long r, native;

	if (agent_process.viewless || (c->arg[1] & ~(unsigned long)FSOPEN_CLOEXEC))
		return vu_native(c);
	r = guest_read_str(type, sizeof(type), c->arg[0]);
	if (r < 0)
		return vu_native(c);
	if (vu_is_module_type(type))
		return open_context(c, type);
	native = vu_native(c);
	if (native != -EPERM && native != -ENODEV)
		return native;
	r = open_context(c, type);
	return r == -ENODEV ? native : r;
}

/* One fsconfig: what goes to umvu besides key and value. */
struct setting {
	int fds[2]; /* context, value */
	int n_fds;
	bool opened; /* the value's descriptor is ours */
	uint64_t bits;
	const char *value;
};

static long number(const char *s)
{
	long n = 0;

	if (!*s)
		return -1;
	for (; *s >= '0' && *s <= '9' && n < 1 << 24; s++)
		n = n * 10 + (*s - '0');
	return *s ? -1 : n;
}

/* A string: the source becomes a descriptor as in mount(2), so does the number of a FUSE device. */
static long take_string(struct vu_call *c, struct setting *set, const char *key)
{
	char *value = c->s->msg;
	long r = guest_read_str(value, VALUE_MAX, c->arg[3]);
	int fd;

	if (r < 0)
		return r == -ENAMETOOLONG ? -EINVAL : r;
	set->value = value;
	if (!vu_strcmp(key, "source")) {
		fd = vu_mount_source(c, value, &c->s->path[0], &set->bits);
		if (fd < 0)
			return 0;
		set->value = c->s->path[0].virt;
		set->opened = true;
		set->fds[set->n_fds++] = fd;
	} else if (!vu_strcmp(key, "fd") && number(value) >= 0) {
		set->bits |= VU_MNT_FUSE_FD;
		set->fds[set->n_fds++] = (int)number(value);
	}
	return 0;
}

/* A path: it goes as the canonical one of the view. */
static long take_path(struct vu_call *c, struct setting *set, uint32_t how)
{
	struct vu_path *p = &c->s->path[0];
	long r = vu_resolve(c, (int)c->arg[4], c->arg[3], how | VU_FOLLOW | VU_WANT_VIRT, p);

	if (r < 0)
		return r;
	set->value = p->virt;
	return 0;
}

static long take_value(struct vu_call *c, struct setting *set, const char *key)
{
	switch ((unsigned int)c->arg[1]) {
	case FSCONFIG_SET_STRING:
		return take_string(c, set, key);
	case FSCONFIG_SET_PATH:
		return take_path(c, set, 0);
	case FSCONFIG_SET_PATH_EMPTY:
		return take_path(c, set, VU_EMPTY_OK);
	case FSCONFIG_SET_FD:
		if (!vu_strcmp(key, "fd"))
			set->bits |= VU_MNT_FUSE_FD;
		set->fds[set->n_fds++] = (int)c->arg[4];
		return 0;
	case FSCONFIG_SET_BINARY:
		return -EOPNOTSUPP;
	default:
		return 0;
	}
}

long sys_fsconfig(struct vu_call *c)
{
	struct vu_rpc_request rq = { .op = VU_RPC_FSCONFIG,
				     .a = (unsigned int)c->arg[1],
				     .b = (unsigned int)c->arg[4] };
	struct setting set = { .fds = { (int)c->arg[0], -1 }, .n_fds = 1, .value = "" };
	struct vu_rpc_answer a = { .fds = set.fds };
	char *key = c->s->msg + KEY_AT;
	struct vu_rpc_text texts[2];
	long r = 0;

	if (agent_process.viewless || !is_context((int)c->arg[0]))
		return vu_native(c);
	key[0] = 0;
	if (c->arg[2])
		r = guest_read_str(key, KEY_MAX, c->arg[2]);
	if (r >= 0)
		r = take_value(c, &set, key);
	if (r < 0)
		return r == -ENAMETOOLONG ? -EINVAL : r;
	rq.c = set.bits;
	texts[0] = (struct vu_rpc_text){ key, vu_strlen(key) + 1 };
	texts[1] = (struct vu_rpc_text){ set.value, vu_strlen(set.value) + 1 };
	a.n_fds = set.n_fds;
	r = vu_mount_ask(c, &rq, texts, 2, &a);
	if (set.opened)
		vu_sys(__NR_close, set.fds[1]);
	if (set.value == c->s->path[0].virt)
		vu_path_put(&c->s->path[0]);
	vu_wear_tag(&a);
	return r;
}

long sys_fsmount(struct vu_call *c)
{
	struct vu_rpc_request rq = { .op = VU_RPC_FSMOUNT, .a = c->arg[1], .b = c->arg[2] };
	int context = (int)c->arg[0];
	struct vu_rpc_answer a = { .fds = &context, .n_fds = 1 };
	long r;

	if (agent_process.viewless || !is_context(context))
		return vu_native(c);
	if (c->arg[1] & ~(unsigned long)FSMOUNT_CLOEXEC)
		return -EINVAL;
	r = vu_mount_ask(c, &rq, NULL, 0, &a);
	if (r < 0)
		return r;
	return a.fd < 0 ? a.fd : vu_place_fd(a.fd, c->arg[1] & FSMOUNT_CLOEXEC);
}

/* Asks umvu to move the detached mount behind a descriptor; it knows those that it made. */
static long move_here(struct vu_call *c)
{
	uint32_t how = c->arg[4] & MOVE_MOUNT_T_SYMLINKS ? VU_FOLLOW : 0;
	struct vu_rpc_request rq = { .op = VU_RPC_MOVE_MOUNT };
	struct vu_path *p = &c->s->path[1];
	int from = (int)c->arg[0];
	struct vu_rpc_answer a = { .fds = &from, .n_fds = 1 };
	struct vu_rpc_text text;
	long r;

	if (c->arg[4] & MOVE_MOUNT_T_EMPTY_PATH)
		how |= VU_EMPTY_OK;
	r = vu_mount_target(c, (int)c->arg[2], c->arg[3], how, p, &rq.c);
	if (r < 0)
		return r;
	rq.b = p->mount;
	text = (struct vu_rpc_text){ p->virt, vu_strlen(p->virt) + 1 };
	r = vu_mount_ask(c, &rq, &text, 1, &a);
	vu_path_put(p);
	vu_wear_tag(&a);
	return r;
}

/* Is it the root of a mount? */
static bool is_root(int fd, struct statx *sx)
{
	return !agent_process.viewless && !vu_stat_place(fd, "", AT_EMPTY_PATH, sx) &&
	       (sx->stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static bool is_empty_path(unsigned long path)
{
	char first;

	return !guest_read(&first, path, 1) && !first;
}

long sys_move_mount(struct vu_call *c)
{
	bool by_fd = (c->arg[4] & MOVE_MOUNT_F_EMPTY_PATH) && is_empty_path(c->arg[1]);
	struct statx sx;
	long r;

	/* Only the root of a mount can be moved. */
	if (by_fd && is_root((int)c->arg[0], &sx)) {
		r = move_here(c);
		if (r != -ENOTTY)
			return r;
	}
	return sys_path2(c);
}

/* The mount of the view whose root the call's first two arguments name. */
static bool names_mount(struct vu_call *c, bool empty_ok, bool follow, struct vu_view_mount *m)
{
	struct vu_path *p = &c->s->path[0];
	struct statx sx;
	bool found;

	if (!vu_touches(VU_TOUCH_PATHS))
		return false;
	if (empty_ok && is_empty_path(c->arg[1]))
		return is_root((int)c->arg[0], &sx) && vu_mount_by_mnt_id(sx.stx_mnt_id, m);
	found = vu_resolve(c, (int)c->arg[0], c->arg[1],
			   follow ? VU_FOLLOW | VU_WANT_VIRT : VU_WANT_VIRT, p) >= 0 &&
		(p->flags & VU_PATH_ROOT) && vu_mount_by_id(p->mount, m);
	vu_path_put(p);
	return found;
}

long sys_fspick(struct vu_call *c)
{
	bool empty_ok = c->arg[2] & FSPICK_EMPTY_PATH,
	     follow = !(c->arg[2] & FSPICK_SYMLINK_NOFOLLOW);
	struct vu_rpc_request rq = { .op = VU_RPC_FSPICK };
	struct vu_view_mount m;

	if ((c->arg[2] & ~PICK_FLAGS) || !names_mount(c, empty_ok, follow, &m))
		return sys_path(c);
	rq.b = m.id;
	return ask_fd(c, &rq, NULL, c->arg[2] & FSPICK_CLOEXEC);
}

/* Of a mount of the view, or a detached one that umvu made; *m.id is 0 for that. */
static long set_attributes(struct vu_call *c, const struct mount_attr *attr, uint32_t id)
{
	struct vu_rpc_request rq = { .op = VU_RPC_MOUNT_SETATTR, .c = id };
	int fd = (int)c->arg[0];
	struct vu_rpc_answer a = { .fds = &fd, .n_fds = id ? 0 : 1 };

	rq.a = attr->attr_set;
	rq.b = attr->attr_clr;
	return vu_mount_ask(c, &rq, NULL, 0, &a);
}

/* Propagation and id mapping are left to the kernel, which refuses them. */
long sys_mount_setattr(struct vu_call *c)
{
	bool empty_ok = c->arg[2] & AT_EMPTY_PATH, follow = !(c->arg[2] & AT_SYMLINK_NOFOLLOW);
	struct vu_view_mount m = { .id = 0 };
	struct mount_attr attr;
	struct statx sx;
	long r = -ENOTTY;

	if (guest_read_struct(&attr, sizeof(attr), c->arg[3], c->arg[4]) < 0 || attr.propagation ||
	    attr.userns_fd || (attr.attr_set & ~(uint64_t)ATTRIBUTES) ||
	    (attr.attr_clr & ~(uint64_t)CLEARABLE))
		return sys_path(c);
	if (names_mount(c, empty_ok, follow, &m) ||
	    (empty_ok && is_empty_path(c->arg[1]) && is_root((int)c->arg[0], &sx)))
		r = set_attributes(c, &attr, m.id);
	return r == -ENOTTY ? sys_path(c) : r;
}

long sys_open_tree(struct vu_call *c)
{
	return sys_path(c);
}
