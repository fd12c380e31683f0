/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of registers, as far as they matter, and what an instruction does to them. */
#ifndef VU_SCAN_STATE_H
#define VU_SCAN_STATE_H

#include <Zydis/Zydis.h>

#include "scan/elf.h"

enum vu_value_kind {
	VU_ANY,	    /* not known */
	VU_FRAME,   /* v + stack pointer at the entry; of rsp: at most that */
	VU_CONST,   /* v */
	VU_ADDR,    /* address v of data in the file */
	VU_REL,	    /* an entry of the table of 32-bit distances at v */
	VU_REL_TO,  /* ... added to the table's address */
	VU_SOME,    /* an entry of a table of distances that is not known, ... */
	VU_SOME_TO, /* ... added to something */
	VU_ABS,	    /* an entry of the table of addresses at v */
};

struct vu_value {
	enum vu_value_kind kind;
	int64_t v;
};

#define VU_RAX	0
#define VU_RCX	1
#define VU_RSP	4
#define VU_RBP	5
#define VU_REGS 16

struct vu_state {
	struct vu_value reg[VU_REGS];
};

struct vu_insn {
	uint64_t addr;
	ZydisDecodedInstruction i;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
};

/* Number of the 64-bit register that `r` is a part of, or -1. */
int vu_reg(ZydisRegister r);

/* The state at the entry of a function. */
void vu_state_entry(struct vu_state *s);

/* Add what comes by another way: whether `to` has changed. */
bool vu_state_join(struct vu_state *to, const struct vu_state *from);

/* What the instruction does. */
void vu_state_step(struct vu_state *s, const struct vu_elf *e, const struct vu_insn *insn);

/* Whether, in state `s`, the instruction touches memory below the stack pointer, or stores such an address. */
bool vu_state_red_zone(const struct vu_state *s, const struct vu_insn *insn);

/* Whether a register holds an address below the stack pointer, or below what rbp reaches with `lowest`. */
bool vu_state_points_below(const struct vu_state *s, int64_t lowest);

/* The address that a direct branch leads to; false: it is none. */
bool vu_insn_target(const struct vu_insn *insn, uint64_t *target);

#endif
