/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses of AF_UNIX sockets are path names: resolved in the view like any other, and shown as the
 * view has them. A name in a mount becomes "/proc/<server>/fd/<n>/..."; one that is then too long for
 * sun_path goes through a descriptor that is open for the time of the call. Abstract names are the host's,
 * but for the session's own, which leads to umvu.
 *
 * Limits: a last component of more than 96 bytes cannot be bound where the name is too long otherwise; a
 * socket bound so shows a name through that descriptor. accept(2) and recvfrom(2) are not trapped: a peer
 * that is bound in a mount shows its "/proc" name there.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "agent/handlers.h"
#include "agent/open.h"
#include "agent/rpc.h"
#include "agent/tree.h"

#define AF_UNIX_     1
#define SUN_PATH_MAX 108
#define SUN_MAX	     (2 + SUN_PATH_MAX)
#define STORAGE_MAX  128  /* struct sockaddr_storage: what move_addr_to_kernel() takes */
#define MAX_MESSAGES 1024 /* UIO_MAXIOV */

struct sun {
	uint16_t family;
	char path[SUN_PATH_MAX + 2]; /* the last byte stays 0 */
};

/* An address argument on its way to the kernel. */
struct addr {
	struct sun sun;
	unsigned long at; /* what the kernel shall be given */
	unsigned long len;
	int fd; /* open for the time of the call, -1 none */
};

/* struct user_msghdr of the kernel. */
struct msg {
	unsigned long name;
	int name_len, pad;
	unsigned long iov, n_iov, control, control_len;
	unsigned int flags, pad2;
};

struct mmsg {
	struct msg msg;
	unsigned int sent, pad;
};

static void put_addr(struct vu_call *c, struct addr *a)
{
	if (a->fd >= 0)
		vu_sys(__NR_close, a->fd);
	a->fd = -1;
	vu_path_put(&c->s->path[0]);
}

static void set_path(struct addr *a, const char *path)
{
	size_t n = vu_strlen(path);

	memset(a->sun.path, 0, sizeof(a->sun.path));
	memcpy(a->sun.path, path, n);
	a->at = (unsigned long)&a->sun;
	a->len = 2 + n + (n < SUN_PATH_MAX);
}

/* A name that does not fit: through an O_PATH descriptor, of the socket or of its directory. */
static long set_long_path(struct addr *a, struct vu_path *p, bool creates)
{
	char *last = vu_strrchr(p->real, '/'), was = 0;
	char name[SUN_PATH_MAX + 1];

	if (creates && last) {
		was = last[1];
		last[1] = 0;
	}
	a->fd = (int)vu_sys(__NR_openat, p->dirfd, p->real, VU_O_PATH | VU_O_CLOEXEC, 0);
	if (creates && last)
		last[1] = was;
	if (a->fd < 0)
		return a->fd;
	vu_strlcpy(name, "/dev/fd/", sizeof(name));
	vu_append_num(name, sizeof(name), (unsigned long)a->fd);
	if (creates && (!vu_append(name, sizeof(name), "/") ||
			!vu_append(name, sizeof(name), last ? last + 1 : p->real)))
		return -ENAMETOOLONG;
	set_path(a, name);
	return 0;
}

/* The session's own address: umvu's socket, as an agent reaches it. */
static bool is_session(const struct addr *a)
{
	static const char name[] = VU_RPC_ABSTRACT;

	return a->len == 2 + sizeof(name) && !a->sun.path[0] &&
	       !memcmp(a->sun.path + 1, name, sizeof(name) - 1);
}

static void set_session(struct addr *a)
{
	char name[SUN_PATH_MAX];

	vu_await_server();
	vu_session_name(name, sizeof(name), agent_process.ref.rpc_fd);
	set_path(a, name);
}

/*
 * Reads the address of `len` bytes at `from` and translates it. 0 or -errno; a->at and a->len are what
 * the kernel shall have. put_addr() when the call is done.
 */
static long get_addr(struct vu_call *c, unsigned long from, long len, bool creates, struct addr *a)
{
	struct vu_path *p = &c->s->path[0];
	long r;

	*a = (struct addr){ .at = from, .len = (unsigned long)len, .fd = -1 };
	p->flags = 0;
	if (!from || len <= 2 || len > SUN_MAX || agent_process.viewless)
		return 0; /* no path name, or one that the kernel refuses */
	if (guest_read(&a->sun, from, (size_t)len) < 0)
		return -EFAULT;
	if (a->sun.family != AF_UNIX_)
		return 0;
	a->at = (unsigned long)&a->sun;
	if (!creates && is_session(a))
		set_session(a);
	if (!a->sun.path[0] || !vu_touches(VU_TOUCH_PATHS) || a->at != (unsigned long)&a->sun)
		return 0;
	r = vu_resolve_str(c, VU_AT_FDCWD, a->sun.path, creates ? VU_PARENT : VU_FOLLOW, p);
	if (p->flags & VU_PATH_NATIVE)
		return 0;
	if (r < 0 && !p->real[0])
		return r;
	if (vu_strlen(p->real) > SUN_PATH_MAX)
		return set_long_path(a, p, creates);
	set_path(a, p->real);
	return 0;
}

/* connect and bind. */
long sys_sockaddr(struct vu_call *c)
{
	struct addr a;
	long r = get_addr(c, c->arg[1], (int)c->arg[2], c->nr == __NR_bind, &a);

	if (!r) {
		c->arg[1] = a.at;
		c->arg[2] = a.len;
		r = vu_native_blocking(c);
	}
	put_addr(c, &a);
	return r;
}

