/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether all calls of a file are known (VU_SCAN_WHOLE): bytes that look like a call, but have not been found to be
 * an instruction, must be shown to be none.
 */
#ifndef VU_SCAN_WHOLE_H
#define VU_SCAN_WHOLE_H

#include "scan/func.h"

/*
 * Whether the two bytes at `addr`, which are those of an instruction that enters the kernel, are no such
 * instruction. `f` is the analysed function around them, NULL: there is none. Spends of the budget.
 */
bool vu_is_no_call(const struct vu_elf *e, struct vu_budget *budget, const struct vu_func *f,
		   uint64_t addr);

/*
 * Calls fn for each place in code with the bytes of int $0x80 or sysenter, which would be a call past the gate, until
 * it returns false.
 */
void vu_each_old_call(const struct vu_elf *e, bool (*fn)(void *ctx, uint64_t addr), void *ctx);

#endif
