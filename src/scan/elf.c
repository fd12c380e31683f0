/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading ELF files. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "scan/elf.h"

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR	  36
#endif

/* Whether [offset, offset + size) lies in the file. */
static bool in_file(const struct vu_elf *e, uint64_t offset, uint64_t size)
{
	return offset <= e->size && size <= e->size - offset;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* Code that is there twice, or under something else, is nothing that we could be sure about. */
static bool collides(const struct vu_elf *e, const struct vu_elf_segment *n)
{
	size_t i;

	for (i = 0; i < e->n_segments; i++) {
		const struct vu_elf_segment *s = &e->segment[i];

		if (overlap(s->addr, s->size, n->addr, n->size))
			return true;
		if (s->exec && n->exec && overlap(s->offset, s->size, n->offset, n->size))
			return true;
	}
	return false;
}

static int add_segment(struct vu_elf *e, const Elf64_Phdr *ph)
{
	struct vu_elf_segment s = { .addr = ph->p_vaddr,
				    .offset = ph->p_offset,
				    .size = ph->p_filesz };

	if ((ph->p_flags & PF_X) && (ph->p_flags & PF_W))
		e->writable_code = true;
	if (ph->p_vaddr <= UINT64_MAX / 2 && ph->p_memsz <= UINT64_MAX / 2 &&
	    ph->p_vaddr + ph->p_memsz > e->top)
		e->top = ph->p_vaddr + ph->p_memsz;
	if (!ph->p_filesz)
		return 0;
	if (e->n_segments == VU_ELF_SEGMENTS || ph->p_offset >= e->size ||
	    ph->p_vaddr > UINT64_MAX / 2)
		return -ENOEXEC;
	if (s.size > e->size - s.offset)
		s.size = e->size - s.offset;
	s.exec = (ph->p_flags & (PF_X | PF_W)) == PF_X;
	if (collides(e, &s))
		return -ENOEXEC;
	e->segment[e->n_segments++] = s;
	return 0;
}

static int read_segments(struct vu_elf *e, const Elf64_Ehdr *eh)
{
	struct vu_reader r;
	Elf64_Phdr ph;
	int i, res = 0;

	vu_reader_init(&r, e->data, e->size);
	vu_reader_seek(&r, eh->e_phoff);
	for (i = 0; i < eh->e_phnum && !res; i++) {
		if (vu_reader_copy(&r, &ph, sizeof(ph)) < 0)
			return -ENOEXEC;
		if (ph.p_type == PT_LOAD) {
			res = add_segment(e, &ph);
		} else if (ph.p_type == PT_GNU_EH_FRAME) {
			e->eh_hdr = ph.p_vaddr;
		} else if (ph.p_type == PT_DYNAMIC) {
			e->dynamic = ph.p_vaddr;
			e->dynamic_size = ph.p_filesz;
		}
	}
	return res;
}

static bool section(const struct vu_elf *e, const Elf64_Ehdr *eh, uint64_t n, Elf64_Shdr *sh)
{
	uint64_t at = eh->e_shoff + n * sizeof(*sh);

	if (n >= eh->e_shnum || eh->e_shoff > e->size || !in_file(e, at, sizeof(*sh)))
		return false;
	memcpy(sh, e->data + at, sizeof(*sh));
	return sh->sh_type == SHT_NOBITS || in_file(e, sh->sh_offset, sh->sh_size);
}

static bool is_named(const struct vu_elf *e, const Elf64_Shdr *names, const Elf64_Shdr *sh,
		     const char *name)
{
	size_t len = strlen(name) + 1;

	return sh->sh_name < names->sh_size && len <= names->sh_size - sh->sh_name &&
	       memcmp(e->data + names->sh_offset + sh->sh_name, name, len) == 0;
}

/* Sections are a help, not more: one that is damaged is as one that is missing. */
static void read_sections(struct vu_elf *e, const Elf64_Ehdr *eh)
{
	Elf64_Shdr sh, strings, names;
	uint64_t i;
	int which;

	if (eh->e_shentsize != sizeof(sh))
		return;
	if (!section(e, eh, eh->e_shstrndx, &names) || names.sh_type != SHT_STRTAB)
		memset(&names, 0, sizeof(names));
	for (i = 0; i < eh->e_shnum; i++) {
		if (!section(e, eh, i, &sh) || sh.sh_type == SHT_NOBITS)
			continue;
		if ((sh.sh_flags & SHF_EXECINSTR) && e->n_sections++ < VU_ELF_SEGMENTS)
			e->section[e->n_sections - 1] = (struct vu_elf_segment){ sh.sh_addr,
										 sh.sh_offset,
										 sh.sh_size, true };
		if (sh.sh_type == SHT_SYMTAB || sh.sh_type == SHT_DYNSYM) {
			which = sh.sh_type == SHT_DYNSYM;
			e->symbols[which] = (struct vu_elf_table){ sh.sh_offset, sh.sh_size };
			if (section(e, eh, sh.sh_link, &strings) && strings.sh_type == SHT_STRTAB)
				e->strings[which] =
					(struct vu_elf_table){ strings.sh_offset, strings.sh_size };
		} else if (is_named(e, &names, &sh, ".eh_frame")) {
			e->eh_frame = (struct vu_elf_table){ sh.sh_offset, sh.sh_size };
			e->eh_frame_addr = sh.sh_addr;
		} else if (is_named(e, &names, &sh, ".gopclntab") ||
			   is_named(e, &names, &sh, ".data.rel.ro.gopclntab")) {
			e->go = (struct vu_elf_table){ sh.sh_offset, sh.sh_size };
		} else if (is_named(e, &names, &sh, ".text")) {
			e->text = sh.sh_addr;
		}
	}
}

/* An entry of the dynamic section; false at its end. */
static bool dynamic(const struct vu_elf *e, uint64_t n, Elf64_Dyn *d)
{
	uint64_t avail, at = n * sizeof(*d);
	const unsigned char *p = NULL;

	if (e->dynamic && at < e->dynamic_size)
		p = vu_elf_at(e, e->dynamic + at, &avail);
	if (!p || avail < sizeof(*d))
		return false;
	memcpy(d, p, sizeof(*d));
	return d->d_tag != DT_NULL;
}

static bool has_text_relocations(const struct vu_elf *e)
{
	Elf64_Dyn d;
	uint64_t i;

	for (i = 0; dynamic(e, i, &d); i++)
		if (d.d_tag == DT_TEXTREL || (d.d_tag == DT_FLAGS && d.d_un.d_val & DF_TEXTREL))
			return true;
	return false;
}

int vu_elf_open(struct vu_elf *e, const void *data, uint64_t size)
{
	Elf64_Ehdr eh;
	int res;

	memset(e, 0, sizeof(*e));
	e->data = data;
	e->size = size;
	if (size < sizeof(eh))
		return -ENOEXEC;
	memcpy(&eh, data, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_ident[EI_DATA] != ELFDATA2LSB || eh.e_machine != EM_X86_64 ||
	    (eh.e_type != ET_EXEC && eh.e_type != ET_DYN) || eh.e_phentsize != sizeof(Elf64_Phdr))
		return -ENOEXEC;
	e->entry = eh.e_entry;
	res = read_segments(e, &eh);
	if (res < 0)
		return res;
	read_sections(e, &eh);
	return has_text_relocations(e) ? -ENOEXEC : 0;
}

const struct vu_elf_segment *vu_elf_segment(const struct vu_elf *e, uint64_t addr)
{
	size_t i;

	for (i = 0; i < e->n_segments; i++)
		if (addr >= e->segment[i].addr && addr - e->segment[i].addr < e->segment[i].size)
			return &e->segment[i];
	return NULL;
}

const unsigned char *vu_elf_at(const struct vu_elf *e, uint64_t addr, uint64_t *avail)
{
	const struct vu_elf_segment *s = vu_elf_segment(e, addr);

	if (!s)
		return NULL;
	*avail = s->size - (addr - s->addr);
	return e->data + s->offset + (addr - s->addr);
}

bool vu_elf_is_data(const struct vu_elf *e, uint64_t addr)
{
	size_t i;

	if (!e->n_sections || e->n_sections > VU_ELF_SEGMENTS)
		return false;
	for (i = 0; i < e->n_sections; i++)
		if (addr - e->section[i].addr < e->section[i].size)
			return false;
	return true;
}

bool vu_elf_is_code(const struct vu_elf *e, uint64_t addr)
{
	const struct vu_elf_segment *s = vu_elf_segment(e, addr);

	return s && s->exec;
}

const char *vu_elf_symbol_name(const struct vu_elf *e, const struct vu_elf_symbol *s)
{
	const struct vu_elf_table *strings = &e->strings[s->table];
	const char *text = (const char *)e->data + strings->offset;

	if (s->name >= strings->size || !memchr(text + s->name, 0, strings->size - s->name))
		return "";
	return text + s->name;
}

void vu_elf_each_symbol(const struct vu_elf *e,
			void (*fn)(void *ctx, const struct vu_elf_symbol *s), void *ctx)
{
	struct vu_elf_symbol s;
	Elf64_Sym sym;
	uint64_t at;
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(e->symbols); i++) {
		const struct vu_elf_table *t = &e->symbols[i];

		for (at = 0; at + sizeof(sym) <= t->size; at += sizeof(sym)) {
			memcpy(&sym, e->data + t->offset + at, sizeof(sym));
			if (sym.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(sym.st_info) == STT_TLS ||
			    !vu_elf_is_code(e, sym.st_value))
				continue;
			s.addr = sym.st_value;
			s.size = sym.st_size;
			s.type = ELF64_ST_TYPE(sym.st_info);
			s.name = sym.st_name;
			s.table = (int)i;
			fn(ctx, &s);
		}
	}
}

