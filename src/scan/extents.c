/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where functions begin and end. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "scan/ehframe.h"
#include "scan/extents.h"
#include "scan/state.h"

#define GO_1_18	    0xfffffff0u
#define GO_1_20	    0xfffffff1u
#define LOOK_BACK   8	       /* ranges that may lie around a smaller one */
#define DESCENT_MAX (4u << 20) /* bytes of code that are followed as a whole */

void vu_extents_init(struct vu_extents *x, const struct vu_elf *e, struct vu_budget *budget)
{
	memset(x, 0, sizeof(*x));
	x->e = e;
	x->indexed = vu_eh_indexed(e);
	x->budget = budget;
}

void vu_extents_free(struct vu_extents *x)
{
	free(x->ranges);
	x->ranges = NULL;
}

/* What does not fit into memory is not known: nothing is patched there. */
static void add(struct vu_extents *x, uint64_t start, uint64_t end)
{
	const struct vu_elf_segment *s = vu_elf_segment(x->e, start);
	size_t cap = x->cap ? 2 * x->cap : 1024;
	struct vu_range *to;

	if (!s || !s->exec || end <= start || end - s->addr > s->size)
		return;
	if (x->n == x->cap) {
		to = realloc(x->ranges, cap * sizeof(*to));
		if (!to)
			return;
		x->ranges = to;
		x->cap = cap;
	}
	x->ranges[x->n++] = (struct vu_range){ start, end };
}

