/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network stacks: which one the process has, and sockets of it (abi/stack.h).
 *
 * A process whose stacks are the host's is not touched by any of this. Else socket(2) asks the stack's maker;
 * what comes is an ordinary socket, of which nothing is remembered. A stack that is gone, or whose maker is
 * gone, is a network that is down: ENETDOWN.
 *
 * Interfaces are asked about by ioctls, for which a socket of any kind does, and C libraries take one of
 * AF_UNIX, which is the host's: those are made on another socket (sys_ioctl()).
 *
 * Limits: a guest's own seccomp filter is not asked about socket(2) where the stack is not the host's. In a
 * pid namespace of the guest's own the stack cannot be changed; in a user namespace of its own files show the host's. What calls trap only (code that is not
 * patched) makes ioctls on AF_UNIX sockets that are the host's.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>

#include "agent/anchor.h"
#include "agent/handlers.h"
#include "agent/known.h"
#include "agent/mount.h"
#include "agent/open.h"
#include "agent/procfs.h"
#include "agent/rpc.h"
#include "agent/stack.h"
#include "agent/trap.h"

#define AF_UNIX_      1
#define AF_INET_      2
#define SOCK_DGRAM_   2
#define TYPE_MASK     0xful
#define SOCK_NONBLOCK 04000ul
#define SOCK_CLOEXEC_ 02000000ul
#define SOL_SOCKET_   1
#define SO_DOMAIN_    39
#define SCM_RIGHTS_   1
#define MSG_DONTWAIT_ 0x40
#define MSG_NOSIGNAL_ 0x4000
#define CMSG_CLOEXEC_ 0x40000000
#define F_SETFL_      4
#define O_NONBLOCK_   04000
#define SHORTLY_NS    5000000l
#define TUN_DEVICE    "/dev/net/tun"

#define SIOC_FIRST   0x8910ul /* ioctls about interfaces, routes, ARP ... */
#define SIOC_LAST    0x89fful
#define SIOCGSKNS_   0x894cul /* ... but for those about the socket itself */
#define SIOC_PRIVATE 0x89e0ul
#define SIOC_DEVICE  0x89f0ul

/* --- which stack --- */

static void take(const struct vu_stack_set *set)
{
	for (unsigned int i = 0; i < VU_FAMILIES_N; i++)
		if (set->families >> i & 1)
			agent_process.stack[i] = set->stack;
}

/* When the process has started, as /proc tells it; a number may have been another process's before. */
static uint64_t start_time(void)
{
	char text[400];
	const char *s;
	long fd = vu_sys(__NR_openat, VU_AT_FDCWD, "/proc/self/stat", VU_O_CLOEXEC, 0), n;

	if (fd < 0)
		return 0;
	n = vu_sys(__NR_read, fd, text, sizeof(text) - 1);
	vu_sys(__NR_close, fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	s = vu_strrchr(text, ')');
	for (int field = 2; s && field < 22; field++) {
		s = vu_strchr(s, ' ');
		s = s ? s + 1 : NULL;
	}
	return s ? vu_parse_num(&s, 10) : 0;
}

/* The entry of that number; false: it is overwritten, or not for us. */
static bool read_set(uint32_t serial, struct vu_stack_set *set)
{
	const struct vu_stack_set *from = &vu_view()->stack_sets[serial % VU_STACK_SETS];

	if (__atomic_load_n(&from->serial, __ATOMIC_ACQUIRE) != serial)
		return false;
	*set = *from;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&from->serial, __ATOMIC_RELAXED) == serial &&
	       set->pid == agent_process.pid;
}

/* Maps a page of the stack's file, so that it shows in /proc/PID/maps (umvu/holders.c). */
static void wear(unsigned int family)
{
	struct vu_view_mount m;
	char name[64];
	long fd;

	if (!agent_process.stack[family] || !vu_mount_by_id(agent_process.stack[family], &m))
		return;
	vu_mount_name(&m, name);
	fd = vu_sys(__NR_openat, VU_AT_FDCWD, name, VU_O_CLOEXEC, 0);
	if (fd < 0)
		return;
	vu_sys(__NR_mmap, VU_STACK_TAGS + family * 4096ul, 4096, PROT_READ, MAP_SHARED | MAP_FIXED,
	       fd, 0);
	vu_sys(__NR_close, fd);
}

void vu_stack_wear(void)
{
	uint32_t *stack = agent_process.stack;

	for (unsigned int i = 0; i < VU_FAMILIES_N; i++) {
		vu_sys(__NR_munmap, VU_STACK_TAGS + i * 4096ul, 4096);
		if (!i || stack[i] != stack[i - 1])
			wear(i);
	}
}

