/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Other user namespaces: unshare, setns (and clone, from clone.c).
 *
 * /proc/<server>/fd/<n> can be followed by processes of the server's user namespace only
 * (ptrace_may_access()). A process that leaves it first opens what every exec needs, vu-loader, view image
 * and rpc socket, at numbers above its limit, to be inherited. That is the exception to the rule that the agent keeps
 * no descriptor open, as is the tree of mounts (tree.h), by which mounts are reached from there, too. They are not listed
 * among the process's, and closing leaves them out; a program that puts others in their place cannot execute
 * another.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/close_range.h>
#include <linux/sched.h>

#include "agent/anchor.h"
#include "agent/gate.h"
#include "agent/handlers.h"
#include "agent/known.h"
#include "agent/rpc.h"
#include "agent/stack.h"

#define O_RDWR_	       02
#define O_PATH_	       010000000
#define O_CLOEXEC_     02000000
#define F_DUPFD_       0
#define HIGHER_FD      4000
#define HIGH_FD	       900   /* below the usual limit of 1024 */
#define LIMIT_MAX      65536 /* a larger limit would need a large table of descriptors */
#define ROOM	       64
#define RLIMIT_NOFILE_ 7

void vu_session_name(char *buf, size_t size, int fd)
{
	vu_strlcpy(buf, "/proc/", size);
	if (agent_process.ref.server)
		vu_append_num(buf, size, (unsigned long)agent_process.ref.server);
	else
		vu_append(buf, size, "self");
	vu_append(buf, size, "/fd/");
	vu_append_num(buf, size, (unsigned long)fd);
}

struct limit {
	uint64_t cur, max;
};

long vu_dup_above(long fd, int from)
{
	uint64_t need = (uint64_t)from + ROOM;
	struct limit limit, more;
	bool raised;
	long high;

	if (vu_sys(__NR_prlimit64, 0, RLIMIT_NOFILE_, 0, &limit))
		return -EMFILE;
	more = limit;
	more.cur = need < limit.max ? need : limit.max;
	raised = limit.cur < need && !vu_sys(__NR_prlimit64, 0, RLIMIT_NOFILE_, &more, 0);
	high = vu_sys(__NR_fcntl, fd, F_DUPFD_, from);
	if (raised)
		vu_sys(__NR_prlimit64, 0, RLIMIT_NOFILE_, &limit, 0);
	return high;
}

/*
 * A duplicate with a number above the process's limit: programs close descriptors up to there one by one. Else with
 * a high number.
 */
static long duplicate(long fd)
{
	struct limit limit;
	long high = -EMFILE;

	if (!vu_sys(__NR_prlimit64, 0, RLIMIT_NOFILE_, 0, &limit) && limit.cur <= LIMIT_MAX)
		high = vu_dup_above(fd, (int)limit.cur);
	if (high < 0)
		high = vu_sys(__NR_fcntl, fd, F_DUPFD_, HIGHER_FD);
	return high < 0 ? vu_sys(__NR_fcntl, fd, F_DUPFD_, HIGH_FD) : high;
}

/* Opens the session's descriptor fd here; the new number, or -errno. */
static int open_own(int fd, int flags)
{
	char name[40];
	long low, high;

	vu_session_name(name, sizeof(name), fd);
	low = vu_sys(__NR_open, name, flags | O_CLOEXEC_, 0);
	if (low < 0)
		return (int)low;
	high = duplicate(low);
	vu_sys(__NR_close, low);
	return (int)high;
}

static void close_own(const struct vu_session_ref *ref)
{
	vu_sys(__NR_close, ref->loader_fd);
	vu_sys(__NR_close, ref->view_fd);
	vu_sys(__NR_close, ref->rpc_fd);
}

/* The first anchor from that number on, UINT_MAX: there is none. */
static unsigned int next_anchor(unsigned int from)
{
	const struct vu_session_ref *ref = &agent_process.ref;
	const int anchors[] = { vu_tree(), ref->loader_fd, ref->view_fd, ref->rpc_fd };
	size_t n = vu_is_anchored() ? sizeof(anchors) / sizeof(anchors[0]) : 1;
	unsigned int next = UINT32_MAX;

	for (size_t i = 0; i < n; i++)
		if (anchors[i] && (unsigned int)anchors[i] >= from &&
		    (unsigned int)anchors[i] < next)
			next = (unsigned int)anchors[i];
	return next;
}

/* The ranges between the anchors. */
long sys_close_range(struct vu_call *c)
{
	unsigned int from = (unsigned int)c->arg[0], to = (unsigned int)c->arg[1], anchor;
	long r = 0;

	if ((c->arg[2] & CLOSE_RANGE_UNSHARE) && agent_process.threads)
		vu_tree_part();
	if (!vu_has_own_fds() || from > to)
		return vu_native(c);
	for (; !r && (anchor = next_anchor(from)) <= to && anchor != UINT32_MAX; from = anchor + 1)
		if (anchor > from)
			r = vu_guest_sys6(c->nr, from, anchor - 1, (long)c->arg[2], 0, 0, 0);
	return r || from > to ? r : vu_guest_sys6(c->nr, from, to, (long)c->arg[2], 0, 0, 0);
}

bool vu_anchor(void)
{
	struct vu_session_ref own = agent_process.ref;

	if (!own.server || agent_process.viewless)
		return false;
	if (vu_touches(VU_TOUCH_PATHS))
		vu_tree_open();
	own.loader_fd = open_own(own.loader_fd, O_PATH_);
	own.view_fd = open_own(own.view_fd, O_RDWR_);
	vu_await_server();
	own.rpc_fd = open_own(own.rpc_fd, O_PATH_);
	own.server = 0;
	if (own.loader_fd < 0 || own.view_fd < 0 || own.rpc_fd < 0) {
		close_own(&own);
		return false;
	}
	agent_process.ref = own;
	vu_gate_look();
	return true;
}

void vu_unanchor(const struct vu_session_ref *ref)
{
	struct vu_session_ref own = agent_process.ref;

	agent_process.ref = *ref;
	vu_gate_look();
	close_own(&own);
}

/* Issues the call anchored, if it may lead to another user namespace; undone if it fails. */
static long leave(struct vu_call *c, bool user, bool net)
{
	struct vu_session_ref ref = agent_process.ref;
	bool anchored = user && vu_anchor();
	long r = vu_native(c);

	if (anchored && r < 0)
		vu_unanchor(&ref);
	if (net && !r)
		vu_stack_leave();
	vu_known_leave();
	return r;
}

long sys_unshare(struct vu_call *c)
{
	if ((c->arg[0] & CLONE_FILES) && agent_process.threads)
		vu_tree_part();
	return leave(c, c->arg[0] & CLONE_NEWUSER, c->arg[0] & CLONE_NEWNET);
}

/* Type 0 is any kind of namespace: the descriptor decides. */
long sys_setns(struct vu_call *c)
{
	char text[8] = "", name[40];
	bool net = c->arg[1] & CLONE_NEWNET;

	if (!c->arg[1] && (int)c->arg[0] >= 0) {
		vu_strlcpy(name, "/proc/self/fd/", sizeof(name));
		vu_append_num(name, sizeof(name), (unsigned int)c->arg[0]);
		vu_sys(__NR_readlink, name, text, sizeof(text) - 1);
		net = !vu_strncmp(text, "net:", 4);
	}
	return leave(c, !c->arg[1] || (c->arg[1] & CLONE_NEWUSER), net);
}