long sys_sendto(struct vu_call *c)
{
	struct addr a;
	long r = get_addr(c, c->arg[4], (int)c->arg[5], false, &a);

	if (!r) {
		c->arg[4] = a.at;
		c->arg[5] = a.len;
		r = vu_native_blocking(c);
	}
	put_addr(c, &a);
	return r;
}

/* Issues sendmsg of call c with the header at c->arg[1], which is fetched once if it names a path. */
static long send_one(struct vu_call *c)
{
	struct msg m;
	struct addr a;
	long r;

	if (!vu_touches(VU_TOUCH_PATHS) || guest_read(&m, c->arg[1], sizeof(m)) < 0 || !m.name)
		return vu_native_blocking(c);
	r = get_addr(c, m.name, m.name_len, false, &a);
	if (!r) {
		m.name = a.at;
		m.name_len = (int)a.len;
		c->arg[1] = (unsigned long)&m;
		r = vu_native_blocking(c);
	}
	put_addr(c, &a);
	return r;
}

long sys_sendmsg(struct vu_call *c)
{
	return send_one(c);
}

/* Is there a message with an address of its own? */
static bool any_named(unsigned long vec, unsigned long n)
{
	struct mmsg m;

	for (unsigned long i = 0; i < n; i++) {
		if (guest_read(&m, vec + i * sizeof(m), sizeof(m)) < 0)
			return false;
		if (m.msg.name && m.msg.name_len > 2)
			return true;
	}
	return false;
}

/* sendmmsg: one by one where there are names; what was sent counts, an error only if it is the first. */
long sys_sendmmsg(struct vu_call *c)
{
	unsigned long n = (unsigned int)c->arg[2], i;
	long r = 0;

	if (n > MAX_MESSAGES)
		n = MAX_MESSAGES;
	if (!vu_touches(VU_TOUCH_PATHS) || !any_named(c->arg[1], n))
		return vu_native_blocking(c);
	for (i = 0; i < n; i++) {
		unsigned long at = c->arg[1] + i * sizeof(struct mmsg);
		struct vu_call one = *c;
		unsigned int sent;

		one.nr = __NR_sendmsg;
		one.arg[1] = at;
		one.arg[2] = c->arg[3];
		r = send_one(&one);
		if (r < 0)
			break;
		sent = (unsigned int)r;
		r = guest_write(at + offsetof(struct mmsg, sent), &sent, sizeof(sent));
		if (r < 0)
			break;
	}
	return i ? (long)i : r;
}

struct by_fd {
	long fd;
	uint32_t id;
};

static bool has_fd(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	struct by_fd *f = ctx;

	(void)a;
	if (m->fd == f->fd)
		f->id = m->id;
	return f->id;
}

/* Of "/proc/<server>/fd/<n>/rest" the mount, 0: it is none; *rest gets "/rest". */
static uint32_t mount_by_fd(const char *name, const char **rest)
{
	struct by_fd f = { .fd = 0 };
	char prefix[64];
	const char *s;
	size_t n;

	n = vu_server_fds_name(prefix);
	if (vu_strncmp(name, prefix, n))
		return 0;
	for (s = name + n; *s >= '0' && *s <= '9'; s++)
		f.fd = f.fd * 10 + (*s - '0');
	if (*s != '/')
		return 0;
	*rest = s;
	do
		f.id = 0;
	while (!vu_mount_each(has_fd, &f));
	return f.id;
}

/* The kernel's name of something in a mount: the mount's path takes the place of what is before the rest. */
static bool to_view(char *buf)
{
	const char *rest = vu_tree_rest(buf);
	uint32_t id = rest ? vu_tree_mount(rest, &rest) : mount_by_fd(buf, &rest);
	size_t n;

	if (!id || *rest != '/')
		return false;
	n = vu_strlen(rest);
	memmove(buf, rest, n + 1);
	return vu_put_before(id, buf, n) > 0;
}

/* Gives an address of `len` bytes to the guest as move_addr_to_user() does: cut, with its true length. */
static long give_addr(struct vu_call *c, const void *addr, int len, int room)
{
	int n = len < room ? len : room;

	if (guest_write(c->arg[1], addr, (size_t)n) < 0 ||
	    guest_write(c->arg[2], &len, sizeof(len)) < 0)
		return -EFAULT;
	return 0;
}

/* getsockname and getpeername. */
long sys_getsockname(struct vu_call *c)
{
	char *buf = c->s->path[0].virt; /* VU_PATH_MAX bytes, for a sockaddr and then for a path */
	struct vu_call own = *c;
	int room, len = STORAGE_MAX;
	size_t n;
	long r;

	if (!vu_touches(VU_TOUCH_PATHS) || guest_read(&room, c->arg[2], sizeof(room)) < 0 ||
	    room < 0)
		return vu_native(c);
	memset(buf, 0, STORAGE_MAX + 2);
	own.arg[1] = (unsigned long)buf;
	own.arg[2] = (unsigned long)&len;
	r = vu_native(&own);
	if (r < 0)
		return r;
	if (len > 2 && len <= STORAGE_MAX && ((struct sun *)buf)->family == AF_UNIX_ && buf[2]) {
		char *path = c->s->path[0].real;

		vu_strlcpy(path, buf + 2, VU_PATH_MAX);
		if (to_view(path)) {
			n = vu_strlen(path);
			if (n > SUN_PATH_MAX)
				n = SUN_PATH_MAX;
			memcpy(buf + 2, path, n);
			buf[2 + n] = 0;
			len = (int)(2 + n + 1);
		}
	}
	return give_addr(c, buf, len, room);
}
