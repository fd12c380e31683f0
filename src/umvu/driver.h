/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Drivers: FUSE daemons that umvu starts for mounts of modules' types, as guests of a view of their own
 * in which the mount point is covered by an empty directory (or file).
 */
#ifndef VU_UMVU_DRIVER_H
#define VU_UMVU_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "umvu/mount.h"
#include "umvu/plan.h"

struct vu_view;
struct vu_mod;

#define VU_DRIVER_SOURCE_FD 3 /* where a driver finds the source that umvu has opened */

/* Called once: with the mount, whose reference is the callee's, or with -errno and what was said. */
typedef void vu_driver_ready(void *ctx, int res, const char *text, struct vu_mount *m);

struct vu_driver_init {
	struct vu_view *owner; /* view that the mount is for */
	struct vu_mod *mod;
	const char *type, *source, *target; /* as the mount will show them */
	const char *place;		    /* where the driver mounts, in its own view */
	uint32_t parent;		    /* id of the mount that target lies in */
	uint64_t attr;			    /* MOUNT_ATTR_* */
	bool is_file;			    /* target is no directory */
	pid_t client;			    /* who mounts: its working folder is the driver's */
	const uint32_t *stack;		    /* ... and so are its network stacks (abi/stack.h) */
	vu_driver_ready *ready;
	void *ctx;
};

/*
 * Start the driver that `plan` describes (taken; so is source_fd, -1 none). 0 and *d, which lives until
 * process and mount are gone; or -errno with text[size], and ready is not called.
 */
int vu_driver_start(const struct vu_driver_init *init, struct viewos_driver *take_plan,
		    int take_source, struct vu_driver **d, char *text, size_t size);

/* Give a start up: ready will not be called, the process ends. */
void vu_driver_cancel(struct vu_driver *d);

/* The driver whose processes have that token; NULL: none. */
struct vu_driver *vu_driver_by_token(struct vu_session *s, uint32_t token);

/* The mount that it serves, NULL none (any more). */
struct vu_mount *vu_driver_mount(const struct vu_driver *d);

/*
 * What its mount shall show, and with which attributes; false if it has mounted already.
 */
bool vu_driver_expects(const struct vu_driver *d, struct vu_mount_init *init);

/* It has mounted; takes the reference. `ready` follows when it answers. */
void vu_driver_mounted(struct vu_driver *d, struct vu_mount *take_m);

/* Its mount is gone (release.c). */
void vu_driver_unmounted(struct vu_driver *d);

/* How many are starting for mod in a view; with b their mount points, `before` the first. */
unsigned int vu_drivers_starting(const struct vu_view *v, const struct vu_mod *mod,
				 const char *before, struct vu_buf *b);

/* Cancel those that are starting for the view. */
void vu_drivers_cancel_view(struct vu_view *v);

/*
 * If one of the view's drivers has failed and is not quite gone: true, and gone() is called when it is, once. That is
 * within seconds, whatever it does.
 */
bool vu_drivers_await(const struct vu_view *v, void (*gone)(void *ctx), void *ctx);

/* The view ends: drivers whose mount another view has go over to that; others are forgotten. */
void vu_drivers_drop_view(struct vu_view *v);

#endif
