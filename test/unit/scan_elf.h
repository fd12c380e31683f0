/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small ELF file made by hand: code at 0x1000, data at 0x2000, a symbol for each function. */
#ifndef VU_TEST_SCAN_ELF_H
#define VU_TEST_SCAN_ELF_H

#include <stddef.h>
#include <stdint.h>

#define CODE	0x1000
#define DATA	0x2000
#define EH_HDR	0x2400
#define EH_CIE	0x2500
#define SYMBOLS 0x3000
#define STRINGS 0x3600
#define SECTION 0x3800
#define SIZE	0x4000

struct test_elf {
	unsigned char bytes[SIZE];
	size_t n_code, n_symbols;
};

/*
 * Code in hexadecimal; blanks are skipped; '|' ends a function. With `unwind` functions are described by .eh_frame,
 * without by symbols.
 */
void elf_make(struct test_elf *t, const char *code, int unwind);

/* Add a symbol of any type. */
void elf_symbol(struct test_elf *t, uint64_t addr, uint64_t size, unsigned int type);

void elf_put(struct test_elf *t, size_t at, const void *data, size_t len);
void elf_put32(struct test_elf *t, size_t at, int32_t value);

#endif
