/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a file to its sites.
 *
 *  1. The bytes of `syscall` are looked for in all code.
 *  2. The functions around them are analysed (func.c): which are instructions, with what stack.
 *  3. For each that is worth it the forms that it could be patched as are listed.
 *  4. Everything that could be a jump into such a place is looked for: by each byte of all code, since
 *     most of it is never decoded; what turns out to be the inside of an instruction of an understood
 *     function is not held against a site.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "scan/ehframe.h"
#include "scan/extents.h"
#include "scan/scan.h"
#include "scan/whole.h"

#define MAX_CALLS	 65536
#define MAX_INSTRUCTIONS 4000000
#define PAGE		 4096ull
#define BLOOM_BITS	 65536
#define DYNSYM		 1	     /* of struct vu_elf's symbols */
#define DATA_MAX	 (64u << 20) /* bytes of a segment that are looked through for tables */

/* Which numbers are never virtual: the "when" of their rows. */
#define IS_HOST_HOST   true
#define IS_HOST_GATE   false
#define IS_HOST_TRAP   false
#define IS_HOST_EMPTY  false
#define IS_HOST_OWN0   false
#define IS_HOST_OWN1   false
#define IS_HOST_ARG1   false
#define IS_HOST_ARG3   false
#define IS_HOST_ARG4   false
#define IS_HOST_ARG5   false
#define IS_HOST_ENOSYS false

static const struct row {
	const char *name;
	bool host;
} rows[512] = {
#define VU_SYSCALL(number, name, when, handler, args) [number] = { #name, IS_HOST_##when },
#include "abi/syscalls.def"
#undef VU_SYSCALL
};

#define NR_RT_SIGRETURN 15
#define NR_CLONE	56
#define NR_CLONE3	435

const char *vu_scan_name(uint32_t number)
{
	return number < VU_ARRAY_SIZE(rows) && rows[number].name ? rows[number].name : "?";
}

bool vu_scan_wanted(uint32_t number)
{
	return number >= VU_ARRAY_SIZE(rows) || !rows[number].host;
}

/* A way to patch a call: the bytes [first, first + length). */
struct form {
	uint64_t first;
	uint8_t kind, length; /* length 0: not possible */
	uint8_t syscall;      /* of stubs: bytes in front of the call */
	bool hit;	      /* a jump may lead into it, beyond its first byte */
};

/* From the best to the worst. */
enum { FORM_NR, FORM_F, FORM_STUB_AFTER, FORM_STUB_BEFORE, FORM_RETURN, N_FORMS };

/* What is worked out for a call. */
struct site {
	struct form form[N_FORMS];
};

#define REACH	VU_SCAN_LONGEST /* bytes before and after a call that a form may take in */
#define BETWEEN 6		/* instructions that a form may take in beside its own two */

struct scan {
	const struct vu_elf *e;
	struct vu_scan *out;
	struct vu_extents extents;
	struct vu_budget budget;
	struct vu_func_env env;
	struct vu_addrs data; /* addresses of data that code seems to name, ascending */
	bool has_data;
	struct vu_addrs symbols; /* addresses of functions, ascending */
	bool has_symbols;
	const struct vu_elf_segment *pad_segment; /* the code that the pad follows; NULL: none */
	struct vu_func *funcs;
	size_t n_funcs, cap_funcs;
	struct site *sites; /* as many as calls */
	unsigned char bloom[BLOOM_BITS / 8];
	int error;
};

/* --- candidates ---------------------------------------------------------------------------------- */

static int add_call(struct vu_scan *s, size_t *cap, uint64_t addr, uint64_t offset, bool is_cpuid)
{
	struct vu_scan_call *to;
	size_t more = *cap ? 2 * *cap : 256;

	if (s->n_calls == *cap) {
		to = realloc(s->calls, more * sizeof(*to));
		if (!to)
			return -ENOMEM;
		s->calls = to;
		*cap = more;
	}
	to = &s->calls[s->n_calls++];
	memset(to, 0, sizeof(*to));
	to->c.addr = addr;
	to->c.number = VU_SCAN_NO_NUMBER;
	to->offset = offset;
	to->is_cpuid = is_cpuid;
	return 0;
}

