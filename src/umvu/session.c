/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session: making and ending it, its realm, the numbers of its descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "realm/guests.h"
#include "umvu/code.h"
#include "umvu/conn.h"
#include "umvu/session.h"
#include "umvu/view.h"

#define FIRST_FD   256	 /* descriptors that guests know lie from here ... */
#define LAST_FD	   65536 /* ... to here, or to the limit of the process */
#define GUARD_MS   50 /* when its guard is there at the latest: a session's start is not kept by it */
#define LOWEST_TOP 512 /* with a limit below this there is no room for going round */

/* As many descriptors as we may have; the drivers get their own limit back. */
static void raise_limit(struct vu_session *s)
{
	struct rlimit more;

	if (getrlimit(RLIMIT_NOFILE, &s->nofile) < 0)
		return;
	more = s->nofile;
	more.rlim_cur = more.rlim_max < LAST_FD ? more.rlim_max : LAST_FD;
	if (more.rlim_cur > s->nofile.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &more);
}

int vu_session_place_fd(struct vu_session *s, int fd)
{
	struct rlimit limit;
	int top = LAST_FD, placed;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < LAST_FD)
		top = (int)limit.rlim_cur;
	if (s->next_fd >= top)
		s->next_fd = top < LOWEST_TOP ? 3 : FIRST_FD;
	placed = vu_fd_dup(fd, s->next_fd);
	if (placed == -EINVAL || placed == -EMFILE) /* none is free from there on */
		placed = vu_fd_dup(fd, 3);
	close(fd);
	if (placed >= 0)
		s->next_fd = placed + 1;
	return placed;
}

static int open_loader(struct vu_session *s, char *text, size_t size)
{
	struct stat st;
	int fd = open(s->paths.loader, O_PATH | O_CLOEXEC), res = -errno;

	if (fd < 0 || fstat(fd, &st) < 0) {
		snprintf(text, size, "'%s'", s->paths.loader);
		vu_fd_close(&fd);
		return res;
	}
	s->loader_dev = st.st_dev;
	s->loader_ino = st.st_ino;
	s->loader_fd = vu_session_place_fd(s, fd);
	return s->loader_fd < 0 ? s->loader_fd : 0;
}

/* The realm has ended before us. Another guards the session at once. */
static void on_realm_exit(struct vu_child *c, int status)
{
	struct vu_session *s = vu_container_of(c, struct vu_session, realm_child);

	vu_log_warn("realm", "the realm has ended unexpectedly (0x%x); it is started again",
		    status);
	vu_realm_drop(&s->realm);
	vu_session_realm(s);
}

struct vu_realm *vu_session_realm(struct vu_session *s)
{
	int res;

	if (s->realm.sock >= 0)
		return &s->realm;
	/* One that does not answer any more is not waited for. */
	vu_child_del(&s->realm_child);
	if (s->realm.pid > 0)
		kill(s->realm.pid, SIGKILL);
	res = vu_realm_start(&s->realm, s->id);
	if (res < 0)
		vu_log_err("realm", "no realm: %s", strerror(-res));
	else
		vu_child_add(&s->loop, &s->realm_child, s->realm.pid, on_realm_exit);
	return &s->realm;
}

static void on_guard(struct vu_timer *t)
{
	vu_session_realm(vu_container_of(t, struct vu_session, guard));
}

static void init_lists(struct vu_session *s)
{
	vu_list_init(&s->views);
	vu_list_init(&s->mounts);
	vu_list_init(&s->drivers);
	vu_list_init(&s->modules);
	vu_list_init(&s->conns);
	vu_child_init(&s->realm_child);
	vu_timer_init(&s->guard);
}

int vu_session_new(struct vu_session **out, char *text, size_t size)
{
	struct vu_session *s = calloc(1, sizeof(*s));
	int res;

	text[0] = '\0';
	if (!s)
		return -ENOMEM;
	init_lists(s);
	s->pid = getpid();
	s->uid = geteuid();
	s->gid = getegid();
	s->realm.sock = -1;
	s->realm.pid = -1;
	s->loader_fd = -1;
	s->next_view = 1;
	s->next_mount = 1;
	s->next_fd = FIRST_FD;
	if (getrandom(&s->id, sizeof(s->id), 0) != (ssize_t)sizeof(s->id))
		s->id = (uint64_t)s->pid << 32 | (uint64_t)time(NULL);
	res = vu_paths_find(&s->paths);
	if (!res)
		res = open_loader(s, text, size);
	if (!res)
		res = vu_code_new(s);
	if (res < 0) {
		vu_fd_close(&s->loader_fd);
		vu_paths_free(&s->paths);
		free(s);
		return res;
	}
	*out = s;
	return 0;
}

int vu_session_serve(struct vu_session *s)
{
	int res = vu_loop_init(&s->loop);

	if (res < 0)
		return res;
	s->pid = getpid();
	s->umask = umask(077);
	raise_limit(s);
	vu_code_serve(s);
	vu_timer_set(&s->loop, &s->guard, GUARD_MS, on_guard);
	return 0;
}

size_t vu_session_fds(const struct vu_session *s, int *fds, size_t max)
{
	const struct vu_view *v;
	size_t n = 0;

	VU_BUG_ON(max < 1);
	fds[n++] = s->loader_fd;
	vu_list_for_each(v, &s->views, node) {
		VU_BUG_ON(n + 2 > max);
		fds[n++] = v->fd;
		fds[n++] = v->rpc_fd;
	}
	return n + vu_code_fds(s, fds + n, max - n);
}

void vu_session_free(struct vu_session *s)
{
	pid_t realm = s->realm.pid;

	vu_child_del(&s->realm_child);
	vu_timer_del(&s->guard);
	while (!vu_list_empty(&s->conns))
		vu_conn_close(vu_list_entry(s->conns.next, struct vu_conn, node));
	vu_realm_stop(&s->realm);
	if (s->late)
		vu_drivers_end(s->id, 0);
	if (realm > 0)
		waitpid(realm, NULL, 0);
	vu_code_free(s);
	if (s->tree_fd)
		close(s->tree_fd);
	close(s->loader_fd);
	vu_paths_free(&s->paths);
	free(s);
}

void vu_session_check_end(struct vu_session *s)
{
	if (vu_list_empty(&s->views) && !s->n_releases)
		s->loop.stop = true;
}
