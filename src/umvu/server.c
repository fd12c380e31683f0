/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's process: born by the first front's fork, ends when the last view has ended.
 *
 * It is in a session and process group of its own, so that no terminal reaches it, and holds nothing of
 * the front's. It stays dumpable, since guests reach its descriptors through /proc. SIGTERM ends it in
 * good order: as if all fronts had gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/conn.h"
#include "umvu/link.h"
#include "umvu/modules.h"
#include "umvu/server.h"
#include "umvu/session.h"
#include "umvu/view.h"
#include "umvu/view_end.h"
#include "umvu/worker.h"

#define LINK_FD 3

/* Log lines go to all fronts, which show them to the user. */
static void to_fronts(void *ctx, enum vu_log_level level, const char *line)
{
	struct vu_session *s = ctx;
	struct vu_view *v;

	(void)level;
	vu_list_for_each(v, &s->views, node) {
		if (v->front) {
			vu_conn_tell(v->front, VU_LINK_LOG, line);
			return; /* the first view's: its front is nobody's guest */
		}
	}
}

/* Standard descriptors, the link, and nothing else. */
static void shed(int link, bool debug)
{
	const int keep[1] = { LINK_FD };
	int null;

	if (link != LINK_FD)
		dup3(link, LINK_FD, O_CLOEXEC);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!debug)
		dup2(null, STDERR_FILENO);
	vu_close_all_but(keep, 1);
}

/* Tell the front why there is no session: the answer to the request that it will send. */
static void refuse(int link, int res, const char *text)
{
	struct vu_rpc_reply head = { .magic = VU_RPC_MAGIC,
				     .result = res,
				     .len = (uint32_t)strlen(text) + 1 };
	struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)text, head.len } };

	vu_fd_send(link, iov, 2, NULL, 0);
}

/* SIGTERM: all views end. */
static void terminate(struct vu_session *s)
{
	struct vu_view *v;
	bool found = true;

	vu_log_debug("session", "asked to end");
	while (found) {
		found = false;
		vu_list_for_each(v, &s->views, node) {
			if (!v->owner && !v->ending) {
				vu_view_abandon(v);
				found = true;
				break;
			}
		}
	}
	if (!vu_list_empty(&s->views) || s->n_releases)
		vu_loop_run(&s->loop);
}

_Noreturn static void run(int link, bool debug)
{
	struct vu_session *s;
	char text[1024];
	sigset_t none;
	int res;

	setsid();
	sigemptyset(&none);
	vu_signals_reset(&none);
	signal(SIGPIPE, SIG_IGN);
	/* Where files may not grow: EFBIG, which can be told (setrlimit(2)). */
	signal(SIGXFSZ, SIG_IGN);
	prctl(PR_SET_NAME, "umvu-server");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	shed(link, debug);
	if (vu_modpath_anchor() < 0 || chdir("/") < 0)
		_exit(125);
	res = vu_session_new(&s, text, sizeof(text));
	if (res < 0) {
		refuse(LINK_FD, res, text);
		_exit(125);
	}
	if (!debug)
		vu_log_to(to_fronts, s);
	vu_fd_nonblock(LINK_FD, true);
	if (vu_conn_add(s, NULL, LINK_FD) < 0)
		_exit(125);
	vu_loop_run(&s->loop);
	if (s->loop.terminate)
		terminate(s);
	vu_log_to(NULL, NULL);
	vu_session_free(s);
	exit(0);
}

int vu_server_start(bool debug, pid_t *pid, int *link)
{
	int pair[2], res;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*pid = fork();
	if (*pid == 0) {
		close(pair[0]);
		run(pair[1], debug);
	}
	res = *pid < 0 ? -errno : 0;
	close(pair[1]);
	if (res < 0)
		close(pair[0]);
	else
		*link = pair[0];
	return res;
}
