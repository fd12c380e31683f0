/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading ELF files: checks as load_elf_binary() makes them, and mapping. */
#ifndef VU_AGENT_ELF_H
#define VU_AGENT_ELF_H

#include <asm/stat.h>
#include <linux/elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the loader needs to know of an ELF file. */
struct vu_elf {
	bool fixed; /* ET_EXEC: to be mapped at its own addresses */
	uint64_t entry, phoff;
	unsigned int phnum;
	uint64_t interp_offset, interp_size; /* PT_INTERP; size 0: none */
	int stack_exec; /* PT_GNU_STACK: 1 executable, 0 not, -1 no such header */
	/* After vu_elf_map(): */
	uint64_t bias;	/* what is added to the file's addresses */
	uint64_t start; /* the lowest address */
	uint64_t phdr;	/* address of the program headers in memory, 0 unknown */
	uint64_t start_code, end_code, start_data, end_data, end_bss;
};

/*
 * Checks a file header (64 bytes). 0, or -ENOEXEC: no ELF file for this machine, or not one that can be
 * executed. Fills the fields that come from the header.
 */
long vu_elf_check(const struct elf64_hdr *head, struct vu_elf *elf);
#define VU_ELF_HEAD 1024 /* bytes of a file that are read first: most have their headers there */

/*
 * Finds the program headers of the file and notes what they say. `head` holds the first `have` bytes of the file;
 * headers that lie elsewhere are read to buf (size bytes), which may be the same place. *ph points into either. 0;
 * -ENOEXEC: too many, or none that loads; -errno of pread(2), -EIO for a truncated file.
 */
long vu_elf_headers(int fd, struct vu_elf *elf, const void *head, size_t have, void *buf,
		    size_t size, const struct elf64_phdr **ph);
/* Is the file linked to addresses that are the agent's, those of further stacks left out (abi/view.h)? */
bool vu_elf_collides(const struct vu_elf *elf, const struct elf64_phdr *ph);
/* The PROT_* bits for a segment's flags. */
int vu_elf_protection(uint32_t flags);
/* A file to be mapped. */
struct vu_elf_file {
	int fd;
	/*
	 * The program of a new process, which has nothing else yet but `interp`, if that is not NULL. If the file is not
	 * fixed it goes to the address `at`; if that is 0, below the interpreter, with as many bytes left free.
	 */
	bool is_program;
	const struct vu_elf *interp;
	uint64_t at, gap;
	struct stat st;
	char *msg; /* VU_PATH_MAX bytes for work */
};

/*
 * Maps the file: at its own addresses if it is fixed, else where the struct says, or the kernel likes. ph are its program
 * headers. Code has its patched pages, and what will be touched is there at once (code.h). 0 or -errno; what has been
 * mapped by then stays.
 */
long vu_elf_map(const struct vu_elf_file *f, struct vu_elf *elf, const struct elf64_phdr *ph);

#endif
