/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of a call that are no instruction: the inside of another one, or data among the code. One place in
 * 65536 looks like a call by chance.
 */
#include <string.h>

#include "scan/whole.h"

#define STEPS	  64 /* instructions after a place that are looked at */
#define FAR	  64 /* bytes before a place from which on it is decoded, ... */
#define STARTS	  32 /* ... from so many */
#define LOOK_BACK 16 /* bytes in front of a place in which its number would be loaded */

struct reader {
	const struct vu_elf *e;
	struct vu_budget *budget;
	ZydisDecoder decoder;
};

static bool decode(struct reader *r, uint64_t addr, struct vu_insn *insn)
{
	uint64_t avail;
	const unsigned char *p = vu_elf_at(r->e, addr, &avail);

	if (!p || !r->budget->instructions)
		return false;
	r->budget->instructions--;
	insn->addr = addr;
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&r->decoder, p, avail, &insn->i, insn->op));
}

/* Whether decoding in a row from `start`, where an instruction begins, comes to `addr` in the middle of one. */
static bool is_inside(struct reader *r, uint64_t start, uint64_t addr)
{
	struct vu_insn insn;
	uint64_t at;

	for (at = start; at < addr; at += insn.i.length) {
		if (!decode(r, at, &insn))
			return false;
		if (at + insn.i.length > addr)
			return true;
	}
	return false;
}

/*
 * Decoding in a row finds the instructions of a program soon, wherever it begins: from each of some bytes before
 * `addr`, is that in the middle of an instruction?
 */
static bool is_inside_by_all(struct reader *r, uint64_t addr)
{
	int n = 0;
	uint64_t at;
	struct vu_insn insn;

	for (uint64_t back = FAR; back < FAR + STARTS; back++) {
		for (at = addr - back; at < addr && decode(r, at, &insn); at += insn.i.length)
			;
		if (at == addr)
			return false;
		n += at > addr;
	}
	return n >= STARTS / 2;
}

/* The last instruction before `addr` that control is known to come to; the function's start if there is none. */
static uint64_t last_known(const struct vu_func *f, uint64_t addr)
{
	uint64_t off = addr - f->start;

	while (f->map && off && (!f->map[off - 1] || f->map[off - 1] == VU_INSIDE))
		off--;
	return f->map && off ? f->start + off - 1 : f->start;
}

/* Whether the instruction names a place that does not exist. */
static bool leads_nowhere(const struct vu_elf *e, const struct vu_insn *insn)
{
	uint64_t target;
	int i;

	if (vu_insn_target(insn, &target))
		return !vu_elf_is_code(e, target);
	for (i = 0; i < insn->i.operand_count_visible; i++) {
		const ZydisDecodedOperand *op = &insn->op[i];

		if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->mem.base != ZYDIS_REGISTER_RIP)
			continue;
		target = insn->addr + insn->i.length + (uint64_t)op->mem.disp.value;
		if (target < e->segment[0].addr || target >= e->top)
			return true;
	}
	return false;
}

/* Whether programs have no use for it. */
static bool is_odd(const struct vu_insn *insn)
{
	return insn->i.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED ||
	       insn->i.meta.category == ZYDIS_CATEGORY_IO ||
	       insn->i.meta.category == ZYDIS_CATEGORY_IOSTRINGOP ||
	       insn->i.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR ||
	       insn->i.mnemonic == ZYDIS_MNEMONIC_INT1 || insn->i.mnemonic == ZYDIS_MNEMONIC_IRETD;
}

static bool is_end(const struct vu_insn *insn)
{
	return insn->i.mnemonic == ZYDIS_MNEMONIC_JMP || insn->i.mnemonic == ZYDIS_MNEMONIC_UD2 ||
	       insn->i.meta.category == ZYDIS_CATEGORY_RET;
}

/* Whether a number may be loaded just before: the call may then be one that does not return. */
static bool has_number(const struct vu_elf *e, uint64_t addr)
{
	uint64_t avail, back;
	const unsigned char *p;

	for (back = 5; back <= LOOK_BACK; back++) {
		p = vu_elf_at(e, addr - back, &avail);
		if (p && avail >= 6 && (p[0] == 0xb8 || (p[0] == 0xc7 && p[1] == 0xc0)) &&
		    p[p[0] == 0xb8 ? 3 : 4] == 0)
			return true;
	}
	return false;
}

/* Whether what follows is none that a program would execute when the call has returned. */
static bool is_garbage(struct reader *r, uint64_t addr)
{
	struct vu_insn insn;
	uint64_t at = addr + 2, target;
	int i;

	if (has_number(r->e, addr))
		return false;
	for (i = 0; i < STEPS && r->budget->instructions; i++, at += insn.i.length) {
		if (!decode(r, at, &insn) || is_odd(&insn) || leads_nowhere(r->e, &insn))
			return r->budget->instructions > 0;
		if (is_end(&insn)) {
			if (!vu_insn_target(&insn, &target))
				return false;
			at = target - insn.i.length;
		}
	}
	return false;
}

bool vu_is_no_call(const struct vu_elf *e, struct vu_budget *budget, const struct vu_func *f,
		   uint64_t addr)
{
	struct reader r = { .e = e, .budget = budget };

	ZydisDecoderInit(&r.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (f && f->map && f->why != VU_WHY_OVERLAP && f->map[addr - f->start])
		return f->map[addr - f->start] == VU_INSIDE;
	if (f && (is_inside(&r, f->start, addr) || is_inside(&r, last_known(f, addr), addr)))
		return true;
	return vu_elf_is_data(e, addr) || is_inside_by_all(&r, addr) || is_garbage(&r, addr);
}

void vu_each_old_call(const struct vu_elf *e, bool (*fn)(void *ctx, uint64_t addr), void *ctx)
{
	const struct vu_elf_segment *seg;
	const unsigned char *p, *start, *end;
	size_t i;

	for (i = 0; i < e->n_segments; i++) {
		seg = &e->segment[i];
		if (!seg->exec)
			continue;
		start = e->data + seg->offset;
		end = start + seg->size;
		for (p = start; p + 2 <= end; p++)
			if (((p[0] == 0xcd && p[1] == 0x80) || (p[0] == 0x0f && p[1] == 0x34)) &&
			    !fn(ctx, seg->addr + (uint64_t)(p - start)))
				return;
	}
}
