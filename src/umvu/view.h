/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Views: what a group of guests sees. A view is an image that its guests map, a socket by which they
 * reach the server, a table of mounts, and a set of modules.
 *
 * A user's view belongs to a front and lives until the front lets go (view_end.c). A driver's view
 * belongs to a driver; it has no table of its own: its driver sees its owner's table, but a cover in the
 * place of the mount that the driver is for.
 */
#ifndef VU_UMVU_VIEW_H
#define VU_UMVU_VIEW_H

#include "abi/state.h"
#include "abi/view.h"
#include "umvu/mount.h"
#include "umvu/session.h"

struct vu_conn;
struct vu_driver;

/* A mount in a view. */
struct vu_entry {
	struct vu_list node;
	struct vu_mount *mount; /* a reference */
	uint32_t parent;	/* id of the mount that the mount point lies in, 0 host */
	uint32_t flags;		/* VU_MOUNT_GHOST, VU_MOUNT_HIDDEN */
	char *path;
};

struct vu_view {
	struct vu_list node;
	struct vu_session *session;
	uint32_t number;
	char name[64];
	int fd;			   /* the image */
	struct vu_view_head *head; /* the image, mapped */
	int rpc_fd;		   /* O_PATH of the socket */
	struct vu_io listen;
	struct vu_timer pause; /* no descriptor was left for a connection */
	struct vu_list entries;
	struct vu_list uses;	 /* struct vu_mod_use */
	struct vu_list contexts; /* struct vu_fscontext */
	unsigned int n_contexts;
	struct vu_conn *front; /* NULL: it has gone, or this is a driver's view */
	bool stats;	       /* its guests count their calls */
	bool ending;
	/* Called when the view has ended, with what went wrong ("": nothing); NULL: nobody waits. */
	void (*ended)(void *ctx, const char *text);
	void *ended_ctx;

	/* A driver's view: */
	struct vu_view *owner;	  /* NULL: a user's view */
	struct vu_driver *driver; /* whose view it is */
	struct vu_list covered;	  /* link in owner's `covers` */
	struct vu_list covers;	  /* of a user's view: its drivers' views */
};

/*
 * A view that begins as a copy of `parent` (NULL: empty), with calls counted or not. Its guests can be started, but
 * nobody answers them until vu_view_serve(). 0 and *v, or -errno.
 */
int vu_view_new(struct vu_session *s, const struct vu_view *parent, const char *name, bool stats,
		struct vu_view **v);

/* Make the view's socket: from now on its guests' requests come to the loop. 0 or -errno. */
int vu_view_serve(struct vu_view *v);

/* A driver's view, which is served. 0 and *v, or -errno. */
int vu_view_new_cover(struct vu_view *owner, struct vu_driver *driver, struct vu_view **v);

/* Drops what is left in it. No driver's view hangs from it any more. */
void vu_view_free(struct vu_view *v);

/* How guests reach it. */
struct vu_session_ref vu_view_ref(const struct vu_view *v);

/* The number is not 0. NULL: there is none. */
struct vu_view *vu_view_by_number(struct vu_session *s, uint32_t number);

/* The entry of mount `id`; NULL: not in the view. A driver's view has its owner's, too. */
struct vu_entry *vu_view_entry(const struct vu_view *v, uint32_t id);

/* Whether another mount lies in mount `id`; that entry, or NULL. */
struct vu_entry *vu_view_entry_in(const struct vu_view *v, uint32_t id);

/* The id of what is on top at `path` in mount `parent`: `parent` itself if nothing is mounted there. */
uint32_t vu_view_top(const struct vu_view *v, uint32_t parent, const char *path);

/*
 * Add a mount and publish. The view takes a reference of its own. `parent` must be 0 or in the view.
 * 0 or -errno (-ENOSPC: the table is full).
 */
int vu_view_add(struct vu_view *v, struct vu_mount *m, uint32_t parent, const char *path,
		uint32_t flags);

/* Take an entry out and publish; its reference goes to the caller: the mount. */
struct vu_mount *vu_view_take(struct vu_view *v, struct vu_entry *e);

/* Publish the table again (name, modules or flags have changed), and those of its drivers' views. */
int vu_view_publish(struct vu_view *v);

#endif
