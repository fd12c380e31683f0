/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making mounts: by a FUSE daemon that has opened /dev/fuse itself, or by a driver that umvu starts.
 * mount(2) and the calls of fsopen(2) come together here.
 */
#ifndef VU_UMVU_MOUNTING_H
#define VU_UMVU_MOUNTING_H

#include "umvu/conn.h"
#include "umvu/mntopt.h"
#include "umvu/modules.h"
#include "umvu/view.h"

/* A mount that is asked for. */
struct vu_mounting {
	struct vu_conn *conn;
	struct vu_view *view; /* a user's */
	const char *type, *source, *target;
	const char *options;   /* "" none */
	uint64_t attr;	       /* MOUNT_ATTR_* */
	uint32_t parent;       /* id of the mount that target lies in */
	uint64_t bits;	       /* VU_MNT_* */
	int *source_fd;	       /* taken (then -1); NULL or -1: none */
	const uint32_t *stack; /* the caller's network stacks: the driver's, too */
	const int *log;	       /* of a context, for what is said if it fails; NULL: none */
};

/* Start a driver and answer the connection when it serves or has failed. */
void vu_mounting_start(struct vu_mounting *m);

/* A daemon's own mount. */
struct vu_daemon_mount {
	const char *type, *source;
	struct vu_fuse_data data;
	uint64_t attr;
	int dev;	/* its /dev/fuse; borrowed, to be closed soon */
	pid_t pid;	/* its process */
	uint32_t token; /* of a driver, 0 none */
};

/*
 * Make the kernel mount of a daemon, which is not in a view yet. 0, *m with a reference, and *tag, a
 * descriptor that the daemon is to map. If it is the one that a driver is to make, *m is NULL: the
 * driver has it. Or -errno with text[VU_MODULE_TEXT].
 */
int vu_mounting_daemon(struct vu_session *s, const struct vu_daemon_mount *dm, struct vu_mount **m,
		       int *tag, char *text);

/*
 * Change attributes of a mount as mount_setattr(2) does, for all views that share it. nosuid and nodev stay.
 * 0; -EROFS for write access where the driver has opened its source for reading; or -errno with
 * text[VU_REALM_TEXT].
 */
int vu_mounting_change(struct vu_mount *m, uint64_t set, uint64_t clear, char *text);

/* Put a mount into a view at target, on top of what is there. 0 or -errno. */
int vu_mounting_place(struct vu_view *v, struct vu_mount *m, uint32_t parent, const char *target,
		      uint64_t bits);

#endif
