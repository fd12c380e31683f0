/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Control files of modules: the server's end of the socket to vu-files, which serves the mount (abi/files.h).
 */
#ifndef VU_UMVU_FILES_H
#define VU_UMVU_FILES_H

#include "umvu/session.h"
#include "viewos/module.h"

struct vu_view;
struct vu_mod;
struct vu_files;

struct vu_files_init {
	struct vu_session *session;
	struct vu_mod *mod;
	const struct viewos_files *table;
	/* Where to find the view that the mount is for, whose state callers get that are in no view. */
	struct vu_view *const *owner;
};

/*
 * Serve a mount: 0 and *f, and in *sock the other end, which is the caller's; or -errno. It ends by itself when
 * that is closed; *f lives until vu_files_free().
 */
int vu_files_new(const struct vu_files_init *init, struct vu_files **f, int *sock);

/* NULL is harmless. */
void vu_files_free(struct vu_files *f);

/* Fill the access_*() functions of a host table. */
void vu_files_host(struct viewos_host *host);

#endif
