/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the parts of View OS lie: <folder of umvu>/../lib/vu, in a build tree as when installed. */
#ifndef VU_UMVU_PATHS_H
#define VU_UMVU_PATHS_H

#include <limits.h>

struct vu_paths {
	char lib[PATH_MAX - 32];
	char loader[PATH_MAX];	/* vu-loader */
	char init[PATH_MAX];	/* vu-init */
	char files[PATH_MAX];	/* vu-files; a build without libfuse has none */
	char scan[PATH_MAX];	/* vu-scan; a build without Zydis has none */
	char lazy[PATH_MAX];	/* vu-fuse-lazy.so */
	char modules[PATH_MAX]; /* folder of modules */
};

/* 0 or -errno (no /proc, name too long). Does not look whether the files exist. */
int vu_paths_find(struct vu_paths *p);

#endif
