/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounting, and the list of mounts. */
#ifndef VU_CMD_MOUNTS_H
#define VU_CMD_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* "-o" options as mount(2) wants them. {0} is no option. */
struct vu_mount_options {
	unsigned long flags; /* MS_* */
	bool read_write;     /* "rw" was asked for by name */
	bool ignored_loop;   /* "loop" was there: no loop device is needed */
	uint64_t offset;     /* of "offset=", 0 if there is none */
	struct vu_buf data;  /* the options that are not flags, comma separated */
};

/* For VU_CLEANUP(mount_options). */
void vu_cleanup_mount_options(void *p);

/*
 * Add the comma separated `text` to *o, later options over earlier ones. Options that are for mount(8)
 * only (noauto, user, x-...) are dropped. 0; -EINVAL for a bad number; -ENOMEM.
 */
int vu_mount_options_add(struct vu_mount_options *o, const char *text);

/*
 * Mount `source` on `target` in the view; type NULL, "auto" or "": guess it from the
 * source. 0 or -errno as mount(2).
 * Says on stderr what went wrong, "WHO: 'TARGET': strerror", where `who` is the program's name, and
 * gives hints; what the driver said has been written to stderr by then. `verbose` tells the guess and
 * the success on stdout. Blocks until the driver answers.
 */
int vu_mount(const char *who, const char *type, const char *source, const char *target,
	     const struct vu_mount_options *o, bool verbose);

struct vu_mount_line {
	char *source, *target, *type, *options;
};

/* Mounts in the order in which they were made. {0} is an empty list. */
struct vu_mount_list {
	struct vu_mount_line *line;
	size_t n;
};

/* For VU_CLEANUP(mount_list). */
void vu_cleanup_mount_list(void *p);

/* All mounts that the caller sees, from /proc/self/mounts. 0 or -errno. */
int vu_mount_list_all(struct vu_mount_list *list);

/* The mounts that the caller's view has of its own. 0 (none outside a session) or -errno. */
int vu_mount_list_view(struct vu_mount_list *list);

#endif