static __attribute__((noinline)) void take_sets(uint32_t last)
{
	uint32_t serial = agent_process.stack_seen + 1;
	uint64_t start = 0;
	struct vu_stack_set set;
	bool changed = false;

	if (vu_sys(__NR_getpid) != agent_process.pid)
		return; /* a vforked child, in its parent's memory */
	if (last - serial >= VU_STACK_SETS)
		serial = last - VU_STACK_SETS + 1;
	for (; serial != last + 1; serial++) {
		if (!read_set(serial, &set))
			continue;
		start = start ?: start_time();
		if (set.start != start)
			continue;
		take(&set);
		changed = true;
	}
	agent_process.stack_seen = last;
	if (!changed)
		return;
	vu_known_forget();
	vu_stack_wear();
}

void vu_stack_look(void)
{
	if (vu_stack_has_word())
		take_sets(__atomic_load_n(&vu_view()->stack_serial, __ATOMIC_ACQUIRE));
}

uint32_t vu_stack_for(unsigned long af)
{
	int family;

	if (agent_process.viewless)
		return 0;
	vu_stack_look();
	family = vu_family_of(af);
	return family < 0 ? 0 : agent_process.stack[family];
}

uint32_t vu_stack_of_files(void)
{
	return vu_is_anchored() ? 0 : vu_stack_for(AF_INET_);
}

void vu_stack_leave(void)
{
	if (!vu_stack_any())
		return;
	memset(agent_process.stack, 0, sizeof(agent_process.stack));
	vu_known_forget();
	vu_stack_wear();
}

/* --- sockets --- */

/* Receives an int32_t and perhaps a descriptor: that, or -errno; -ENETDOWN: the maker is gone. */
static long receive(long from, unsigned int flags)
{
	struct {
		size_t len;
		int level, type, fd, pad;
	} control = { 0 };
	int32_t result = -ENETDOWN;
	struct vu_iovec iov = { &result, sizeof(result) };
	struct vu_msghdr msg = {
		.iov = &iov, .n_iov = 1, .control = &control, .control_len = sizeof(control)
	};
	long n = vu_sys(__NR_recvmsg, from, &msg, flags);

	if (n < 0)
		return n;
	if (n != (long)sizeof(result) || result < 0)
		return n ? result : -ENETDOWN;
	if (msg.control_len >= 20 && control.type == SCM_RIGHTS_)
		return control.fd;
	return msg.flags & 8 /* MSG_CTRUNC */ ? -EMFILE : 0;
}

/* Which kind of those that are ready it would be; -1 none. */
static int stash_of(unsigned long domain, unsigned long type, unsigned long protocol)
{
	for (unsigned int i = 0; i < VU_STASH_KINDS; i++) {
		const struct vu_stash_kind *k = &vu_stash_kinds[i];

		if (k->domain == domain && k->type == type &&
		    (k->protocol == protocol || k->or_protocol == protocol))
			return (int)i;
	}
	return -1;
}

/* Takes one that is ready; < 0: there is none, or it cannot be had so. */
static long take_ready(const struct vu_view_mount *m, int kind, unsigned long type)
{
	unsigned int flags = MSG_DONTWAIT_ | (type & SOCK_CLOEXEC_ ? CMSG_CLOEXEC_ : 0);
	long process, from, r;

	process = vu_sys(__NR_pidfd_open, m->maker, 0);
	if (process < 0)
		return process;
	from = vu_sys(__NR_pidfd_getfd, process, VU_STASH_FD + kind, 0);
	vu_sys(__NR_close, process);
	if (from < 0)
		return from;
	r = receive(from, flags);
	vu_sys(__NR_close, from);
	if (r >= 0 && (type & SOCK_NONBLOCK))
		vu_sys(__NR_fcntl, r, F_SETFL_, O_NONBLOCK_ | VU_O_RDWR);
	return r;
}

/* In another user namespace the maker's name is out of reach: umvu connects for us. */
static long dial_by_umvu(struct vu_call *c, uint32_t id)
{
	struct vu_rpc_request rq = { .op = VU_RPC_STACK_DIAL, .a = id };
	struct vu_rpc_answer a = { .size = 0 };
	long r = vu_rpc_ask(c, &rq, NULL, 0, &a);

	if (r >= 0 && a.fd >= 0)
		return a.fd;
	if (r >= 0)
		r = a.fd;
	return r == -EINTR || r == -EMFILE ? r : -ENETDOWN;
}

static long connect_maker(struct vu_call *c, const struct vu_view_mount *m)
{
	return vu_is_anchored() ? dial_by_umvu(c, m->id) : vu_session_dial(m->maker_fd, -ENETDOWN);
}

/*
 * Waits for the maker, which mostly answers at once: only then is looked who might interrupt (vu_wait_reply()).
 */
static long wait_maker(struct vu_call *c, long conn)
{
	struct {
		int fd;
		short events, revents;
	} poll = { .fd = (int)conn, .events = 1 /* POLLIN */ };
	long t[2] = { 0, SHORTLY_NS };
	uint64_t all = VU_ALL_SIGNALS & ~VU_KEPT;

	return vu_sys(__NR_ppoll, &poll, 1, t, &all, 8) == 1 ? 0 : vu_wait_reply(c, (int)conn);
}

