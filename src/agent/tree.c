/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>

#include "agent/anchor.h"
#include "agent/handlers.h"
#include "agent/lines.h"
#include "agent/path.h"
#include "agent/tree.h"

#define O_PATH_	   010000000
#define O_CLOEXEC_ 02000000
#define F_GETFD_   1
#define FOLDER	   VU_TREE_FOLDER "/"
#define OWN_FDS	   "/proc/self/fd/"

/* How many have parted; the highest bit: it is being opened. */
#define OPENING 0x80000000u
static uint32_t parted VU_HOT;

/* Is `fd`, which the process has from whoever executed it, the tree? */
static bool is_tree(int fd)
{
	struct statx sx;

	return !vu_stat_place(fd, "", AT_EMPTY_PATH, &sx) &&
	       sx.stx_mnt_id == vu_view()->tree_mnt_id;
}

/* Its descriptor with that number; 0: there is none. */
static int get(int fd, int number)
{
	char name[40];
	long low, high;

	if (vu_sys(__NR_fcntl, number, F_GETFD_) != -EBADF)
		return is_tree(number) ? number : 0;
	vu_session_name(name, sizeof(name), fd);
	low = vu_sys(__NR_open, name, O_PATH_ | O_CLOEXEC_, 0);
	if (low < 0)
		return 0;
	high = vu_dup_above(low, number);
	vu_sys(__NR_close, low);
	if (high == number)
		return number;
	if (high >= 0)
		vu_sys(__NR_close, high);
	return 0;
}

/* A process in its parent's memory has descriptors of its own. */
void vu_tree_open(void)
{
	int fd = __atomic_load_n(&vu_view()->tree_fd, __ATOMIC_ACQUIRE);
	uint32_t none = 0;

	if (!fd || agent_process.tree || agent_process.no_tree || !agent_process.ref.server ||
	    vu_sys(__NR_getpid) != agent_process.pid ||
	    !__atomic_compare_exchange_n(&parted, &none, OPENING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	agent_process.tree = get(fd, vu_view()->tree_number);
	agent_process.no_tree = !agent_process.tree;
	__atomic_fetch_and(&parted, ~OPENING, __ATOMIC_RELEASE);
}

void vu_tree_part(void)
{
	uint32_t was = __atomic_fetch_add(&parted, 1, __ATOMIC_ACQ_REL);

	while (was & OPENING) {
		vu_sys(__NR_sched_yield);
		was = __atomic_load_n(&parted, __ATOMIC_ACQUIRE);
	}
}

void vu_tree_rejoin(void)
{
	__atomic_fetch_sub(&parted, 1, __ATOMIC_RELEASE);
}

void vu_tree_fork(void)
{
	parted = 0;
}

/* It was lost, or the guest wants its number for itself. */
static void give_up(void)
{
	agent_process.tree = 0;
	agent_process.no_tree = true;
}

size_t vu_tree_name(const struct vu_view_mount *m, char *buf)
{
	int tree = vu_tree();
	size_t n;

	if (!tree || !(m->flags & VU_MOUNT_TREE))
		return 0;
	n = vu_strlcpy(buf, OWN_FDS, 64);
	n += vu_utoa(buf + n, (unsigned long)tree);
	n += vu_strlcpy(buf + n, "/" FOLDER, 16);
	return n + vu_utoa(buf + n, m->id);
}

const char *vu_tree_rest(const char *name)
{
	const char *s = name + sizeof(OWN_FDS) - 1;

	if (!agent_process.tree || vu_strncmp(name, OWN_FDS, sizeof(OWN_FDS) - 1))
		return NULL;
	if (vu_parse_num(&s, 10) != (uint64_t)agent_process.tree || *s != '/')
		return NULL;
	return s + 1;
}

const char *vu_tree_relative(const struct vu_path *p, unsigned long *dirfd)
{
	const char *rest = vu_tree_rest(p->real);

	*dirfd = (unsigned long)(long)(rest ? agent_process.tree : p->dirfd);
	return rest ? rest : p->real;
}

uint32_t vu_tree_mount(const char *name, const char **rest)
{
	const char *s = name + sizeof(FOLDER) - 1;
	uint32_t id;

	if (vu_strncmp(name, FOLDER, sizeof(FOLDER) - 1))
		return 0;
	id = (uint32_t)vu_parse_num(&s, 10);
	*rest = s;
	return *s && *s != '/' ? 0 : id;
}

size_t vu_tree_skip(uint32_t id, const char *text, size_t n)
{
	const char *rest;

	if (*text != '/' || vu_tree_mount(text + 1, &rest) != id)
		return 0;
	/* The root of the mount shows as "/" where it is detached. */
	return (size_t)(rest - text) <= n ? (size_t)(rest - text) : 0;
}

void vu_tree_meet(const struct vu_view_mount *m)
{
	struct vu_view_mount now;
	struct statx sx;
	char name[64];

	vu_tree_open();
	if (!vu_tree_name(m, name) ||
	    (!vu_stat_place(vu_tree(), vu_tree_rest(name), 0, &sx) && sx.stx_mnt_id == m->mnt_id))
		return;
	/* Who takes a mount out of the tree has taken it out of the view before. */
	if (vu_mount_by_id(m->id, &now))
		give_up();
}

/* close, dup, fcntl: a program does not know of descriptors of ours. */
long sys_own_fd(struct vu_call *c)
{
	return vu_is_anchor((int)c->arg[0]) ? -EBADF : vu_native_blocking(c);
}

/* A program that wants our number gets it. */
long sys_dup2(struct vu_call *c)
{
	if ((int)c->arg[0] == agent_process.tree && agent_process.tree)
		return -EBADF;
	if ((int)c->arg[1] == agent_process.tree && agent_process.tree)
		give_up();
	return vu_native(c);
}
