/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the functions of a file begin and end: by .eh_frame, else by symbols that have a size, else by Go's
 * table of functions, else (in small files) by following all calls from what is known to be code.
 */
#ifndef VU_SCAN_EXTENTS_H
#define VU_SCAN_EXTENTS_H

#include "scan/elf.h"
#include "scan/func.h"

struct vu_range {
	uint64_t start, end;
};

struct vu_extents {
	const struct vu_elf *e;
	bool indexed;  /* .eh_frame_hdr serves */
	bool gathered; /* ranges are there */
	bool descended;
	struct vu_range *ranges; /* ascending by start */
	size_t n, cap;
	struct vu_budget *budget;
};

void vu_extents_init(struct vu_extents *x, const struct vu_elf *e, struct vu_budget *budget);
void vu_extents_free(struct vu_extents *x);

/* The function that `addr` lies in. `x` is a struct vu_extents. */
bool vu_extents_find(void *x, uint64_t addr, uint64_t *start, uint64_t *end);

#endif