static int by_addr(const void *a, const void *b)
{
	uint64_t x = ((const struct vu_scan_call *)a)->c.addr;
	uint64_t y = ((const struct vu_scan_call *)b)->c.addr;

	return x < y ? -1 : x > y;
}

static int find_bytes(const struct vu_elf *e, struct vu_scan *s, size_t *cap, bool is_cpuid)
{
	const unsigned char *start, *end, *p;
	size_t i;
	int res = 0;

	for (i = 0; i < e->n_segments && !res; i++) {
		const struct vu_elf_segment *seg = &e->segment[i];

		if (!seg->exec)
			continue;
		start = e->data + seg->offset;
		end = start + seg->size;
		for (p = start; !res && s->n_calls < MAX_CALLS; p += 2) {
			p = memmem(p, (size_t)(end - p), is_cpuid ? "\x0f\xa2" : "\x0f\x05", 2);
			if (!p)
				break;
			res = add_call(s, cap, seg->addr + (uint64_t)(p - start),
				       seg->offset + (uint64_t)(p - start), is_cpuid);
		}
	}
	return res;
}

struct look_for_name {
	const struct vu_elf *e;
	bool found;
};

static void look_for_interp(void *ctx, const struct vu_elf_symbol *sym)
{
	struct look_for_name *l = ctx;

	l->found |= sym->table == DYNSYM &&
		    strcmp(vu_elf_symbol_name(l->e, sym), "__tls_get_addr") == 0;
}

/* An ELF interpreter, which is who gives others that function (ELF Handling for Thread-Local Storage, 4.1). */
static bool is_interp(const struct vu_elf *e)
{
	struct look_for_name l = { e, false };

	vu_elf_each_symbol(e, look_for_interp, &l);
	return l.found;
}

static int find_candidates(const struct vu_elf *e, struct vu_scan *s)
{
	size_t cap = 0;
	int res = find_bytes(e, s, &cap, false);

	if (!res && is_interp(e))
		res = find_bytes(e, s, &cap, true);
	if (s->n_calls)
		qsort(s->calls, s->n_calls, sizeof(s->calls[0]), by_addr);
	return res;
}

static uint64_t rel32(const unsigned char *p)
{
	int32_t v;

	memcpy(&v, p, sizeof(v));
	return (uint64_t)(int64_t)v;
}

/* --- functions ----------------------------------------------------------------------------------- */

