/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ELF files: checks and mapping as in fs/binfmt_elf.c of the kernel, from user space. */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>

#include "agent/code.h"
#include "agent/elf.h"
#include "agent/filter.h"

#define PAGE	       4096ul
#define PAGE_DOWN(x)   ((x) & ~(PAGE - 1))
#define PAGE_UP(x)     (((x) + PAGE - 1) & ~(PAGE - 1))
#define HEADERS_MAX    65536u
#define TASK_SIZE_MAX_ 0x7ffffffff000ul
#define STACK_REGION   0x700000000000ul
#define EM_X86_64_     62

long vu_elf_check(const struct elf64_hdr *head, struct vu_elf *elf)
{
	memset(elf, 0, sizeof(*elf));
	elf->stack_exec = -1;
	if (memcmp(head->e_ident, "\177ELF", 4) || head->e_machine != EM_X86_64_ ||
	    head->e_ident[EI_CLASS] != ELFCLASS64)
		return -ENOEXEC;
	if (head->e_type != ET_EXEC && head->e_type != ET_DYN)
		return -ENOEXEC;
	if (head->e_phentsize != sizeof(struct elf64_phdr) || !head->e_phnum ||
	    head->e_phnum * sizeof(struct elf64_phdr) > HEADERS_MAX)
		return -ENOEXEC;
	elf->fixed = head->e_type == ET_EXEC;
	elf->entry = head->e_entry;
	elf->phoff = head->e_phoff;
	elf->phnum = head->e_phnum;
	return 0;
}

/* Program headers at a multiple of 8 in what has been read already; else they are read. */
static long fetch_headers(int fd, const struct vu_elf *elf, const void *head, size_t have,
			  void *buf, size_t size, const struct elf64_phdr **ph)
{
	size_t want = elf->phnum * sizeof(**ph);
	long r;

	if (elf->phoff <= have && want <= have - elf->phoff && !(elf->phoff & 7)) {
		*ph = (const void *)((const char *)head + elf->phoff);
		return 0;
	}
	if (want > size)
		return -ENOEXEC;
	*ph = buf;
	r = vu_sys(__NR_pread64, fd, buf, want, elf->phoff);
	if (r < 0)
		return r;
	return (size_t)r == want ? 0 : -EIO;
}

long vu_elf_headers(int fd, struct vu_elf *elf, const void *head, size_t have, void *buf,
		    size_t size, const struct elf64_phdr **headers)
{
	long r = fetch_headers(fd, elf, head, have, buf, size, headers);
	const struct elf64_phdr *ph = *headers;

	if (r < 0)
		return r;
	for (unsigned int i = 0; i < elf->phnum; i++) {
		if (ph[i].p_type == PT_INTERP && !elf->interp_size) {
			elf->interp_offset = ph[i].p_offset;
			elf->interp_size = ph[i].p_filesz;
			if (elf->interp_size < 2)
				return -ENOEXEC;
		}
		if (ph[i].p_type == PT_GNU_STACK)
			elf->stack_exec = !!(ph[i].p_flags & PF_X);
	}
	return 0;
}

/* Lowest and highest address of what is to be loaded; false if nothing is, or it makes no sense. */
static bool extent(const struct elf64_phdr *ph, unsigned int n, uint64_t *lo, uint64_t *hi)
{
	*lo = UINT64_MAX;
	*hi = 0;
	for (unsigned int i = 0; i < n; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		if (ph[i].p_filesz > ph[i].p_memsz || ph[i].p_memsz > TASK_SIZE_MAX_ ||
		    ph[i].p_vaddr > TASK_SIZE_MAX_ - ph[i].p_memsz ||
		    ((ph[i].p_vaddr ^ ph[i].p_offset) & (PAGE - 1)))
			return false;
		if (PAGE_DOWN(ph[i].p_vaddr) < *lo)
			*lo = PAGE_DOWN(ph[i].p_vaddr);
		if (PAGE_UP(ph[i].p_vaddr + ph[i].p_memsz) > *hi)
			*hi = PAGE_UP(ph[i].p_vaddr + ph[i].p_memsz);
	}
	return *hi > *lo;
}

