/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first program of a view: vu-init, which prepares the view and then becomes CMD, or CMD itself. */
#ifndef VU_UMVU_FIRST_H
#define VU_UMVU_FIRST_H

#include <limits.h>
#include <stdbool.h>

#include "umvu/options.h"

struct vu_first {
	int fd;		     /* the program, open for the loader: without FD_CLOEXEC; or -1 */
	int interp;	     /* its interpreter, as of vu_launch_interpreter() */
	char path[PATH_MAX]; /* its name for AT_EXECFN */
	struct vu_strings argv;
};

/*
 * Find out which one it is. CMD itself, if nothing is to be done before it and it is such a program as most are
 * (first.c); that saves an exec. In a view that is a copy of another (`nested`) there may be rules for programs,
 * so that it is vu-init always. 0 and *f, which vu_first_drop() frees; or -errno (-ENOENT: vu-init is not
 * there), f->path tells of which file.
 */
int vu_first_find(const struct vu_options *o, bool nested, struct vu_first *f);
void vu_first_drop(struct vu_first *f);

#endif
