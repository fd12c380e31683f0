/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Requests to umvu: one connection each (abi/rpc.h).
 *
 * A request may take long (a mount waits for its driver), and the guest's signals are blocked while the
 * agent runs. So the wait lets in what needs no handler of the guest: signals at their default action,
 * which end or stop the process as they should; the connection goes with it and umvu gives up the
 * request. For signals with a handler it looks from time to time: if one that the guest would take has
 * come, the request is given up with EINTR and the handler runs when the call returns. Handlers that
 * restart calls (SA_RESTART) wait until the request is done, but for the signals of a terminal and
 * SIGTERM.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "agent/rpc.h"
#include "agent/stack.h"
#include "agent/stats.h"
#include "agent/trap.h"

#define AF_UNIX_      1
#define SEQPACKET_    5
#define SOCK_CLOEXEC_ 02000000
#define SOL_SOCKET_   1
#define SCM_RIGHTS_   1
#define MSG_NOSIGNAL_ 0x4000
#define MSG_CTRUNC_   8
#define CMSG_CLOEXEC_ 0x40000000
#define POLLIN_	      1
#define SA_RESTART_   0x10000000ul
#define LOOK_NS	      50000000l /* how often pending signals are looked at */
#define START_NS      200000l	/* how often a server that begins is looked at ... */
#define START_LOOKS   50000	/* ... and how many times: it may have been killed */
#define BIT(sig)      (1ul << ((sig)-1))
#define ALWAYS	      (BIT(1) | BIT(2) | BIT(3) | BIT(15)) /* HUP INT QUIT TERM */

struct cmsg {
	size_t len;
	int level, type;
	int fds[VU_RPC_MAX_FDS];
};

long vu_session_dial(int session_fd, long lost)
{
	struct {
		uint16_t family;
		char path[108];
	} to = { .family = AF_UNIX_ };
	long fd, r;

	vu_session_name(to.path, sizeof(to.path), session_fd);
	fd = vu_sys(__NR_socket, AF_UNIX_, SEQPACKET_ | SOCK_CLOEXEC_, 0);
	if (fd < 0)
		return fd;
	r = vu_sys(__NR_connect, fd, &to, sizeof(to));
	if (r < 0) {
		vu_sys(__NR_close, fd);
		return r == -EINTR ? r : lost;
	}
	return fd;
}

void vu_await_server(void)
{
	const long pause[2] = { 0, START_NS };
	char name[64];

	vu_session_name(name, sizeof(name), agent_process.ref.rpc_fd);
	for (int i = 0; i < START_LOOKS; i++) {
		if (!(__atomic_load_n(&vu_view()->flags, __ATOMIC_ACQUIRE) & VU_VIEW_STARTING) ||
		    vu_sys(__NR_access, name, 0 /* F_OK */) < 0)
			return;
		vu_sys(__NR_nanosleep, pause, 0);
	}
}

static long dial(void)
{
	long fd;

	if (agent_process.viewless)
		return -ECONNREFUSED;
	vu_await_server();
	fd = vu_session_dial(agent_process.ref.rpc_fd, -EIO);
	return fd == -EINTR ? -EIO : fd;
}

static long send_request(int fd, const struct vu_rpc_request *rq, const struct vu_rpc_text *texts,
			 int n_texts, const int *fds, int n_fds)
{
	struct vu_iovec iov[VU_RPC_TEXTS + 1] = { { rq, sizeof(*rq) } };
	struct cmsg control = { .level = SOL_SOCKET_, .type = SCM_RIGHTS_ };
	struct vu_msghdr head = { .iov = iov, .n_iov = (size_t)n_texts + 1 };
	long r;

	if (n_texts > VU_RPC_TEXTS || n_fds > VU_RPC_MAX_FDS)
		return -EINVAL;
	for (int i = 0; i < n_texts; i++)
		iov[i + 1] = (struct vu_iovec){ texts[i].base, texts[i].len };
	if (n_fds) {
		memcpy(control.fds, fds, (size_t)n_fds * sizeof(int));
		control.len = 16 + (size_t)n_fds * sizeof(int);
		head.control = &control;
		head.control_len = (control.len + 7) & ~7ul;
	}
	r = vu_sys(__NR_sendmsg, fd, &head, MSG_NOSIGNAL_);
	/* More descriptors of the user's are under way than the process may have (unix(7)). */
	if (r == -ETOOMANYREFS)
		return -EMFILE;
	return r < 0 ? (r == -EMSGSIZE || r == -EBADF ? r : -EIO) : 0;
}

