/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finding the `syscall` instructions of a file, in an ELF interpreter also `cpuid`, and deciding which may be patched
 * (abi/code.h).
 */
#ifndef VU_SCAN_SCAN_H
#define VU_SCAN_SCAN_H

#include "abi/code.h"
#include "abi/scan.h"
#include "scan/elf.h"
#include "scan/func.h"

/* A `syscall` instruction, or two bytes that look like one. */
struct vu_scan_call {
	struct vu_call c;
	uint64_t offset;     /* of the instruction in the file */
	bool is_cpuid;	     /* no call, but cpuid, or what looks like it (abi/cpuid.h) */
	bool is_code;	     /* an instruction; else why says why it is not known to be one */
	bool virtual_number; /* of a number that may be virtual, or not known */
	bool fault;	     /* not patched because of c.why, but can be made to fault */
	uint64_t first; /* address of the first byte to be patched, with c.why == VU_WHY_NONE or fault */
	uint8_t kind, length;
	uint8_t syscall; /* of stubs: bytes in front of the instruction */
};

struct vu_scan {
	struct vu_scan_call *calls; /* ascending by address */
	size_t n_calls;
	uint64_t pad; /* as in struct vu_scan_head */
	uint32_t pad_size;
	bool whole;	/* VU_SCAN_WHOLE */
	uint64_t doubt; /* if not: the first address that it is for, 0: none in particular */
};

/*
 * Scan a file. 0, -ENOEXEC (nothing that we could patch), or -ENOMEM. Release with vu_scan_free() either way.
 */
int vu_scan_file(const struct vu_elf *e, struct vu_scan *s);
void vu_scan_free(struct vu_scan *s);

/* The name of a call in the table of system calls; "?" for one that has no row. */
const char *vu_scan_name(uint32_t number);

/* Whether calls of that number are worth patching: whether they may be virtual. */
bool vu_scan_wanted(uint32_t number);

#endif
