/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts: making them, references, their options as text. Their release is in release.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "abi/view.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/mount.h"
#include "umvu/session.h"
#include "umvu/stack.h"
#include "umvu/tree.h"

/*
 * Device and mount number of a root. AT_STATX_DONT_SYNC makes FUSE answer from what it has, which for a
 * root are at least its type and number, without a word to the daemon (fs/fuse/dir.c).
 */
static int identify(struct vu_mount *m)
{
	struct statx st;

	if (statx(m->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MNT_ID, &st) <
	    0)
		return -errno;
	if (!(st.stx_mask & STATX_MNT_ID))
		return -ENOSYS; /* before Linux 5.8 */
	m->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	m->mnt_id = st.stx_mnt_id;
	return 0;
}

void vu_mount_free(struct vu_mount *m)
{
	vu_list_del(&m->node);
	vu_tree_take(m);
	if (m->stack)
		vu_stack_free(m->stack);
	vu_fd_close(&m->fd);
	free(m->type);
	free(m->source);
	free(m->super);
	free(m);
}

int vu_mount_new(struct vu_session *s, int take_fd, const struct vu_mount_init *init,
		 struct vu_mount **out)
{
	struct vu_mount *m = calloc(1, sizeof(*m));
	int res;

	if (!m) {
		close(take_fd);
		return -ENOMEM;
	}
	vu_list_init(&m->node);
	m->session = s;
	m->refs = 1;
	m->attr = init->attr;
	m->rdonly = init->attr & MOUNT_ATTR_RDONLY;
	m->flags = (init->is_file ? VU_MOUNT_FILE : 0) |
		   (init->attr & MOUNT_ATTR_RDONLY ? VU_MOUNT_RDONLY : 0);
	m->type = strdup(init->type);
	m->source = strdup(init->source);
	m->super = strdup(init->super);
	m->fd = vu_session_place_fd(s, take_fd);
	res = m->fd < 0 ? m->fd : m->type && m->source && m->super ? identify(m) : -ENOMEM;
	if (res < 0) {
		vu_mount_free(m);
		return res;
	}
	m->id = s->next_mount++;
	vu_list_add_tail(&s->mounts, &m->node);
	vu_tree_hang(m);
	*out = m;
	return 0;
}

struct vu_mount *vu_mount_get(struct vu_mount *m)
{
	m->refs++;
	return m;
}

bool vu_mount_put(struct vu_mount *m)
{
	VU_BUG_ON(!m->refs);
	return --m->refs == 0;
}

struct vu_mount *vu_mount_by_id(struct vu_session *s, uint32_t id)
{
	struct vu_mount *m;

	vu_list_for_each(m, &s->mounts, node)
		if (m->id == id)
			return m;
	return NULL;
}

void vu_mount_options(uint64_t attr, char *text, size_t size)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} names[] = {
		{ MOUNT_ATTR_NOSUID, ",nosuid" },	  { MOUNT_ATTR_NODEV, ",nodev" },
		{ MOUNT_ATTR_NOEXEC, ",noexec" },	  { MOUNT_ATTR_NOATIME, ",noatime" },
		{ MOUNT_ATTR_NODIRATIME, ",nodiratime" },
	};
	size_t i, n;

	n = (size_t)snprintf(text, size, "%s", attr & MOUNT_ATTR_RDONLY ? "ro" : "rw");
	for (i = 0; i < VU_ARRAY_SIZE(names); i++)
		if ((attr & names[i].bit) && n + strlen(names[i].name) < size)
			n += (size_t)snprintf(text + n, size - n, "%s", names[i].name);
	/* MOUNT_ATTR_RELATIME is 0: what neither of the others says. */
	if (!(attr & (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME)) && n + 9 < size)
		snprintf(text + n, size - n, ",relatime");
}
