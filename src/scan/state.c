/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of registers along the flow of control.
 *
 * Where two ways meet the worse is taken: of two stack pointers the higher, since less lies above it; of an
 * address in the frame and anything else the address, since accesses by it have to be judged.
 */
#include <string.h>

#include "scan/state.h"

#define RSP_MAX 64

int vu_reg(ZydisRegister r)
{
	ZydisRegister full = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);

	if (full < ZYDIS_REGISTER_RAX || full > ZYDIS_REGISTER_R15)
		return -1;
	return full - ZYDIS_REGISTER_RAX;
}

void vu_state_entry(struct vu_state *s)
{
	memset(s, 0, sizeof(*s));
	s->reg[VU_RSP].kind = VU_FRAME;
}

static bool same(const struct vu_value *a, const struct vu_value *b)
{
	return a->kind == b->kind && (a->kind == VU_ANY || a->v == b->v);
}

static bool is_entry(enum vu_value_kind kind)
{
	return kind == VU_REL || kind == VU_SOME;
}

static bool is_target(enum vu_value_kind kind)
{
	return kind == VU_REL_TO || kind == VU_SOME_TO;
}

static struct vu_value join(int reg, struct vu_value a, struct vu_value b)
{
	struct vu_value any = { .kind = VU_ANY };

	if (same(&a, &b))
		return a;
	if (a.kind == VU_FRAME && b.kind == VU_FRAME) {
		if (reg == VU_RSP)
			return a.v > b.v ? a : b;
		return a.v < b.v ? a : b;
	}
	if (reg == VU_RSP)
		return any;
	if (is_entry(a.kind) && is_entry(b.kind))
		return (struct vu_value){ .kind = VU_SOME };
	if (is_target(a.kind) && is_target(b.kind))
		return (struct vu_value){ .kind = VU_SOME_TO };
	return a.kind == VU_FRAME ? a : b.kind == VU_FRAME ? b : any;
}

bool vu_state_join(struct vu_state *to, const struct vu_state *from)
{
	bool changed = false;
	int i;

	for (i = 0; i < VU_REGS; i++) {
		struct vu_value v = join(i, to->reg[i], from->reg[i]);

		if (!same(&v, &to->reg[i])) {
			to->reg[i] = v;
			changed = true;
		}
	}
	return changed;
}

/* --- operands ------------------------------------------------------------------------------------ */

static bool is_reg(const ZydisDecodedOperand *op, int *reg)
{
	*reg = op->type == ZYDIS_OPERAND_TYPE_REGISTER ? vu_reg(op->reg.value) : -1;
	return *reg >= 0;
}

