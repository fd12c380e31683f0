/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session: everything that one server looks after. Views, mounts, drivers, modules and connections
 * hang from it; each has its own header.
 */
#ifndef VU_UMVU_SESSION_H
#define VU_UMVU_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "abi/view.h"
#include "base/list.h"
#include "realm/realm.h"
#include "umvu/loop.h"
#include "umvu/paths.h"

struct vu_session {
	struct vu_loop loop;
	struct vu_paths paths;
	uint64_t id; /* random */
	pid_t pid;   /* of the server */
	uid_t uid;   /* the user's, as the kernel has it */
	gid_t gid;
	int loader_fd; /* O_PATH: vu-loader */
	uint64_t loader_dev, loader_ino;

	int tree_fd; /* O_PATH: the root of the tree of mounts (tree.h), 0 none */
	uint64_t tree_mnt_id;
	bool tree_tried;

	struct vu_realm realm;
	struct vu_child realm_child;
	struct vu_timer guard; /* starts the realm where nothing has asked for it yet */

	struct vu_list views;	 /* struct vu_view, drivers' views too */
	struct vu_list mounts;	 /* struct vu_mount */
	struct vu_list drivers;	 /* struct vu_driver */
	struct vu_list modules;	 /* struct vu_mod */
	struct vu_list conns;	 /* struct vu_conn */
	unsigned int n_releases; /* sets of mounts that wait for their drivers' end */
	bool late;		 /* the driver of an unmounted mount has not ended in time */
	uint32_t next_view, next_mount;
	int readers[VU_VIEW_READERS]; /* see abi/view.h */
	struct vu_code *code;	      /* patched code */
	int next_fd;		      /* where to place the next descriptor that guests know */

	/* What drivers get back that the server changed for itself. */
	mode_t umask;
	struct rlimit nofile;
};

/*
 * Make a session with no view yet. What it opens is close-on-exec. 0 and *s, or -errno with a sentence in
 * text[size] ("" where strerror says it all).
 */
int vu_session_new(struct vu_session **s, char *text, size_t size);

/* The calling process becomes its server: it has a loop from now on. 0 or -errno. */
int vu_session_serve(struct vu_session *s);

/* The descriptors of a session whose server has not begun, fds[max]; how many. */
size_t vu_session_fds(const struct vu_session *s, int *fds, size_t max);

/*
 * Stop the realm and free everything; there are no views any more. A process that is not the server, but has made
 * the session, lets go of it so, after its views.
 */
void vu_session_free(struct vu_session *s);

/* The realm, started again if it has died. */
struct vu_realm *vu_session_realm(struct vu_session *s);

/* End the loop if the session has nothing more to do. */
void vu_session_check_end(struct vu_session *s);

/*
 * Move descriptor `fd`, which guests will know by its number, to a number that has not been in use for
 * long: a guest that still acts on an older table must not hit something new. The new number, or
 * -errno and fd is closed.
 */
int vu_session_place_fd(struct vu_session *s, int fd);

#endif
