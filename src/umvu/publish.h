/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a view image (abi/view.h). */
#ifndef VU_UMVU_PUBLISH_H
#define VU_UMVU_PUBLISH_H

#include <stddef.h>

#include "abi/view.h"

/* A mount as it goes into the table: the numbers of `m`, and the strings that its offsets will mean. */
struct vu_publish_mount {
	struct vu_view_mount m; /* path, path_len, type, source, options, super are filled in */
	const char *path, *type, *source, *options, *super;
};

/* A rule of execution (struct vu_view_exec). */
struct vu_publish_exec {
	uint32_t flags, offset, size;
	const unsigned char *magic, *mask; /* `size` bytes; mask NULL: all bits count */
	const char *extension, *interp;	   /* extension NULL: none */
	int fd;
};

struct vu_publish {
	const struct vu_publish_mount *mounts;
	size_t n_mounts;
	const struct vu_publish_exec *execs; /* the first that fits counts */
	size_t n_execs;
	uint32_t classes;   /* VU_TOUCH_IDS, VU_TOUCH_UTS; those of paths and rules are added */
	const char *name;   /* of the view, cut to fit */
	const char *uts[6]; /* with VU_TOUCH_UTS; NULL: the host's */
	uint32_t debug;
};

/*
 * Write what `p` says into the image at `head` (VU_VIEW_SIZE bytes, magic and such already there) as a
 * new generation. Readers see the old or the new table, never a mixture. 0, or -ENOSPC where the table
 * does not fit, and nothing has changed. Interrupted for good at any moment, it leaves the old table or
 * the new one in use.
 */
int vu_publish(struct vu_view_head *head, const struct vu_publish *p);

#endif
