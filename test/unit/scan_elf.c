/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small ELF file made by hand. */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "scan_elf.h"

#define PHDRS	  3
#define FUNCS_MAX 8

void elf_put(struct test_elf *t, size_t at, const void *data, size_t len)
{
	memcpy(t->bytes + at, data, len);
}

void elf_put32(struct test_elf *t, size_t at, int32_t value)
{
	elf_put(t, at, &value, sizeof(value));
}

void elf_symbol(struct test_elf *t, uint64_t addr, uint64_t size, unsigned int type)
{
	Elf64_Sym s = { .st_name = 1,
			.st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, type),
			.st_shndx = 1,
			.st_value = addr,
			.st_size = size };
	Elf64_Shdr *sh = (void *)(t->bytes + SECTION + sizeof(*sh));

	t->n_symbols++;
	elf_put(t, SYMBOLS + t->n_symbols * sizeof(s), &s, sizeof(s));
	sh->sh_size = (t->n_symbols + 1) * sizeof(s);
}

static void headers(struct test_elf *t, int unwind)
{
	Elf64_Ehdr eh = { .e_type = ET_DYN,
			  .e_machine = EM_X86_64,
			  .e_version = 1,
			  .e_phoff = sizeof(eh),
			  .e_shoff = SECTION,
			  .e_ehsize = sizeof(eh),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = (Elf64_Half)(unwind ? PHDRS : PHDRS - 1),
			  .e_shentsize = sizeof(Elf64_Shdr),
			  .e_shnum = 3 };
	Elf64_Phdr ph[PHDRS] = {
		{ PT_LOAD, PF_R | PF_X, CODE, CODE, CODE, DATA - CODE, DATA - CODE, 4096 },
		{ PT_LOAD, PF_R, DATA, DATA, DATA, SYMBOLS - DATA, SYMBOLS - DATA, 4096 },
		{ PT_GNU_EH_FRAME, PF_R, EH_HDR, EH_HDR, EH_HDR, 64, 64, 4 },
	};
	Elf64_Shdr sh[3] = {
		{ 0 },
		{ .sh_type = SHT_SYMTAB, .sh_offset = SYMBOLS, .sh_size = 24, .sh_link = 2 },
		{ .sh_type = SHT_STRTAB, .sh_offset = STRINGS, .sh_size = 16 },
	};

	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_ident[EI_VERSION] = 1;
	elf_put(t, 0, &eh, sizeof(eh));
	elf_put(t, sizeof(eh), ph, sizeof(ph));
	elf_put(t, SECTION, sh, sizeof(sh));
	elf_put(t, STRINGS, "\0name", 6);
}

/* A CIE, then an FDE for each function, and the search table. */
static void unwind_tables(struct test_elf *t, const uint64_t *starts, size_t n)
{
	static const unsigned char cie[] = { 20, 0, 0,	  0, 0,	   0, 0, 0, 1, 'z', 'R', 0,
					     1,	 8, 0x10, 1, 0x1b, 0, 0, 0, 0, 0,   0,	 0 };
	static const unsigned char hdr[] = { 1, 0x1b, 3, 0x3b };
	size_t i, at = EH_CIE;

	elf_put(t, at, cie, sizeof(cie));
	at += sizeof(cie);
	elf_put(t, EH_HDR, hdr, sizeof(hdr));
	elf_put32(t, EH_HDR + 4, EH_CIE - (EH_HDR + 4));
	elf_put32(t, EH_HDR + 8, (int32_t)n);
	for (i = 0; i < n; i++) {
		elf_put32(t, EH_HDR + 12 + i * 8, (int32_t)starts[i] - EH_HDR);
		elf_put32(t, EH_HDR + 16 + i * 8, (int32_t)at - EH_HDR);
		elf_put32(t, at, 16);
		elf_put32(t, at + 4, (int32_t)(at + 4 - EH_CIE));
		elf_put32(t, at + 8, (int32_t)starts[i] - (int32_t)(at + 8));
		elf_put32(t, at + 12, (int32_t)(starts[i + 1] - starts[i]));
		at += 20;
	}
}

void elf_make(struct test_elf *t, const char *code, int unwind)
{
	uint64_t starts[FUNCS_MAX + 1] = { CODE };
	unsigned int byte;
	size_t i, n = 0;

	memset(t, 0, sizeof(*t));
	memset(t->bytes + CODE, 0xcc, DATA - CODE);
	headers(t, unwind);
	for (; *code; code++) {
		if (*code == '|') {
			starts[++n] = CODE + t->n_code;
		} else if (*code != ' ') {
			sscanf(code, "%2x", &byte);
			t->bytes[CODE + t->n_code++] = (unsigned char)byte;
			code++;
		}
	}
	starts[++n] = CODE + t->n_code;
	if (unwind)
		unwind_tables(t, starts, n);
	for (i = 0; i < n && !unwind; i++)
		elf_symbol(t, starts[i], starts[i + 1] - starts[i], STT_FUNC);
}
