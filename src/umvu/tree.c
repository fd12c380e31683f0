/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "umvu/mount.h"
#include "umvu/session.h"
#include "umvu/tree.h"
#include "umvu/view.h"

#define USUAL_LIMIT 1024 /* a number above makes each fork copy a larger table of descriptors */
#define BELOW	    24	 /* so far below a limit that cannot be raised */
#define LEAST_LIMIT 256

/*
 * The number that guests have the tree by: the first above the usual limit of descriptors, which may be raised for a
 * moment, so that no program meets it. 0: there is no good one.
 */
static int number_for(const struct rlimit *limit)
{
	if (limit->rlim_cur < LEAST_LIMIT)
		return 0;
	if (limit->rlim_cur > USUAL_LIMIT)
		return USUAL_LIMIT - 1;
	return (int)limit->rlim_cur - (limit->rlim_max > limit->rlim_cur ? 0 : BELOW);
}

void vu_tree_fill(struct vu_view *v)
{
	const struct vu_session *s = v->session;

	v->head->tree_mnt_id = s->tree_mnt_id;
	v->head->tree_number = number_for(&s->nofile);
	__atomic_store_n(&v->head->tree_fd, s->tree_fd, __ATOMIC_RELEASE);
}

static void publish(struct vu_session *s)
{
	struct vu_view *v;

	vu_list_for_each(v, &s->views, node)
		if (v->head)
			vu_tree_fill(v);
}

static void make(struct vu_session *s)
{
	struct statx sx;
	int fd;

	s->tree_tried = true;
	if (!number_for(&s->nofile))
		return;
	fd = vu_realm_tree(vu_session_realm(s));
	if (fd >= 0 && (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) < 0)) {
		close(fd);
		fd = -ENOSYS;
	}
	if (fd >= 0)
		fd = vu_session_place_fd(s, fd);
	if (fd < 0) {
		vu_log_info("mount", "no tree of mounts: %s", strerror(-fd));
		return;
	}
	s->tree_mnt_id = sx.stx_mnt_id;
	s->tree_fd = fd;
	publish(s);
}

/* The realm that has made it is no more, and neither is what hung in it. */
static void lose(struct vu_session *s)
{
	vu_log_info("mount", "the tree of mounts has gone");
	vu_fd_close(&s->tree_fd);
	s->tree_fd = 0;
	publish(s);
}

void vu_tree_hang(struct vu_mount *m)
{
	struct vu_session *s = m->session;
	int res;

	if (!s->tree_tried)
		make(s);
	if (!s->tree_fd)
		return;
	res = vu_realm_attach(vu_session_realm(s), m->fd, m->id);
	if (!res)
		m->flags |= VU_MOUNT_TREE;
	else
		lose(s);
}

void vu_tree_take(struct vu_mount *m)
{
	struct vu_session *s = m->session;

	if ((m->flags & VU_MOUNT_TREE) && s->tree_fd && vu_realm_detach(vu_session_realm(s), m->id))
		lose(s);
	m->flags &= ~VU_MOUNT_TREE;
}
