/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of sites kept in the user's cache folder, so that a file is analysed once a host. */
#ifndef VU_UMVU_CODE_CACHE_H
#define VU_UMVU_CODE_CACHE_H

#include "abi/code.h"
#include "base/buf.h"

/*
 * Open (make) <cache>/viewos/code, where <cache> is $XDG_CACHE_HOME or $HOME/.cache. A descriptor, or -errno:
 * there is no cache.
 */
int vu_code_cache_open(void);

/* The list for the file that `id` names (dev to ctime_ns). 0, or -errno: there is none that is good. */
int vu_code_cache_load(int dir, const struct vu_code_file *id, struct vu_buf *list);

/* Keep a list. 0 or -errno. */
int vu_code_cache_save(int dir, const struct vu_code_file *id, const void *list, size_t len);

#endif
