/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patched copies of programs and libraries in the user's cache folder: sessions share their pages, and need not
 * patch again. A copy has all bytes of the file, with the runs' pages patched, so that tools which look
 * for the symbols of mapped code (perf) find them in it.
 *
 * A stamp says what the copy is of, which inode it is, when it was written and what is in its runs. As long as
 * the machine has not been started again since, that inode and time are enough: nobody else has written to it. After
 * that the runs are read once, because what a crash has left may be incomplete.
 */
#ifndef VU_UMVU_CODE_COPY_H
#define VU_UMVU_CODE_COPY_H

#include <stdbool.h>

#include "abi/code.h"

#define VU_COPY_MAX (64u << 20) /* larger files are not copied */

/* Can code be mapped from files in the cache folder `dir`? */
bool vu_code_copy_allowed(int dir);

/*
 * The copy of the file that `f` names (dev to ctime_ns), whose runs are planned, by the list of sites with the sum
 * `list`, and whose path is `path`: a descriptor, and f->n_sites; or -errno: there is none that is good. May read
 * the runs.
 */
int vu_code_copy_open(int dir, struct vu_code_file *f, uint64_t list, const char *path);

/*
 * Make it: of the file open as `fd`, with the patched pages of f's runs, one run behind the other. f->n_sites
 * is kept with it. Makes room in the folder if it takes too much. May take long. 0 or -errno.
 */
int vu_code_copy_save(int dir, int fd, const struct vu_code_file *f, uint64_t list,
		      const char *path, const unsigned char *pages);

#endif