/* Signals that have a handler of the guest's (or of ours) and so must not come in. */
static uint64_t handled_signals(uint64_t *restarting)
{
	struct vu_sigaction sa;
	uint64_t set = 0;

	*restarting = 0;
	for (int sig = 1; sig <= 64; sig++) {
		if (vu_sys(__NR_rt_sigaction, sig, 0, &sa, 8) < 0 || sa.handler <= 1)
			continue;
		set |= BIT(sig);
		if (sa.flags & SA_RESTART_)
			*restarting |= BIT(sig);
	}
	return set;
}

long vu_wait_reply(const struct vu_call *c, int fd)
{
	struct {
		int fd;
		short events, revents;
	} poll = { .fd = fd, .events = POLLIN_ };
	uint64_t blocked = c ? c->regs->sigmask : VU_ALL_SIGNALS, restarting, pending;
	uint64_t handled = handled_signals(&restarting);
	uint64_t mask = (blocked | handled) & ~VU_KEPT;

	for (;;) {
		long t[2] = { 0, LOOK_NS };
		long r = vu_sys(__NR_ppoll, &poll, 1, t, &mask, 8);

		if (r == 1)
			return 0;
		if (r < 0 && r != -EINTR)
			return r;
		if (!c || vu_sys(__NR_rt_sigpending, &pending, 8) < 0)
			continue;
		if (pending & handled & ~blocked & ~VU_KEPT & ~(restarting & ~ALWAYS))
			return -EINTR;
	}
}

static long receive(int fd, struct vu_rpc_reply *reply, char *text, size_t size, int *fd_out)
{
	struct vu_iovec iov[2] = { { reply, sizeof(*reply) }, { text, size ? size - 1 : 0 } };
	struct cmsg control = { .len = 0 };
	struct vu_msghdr head = {
		.iov = iov, .n_iov = 2, .control = &control, .control_len = sizeof(control)
	};
	long r = vu_sys(__NR_recvmsg, fd, &head, CMSG_CLOEXEC_);
	size_t n_fds = 0;

	if (r < (long)sizeof(*reply) || reply->magic != VU_RPC_MAGIC)
		return -EIO;
	if (size)
		text[(size_t)r - sizeof(*reply)] = 0;
	if (head.control_len >= 20 && control.type == SCM_RIGHTS_)
		n_fds = (control.len - 16) / sizeof(int);
	if (!n_fds && fd_out && (head.flags & MSG_CTRUNC_))
		*fd_out = -EMFILE;
	for (size_t i = 0; i < n_fds && i < VU_RPC_MAX_FDS; i++) {
		if (!i && fd_out)
			*fd_out = control.fds[0];
		else
			vu_sys(__NR_close, control.fds[i]);
	}
	return reply->result;
}

long vu_rpc_ask(struct vu_call *c, struct vu_rpc_request *rq, const struct vu_rpc_text *texts,
		int n_texts, struct vu_rpc_answer *a)
{
	long fd = dial(), r;

	a->fd = -EIO;
	memset(&a->reply, 0, sizeof(a->reply));
	if (fd < 0) {
		if (a->size)
			a->text[0] = 0;
		return fd;
	}
	vu_count(VU_STATS_RPC, c ? c->nr : (long)VU_STATS_CODE);
	rq->magic = VU_RPC_MAGIC;
	rq->abi = VU_ABI_VERSION;
	rq->token = agent_process.driver;
	if (c)
		vu_stack_look();
	memcpy(rq->stack, agent_process.stack, sizeof(rq->stack));
	rq->len = 0;
	for (int i = 0; i < n_texts; i++)
		rq->len += (uint32_t)texts[i].len;
	r = send_request((int)fd, rq, texts, n_texts, a->fds, a->n_fds);
	if (a->size) /* may be where the request's text was */
		a->text[0] = 0;
	if (!r)
		r = vu_wait_reply(c, (int)fd);
	if (!r)
		r = receive((int)fd, &a->reply, a->text, a->size, &a->fd);
	vu_sys(__NR_close, fd);
	return r;
}

long vu_rpc(struct vu_rpc_request *rq, char *msg, size_t size, const int *fds_in, int n_in,
	    int *fd_out, struct vu_rpc_reply *reply)
{
	struct vu_rpc_text text = { msg, rq->len };
	struct vu_rpc_answer a = { .text = msg, .size = size, .fds = fds_in, .n_fds = n_in };
	long r;

	r = vu_rpc_ask(NULL, rq, &text, 1, &a);
	if (fd_out)
		*fd_out = a.fd;
	else if (a.fd >= 0)
		vu_sys(__NR_close, a.fd);
	if (reply)
		*reply = a.reply;
	return r;
}
