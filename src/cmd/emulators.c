/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu-user's emulators. What a program's machine is, its ELF header tells (elf(5)): class, byte order, e_machine and
 * with MIPS a bit of e_flags.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cmd/emulators.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif
#define EM_ALPHA_REAL 0x9026 /* the one in use; that of elf.h was never */
#define MIPS_N32      0x20   /* EF_MIPS_ABI2 */

const struct vu_emulator vu_emulators[] = {
	{ "aarch64", true, false, EM_AARCH64, 0, 0 },
	{ "aarch64_be", true, true, EM_AARCH64, 0, 0 },
	{ "alpha", true, false, EM_ALPHA_REAL, 0, 0 },
	{ "arm", false, false, EM_ARM, 0, 0 },
	{ "armeb", false, true, EM_ARM, 0, 0 },
	{ "cris", false, false, EM_CRIS, 0, 0 },
	{ "hexagon", false, false, EM_QDSP6, 0, 0 },
	{ "hppa", false, true, EM_PARISC, 0, 0 },
	{ "i386", false, false, EM_386, 0, 0 },
	{ "loongarch64", true, false, EM_LOONGARCH, 0, 0 },
	{ "m68k", false, true, EM_68K, 0, 0 },
	{ "microblaze", false, true, EM_MICROBLAZE, 0, 0 },
	{ "microblazeel", false, false, EM_MICROBLAZE, 0, 0 },
	{ "mips", false, true, EM_MIPS, MIPS_N32, 0 },
	{ "mips64", true, true, EM_MIPS, 0, 0 },
	{ "mips64el", true, false, EM_MIPS, 0, 0 },
	{ "mipsel", false, false, EM_MIPS, MIPS_N32, 0 },
	{ "mipsn32", false, true, EM_MIPS, MIPS_N32, MIPS_N32 },
	{ "mipsn32el", false, false, EM_MIPS, MIPS_N32, MIPS_N32 },
	{ "nios2", false, false, EM_ALTERA_NIOS2, 0, 0 },
	{ "or1k", false, true, EM_OPENRISC, 0, 0 },
	{ "ppc", false, true, EM_PPC, 0, 0 },
	{ "ppc64", true, true, EM_PPC64, 0, 0 },
	{ "ppc64le", true, false, EM_PPC64, 0, 0 },
	{ "riscv32", false, false, EM_RISCV, 0, 0 },
	{ "riscv64", true, false, EM_RISCV, 0, 0 },
	{ "s390x", true, true, EM_S390, 0, 0 },
	{ "sh4", false, false, EM_SH, 0, 0 },
	{ "sh4eb", false, true, EM_SH, 0, 0 },
	{ "sparc", false, true, EM_SPARC, 0, 0 },
	{ "sparc32plus", false, true, EM_SPARC32PLUS, 0, 0 },
	{ "sparc64", true, true, EM_SPARCV9, 0, 0 },
	{ "xtensa", false, false, EM_XTENSA, 0, 0 },
	{ "xtensaeb", false, true, EM_XTENSA, 0, 0 },
	{ NULL, false, false, 0, 0, 0 },
};

const struct vu_emulator *vu_emulator_find(const char *arch)
{
	const struct vu_emulator *e;

	for (e = vu_emulators; e->arch; e++)
		if (!strcmp(e->arch, arch))
			return e;
	return NULL;
}

#define HEAD_MAX  sizeof(Elf32_Ehdr)
#define FLAGS32	  offsetof(Elf32_Ehdr, e_flags)
#define TYPE_MASK 0xfffeu /* ET_EXEC and ET_DYN */

static void put(unsigned char *to, uint32_t n, size_t size, bool is_big)
{
	size_t i;

	for (i = 0; i < size; i++)
		to[is_big ? size - 1 - i : i] = (unsigned char)(n >> 8 * i);
}

/* Bytes of the header, and which bits of them count. How many. */
static size_t make_head(const struct vu_emulator *e, unsigned char *magic, unsigned char *mask)
{
	memset(magic, 0, HEAD_MAX);
	memset(mask, 0, HEAD_MAX);
	memcpy(magic, ELFMAG, SELFMAG);
	magic[EI_CLASS] = e->is_64 ? ELFCLASS64 : ELFCLASS32;
	magic[EI_DATA] = e->is_big ? ELFDATA2MSB : ELFDATA2LSB;
	magic[EI_VERSION] = EV_CURRENT;
	memset(mask, 0xff, EI_OSABI);
	put(magic + EI_NIDENT, ET_EXEC, 2, e->is_big);
	put(mask + EI_NIDENT, TYPE_MASK, 2, e->is_big);
	put(magic + EI_NIDENT + 2, e->machine, 2, e->is_big);
	put(mask + EI_NIDENT + 2, 0xffff, 2, e->is_big);
	if (!e->flags)
		return EI_NIDENT + 4;
	put(magic + FLAGS32, e->flags_value, 4, e->is_big);
	put(mask + FLAGS32, e->flags, 4, e->is_big);
	return FLAGS32 + 4;
}

static char *put_hex(char *to, const unsigned char *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to += sprintf(to, "\\x%02x", bytes[i]);
	return to;
}

int vu_emulator_line(const struct vu_emulator *e, const char *interpreter, const char *flags,
		     char line[VU_EMULATOR_LINE + 1])
{
	unsigned char magic[HEAD_MAX], mask[HEAD_MAX];
	size_t n = make_head(e, magic, mask);
	char *at = line;

	if (strchr(interpreter, ':'))
		return -EINVAL;
	if (strlen(interpreter) + strlen(flags) + strlen(e->arch) + 8 * n + 16 > VU_EMULATOR_LINE)
		return -ENAMETOOLONG;
	at += sprintf(at, ":qemu-%s:M::", e->arch);
	at = put_hex(at, magic, n);
	*at++ = ':';
	at = put_hex(at, mask, n);
	sprintf(at, ":%s:%s", interpreter, flags);
	return 0;
}
