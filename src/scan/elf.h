/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An ELF file that nobody vouches for: its segments, symbols and pointers to code. Whatever it says, no
 * byte outside of it is read, and no loop is longer than the file.
 */
#ifndef VU_SCAN_ELF_H
#define VU_SCAN_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VU_ELF_SEGMENTS 64

/* The part of a PT_LOAD that is in the file. */
struct vu_elf_segment {
	uint64_t addr, offset, size;
	bool exec; /* executable and not writable */
};

struct vu_elf_table {
	uint64_t offset, size; /* in the file; size 0: there is none */
};

struct vu_elf {
	const unsigned char *data;
	uint64_t size;
	uint64_t entry;
	struct vu_elf_segment segment[VU_ELF_SEGMENTS]; /* ascending by address */
	size_t n_segments;
	uint64_t top;	    /* where the last byte in memory ends */
	bool writable_code; /* a PT_LOAD is executable and writable */
	/* Addresses of sections that hold code, where the file tells: what lies elsewhere is data. */
	struct vu_elf_segment section[VU_ELF_SEGMENTS];
	size_t n_sections; /* more than there is room for: not known */
	uint64_t eh_hdr;   /* address of .eh_frame_hdr, 0: none */
	uint64_t dynamic;  /* address of the dynamic section, 0: none */
	uint64_t dynamic_size;
	struct vu_elf_table symbols[2], strings[2]; /* .symtab and .dynsym */
	struct vu_elf_table eh_frame;
	uint64_t eh_frame_addr;
	struct vu_elf_table go; /* .gopclntab */
	uint64_t text;		/* address of .text, 0: not known */
};

struct vu_elf_symbol {
	uint64_t addr, size;
	unsigned int type; /* STT_* */
	uint32_t name;
	int table; /* that it is in */
};

/*
 * Look into the file at data[size], which has to stay. 0, or -ENOEXEC: no 64-bit x86 ELF file for
 * execution, or damaged, or one that cannot be patched (it changes its own code).
 */
int vu_elf_open(struct vu_elf *e, const void *data, uint64_t size);

/* The bytes at an address and in *avail (at least 1) how many follow; NULL: not in the file. */
const unsigned char *vu_elf_at(const struct vu_elf *e, uint64_t addr, uint64_t *avail);

/* The segment that an address is in; NULL: none. */
const struct vu_elf_segment *vu_elf_segment(const struct vu_elf *e, uint64_t addr);

/* Whether there is code that may be patched at `addr`. */
bool vu_elf_is_code(const struct vu_elf *e, uint64_t addr);

/* Whether the sections say that `addr` is not in code. */
bool vu_elf_is_data(const struct vu_elf *e, uint64_t addr);

/* Call fn for each defined symbol that lies in code. */
void vu_elf_each_symbol(const struct vu_elf *e,
			void (*fn)(void *ctx, const struct vu_elf_symbol *s), void *ctx);

/* A symbol's name, "" where it has no valid one. */
const char *vu_elf_symbol_name(const struct vu_elf *e, const struct vu_elf_symbol *s);

/* Call fn for each address of code that relocations and the dynamic section name, and the entry. */
void vu_elf_each_pointer(const struct vu_elf *e, void (*fn)(void *ctx, uint64_t addr), void *ctx);

#endif