static bool extent(void *ctx, uint64_t addr, uint64_t *start, uint64_t *end)
{
	struct scan *s = ctx;

	return vu_extents_find(&s->extents, addr, start, end);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* What any "lea data(%rip),register" could name, by each byte of the code. */
static void gather_data(struct scan *s)
{
	const struct vu_elf_segment *to, *seg;
	const unsigned char *p;
	uint64_t at, target;
	size_t i;

	s->has_data = true;
	for (i = 0; i < s->e->n_segments; i++) {
		seg = &s->e->segment[i];
		if (!seg->exec || seg->size > DATA_MAX)
			continue;
		p = s->e->data + seg->offset;
		for (at = 0; at + 6 <= seg->size; at++) {
			if (p[at] != 0x8d || (p[at + 1] & 0xc7) != 0x05)
				continue;
			target = seg->addr + at + 6 + rel32(p + at + 2);
			to = vu_elf_segment(s->e, target);
			if (to && !to->exec && vu_addrs_add(&s->data, target) < 0)
				return;
		}
	}
	if (s->data.n)
		qsort(s->data.at, s->data.n, sizeof(s->data.at[0]), by_value);
}

static uint64_t next_data(void *ctx, uint64_t addr)
{
	struct scan *s = ctx;
	size_t low = 0, high, mid;

	if (!s->has_data)
		gather_data(s);
	for (high = s->data.n; low < high;) {
		mid = low + (high - low) / 2;
		if (s->data.at[mid] <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->data.n ? s->data.at[low] : UINT64_MAX;
}

/* The analysed function that covers `addr`, NULL: none. */
static struct vu_func *known(const struct scan *s, uint64_t addr)
{
	size_t low = 0, high = s->n_funcs, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s->funcs[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < s->funcs[low - 1].end ? &s->funcs[low - 1] : NULL;
}

static struct vu_func *new_func(struct scan *s, uint64_t start, uint64_t end)
{
	size_t cap = s->cap_funcs ? 2 * s->cap_funcs : 64, at = s->n_funcs;
	struct vu_func *to;

	if (s->n_funcs == s->cap_funcs) {
		to = realloc(s->funcs, cap * sizeof(*to));
		if (!to) {
			s->error = -ENOMEM;
			return NULL;
		}
		s->funcs = to;
		s->cap_funcs = cap;
	}
	while (at && s->funcs[at - 1].start > start)
		at--;
	memmove(&s->funcs[at + 1], &s->funcs[at], (s->n_funcs - at) * sizeof(*to));
	s->n_funcs++;
	to = &s->funcs[at];
	memset(to, 0, sizeof(*to));
	to->start = start;
	to->end = end;
	return to;
}

static void add_symbol(void *ctx, const struct vu_elf_symbol *sym)
{
	struct scan *s = ctx;

	if (sym->type == STT_FUNC && vu_addrs_add(&s->symbols, sym->addr) < 0)
		s->error = -ENOMEM;
}

/* Symbols within a function are further entries of it: a slice of all. */
static struct vu_addrs entries_of(struct scan *s, const struct vu_func *f)
{
	struct vu_addrs slice = { 0 };
	size_t low = 0, high, mid;

	if (!s->has_symbols) {
		s->has_symbols = true;
		vu_elf_each_symbol(s->e, add_symbol, s);
		if (s->symbols.n)
			qsort(s->symbols.at, s->symbols.n, sizeof(s->symbols.at[0]), by_value);
	}
	for (high = s->symbols.n; low < high;) {
		mid = low + (high - low) / 2;
		if (s->symbols.at[mid] <= f->start)
			low = mid + 1;
		else
			high = mid;
	}
	slice.at = s->symbols.at + low;
	while (low + slice.n < s->symbols.n && slice.at[slice.n] < f->end)
		slice.n++;
	return slice;
}

/* The function around `addr`, analysed now if it has not been; `calls` are those within it. */
static struct vu_func *analyse(struct scan *s, uint64_t addr, struct vu_call *calls, size_t n)
{
	struct vu_func *f = known(s, addr);
	struct vu_addrs entries;
	uint64_t start, end;

	if (f)
		return f;
	if (!vu_extents_find(&s->extents, addr, &start, &end))
		return NULL;
	f = new_func(s, start, end);
	if (!f)
		return NULL;
	entries = entries_of(s, f);
	vu_func_analyse(f, &s->env, &entries, calls, n);
	return f;
}

/* Analyse the function around call number i; the number of calls that are dealt with thereby. */
static size_t analyse_calls(struct scan *s, size_t i)
{
	struct vu_scan_call *c = &s->out->calls[i];
	uint64_t start, end;
	struct vu_call *list;
	struct vu_func *f;
	size_t n = 1, k;

	if (!vu_extents_find(&s->extents, c->c.addr, &start, &end)) {
		c->c.why = VU_WHY_RANGE;
		return 1;
	}
	while (i + n < s->out->n_calls && c[n].c.addr < end)
		n++;
	list = calloc(n, sizeof(*list));
	if (!list) {
		s->error = -ENOMEM;
		return n;
	}
	for (k = 0; k < n; k++)
		list[k] = c[k].c;
	f = known(s, c->c.addr) ? NULL : analyse(s, c->c.addr, list, n);
	for (k = 0; k < n; k++) {
		c[k].c = list[k];
		if (!f) /* ranges that overlap */
			c[k].c.why = VU_WHY_RANGE;
		else
			c[k].is_code = f->map && f->map[c[k].c.addr - f->start] == 2;
		if (c[k].is_cpuid)
			c[k].c.number = VU_SCAN_CPUID;
	}
	free(list);
	return n;
}

/* --- forms --------------------------------------------------------------------------------------- */

/* Whether the instruction may be moved by some bytes, over one that sets rax. */
static bool is_movable(const struct vu_insn *insn, bool over_result)
{
	const ZydisAccessedFlags *flags = insn->i.cpu_flags;
	int i;

	if (insn->i.meta.branch_type != ZYDIS_BRANCH_TYPE_NONE ||
	    insn->i.attributes & ZYDIS_ATTRIB_IS_RELATIVE ||
	    insn->i.meta.category == ZYDIS_CATEGORY_SYSCALL ||
	    insn->i.meta.category == ZYDIS_CATEGORY_SYSTEM ||
	    insn->i.meta.category == ZYDIS_CATEGORY_INTERRUPT)
		return false;
	for (i = 0; i < insn->i.operand_count; i++) {
		const ZydisDecodedOperand *op = &insn->op[i];
		bool rax = op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
			   vu_reg(op->reg.value) == VU_RAX;

		if (op->type == ZYDIS_OPERAND_TYPE_MEMORY)
			rax |= vu_reg(op->mem.base) == VU_RAX || vu_reg(op->mem.index) == VU_RAX;
		if (rax && (!over_result || op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			return false;
	}
	return !over_result || !flags ||
	       !(flags->tested | flags->modified | flags->set_0 | flags->set_1 | flags->undefined);
}

/* The number that an instruction loads into all of rax. */
static bool loads_number(const struct vu_insn *insn, const unsigned char *at, uint32_t *number)
{
	if (insn->i.length == 5 && at[0] == 0xb8)
		memcpy(number, at + 1, sizeof(*number));
	else if (insn->i.length == 7 && memcmp(at, "\x48\xc7\xc0", 3) == 0)
		memcpy(number, at + 3, sizeof(*number));
	else
		return false;
	return true;
}

static void form_nr(const struct scan *s, const struct vu_func *f, struct vu_call *c,
		    struct form *form)
{
	uint64_t at = c->addr, avail;
	struct vu_insn insn;
	uint32_t number;
	int i;

	for (i = 0; i <= BETWEEN; i++) {
		if (!vu_func_before(f, s->e, at, &insn))
			return;
		at = insn.addr;
		if (c->addr + 2 - at > VU_SCAN_LONGEST)
			return;
		if (loads_number(&insn, vu_elf_at(s->e, at, &avail), &number))
			break;
		if (!is_movable(&insn, false))
			return;
	}
	if (i > BETWEEN || number >= VU_GATE_CPUID)
		return;
	form->first = at;
	form->length = (uint8_t)(c->addr + 2 - at);
	form->kind = VU_SITE_NR;
	if (c->number != number) /* another way leads to the call; it will be found */
		c->number = VU_SCAN_NO_NUMBER;
}

static void form_f(const struct scan *s, const struct vu_func *f, const struct vu_call *c,
		   struct form *form)
{
	uint64_t at = c->addr + 2, avail;
	const unsigned char *p;
	struct vu_insn insn;
	int i;

	for (i = 0; i <= BETWEEN; i++, at += insn.i.length) {
		if (!vu_func_at(f, s->e, at, &insn))
			return;
		p = vu_elf_at(s->e, at, &avail);
		if (insn.i.length == 6 && p[0] == 0x48 && p[1] == 0x3d && p[2] <= 1 &&
		    memcmp(p + 3, "\xf0\xff\xff", 3) == 0)
			break;
		if (!is_movable(&insn, true))
			return;
	}
	if (i > BETWEEN || at + 6 - c->addr > VU_SCAN_LONGEST)
		return;
	form->first = c->addr;
	form->length = (uint8_t)(at + 6 - c->addr);
	form->kind = p[2] ? VU_SITE_F001 : VU_SITE_F000;
}

/* Whether the instruction may be at another place, in the order that it is in. */
static bool is_placeless(const struct vu_insn *insn)
{
	return insn->i.meta.branch_type == ZYDIS_BRANCH_TYPE_NONE &&
	       !(insn->i.attributes & ZYDIS_ATTRIB_IS_RELATIVE) &&
	       insn->i.meta.category != ZYDIS_CATEGORY_SYSCALL &&
	       insn->i.meta.category != ZYDIS_CATEGORY_INTERRUPT;
}

/*
 * Jumps to a stub. Nothing may be known by its address: the end of a call that returns at once may be compared
 * with the instruction pointer (as libraries do for cancellation). In the red zone the stub moves the stack
 * pointer, which a new thread would not find moved.
 */
static bool may_have_stub(const struct vu_call *c, const struct vu_insn *next)
{
	if (c->why == VU_WHY_RED_ZONE)
		return c->number != VU_SCAN_NO_NUMBER && c->number != NR_CLONE &&
		       c->number != NR_CLONE3;
	return c->number != VU_SCAN_NO_NUMBER || next->i.meta.category != ZYDIS_CATEGORY_RET;
}

static void form_stubs(const struct scan *s, const struct vu_func *f, const struct vu_call *c,
		       struct form *forms)
{
	uint8_t kind = c->why == VU_WHY_RED_ZONE ? VU_SCAN_STUB_RED : VU_SCAN_STUB;
	uint64_t first = c->addr, end = c->addr + 2;
	struct vu_insn insn;

	if (!s->pad_segment || vu_elf_segment(s->e, c->addr) != s->pad_segment ||
	    !vu_func_at(f, s->e, end, &insn) || !may_have_stub(c, &insn))
		return;
	while (end - c->addr < VU_SCAN_SHORTEST && vu_func_at(f, s->e, end, &insn) &&
	       is_placeless(&insn))
		end += insn.i.length;
	if (end - c->addr >= VU_SCAN_SHORTEST)
		forms[FORM_STUB_AFTER] =
			(struct form){ c->addr, kind, (uint8_t)(end - c->addr), 0, false };
	end = c->addr + 2;
	while (end - first < VU_SCAN_SHORTEST && vu_func_before(f, s->e, first, &insn) &&
	       is_placeless(&insn))
		first = insn.addr;
	if (end - first >= VU_SCAN_SHORTEST)
		forms[FORM_STUB_BEFORE] = (struct form){ first, kind, (uint8_t)(end - first),
							 (uint8_t)(c->addr - first), false };
}

/*
 * syscall; ret, and what fills up to the next function: there is room for the stub. Libraries that cancel threads compare
 * the addresses of both instructions with that of a thread, and find them where they were.
 */
static void form_return(const struct scan *s, const struct vu_func *f, const struct vu_call *c,
			struct form *form)
{
	uint64_t at = c->addr + 3, end = c->addr + VU_SCAN_RETURN_LENGTH;
	struct vu_insn insn;

	if (c->number != VU_SCAN_NO_NUMBER || !vu_func_at(f, s->e, c->addr + 2, &insn) ||
	    insn.i.length != 1 || insn.i.meta.category != ZYDIS_CATEGORY_RET)
		return;
	for (; at < end; at += insn.i.length)
		if (vu_func_at(f, s->e, at, &insn) || !vu_insn_at(s->e, at, &insn) ||
		    insn.i.mnemonic != ZYDIS_MNEMONIC_NOP)
			return;
	*form = (struct form){ c->addr, VU_SCAN_RETURN, VU_SCAN_RETURN_LENGTH, 0, false };
}

static void set_bloom(struct scan *s, uint64_t addr)
{
	uint64_t bit = (addr >> 6) % BLOOM_BITS;

	s->bloom[bit / 8] |= (unsigned char)(1u << bit % 8);
}

static bool get_bloom(const struct scan *s, uint64_t addr)
{
	uint64_t bit = (addr >> 6) % BLOOM_BITS;

	return s->bloom[bit / 8] >> bit % 8 & 1;
}

static bool has_form(const struct site *site)
{
	int i;

	for (i = 0; i < N_FORMS; i++)
		if (site->form[i].length)
			return true;
	return false;
}

/* By its bytes, as debuggers and unwinders know it. */
static bool is_sigreturn(const struct scan *s, const struct vu_call *c)
{
	static const unsigned char number[4] = { NR_RT_SIGRETURN, 0, 0, 0 };
	const struct vu_elf_segment *seg = vu_elf_segment(s->e, c->addr);
	uint64_t off = c->addr - seg->addr;

	return c->number == NR_RT_SIGRETURN ||
	       (off >= sizeof(number) && memcmp(s->e->data + seg->offset + off - sizeof(number),
						number, sizeof(number)) == 0);
}

static void look_for(void *ctx, const struct vu_fde *f)
{
	struct vu_range *at = ctx;

	if (at->start >= f->start && at->start < f->end)
		at->end = f->end;
}

/* Whether unwinders find the function in a table, and need not know its bytes. */
static bool is_described(const struct scan *s, uint64_t addr)
{
	struct vu_range at = { addr, 0 };
	struct vu_fde fde;

	if (s->e->go.size || vu_eh_find(s->e, addr, &fde))
		return true;
	if (!vu_eh_indexed(s->e))
		vu_eh_walk(s->e, look_for, &at);
	return at.end;
}

static void find_forms(struct scan *s, size_t i)
{
	struct vu_scan_call *c = &s->out->calls[i];
	struct site *site = &s->sites[i];
	struct vu_func *f = known(s, c->c.addr);

	if (!f || !c->is_code)
		return;
	if (!c->c.why && !c->is_cpuid) {
		form_nr(s, f, &c->c, &site->form[FORM_NR]);
		form_f(s, f, &c->c, &site->form[FORM_F]);
		form_return(s, f, &c->c, &site->form[FORM_RETURN]);
	}
	if (!c->c.why || c->c.why == VU_WHY_RED_ZONE)
		form_stubs(s, f, &c->c, site->form);
	if (!c->is_cpuid && is_sigreturn(s, &c->c))
		c->c.number = NR_RT_SIGRETURN;
	c->virtual_number = vu_scan_wanted(c->c.number);
	if (c->c.number == NR_RT_SIGRETURN && !is_described(s, c->c.addr))
		c->c.why = VU_WHY_SIGRETURN;
	else if (!c->virtual_number)
		c->c.why = VU_WHY_HOST;
	else if (!c->c.why && !has_form(site))
		c->c.why = VU_WHY_FORM;
	if (c->c.why && (c->c.why != VU_WHY_RED_ZONE || !has_form(site))) {
		memset(site->form, 0, sizeof(site->form));
		return;
	}
	set_bloom(s, c->c.addr - REACH);
	set_bloom(s, c->c.addr);
	set_bloom(s, c->c.addr + REACH);
}

/* --- jumps into sites ---------------------------------------------------------------------------- */

static bool strictly_inside(const struct form *form, uint64_t addr)
{
	if (form->kind == VU_SCAN_RETURN && addr == form->first + 2)
		return false; /* it stays */
	return addr > form->first && addr - form->first < form->length;
}

static size_t first_call_from(const struct scan *s, uint64_t addr)
{
	size_t low = 0, high = s->out->n_calls, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s->out->calls[mid].c.addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * Whether the byte belongs to an instruction of an understood function that neither leads to `target` nor takes
 * its address.
 */
static bool is_no_branch(struct scan *s, uint64_t addr, uint64_t target)
{
	const struct vu_func *f = analyse(s, addr, NULL, 0);
	struct vu_insn insn;
	uint64_t other;

	if (!f || !vu_func_around(f, s->e, addr, &insn) ||
	    (insn.i.mnemonic == ZYDIS_MNEMONIC_LEA &&
	     (insn.i.attributes & ZYDIS_ATTRIB_IS_RELATIVE)))
		return false;
	return !vu_insn_target(&insn, &other) || other != target;
}

/* Something leads to `target`; `from` is where the jump would be, 0: it is no jump. */
static void mark(struct scan *s, uint64_t target, uint64_t from)
{
	size_t i;
	int k;

	if (!get_bloom(s, target))
		return;
	for (i = first_call_from(s, target < REACH ? 0 : target - REACH + 1); i < s->out->n_calls;
	     i++) {
		uint64_t addr = s->out->calls[i].c.addr;

		if (addr > target + REACH)
			return;
		for (k = 0; k < N_FORMS; k++) {
			struct form *form = &s->sites[i].form[k];

			if (form->hit || !strictly_inside(form, target))
				continue;
			if (from && is_no_branch(s, from, target))
				return;
			form->hit = true;
		}
	}
}

/* Whether a long branch, or an instruction that takes an address of code, could begin at p; its length. */
static unsigned int long_branch(const unsigned char *p)
{
	switch (p[0]) {
	case 0xe8: /* call */
	case 0xe9: /* jmp */
		return 5;
	case 0x0f: /* jcc */
		return (p[1] & 0xf0) == 0x80 ? 6 : 0;
	case 0xc7: /* xbegin */
		return p[1] == 0xf8 ? 6 : 0;
	case 0x8d: /* lea */
		return (p[1] & 0xc7) == 0x05 ? 6 : 0;
	default:
		return 0;
	}
}

static void mark_long(struct scan *s, const struct vu_elf_segment *seg)
{
	const unsigned char *p = s->e->data + seg->offset;
	unsigned int length;
	uint64_t i;

	for (i = 0; i + 6 <= seg->size; i++) {
		length = long_branch(p + i);
		if (length)
			mark(s, seg->addr + i + length + rel32(p + i + length - 4), seg->addr + i);
	}
	/* A call or jmp may be the last that there is. */
	if (seg->size >= 5 && (p[i] & 0xfe) == 0xe8 && i + 5 <= seg->size)
		mark(s, seg->addr + i + 5 + rel32(p + i + 1), seg->addr + i);
}

static bool is_short(unsigned char op)
{
	return op == 0xeb || (op & 0xf0) == 0x70 || (op & 0xfc) == 0xe0;
}

static void mark_short(struct scan *s, size_t i)
{
	uint64_t addr = s->out->calls[i].c.addr, avail, at, end;
	const struct vu_elf_segment *seg = vu_elf_segment(s->e, addr);
	const unsigned char *p;

	at = addr - seg->addr > 128 + 2 + REACH ? addr - 128 - 2 - REACH : seg->addr;
	end = addr + 128 + REACH;
	for (; at < end; at++) {
		p = vu_elf_at(s->e, at, &avail);
		if (!p || avail < 2)
			return;
		if (is_short(*p))
			mark(s, at + 2 + (uint64_t)(int64_t)(int8_t)p[1], at);
	}
}

static void mark_pointer(void *ctx, uint64_t addr)
{
	mark(ctx, addr, 0);
}

static void mark_symbol(void *ctx, const struct vu_elf_symbol *sym)
{
	mark(ctx, sym->addr, 0);
}

static void forbid(struct site *site)
{
	int i;

	for (i = 0; i < N_FORMS; i++)
		site->form[i].hit = true;
}

/* Landing pads and jump tables of the functions around sites. */
static void mark_function(struct scan *s, size_t i)
{
	struct vu_scan_call *c = &s->out->calls[i];
	const struct vu_func *f = known(s, c->c.addr);
	struct vu_fde fde;
	size_t k;

	for (k = 0; f && k < f->targets.n; k++)
		mark(s, f->targets.at[k], 0);
	if (vu_eh_find(s->e, c->c.addr, &fde) && !vu_eh_pads(s->e, &fde, mark_pointer, s))
		forbid(&s->sites[i]);
}

static void find_jumps(struct scan *s)
{
	bool some = false;
	size_t i;

	for (i = 0; i < s->out->n_calls; i++) {
		if (!has_form(&s->sites[i]))
			continue;
		some = true;
		mark_function(s, i);
		mark_short(s, i);
	}
	if (!some)
		return;
	for (i = 0; i < s->e->n_segments; i++)
		if (s->e->segment[i].exec)
			mark_long(s, &s->e->segment[i]);
	vu_elf_each_pointer(s->e, mark_pointer, s);
	vu_elf_each_symbol(s->e, mark_symbol, s);
}

/* --- choice -------------------------------------------------------------------------------------- */

static void choose(struct scan *s)
{
	uint64_t free_from = 0;
	size_t i;
	int k;

	for (i = 0; i < s->out->n_calls; i++) {
		struct vu_scan_call *c = &s->out->calls[i];
		struct site *site = &s->sites[i];

		if (!has_form(site))
			continue;
		c->c.why = VU_WHY_TARGET;
		for (k = 0; k < N_FORMS && c->c.why; k++) {
			const struct form *form = &site->form[k];

			if (!form->length || form->hit)
				continue;
			c->c.why = form->first < free_from ? VU_WHY_CROWDED : VU_WHY_NONE;
			c->first = form->first;
			c->kind = form->kind;
			c->length = form->length;
			c->syscall = form->syscall;
		}
		if (!c->c.why)
			free_from = c->first + c->length;
	}
}

/*
 * What is left: an instruction that is known to be one, and may be virtual, can be made to fault in place.
 * Its bytes need to stay where unwinders know it by them.
 */
static void choose_faults(struct scan *s)
{
	size_t i;

	for (i = 0; i < s->out->n_calls; i++) {
		struct vu_scan_call *c = &s->out->calls[i];
		const struct vu_func *f = known(s, c->c.addr);

		if (!c->is_code || !c->c.why || !c->virtual_number || c->is_cpuid ||
		    c->c.why == VU_WHY_SIGRETURN || !f || f->why == VU_WHY_DECODE ||
		    f->why == VU_WHY_OVERLAP)
			continue;
		c->fault = true;
		c->first = c->c.addr;
		c->kind = c->c.number == VU_SCAN_NO_NUMBER ? VU_SCAN_DEFER : VU_SCAN_FAULT;
		c->length = 2;
		c->syscall = 0;
	}
}

/* --- whether all is known ------------------------------------------------------------------------- */

static bool is_no_call(struct scan *s, uint64_t addr)
{
	return vu_is_no_call(s->e, &s->budget, analyse(s, addr, NULL, 0), addr);
}

static bool check_old_call(void *ctx, uint64_t addr)
{
	struct scan *s = ctx;

	if (is_no_call(s, addr))
		return true;
	s->out->whole = false;
	s->out->doubt = addr;
	return false;
}

static bool is_settled(struct scan *s, const struct vu_scan_call *c)
{
	if (c->is_cpuid)
		return true;
	if (c->is_code)
		return !c->c.why || c->c.why == VU_WHY_HOST || c->fault;
	return is_no_call(s, c->c.addr);
}

static void check_whole(struct scan *s)
{
	size_t i;

	s->out->whole = s->out->n_calls < MAX_CALLS && !s->e->writable_code;
	for (i = 0; i < s->out->n_calls && s->out->whole; i++) {
		if (is_settled(s, &s->out->calls[i]))
			continue;
		s->out->whole = false;
		s->out->doubt = s->out->calls[i].c.addr;
	}
	if (s->out->whole)
		vu_each_old_call(s->e, check_old_call, s);
}

static void run(struct scan *s)
{
	size_t i;

	for (i = 0; i < s->out->n_calls && !s->error;)
		i += analyse_calls(s, i);
	for (i = 0; i < s->out->n_calls && !s->error; i++)
		find_forms(s, i);
	if (!s->error)
		find_jumps(s);
	if (s->error)
		return;
	choose(s);
	choose_faults(s);
}

/* The rest of the last page of the largest piece of code: mapped, but not in use. */
static const struct vu_elf_segment *find_pad(const struct vu_elf *e, struct vu_scan *out)
{
	const struct vu_elf_segment *best = NULL, *other;
	uint64_t end, last;
	size_t i;

	for (i = 0; i < e->n_segments; i++)
		if (e->segment[i].exec && (!best || e->segment[i].size > best->size))
			best = &e->segment[i];
	if (!best || best->addr % PAGE != best->offset % PAGE || best->size > INT32_MAX)
		return NULL;
	last = (best->addr + best->size + PAGE - 1) & -PAGE;
	for (i = 0; i < e->n_segments; i++) {
		other = &e->segment[i];
		if (other != best && other->addr >= best->addr && other->addr < last)
			return NULL;
	}
	end = (best->offset + best->size + 15) & ~15ull;
	out->pad = end;
	out->pad_size = (uint32_t)(-end & (PAGE - 1));
	return out->pad_size ? best : NULL;
}

int vu_scan_file(const struct vu_elf *e, struct vu_scan *out)
{
	struct scan *s = calloc(1, sizeof(*s));
	size_t i;
	int res;

	memset(out, 0, sizeof(*out));
	if (!s)
		return -ENOMEM;
	s->e = e;
	s->out = out;
	s->budget.instructions = MAX_INSTRUCTIONS;
	vu_extents_init(&s->extents, e, &s->budget);
	s->env = (struct vu_func_env){ e, &s->budget, s, extent, next_data };
	s->pad_segment = find_pad(e, out);
	res = find_candidates(e, out);
	if (!res && out->n_calls) {
		s->sites = calloc(out->n_calls, sizeof(*s->sites));
		s->error = s->sites ? 0 : -ENOMEM;
		if (!s->error)
			run(s);
		res = s->error;
	}
	if (!res)
		check_whole(s);
	for (i = 0; i < s->n_funcs; i++)
		vu_func_free(&s->funcs[i]);
	free(s->funcs);
	free(s->data.at);
	free(s->symbols.at);
	free(s->sites);
	vu_extents_free(&s->extents);
	free(s);
	return res;
}

void vu_scan_free(struct vu_scan *s)
{
	free(s->calls);
	memset(s, 0, sizeof(*s));
}