/* --- pointers to code ---------------------------------------------------------------------------- */

struct pointers {
	const struct vu_elf *e;
	void (*fn)(void *ctx, uint64_t addr);
	void *ctx;
};

static void tell(const struct pointers *p, uint64_t addr)
{
	if (vu_elf_is_code(p->e, addr))
		p->fn(p->ctx, addr);
}

/* What lies at `addr` is a pointer. */
static void tell_stored(const struct pointers *p, uint64_t addr)
{
	uint64_t avail, value;
	const unsigned char *at = vu_elf_at(p->e, addr, &avail);

	if (!at || avail < sizeof(value))
		return;
	memcpy(&value, at, sizeof(value));
	tell(p, value);
}

/* A table of *size bytes at `addr`; *size becomes what there is of it. NULL: nothing. */
static const unsigned char *table_at(const struct vu_elf *e, uint64_t addr, uint64_t *size)
{
	uint64_t avail;
	const unsigned char *at = vu_elf_at(e, addr, &avail);

	if (at && *size > avail)
		*size = avail;
	return at;
}

static void tell_rela(const struct pointers *p, uint64_t addr, uint64_t size)
{
	Elf64_Rela rela;
	const unsigned char *at = table_at(p->e, addr, &size);
	uint64_t i;

	if (!at)
		return;
	for (i = 0; i + sizeof(rela) <= size; i += sizeof(rela)) {
		memcpy(&rela, at + i, sizeof(rela));
		if (ELF64_R_TYPE(rela.r_info) == R_X86_64_RELATIVE ||
		    ELF64_R_TYPE(rela.r_info) == R_X86_64_IRELATIVE)
			tell(p, (uint64_t)rela.r_addend);
	}
}

