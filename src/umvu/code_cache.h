/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of sites kept in the user's cache folder, so that a file is analysed once a host. */
#ifndef VU_UMVU_CODE_CACHE_H
#define VU_UMVU_CODE_CACHE_H

#include <sys/types.h>

#include "abi/code.h"
#include "base/buf.h"

/*
 * Open (make) <cache>/viewos/code, where <cache> is $XDG_CACHE_HOME or $HOME/.cache. A descriptor, or -errno:
 * there is no cache.
 */
int vu_code_cache_open(void);

#define VU_CACHE_NAME 256 /* bytes of a name in the folder, with its NUL */

/*
 * Write a file of the folder so that it is there whole or not at all. Begin: a new file, open to read and write, whose name
 * for the time being goes to temporary; or -errno. End, after all has been written (res: 0 or -errno): it gets its
 * name, or is removed. 0 or -errno. The descriptor is the caller's.
 */
int vu_code_cache_begin(int dir, const char *name, mode_t mode, char temporary[VU_CACHE_NAME]);
int vu_code_cache_end(int dir, const char *name, const char *temporary, int res);

/* The list for the file that `id` names (dev to ctime_ns). 0, or -errno: there is none that is good. */
int vu_code_cache_load(int dir, const struct vu_code_file *id, struct vu_buf *list);

/* Keep a list. 0 or -errno. */
int vu_code_cache_save(int dir, const struct vu_code_file *id, const void *list, size_t len);

#endif
