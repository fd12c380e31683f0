/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server's process, which ends when the last view has ended. The first front makes the session and its view and
 * forks, so that it need not wait: the guests' first calls do not need the server, and /proc/<server>/fd is there.
 *
 * It is in a session and process group of its own, so that no terminal reaches it, and holds nothing of
 * the front's. It stays dumpable, since guests reach its descriptors through /proc. SIGTERM ends it in
 * good order: as if all fronts had gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "realm/guests.h"
#include "umvu/code.h"
#include "umvu/conn.h"
#include "umvu/image.h"
#include "umvu/link.h"
#include "umvu/modules.h"
#include "umvu/server.h"
#include "umvu/session.h"
#include "umvu/view.h"
#include "umvu/view_end.h"
#include "umvu/worker.h"

#define KEPT_MAX 16   /* descriptors that the server begins with */
#define LEFT_MS	 1000 /* for what drivers have left behind to heed SIGTERM */

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

/* Standard descriptors, the link, those of the session, and nothing else. */
static void shed(const struct vu_session *s, int link, bool debug)
{
	int keep[KEPT_MAX] = { link }, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t n = 1 + vu_session_fds(s, keep + 1, KEPT_MAX - 1);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (!debug)
		dup2(null, STDERR_FILENO);
	vu_close_all_but(keep, n);
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

/* Signals and whereabouts of a process that nobody waits for. */
static void settle(void)
{
	sigset_t none;

	sigemptyset(&none);
	vu_signals_reset(&none);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	prctl(PR_SET_NAME, "umvu-server");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (vu_modpath_anchor() < 0 || chdir("/") < 0)
		_exit(125);
}

/*
 * The first program goes first: it needs a processor now, and the server does not. (A new process is put where least
 * is to be done at that moment: behind this one, if both are made at once.) The front says when, or is gone.
 */
static void give_way(int link)
{
	char go;

	while (recv(link, &go, sizeof(go), 0) < 0 && errno == EINTR)
		;
}

/* Tell the front why there is no server. */
_Noreturn static void give_up(int link, int error)
{
	char text[160];
	struct vu_rpc_reply head = { .magic = VU_RPC_MAGIC, .reserved = VU_LINK_LOG };
	struct iovec iov[2] = { { &head, sizeof(head) }, { text, 0 } };

	snprintf(text, sizeof(text), "umvu: the session's server cannot begin: %s",
		 strerror(-error));
	head.len = (uint32_t)strlen(text) + 1;
	iov[1].iov_len = head.len;
	vu_fd_send(link, iov, 2, NULL, 0);
	_exit(125);
}

static int begin(struct vu_session *s, struct vu_view *v)
{
	int res = vu_session_serve(s);

	if (!res)
		res = vu_image_map(v->fd, &v->head); /* which a fork does not inherit */
	return res ? res : vu_view_serve(v);
}

/* What drivers have started and left behind (sshfs's ssh) is our child: we are subreaper. */
static void end_leftovers(uint64_t session)
{
	const struct vu_guests g = { .session = session,
				     .drivers = true,
				     .grace_ms = LEFT_MS,
				     .patience_ms = VU_GUESTS_STUCK_MS };
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0);
	if (!pid)
		vu_guests_end(&g);
}

_Noreturn static void run(struct vu_session *s, struct vu_view *v, int link, bool debug)
{
	uint64_t session = s->id;
	int res;

	setsid();
	give_way(link);
	shed(s, link, debug);
	settle();
	res = begin(s, v);
	if (res < 0)
		give_up(link, res);
	if (!debug)
		vu_log_to(to_fronts, s);
	vu_fd_nonblock(link, true);
	if (vu_conn_add_front(v, link) < 0)
		_exit(125);
	vu_loop_run(&s->loop);
	if (s->loop.terminate)
		terminate(s);
	vu_log_to(NULL, NULL);
	vu_session_free(s);
	end_leftovers(session);
	exit(0);
}

static int fork_server(struct vu_server *server, bool debug)
{
	int pair[2], res;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	server->pid = fork();
	if (server->pid == 0) {
		close(pair[0]);
		run(server->session, server->view, pair[1], debug);
	}
	res = server->pid < 0 ? -errno : 0;
	close(pair[1]);
	server->link = pair[0];
	if (res < 0)
		vu_fd_close(&server->link);
	return res;
}

static int make(const struct vu_server_start *how, struct vu_server *server, char *text,
		size_t size)
{
	int res = vu_session_new(&server->session, text, size);

	if (res < 0)
		return res;
	server->view = NULL;
	server->stats = NULL;
	res = vu_view_new(server->session, NULL, how->name, how->stats, &server->view);
	if (!res && how->stats)
		res = vu_image_stats(server->view->fd, &server->stats);
	if (!res) {
		vu_code_foresee(server->session, how->first);
		res = fork_server(server, how->debug);
	}
	if (res < 0) {
		vu_server_let_go(server);
		return res;
	}
	/* It is the child's now, whose number guests look for. */
	server->session->pid = server->pid;
	server->view->head->server = server->pid;
	return 0;
}

int vu_server_start(const struct vu_server_start *how, struct vu_server *server, char *text,
		    size_t size)
{
	/* Where files may not grow: EFBIG, which can be told (setrlimit(2)). */
	sighandler_t old = signal(SIGXFSZ, SIG_IGN);
	int res = make(how, server, text, size);

	signal(SIGXFSZ, old);
	return res;
}

void vu_server_go(const struct vu_server *server)
{
	send(server->link, "", 1, MSG_NOSIGNAL);
}

void vu_server_let_go(struct vu_server *server)
{
	if (server->view)
		vu_view_free(server->view);
	vu_session_free(server->session);
	server->view = NULL;
	server->session = NULL;
}
