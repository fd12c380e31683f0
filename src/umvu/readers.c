/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Readers of what guests tell each other of links (agent/known.c). All views of a session have the same
 * list. A guest may use it while it changes: each place is a number of its own, and descriptors' numbers
 * are not used again soon.
 */
#include "umvu/readers.h"
#include "umvu/view.h"

static void set(struct vu_session *s, unsigned int place, int fd)
{
	struct vu_view *v;

	s->readers[place] = fd;
	vu_list_for_each(v, &s->views, node) {
		if (v->head)
			__atomic_store_n(&v->head->readers[place], fd, __ATOMIC_RELEASE);
	}
}

void vu_readers_add(struct vu_view *v)
{
	struct vu_session *s = v->session;
	unsigned int i;

	for (i = 0; i < VU_VIEW_READERS; i++)
		v->head->readers[i] = s->readers[i];
	for (i = 0; i < VU_VIEW_READERS && !v->owner; i++) {
		if (s->readers[i])
			continue;
		set(s, i, v->fd);
		return;
	}
	v->head->flags |= VU_VIEW_FORGETFUL;
}

void vu_readers_del(const struct vu_view *v)
{
	unsigned int i;

	for (i = 0; i < VU_VIEW_READERS; i++)
		if (v->fd > 0 && v->session->readers[i] == v->fd)
			set(v->session, i, 0);
}