static bool is_imm(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

static bool is_mem(const ZydisDecodedOperand *op)
{
	return op->type == ZYDIS_OPERAND_TYPE_MEMORY;
}

static int base_of(const ZydisDecodedOperand *op)
{
	return vu_reg(op->mem.base);
}

static bool has_index(const ZydisDecodedOperand *op)
{
	return op->mem.index != ZYDIS_REGISTER_NONE;
}

static int64_t disp(const ZydisDecodedOperand *op)
{
	return op->mem.disp.value;
}

static uint64_t next(const struct vu_insn *insn)
{
	return insn->addr + insn->i.length;
}

bool vu_insn_target(const struct vu_insn *insn, uint64_t *target)
{
	if (!insn->i.operand_count_visible || !is_imm(&insn->op[0]) || !insn->op[0].imm.is_relative)
		return false;
	*target = next(insn) + (uint64_t)insn->op[0].imm.value.s;
	return true;
}

/* --- what instructions do ------------------------------------------------------------------------ */

static struct vu_value any(void)
{
	return (struct vu_value){ .kind = VU_ANY };
}

static struct vu_value value(enum vu_value_kind kind, int64_t v)
{
	return (struct vu_value){ .kind = kind, .v = v };
}

static struct vu_value lea(const struct vu_state *s, const struct vu_elf *e,
			   const struct vu_insn *insn)
{
	const ZydisDecodedOperand *op = &insn->op[1];
	int base = base_of(op);
	uint64_t addr;

	if (has_index(op))
		return any();
	if (op->mem.base == ZYDIS_REGISTER_RIP) {
		addr = next(insn) + (uint64_t)disp(op);
		return vu_elf_is_code(e, addr) ? any() : value(VU_ADDR, (int64_t)addr);
	}
	if ((base == VU_RSP || base == VU_RBP) && s->reg[base].kind == VU_FRAME)
		return value(VU_FRAME, s->reg[base].v + disp(op));
	return any();
}

/* What is loaded from `op`: entries of tables are of interest. */
static struct vu_value load(const struct vu_state *s, const struct vu_elf *e,
			    const ZydisDecodedOperand *op, unsigned int scale)
{
	enum vu_value_kind kind = scale == 4 ? VU_REL : VU_ABS;
	int base = base_of(op);

	if (!has_index(op) || op->mem.scale != scale)
		return any();
	if (base >= 0 && s->reg[base].kind == VU_ADDR)
		return value(kind, s->reg[base].v + disp(op));
	if (base >= 0 && scale == 4)
		return value(VU_SOME, 0);
	if (op->mem.base == ZYDIS_REGISTER_NONE && scale == 8 &&
	    op->mem.segment != ZYDIS_REGISTER_FS && op->mem.segment != ZYDIS_REGISTER_GS &&
	    vu_elf_segment(e, (uint64_t)disp(op)))
		return value(kind, disp(op));
	return any();
}

static struct vu_value moved(const struct vu_state *s, const struct vu_elf *e,
			     const struct vu_insn *insn)
{
	const ZydisDecodedOperand *from = &insn->op[1];
	unsigned int size = insn->op[0].size;
	struct vu_value v;
	int reg;

	/* "xor %eax,%eax; mov $56,%al" */
	if (insn->op[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	    insn->op[0].reg.value == ZYDIS_REGISTER_AL && is_imm(from) &&
	    s->reg[VU_RAX].kind == VU_CONST)
		return value(VU_CONST, (s->reg[VU_RAX].v & ~0xffll) | (from->imm.value.u & 0xff));
	if (size < 32)
		return any();
	if (is_imm(from))
		return value(VU_CONST,
			     size == 32 ? (int64_t)(uint32_t)from->imm.value.u : from->imm.value.s);
	if (is_reg(from, &reg)) {
		v = s->reg[reg];
		if (size == 64)
			return v;
		return v.kind == VU_CONST ? value(VU_CONST, (int64_t)(uint32_t)v.v) : any();
	}
	return is_mem(from) && size == 64 ? load(s, e, from, 8) : any();
}

static struct vu_value added(const struct vu_state *s, const struct vu_insn *insn)
{
	struct vu_value a, b;
	int to, from;

	if (!is_reg(&insn->op[0], &to) || !is_reg(&insn->op[1], &from) || insn->op[0].size != 64)
		return any();
	a = s->reg[to];
	b = s->reg[from];
	if (((a.kind == VU_REL && b.kind == VU_ADDR) || (a.kind == VU_ADDR && b.kind == VU_REL)) &&
	    a.v == b.v)
		return value(VU_REL_TO, a.v);
	if (a.kind == VU_SOME || a.kind == VU_REL || b.kind == VU_SOME || b.kind == VU_REL)
		return value(VU_SOME_TO, 0);
	return any();
}

/* All that the instruction writes is unknown, but for `keep`. */
static void forget(struct vu_state *s, const struct vu_insn *insn, int keep)
{
	int i, reg;

	for (i = 0; i < insn->i.operand_count; i++)
		if (insn->op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE &&
		    is_reg(&insn->op[i], &reg) && reg != keep)
			s->reg[reg] = any();
}

static bool writes_rsp(const struct vu_insn *insn)
{
	int reg;

	return insn->i.operand_count_visible && is_reg(&insn->op[0], &reg) && reg == VU_RSP &&
	       insn->op[0].size == 64 && insn->op[0].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
}

/*
 * The stack pointer after an instruction that names it as its first operand. Subtracting what is not known
 * makes room (alloca); rounding down, too.
 */
static struct vu_value new_rsp(const struct vu_state *s, const struct vu_elf *e,
			       const struct vu_insn *insn)
{
	struct vu_value v = s->reg[VU_RSP], from;
	const ZydisDecodedOperand *op = &insn->op[1];

	switch ((int)insn->i.mnemonic) {
	case ZYDIS_MNEMONIC_ADD:
		if (!is_imm(op))
			return any();
		v.v += op->imm.value.s;
		return v;
	case ZYDIS_MNEMONIC_SUB:
		if (is_imm(op))
			v.v -= op->imm.value.s;
		return v;
	case ZYDIS_MNEMONIC_AND:
		return is_imm(op) && op->imm.value.s < 0 ? v : any();
	case ZYDIS_MNEMONIC_LEA:
		from = lea(s, e, insn);
		return from.kind == VU_FRAME ? from : any();
	case ZYDIS_MNEMONIC_MOV:
		from = moved(s, e, insn);
		return from.kind == VU_FRAME ? from : any();
	default:
		return any();
	}
}

/* A stack pointer far above that of the entry is none that we understand. */
static struct vu_value ordinary(struct vu_value v)
{
	return v.kind == VU_FRAME && v.v <= RSP_MAX ? v : any();
}

static void step_stack(struct vu_state *s, const struct vu_insn *insn, int64_t by)
{
	struct vu_value v = s->reg[VU_RSP];
	int reg;

	v.v += by;
	forget(s, insn, VU_RSP);
	if (insn->i.operand_count_visible && by > 0 && is_reg(&insn->op[0], &reg) && reg == VU_RSP)
		v = any();
	s->reg[VU_RSP] = ordinary(v);
}

static void step_call(struct vu_state *s)
{
	static const unsigned char clobbered[] = { 0, 1, 2, 6, 7, 8, 9, 10, 11 };
	size_t i;

	for (i = 0; i < sizeof(clobbered); i++)
		s->reg[clobbered[i]] = any();
}

static void step_leave(struct vu_state *s)
{
	struct vu_value v = s->reg[VU_RBP];

	v.v += 8;
	s->reg[VU_RSP] = ordinary(v);
	s->reg[VU_RBP] = any();
}

/* The first operand's register gets a value that we can name. */
static struct vu_value result(const struct vu_state *s, const struct vu_elf *e,
			      const struct vu_insn *insn)
{
	int a, b;

	switch ((int)insn->i.mnemonic) {
	case ZYDIS_MNEMONIC_LEA:
		return insn->op[0].size == 64 ? lea(s, e, insn) : any();
	case ZYDIS_MNEMONIC_MOV:
		return moved(s, e, insn);
	case ZYDIS_MNEMONIC_MOVSXD:
		return insn->op[0].size == 64 && is_mem(&insn->op[1]) ?
			       load(s, e, &insn->op[1], 4) :
			       any();
	case ZYDIS_MNEMONIC_ADD:
		return added(s, insn);
	case ZYDIS_MNEMONIC_XOR:
	case ZYDIS_MNEMONIC_SUB:
		return is_reg(&insn->op[0], &a) && is_reg(&insn->op[1], &b) && a == b &&
				       insn->op[0].size >= 32 && insn->op[1].size >= 32 ?
			       value(VU_CONST, 0) :
			       any();
	default:
		return any();
	}
}

void vu_state_step(struct vu_state *s, const struct vu_elf *e, const struct vu_insn *insn)
{
	int64_t width = insn->i.operand_width == 16 ? 2 : 8;
	struct vu_value v;
	int reg;

	switch ((int)insn->i.mnemonic) {
	case ZYDIS_MNEMONIC_PUSH:
	case ZYDIS_MNEMONIC_PUSHFQ:
	case ZYDIS_MNEMONIC_PUSHF:
		step_stack(s, insn, -width);
		return;
	case ZYDIS_MNEMONIC_POP:
	case ZYDIS_MNEMONIC_POPFQ:
	case ZYDIS_MNEMONIC_POPF:
		step_stack(s, insn, width);
		return;
	case ZYDIS_MNEMONIC_CALL:
		step_call(s);
		return;
	case ZYDIS_MNEMONIC_LEAVE:
		step_leave(s);
		return;
	default:
		break;
	}
	if (writes_rsp(insn) && insn->i.mnemonic != ZYDIS_MNEMONIC_XCHG) {
		v = new_rsp(s, e, insn);
		forget(s, insn, VU_RSP);
		s->reg[VU_RSP] = ordinary(v);
		return;
	}
	if (!insn->i.operand_count_visible || !is_reg(&insn->op[0], &reg)) {
		forget(s, insn, -1);
		return;
	}
	v = result(s, e, insn);
	forget(s, insn, -1);
	if (insn->op[0].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		s->reg[reg] = v;
}

static bool below(const struct vu_state *s, const struct vu_insn *insn,
		  const ZydisDecodedOperand *op)
{
	const struct vu_value *rsp = &s->reg[VU_RSP], *from;
	int base = base_of(op);

	if (base < 0 || op->mem.segment == ZYDIS_REGISTER_FS ||
	    op->mem.segment == ZYDIS_REGISTER_GS)
		return false;
	if (base == VU_RSP)
		return disp(op) < 0 &&
		       !(insn->i.mnemonic == ZYDIS_MNEMONIC_LEA && writes_rsp(insn));
	from = &s->reg[base];
	if (from->kind != VU_FRAME || rsp->kind != VU_FRAME ||
	    (insn->i.mnemonic == ZYDIS_MNEMONIC_LEA && writes_rsp(insn)))
		return false;
	/* The end of an array, counted from its start. */
	if (base != VU_RBP && has_index(op) && from->v >= rsp->v)
		return false;
	return from->v + disp(op) < rsp->v;
}

static bool is_below(const struct vu_state *s, int reg)
{
	return s->reg[reg].kind == VU_FRAME && s->reg[VU_RSP].kind == VU_FRAME &&
	       s->reg[reg].v < s->reg[VU_RSP].v;
}

/* Addresses by lea are not used yet: room for them may be made later. */
static bool is_early_lea(const struct vu_insn *insn, const ZydisDecodedOperand *op)
{
	return insn->i.mnemonic == ZYDIS_MNEMONIC_LEA && base_of(op) != VU_RSP;
}

bool vu_state_red_zone(const struct vu_state *s, const struct vu_insn *insn)
{
	bool stores = false, address = false;
	int i, reg;

	if (insn->i.mnemonic == ZYDIS_MNEMONIC_NOP)
		return false;
	for (i = 0; i < insn->i.operand_count_visible; i++) {
		const ZydisDecodedOperand *op = &insn->op[i];

		if (is_mem(op)) {
			if (below(s, insn, op) && !is_early_lea(insn, op))
				return true;
			stores |= op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
		} else if (is_reg(op, &reg) && op->actions & ZYDIS_OPERAND_ACTION_MASK_READ) {
			address |= is_below(s, reg);
		}
	}
	return stores && address;
}

bool vu_state_points_below(const struct vu_state *s, int64_t lowest)
{
	int i;

	for (i = 0; i < VU_REGS; i++)
		if (is_below(s, i))
			return true;
	return s->reg[VU_RBP].kind == VU_FRAME && s->reg[VU_RSP].kind == VU_FRAME &&
	       s->reg[VU_RBP].v + lowest < s->reg[VU_RSP].v;
}