/* Has the maker do it; the descriptor that comes has FD_CLOEXEC if that is set in `type`. */
static long ask(struct vu_call *c, uint32_t id, const struct vu_maker_request *rq)
{
	struct vu_view_mount m;
	long conn, r;

	if (!vu_mount_by_id(id, &m) || !(m.flags & VU_MOUNT_STACK))
		return -ENETDOWN;
	conn = connect_maker(c, &m);
	if (conn < 0)
		return conn;
	r = vu_sys(__NR_sendto, conn, rq, sizeof(*rq), MSG_NOSIGNAL_, 0, 0);
	r = r < 0 ? -ENETDOWN : wait_maker(c, conn);
	if (!r)
		r = receive(conn, CMSG_CLOEXEC_);
	vu_sys(__NR_close, conn);
	if (r > 0 || (!r && rq->op != VU_MAKER_FLUSH))
		r = vu_place_fd((int)r, (unsigned long)rq->type & SOCK_CLOEXEC_);
	return r;
}

static long make_socket(struct vu_call *c, uint32_t id, unsigned long domain, unsigned long type,
			unsigned long protocol)
{
	struct vu_maker_request rq = { VU_MAKER_SOCKET, (int32_t)domain, (int32_t)type,
				       (int32_t)protocol };
	int kind = stash_of(domain, type & TYPE_MASK, protocol);
	struct vu_view_mount m;
	long r = -1;

	if (kind >= 0 && !(type & ~(TYPE_MASK | SOCK_NONBLOCK | SOCK_CLOEXEC_)) &&
	    vu_mount_by_id(id, &m) && (m.flags & VU_MOUNT_STACK))
		r = take_ready(&m, kind, type);
	return r >= 0 || r == -EMFILE ? r : ask(c, id, &rq);
}

long sys_socket(struct vu_call *c)
{
	unsigned int domain = (unsigned int)c->arg[0], type = (unsigned int)c->arg[1];
	uint32_t id = vu_stack_for(domain);

	if (!id)
		return vu_native(c);
	return make_socket(c, id, domain, type, (unsigned int)c->arg[2]);
}

static bool is_about_interfaces(unsigned long request)
{
	request &= 0xffffffff;
	return request >= SIOC_FIRST && request <= SIOC_LAST && request != SIOCGSKNS_ &&
	       (request < SIOC_PRIVATE || request >= SIOC_DEVICE);
}

long sys_ioctl(struct vu_call *c)
{
	uint32_t id = is_about_interfaces(c->arg[1]) ? vu_stack_of_files() : 0;
	int domain = 0, len = sizeof(domain);
	long sock, r;

	if (!id || vu_sys(__NR_getsockopt, c->arg[0], SOL_SOCKET_, SO_DOMAIN_, &domain, &len) < 0 ||
	    domain != AF_UNIX_)
		return vu_native_blocking(c);
	sock = make_socket(c, id, AF_INET_, SOCK_DGRAM_ | SOCK_CLOEXEC_, 0);
	if (sock < 0)
		return sock;
	c->arg[0] = (unsigned long)sock;
	r = vu_native(c);
	vu_sys(__NR_close, sock);
	return r;
}

/* --- files --- */

const char *vu_stack_file_name(const char *path, size_t *n)
{
	static const char own[] = "/proc/self/net";
	const char *s = path + 6, *end = path + *n;

	if (*n < 11 || vu_strncmp(path, "/proc/", 6) || memcmp(end - 4, "/net", 4))
		return path;
	if (!vu_is_own_pid((int)vu_parse_num(&s, 10)))
		return path;
	if (end - s > 10 && !vu_strncmp(s, "/task/", 6)) {
		s += 6;
		vu_parse_num(&s, 10);
	}
	if (s != end - 4)
		return path;
	*n = sizeof(own) - 1;
	return own;
}

/* Is the place in the settings of the stack? */
static bool is_setting(const struct vu_path *p)
{
	struct vu_view_mount m;

	return p->mount && vu_mount_by_id(p->mount, &m) && (m.flags & VU_MOUNT_SYSCTL);
}

long vu_stack_open(struct vu_call *c, struct vu_path *p, int fd, uint64_t flags)
{
	struct vu_maker_request rq = { .op = VU_MAKER_TUN, .type = (int32_t)flags };
	uint32_t id = vu_stack_of_files();
	long new, r;

	if (!id)
		return VU_NOT_MINE;
	if ((flags & VU_O_ACCMODE) && is_setting(p)) {
		rq.op = VU_MAKER_FLUSH;
		ask(c, id, &rq);
	}
	if (vu_strcmp(p->virt, TUN_DEVICE))
		return VU_NOT_MINE;
	new = ask(c, id, &rq);
	if (new >= 0) {
		r = vu_sys(__NR_dup3, new, fd, flags & VU_O_CLOEXEC);
		vu_sys(__NR_close, new);
		return r;
	}
	vu_sys(__NR_close, fd);
	return new;
}