static int by_start(const void *a, const void *b)
{
	const struct vu_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

static void sort(struct vu_extents *x)
{
	if (x->n)
		qsort(x->ranges, x->n, sizeof(x->ranges[0]), by_start);
}

static void add_fde(void *ctx, const struct vu_fde *f)
{
	add(ctx, f->start, f->end);
}

static void add_symbol(void *ctx, const struct vu_elf_symbol *s)
{
	if ((s->type == STT_FUNC || s->type == STT_GNU_IFUNC) && s->size)
		add(ctx, s->addr, s->addr + s->size);
}

/*
 * Go's own table: offsets of functions from the start of the text, ascending, each up to the next (Go 1.18 and
 * later, src/runtime/symtab.go). All functions of a stripped program are known by it.
 */
static void add_go(struct vu_extents *x)
{
	const struct vu_elf_table *t = &x->e->go;
	uint64_t n, start, last = 0, table;
	struct vu_reader r;
	uint32_t magic, from, to;

	vu_reader_init(&r, x->e->data + t->offset, t->size);
	magic = vu_reader_le32(&r);
	if ((magic != GO_1_18 && magic != GO_1_20) || vu_reader_le16(&r) || vu_reader_u8(&r) != 1 ||
	    vu_reader_u8(&r) != 8)
		return;
	n = vu_reader_le64(&r);
	vu_reader_le64(&r);
	start = vu_reader_le64(&r);
	if (!start)
		start = x->e->text;
	vu_reader_bytes(&r, 4 * 8);
	table = vu_reader_le64(&r);
	if (r.error || vu_reader_seek(&r, table) < 0)
		return;
	from = vu_reader_le32(&r);
	while (n-- && !r.error) {
		vu_reader_le32(&r);
		to = vu_reader_le32(&r);
		if (r.error || to <= from || start + from < last)
			return;
		add(x, start + from, start + to);
		last = start + to;
		from = to;
	}
}

static void gather(struct vu_extents *x)
{
	x->gathered = true;
	if (!x->indexed)
		vu_eh_walk(x->e, add_fde, x);
	vu_elf_each_symbol(x->e, add_symbol, x);
	add_go(x);
	sort(x);
}

/* The smallest of the last few that contains it. */
static bool search(const struct vu_extents *x, uint64_t addr, uint64_t *start, uint64_t *end)
{
	size_t low = 0, high = x->n, mid, i;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (x->ranges[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	for (i = 0; i < LOOK_BACK && i < low; i++) {
		const struct vu_range *r = &x->ranges[low - 1 - i];

		if (addr < r->end) {
			*start = r->start;
			*end = r->end;
			return true;
		}
	}
	return false;
}

/* --- following calls ------------------------------------------------------------------------------ */

struct descent {
	struct vu_extents *x;
	ZydisDecoder decoder;
	unsigned char *
		seen[VU_ELF_SEGMENTS]; /* a byte each: 1 an instruction begins there, 2 a function */
	struct vu_addrs queue;
};

static unsigned char *seen(struct descent *d, uint64_t addr)
{
	const struct vu_elf_segment *s = vu_elf_segment(d->x->e, addr);

	return s && s->exec ? d->seen[s - d->x->e->segment] + (addr - s->addr) : NULL;
}

static void enter(struct descent *d, uint64_t addr, unsigned char as)
{
	unsigned char *at = seen(d, addr);

	if (!at)
		return;
	if (!(*at & 1) && vu_addrs_add(&d->queue, addr) < 0)
		return;
	*at |= as | 1;
}

static void enter_function(void *ctx, uint64_t addr)
{
	enter(ctx, addr, 2);
}

static void enter_symbol(void *ctx, const struct vu_elf_symbol *s)
{
	if (s->type == STT_FUNC || s->type == STT_GNU_IFUNC)
		enter(ctx, s->addr, 2);
}

/* Addresses of functions that are taken: "lea f(%rip)", or in a program with a fixed place "mov $f". */
static void taken(struct descent *d, const struct vu_insn *insn)
{
	const ZydisDecodedOperand *op = &insn->op[1];
	uint64_t addr;

	if (insn->i.operand_count_visible < 2)
		return;
	if (insn->i.mnemonic == ZYDIS_MNEMONIC_LEA && op->mem.base == ZYDIS_REGISTER_RIP)
		addr = insn->addr + insn->i.length + (uint64_t)op->mem.disp.value;
	else if (insn->i.mnemonic == ZYDIS_MNEMONIC_MOV &&
		 op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
		 insn->op[0].type == ZYDIS_OPERAND_TYPE_REGISTER && insn->op[0].size >= 32)
		addr = op->imm.value.u;
	else
		return;
	enter(d, addr, 2);
}

/* Follow one way to its end. */
static void follow(struct descent *d, uint64_t addr)
{
	const unsigned char *p;
	struct vu_insn insn;
	uint64_t avail, target;
	unsigned char *at;

	while (d->x->budget->instructions) {
		p = vu_elf_at(d->x->e, addr, &avail);
		d->x->budget->instructions--;
		insn.addr = addr;
		if (!p ||
		    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&d->decoder, p, avail, &insn.i, insn.op)))
			return;
		taken(d, &insn);
		if (vu_insn_target(&insn, &target))
			enter(d, target, insn.i.mnemonic == ZYDIS_MNEMONIC_CALL ? 2 : 1);
		if (insn.i.meta.category == ZYDIS_CATEGORY_RET ||
		    insn.i.mnemonic == ZYDIS_MNEMONIC_JMP ||
		    insn.i.mnemonic == ZYDIS_MNEMONIC_HLT || insn.i.mnemonic == ZYDIS_MNEMONIC_UD2)
			return;
		addr += insn.i.length;
		at = seen(d, addr);
		if (!at || *at & 1)
			return;
		*at |= 1;
	}
}

/* Functions as ranges, each up to the next. */
static void note_functions(struct descent *d)
{
	const struct vu_elf *e = d->x->e;
	uint64_t off, start;
	size_t i;

	for (i = 0; i < e->n_segments; i++) {
		if (!d->seen[i])
			continue;
		start = UINT64_MAX;
		for (off = 0; off <= e->segment[i].size; off++) {
			if (off < e->segment[i].size && !(d->seen[i][off] & 2))
				continue;
			if (start != UINT64_MAX)
				add(d->x, e->segment[i].addr + start, e->segment[i].addr + off);
			start = off;
		}
	}
}

static void descend(struct vu_extents *x)
{
	struct descent d = { .x = x };
	uint64_t code = 0;
	bool ready = true;
	size_t i;

	x->descended = true;
	for (i = 0; i < x->e->n_segments; i++)
		code += x->e->segment[i].exec ? x->e->segment[i].size : 0;
	if (code > DESCENT_MAX)
		return;
	ZydisDecoderInit(&d.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (i = 0; i < x->e->n_segments; i++) {
		if (!x->e->segment[i].exec)
			continue;
		d.seen[i] = calloc(x->e->segment[i].size, 1);
		ready = ready && d.seen[i];
	}
	if (ready) {
		for (i = 0; i < x->n; i++)
			enter(&d, x->ranges[i].start, 2);
		vu_elf_each_pointer(x->e, enter_function, &d);
		vu_elf_each_symbol(x->e, enter_symbol, &d);
		while (d.queue.n)
			follow(&d, d.queue.at[--d.queue.n]);
		note_functions(&d);
		sort(x);
	}
	for (i = 0; i < x->e->n_segments; i++)
		free(d.seen[i]);
	free(d.queue.at);
}

bool vu_extents_find(void *ctx, uint64_t addr, uint64_t *start, uint64_t *end)
{
	struct vu_extents *x = ctx;
	struct vu_fde f;

	if (x->indexed && vu_eh_find(x->e, addr, &f)) {
		*start = f.start;
		*end = f.end;
		return true;
	}
	if (!x->gathered)
		gather(x);
	if (search(x, addr, start, end))
		return true;
	if (!x->descended)
		descend(x);
	return search(x, addr, start, end);
}