bool vu_elf_collides(const struct vu_elf *elf, const struct elf64_phdr *ph)
{
	for (unsigned int i = 0; elf->fixed && i < elf->phnum; i++) {
		uint64_t from = ph[i].p_vaddr, size = ph[i].p_memsz;

		if (ph[i].p_type == PT_LOAD && size <= TASK_SIZE_MAX_ && from < VU_STACKS_ADDR &&
		    from + size > VU_AGENT_ADDR)
			return true;
	}
	return false;
}

int vu_elf_protection(uint32_t flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
	       (flags & PF_X ? PROT_EXEC : 0);
}

static uint64_t alignment(const struct elf64_phdr *ph, unsigned int n)
{
	uint64_t align = PAGE;

	for (unsigned int i = 0; i < n; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_align > align &&
		    !(ph[i].p_align & (ph[i].p_align - 1)))
			align = ph[i].p_align;
	return align;
}

static long anonymous(uint64_t at, uint64_t size, int prot, int flags)
{
	long r = prot & PROT_EXEC ? vu_filter_need() : 0;

	if (r < 0)
		return r;
	return vu_sys(__NR_mmap, at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static const struct elf64_phdr *first_load(const struct elf64_phdr *ph)
{
	while (ph->p_type != PT_LOAD)
		ph++;
	return ph;
}

/*
 * Is nothing there in a process that has just been made? It has the agent, the interpreter, and stack and vdso at the
 * end of the address space, whatever limits it has.
 */
static bool is_free(const struct vu_elf *interp, uint64_t from, uint64_t to)
{
	uint64_t end = interp ? interp->start : STACK_REGION;

	return from < to && to <= end && (to <= VU_AGENT_ADDR || from >= VU_AGENT_END);
}

/* Where the program goes, 0: no matter. */
static uint64_t place_of_program(const struct vu_elf_file *f, const struct vu_elf *elf,
				 const struct elf64_phdr *ph, uint64_t lo, uint64_t size)
{
	uint64_t at = f->at;

	if (elf->fixed)
		return lo;
	if (!at && f->interp && f->interp->start > size + f->gap)
		at = f->interp->start - size - f->gap;
	return at & ~(alignment(ph, elf->phnum) - 1);
}

/*
 * Finds addresses for a file that may be anywhere: by mapping its first segment with the size of all, as
 * the kernel does (*there is that segment then, if it is all there), where that can be placed freely. They are
 * free when it returns, but for that segment. The start, or -errno.
 */
static long find_place(int fd, const struct vu_elf *elf, const struct elf64_phdr *ph, uint64_t lo,
		       uint64_t size, const struct elf64_phdr **there)
{
	const struct elf64_phdr *first = first_load(ph);
	uint64_t align = alignment(ph, elf->phnum), used = 0;
	long at;

	if (align <= PAGE && first->p_filesz && first->p_filesz == first->p_memsz &&
	    PAGE_DOWN(first->p_vaddr) == lo && !(first->p_flags & (PF_W | PF_X))) {
		at = vu_sys(__NR_mmap, 0, size, vu_elf_protection(first->p_flags), MAP_PRIVATE, fd,
			    PAGE_DOWN(first->p_offset));
		used = PAGE_UP(first->p_vaddr + first->p_filesz) - lo;
		*there = first;
	} else {
		size += align;
		at = anonymous(0, size, PROT_NONE, MAP_NORESERVE);
	}
	if (at < 0 && at > -4096)
		return at;
	if (size > used)
		vu_sys(__NR_munmap, (uint64_t)at + used, size - used);
	return (long)(((uint64_t)at + align - 1) & ~(align - 1));
}

/* Where the file goes. The start, or -errno. */
static long place(const struct vu_elf_file *f, const struct vu_elf *elf,
		  const struct elf64_phdr *ph, uint64_t lo, uint64_t size,
		  const struct elf64_phdr **there)
{
	uint64_t at = f->is_program ? place_of_program(f, elf, ph, lo, size) : 0;
	long r;

	*there = NULL;
	if (at && is_free(f->interp, at, at + size))
		return (long)at;
	if (!elf->fixed)
		return find_place(f->fd, elf, ph, lo, size, there);
	r = anonymous(lo, size, PROT_NONE, MAP_FIXED_NOREPLACE);
	if (r >= 0 || r <= -4096)
		vu_sys(__NR_munmap, lo, size);
	return r;
}

/* The part of a segment that the file has. */
static long map_part(const struct vu_elf_file *f, const struct elf64_phdr *ph, uint64_t at,
		     uint64_t len)
{
	const struct vu_code_map m = { .at = at,
				       .len = len,
				       .prot = vu_elf_protection(ph->p_flags),
				       .flags = vu_map_flags(MAP_PRIVATE | MAP_FIXED, len,
							     VU_SMALL_SEGMENT, true),
				       .fd = f->fd,
				       .off = PAGE_DOWN(ph->p_offset),
				       .st = &f->st,
				       .own = true };

	return m.prot & PROT_EXEC ? vu_code_map(&m, f->msg) : vu_code_map_plain(&m);
}

/* One PT_LOAD: the part that the file has, then zeros. */
static long map_segment(const struct vu_elf_file *f, const struct elf64_phdr *ph, uint64_t bias,
			bool is_there)
{
	uint64_t start = bias + ph->p_vaddr, file_end = start + ph->p_filesz;
	uint64_t mem_end = PAGE_UP(start + ph->p_memsz), at = PAGE_DOWN(start);
	int prot = vu_elf_protection(ph->p_flags);
	long r = 0;

	if (ph->p_filesz) {
		if (!is_there)
			r = map_part(f, ph, at, PAGE_UP(file_end) - at);
		if (r < 0 && r > -4096)
			return r;
		if (ph->p_memsz > ph->p_filesz && (prot & PROT_WRITE) && (file_end & (PAGE - 1)))
			memset((void *)file_end, 0, PAGE_UP(file_end) - file_end);
		at = PAGE_UP(file_end);
	}
	if (mem_end > at)
		r = anonymous(at, mem_end - at, prot, MAP_FIXED);
	return r < 0 && r > -4096 ? r : 0;
}

static void note_segment(struct vu_elf *elf, const struct elf64_phdr *ph)
{
	uint64_t start = elf->bias + ph->p_vaddr, end = start + ph->p_filesz;

	if ((ph->p_flags & PF_X) && (!elf->start_code || start < elf->start_code))
		elf->start_code = start;
	if ((ph->p_flags & PF_X) && end > elf->end_code)
		elf->end_code = end;
	if (start > elf->start_data)
		elf->start_data = start;
	if (end > elf->end_data)
		elf->end_data = end;
	if (start + ph->p_memsz > elf->end_bss)
		elf->end_bss = start + ph->p_memsz;
	if (ph->p_offset <= elf->phoff && elf->phoff < ph->p_offset + ph->p_filesz)
		elf->phdr = elf->phoff - ph->p_offset + start;
}

long vu_elf_map(const struct vu_elf_file *f, struct vu_elf *elf, const struct elf64_phdr *ph)
{
	const struct elf64_phdr *there;
	uint64_t lo, hi;
	long r;

	if (!extent(ph, elf->phnum, &lo, &hi))
		return -ENOEXEC;
	r = place(f, elf, ph, lo, hi - lo, &there);
	if (r < 0 && r > -4096)
		return r;
	elf->start = (uint64_t)r;
	elf->bias = elf->start - lo;
	for (unsigned int i = 0; i < elf->phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		r = map_segment(f, &ph[i], elf->bias, &ph[i] == there);
		if (r < 0)
			return r;
		note_segment(elf, &ph[i]);
	}
	elf->entry += elf->bias;
	return 0;
}
