/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the sites of a file (abi/scan.h) to runs of patched pages (abi/code.h). */
#ifndef VU_UMVU_CODE_PLAN_H
#define VU_UMVU_CODE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "abi/code.h"
#include "abi/scan.h"

#define VU_CODE_PAGE 4096u

/* A time of stat(2) as struct vu_code_file has it. */
static inline uint64_t vu_code_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

/* A list as vu-scan writes it. 0, or -EPROTO: it is none, or damaged. `sites` points into data. */
int vu_code_list(const void *data, size_t len, const struct vu_scan_head **head,
		 const struct vu_scan_site **sites);

/*
 * The pages of a file of `size` bytes that hold sites, as at most VU_CODE_RUNS runs; pages between sites are
 * taken in where they are few, or where there would be too many runs. Sets f->run and n_runs. The
 * number of pages. Sites beyond the end of the file are left out.
 */
size_t vu_code_plan(struct vu_code_file *f, uint64_t size, const struct vu_scan_head *head,
		    const struct vu_scan_site *sites);

/* Pages of all runs. */
size_t vu_code_pages(const struct vu_code_file *f);

/*
 * The pages of the runs, one run behind the other, from the file `fd`; what lies behind its end is 0, as in a
 * mapping. The caller frees it. NULL with errno.
 */
unsigned char *vu_code_read(int fd, const struct vu_code_file *f);

/*
 * Patch the pages of f->run, which lie one after the other at `pages`. A site whose bytes are not what its
 * kind wants is left. The number of sites that have been patched, or need not be (cpuid).
 */
size_t vu_code_patch(const struct vu_code_file *f, unsigned char *pages,
		     const struct vu_scan_head *head, const struct vu_scan_site *sites);

#endif
