/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where functions begin and end, as .eh_frame tells. */
#ifndef VU_SCAN_EHFRAME_H
#define VU_SCAN_EHFRAME_H

#include "scan/elf.h"

struct vu_fde {
	uint64_t start, end; /* both in one segment of code */
	uint64_t lsda;	     /* address of the table of landing pads, 0: none */
};

/* The entry that covers `addr`, by the search table of .eh_frame_hdr. False: there is none. */
bool vu_eh_find(const struct vu_elf *e, uint64_t addr, struct vu_fde *f);

/* Whether there is a search table. */
bool vu_eh_indexed(const struct vu_elf *e);

/* Call fn for each entry of the section .eh_frame, until the first that is damaged. */
void vu_eh_walk(const struct vu_elf *e, void (*fn)(void *ctx, const struct vu_fde *f), void *ctx);

/* Call fn for each landing pad of a function. False: its table is not understood. */
bool vu_eh_pads(const struct vu_elf *e, const struct vu_fde *f,
		void (*fn)(void *ctx, uint64_t addr), void *ctx);

#endif