/* Relative relocations in the compact form: an address, then bits for the 63 words after it, and so on. */
static void tell_relr(const struct pointers *p, uint64_t addr, uint64_t size)
{
	const unsigned char *at = table_at(p->e, addr, &size);
	uint64_t i, word, where = 0;
	unsigned int bit;

	if (!at)
		return;
	for (i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, at + i, sizeof(word));
		if (!(word & 1)) {
			tell_stored(p, word);
			where = word + 8;
			continue;
		}
		for (bit = 1; bit < 64; bit++)
			if (word >> bit & 1)
				tell_stored(p, where + (bit - 1) * 8ull);
		where += 63 * 8;
	}
}

static void tell_array(const struct pointers *p, uint64_t addr, uint64_t size)
{
	uint64_t i;

	for (i = 0; i + 8 <= size && vu_elf_segment(p->e, addr + i); i += 8)
		tell_stored(p, addr + i);
}

void vu_elf_each_pointer(const struct vu_elf *e, void (*fn)(void *ctx, uint64_t addr), void *ctx)
{
	struct pointers p = { e, fn, ctx };
	uint64_t value[40] = { 0 };
	Elf64_Dyn d;
	uint64_t i;

	tell(&p, e->entry);
	for (i = 0; dynamic(e, i, &d); i++)
		if (d.d_tag >= 0 && d.d_tag < (Elf64_Sxword)VU_ARRAY_SIZE(value))
			value[d.d_tag] = d.d_un.d_val;
	tell(&p, value[DT_INIT]);
	tell(&p, value[DT_FINI]);
	tell_array(&p, value[DT_INIT_ARRAY], value[DT_INIT_ARRAYSZ]);
	tell_array(&p, value[DT_FINI_ARRAY], value[DT_FINI_ARRAYSZ]);
	tell_array(&p, value[DT_PREINIT_ARRAY], value[DT_PREINIT_ARRAYSZ]);
	tell_rela(&p, value[DT_RELA], value[DT_RELASZ]);
	tell_rela(&p, value[DT_JMPREL], value[DT_PLTRELSZ]);
	tell_relr(&p, value[DT_RELR], value[DT_RELRSZ]);
}
