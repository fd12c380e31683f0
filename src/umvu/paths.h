/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the parts of View OS lie: <folder of umvu>/../lib/vu, in a build tree as when installed. */
#ifndef VU_UMVU_PATHS_H
#define VU_UMVU_PATHS_H

struct vu_paths {
	char *loader;  /* vu-loader */
	char *init;    /* vu-init */
	char *files;   /* vu-files; a build without libfuse has none */
	char *scan;    /* vu-scan; a build without Zydis has none */
	char *lazy;    /* vu-fuse-lazy.so */
	char *modules; /* folder of modules */
};

/*
 * 0 and *p, which vu_paths_free() frees; or -errno (no /proc, name too long, no memory). Does not look whether the
 * files exist.
 */
int vu_paths_find(struct vu_paths *p);
void vu_paths_free(struct vu_paths *p);

/* For VU_CLEANUP(paths). */
static inline void vu_cleanup_paths(void *p)
{
	vu_paths_free(p);
}

#endif
