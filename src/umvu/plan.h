/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The description of a driver: what a module says, and umvu then starts (struct viewos_driver). */
#ifndef VU_UMVU_PLAN_H
#define VU_UMVU_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "umvu/strings.h"
#include "viewos/module.h"

#define VU_PLAN_EXITS 16

struct viewos_driver {
	struct vu_strings argv, env;
	const struct viewos_files *files; /* in the place of argv, which umvu fills in; NULL: none */
	bool lock;
	bool rdonly;	/* whatever was asked for */
	bool lazy;	/* a read-only one need not be told of opens */
	bool exclusive; /* nor a writable one */
	struct {
		int status, error;
	} exits[VU_PLAN_EXITS];
	size_t n_exits;
	int other; /* errno for other exit statuses */
	char said[512];
};

void vu_plan_init(struct viewos_driver *d);
void vu_plan_free(struct viewos_driver *d);

/* The -errno for an exit status. */
int vu_plan_error(const struct viewos_driver *d, int status);

/* Fill the driver_*() functions of a host table. */
void vu_plan_host(struct viewos_host *host);

/*
 * Look for program `name` in the folders of `path` (as in PATH; NULL: a default) and the system's sbin
 * folders. 0 and to[size], or -ENOENT. A name with a slash is looked at as it is.
 */
int vu_plan_find(const char *path, const char *name, char *to, size_t size);

#endif
