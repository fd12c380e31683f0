/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts: kernel mounts held by a descriptor, which hang in the tree of the session (tree.h), if anywhere. They are
 * shared by the views that have them.
 *
 * The last reference does not end a mount: its driver is to write everything first. So whoever lets go
 * gathers what is unreferenced (vu_mount_put) and has it released (vu_mounts_release), which closes the
 * descriptors and waits for the drivers, both in a worker, because both may take their time.
 */
#ifndef VU_UMVU_MOUNT_H
#define VU_UMVU_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/proc.h"

struct vu_session;
struct vu_driver;
struct vu_mod;
struct vu_stack;

#define VU_MOUNT_DAEMONS 16

struct vu_mount {
	struct vu_list node;
	struct vu_session *session;
	unsigned int refs;
	uint32_t id;
	int fd; /* O_PATH: its root; -1 once it is being released */
	uint64_t dev, mnt_id;
	uint64_t attr;	/* MOUNT_ATTR_* */
	uint32_t flags; /* VU_MOUNT_RDONLY, VU_MOUNT_FILE, VU_MOUNT_TREE */
	bool rdonly;	/* from the start */
	char *type, *source;
	char *super;		  /* options of the super block, without "ro" and "rw" */
	struct vu_mod *module;	  /* that it uses, NULL none; not counted as a reference */
	struct vu_driver *driver; /* that umvu has started for it, NULL: a daemon of the user's */
	struct vu_stack *stack;	  /* it is this network stack, which ends with it; NULL none */
	/* A user's daemon: the process that mounted, and the children that it had at that time. */
	struct vu_proc_id daemons[VU_MOUNT_DAEMONS];
	size_t n_daemons;
};

/* What a mount is made of. Strings are copied. */
struct vu_mount_init {
	const char *type, *source, *super;
	uint64_t attr;
	bool is_file;
};

/*
 * A mount with one reference from the descriptor of its root, which it takes (and closes on error).
 * Does not call the driver. 0 and *m, or -errno.
 */
int vu_mount_new(struct vu_session *s, int take_fd, const struct vu_mount_init *init,
		 struct vu_mount **m);

struct vu_mount *vu_mount_get(struct vu_mount *m);

/* Give a reference back. True: it was the last, and the mount is to be released. */
bool vu_mount_put(struct vu_mount *m);

/* Close and free it, whatever its driver does: only for release.c. */
void vu_mount_free(struct vu_mount *m);

/* NULL: there is none. */
struct vu_mount *vu_mount_by_id(struct vu_session *s, uint32_t id);

/* "rw,nosuid,nodev,relatime" of MOUNT_ATTR_* bits, into text[size]. */
void vu_mount_options(uint64_t attr, char *text, size_t size);

struct vu_release_job {
	unsigned int timeout_ms;
	bool kill; /* drivers that are not gone then are killed (else they are left to themselves) */
	/* Once; `res` is 0, or -ETIMEDOUT where drivers were still there. May be NULL. */
	void (*done)(void *ctx, int res);
	void *ctx;
};

/*
 * Release mounts without references: they are freed, and `done` is called, when no driver of theirs is
 * left or the time is over. n may be 0: then `done` is called at once. 0, or -errno: then the
 * descriptors have been closed, the mounts freed and `done` called all the same.
 */
int vu_mounts_release(struct vu_session *s, struct vu_mount *const *mounts, size_t n,
		      const struct vu_release_job *job);

#endif
