/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoding functions along the flow of control.
 *
 * The work list holds places whose state has changed. A place's state only gets worse (state.c), and
 * MAX_VISITS bounds what is left. Bytes that no known way leads to, and what jumps out of the function lead
 * to (the cold part of a function lies elsewhere), are only looked at for use of the red zone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/scan.h"
#include "base/str.h"
#include "scan/func.h"
#include "scan/state.h"

#define MAX_SIZE      (512u << 10) /* of a function */
#define MAX_VISITS    32	   /* of an instruction */
#define MAX_FRAGMENTS 32	   /* other functions that it jumps to */
#define MAX_ENTRIES   4096	   /* of a jump table */

const char *vu_why_text(enum vu_why why)
{
	static const char *const texts[] = {
#define X(name, text) text,
		VU_WHYS(X)
#undef X
	};

	return texts[why];
}

int vu_addrs_add(struct vu_addrs *a, uint64_t addr)
{
	size_t cap = a->cap ? 2 * a->cap : 16;
	uint64_t *at;

	if (a->n == a->cap) {
		at = realloc(a->at, cap * sizeof(*at));
		if (!at)
			return -ENOMEM;
		a->at = at;
		a->cap = cap;
	}
	a->at[a->n++] = addr;
	return 0;
}

static bool has(const struct vu_addrs *a, uint64_t addr)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->at[i] == addr)
			return true;
	return false;
}

struct place {
	struct vu_state state;
	uint32_t visits;
	bool queued;
};

struct work {
	struct vu_func *f;
	const struct vu_func_env *env;
	ZydisDecoder decoder;
	const unsigned char *bytes;
	uint32_t size;
	uint32_t *index; /* per byte: place + 1 */
	struct place *places;
	uint32_t n_places, cap_places;
	struct vu_addrs queue; /* offsets */
	struct vu_addrs fragments;
	struct vu_addrs tables; /* that have been read */
	struct vu_addrs data;	/* addresses of data that the function names */
	struct vu_addrs jumps;	/* by tables that are not known */
	bool red_zone;
};

static void refuse(struct work *w, enum vu_why why)
{
	if (!w->f->why)
		w->f->why = why;
}

static void add(struct work *w, struct vu_addrs *a, uint64_t addr)
{
	if (vu_addrs_add(a, addr) < 0)
		refuse(w, VU_WHY_BUDGET);
}

static bool decode_at(struct work *w, const unsigned char *bytes, uint64_t size, uint64_t addr,
		      struct vu_insn *insn)
{
	if (!w->env->budget->instructions) {
		refuse(w, VU_WHY_BUDGET);
		return false;
	}
	w->env->budget->instructions--;
	insn->addr = addr;
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&w->decoder, bytes, size, &insn->i, insn->op));
}

static bool decode(struct work *w, uint64_t off, struct vu_insn *insn)
{
	return decode_at(w, w->bytes + off, w->size - off, w->f->start + off, insn);
}

/* --- the flow ------------------------------------------------------------------------------------ */

static struct place *new_place(struct work *w, uint32_t off)
{
	uint32_t cap = w->cap_places ? 2 * w->cap_places : 64;
	struct place *p;

	if (w->n_places == w->cap_places) {
		p = realloc(w->places, cap * sizeof(*p));
		if (!p) {
			refuse(w, VU_WHY_BUDGET);
			return NULL;
		}
		w->places = p;
		w->cap_places = cap;
	}
	p = &w->places[w->n_places++];
	memset(p, 0, sizeof(*p));
	w->index[off] = w->n_places;
	return p;
}

/* Control comes to `addr` with that state. */
static void flow(struct work *w, uint64_t addr, const struct vu_state *s)
{
	uint64_t off = addr - w->f->start;
	struct place *p;

	if (off >= w->size) {
		if (!has(&w->fragments, addr))
			add(w, &w->fragments, addr);
		if (w->fragments.n > MAX_FRAGMENTS)
			refuse(w, VU_WHY_JUMP);
		return;
	}
	if (w->index[off]) {
		p = &w->places[w->index[off] - 1];
		if (!vu_state_join(&p->state, s) || p->queued)
			return;
	} else {
		p = new_place(w, (uint32_t)off);
		if (!p)
			return;
		p->state = *s;
	}
	if (++p->visits > MAX_VISITS)
		refuse(w, VU_WHY_STACK);
	p->queued = true;
	add(w, &w->queue, off);
}

/*
 * Note the bytes of an instruction. Two may not share bytes; but a jump may skip a lock prefix, as old
 * compilers' libraries did.
 */
static bool cover(struct work *w, uint64_t off, const struct vu_insn *insn)
{
	unsigned char *map = w->f->map;
	uint64_t i, len = insn->i.length;

	if (map[off] == len)
		return true;
	if (map[off] == VU_INSIDE) {
		if (!off || w->bytes[off - 1] != 0xf0 || map[off - 1] != len + 1)
			return false;
		map[off] = (unsigned char)len;
		return true;
	}
	map[off] = (unsigned char)len;
	for (i = 1; i < len; i++) {
		if (map[off + i] && !(i == 1 && w->bytes[off] == 0xf0 && map[off + 1] == len - 1))
			return false;
		if (!map[off + i])
			map[off + i] = VU_INSIDE;
		else
			return true; /* the rest is the other's */
	}
	return true;
}

/* Add what a table of distances (from itself) or of addresses leads to. False: it is no such table. */
static bool read_table(struct work *w, const struct vu_value *table, const struct vu_state *s)
{
	bool absolute = table->kind == VU_ABS, outside = false;
	uint64_t base = (uint64_t)table->v, avail, n, target, value, end;
	const unsigned char *p = vu_elf_at(w->env->e, base, &avail);
	unsigned int size = absolute ? 8 : 4;
	int32_t distance;

	if (!p || vu_elf_is_code(w->env->e, base))
		return false;
	end = w->env->next_data(w->env->ctx, base);
	for (n = 0; n < MAX_ENTRIES && (n + 1) * size <= avail; n++) {
		if (absolute) {
			memcpy(&value, p + n * size, sizeof(value));
			target = value;
		} else {
			memcpy(&distance, p + n * size, sizeof(distance));
			target = base + (uint64_t)(int64_t)distance;
		}
		if (!vu_elf_is_code(w->env->e, target))
			break;
		if (target - w->f->start >= w->size) {
			if (!n)
				return false;
			outside = true;
		}
		/* After one that leads out, or where other data begins, it is hardly the table: not decoded. */
		outside |= base + n * size >= end;
		if (!has(&w->tables, base))
			add(w, &w->f->targets, target);
		if (!outside)
			flow(w, target, s);
	}
	if (n && !has(&w->tables, base))
		add(w, &w->tables, base);
	return n > 0;
}

/* An indirect jump: a jump table; or to another function, when the frame has been taken down. */
static void indirect_jump(struct work *w, const struct vu_insn *insn, const struct vu_state *s)
{
	const ZydisDecodedOperand *op = &insn->op[0];
	struct vu_value table = { .kind = VU_ANY };
	int reg;

	if (insn->i.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
		refuse(w, VU_WHY_JUMP);
		return;
	}
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER) {
		reg = vu_reg(op->reg.value);
		if (reg >= 0 && s->reg[reg].kind == VU_SOME_TO) {
			if (!has(&w->jumps, insn->addr - w->f->start))
				add(w, &w->jumps, insn->addr - w->f->start);
			return;
		}
		if (reg >= 0 && (s->reg[reg].kind == VU_REL_TO || s->reg[reg].kind == VU_ABS))
			table = s->reg[reg];
	} else if (op->type == ZYDIS_OPERAND_TYPE_MEMORY) {
		reg = vu_reg(op->mem.base);
		if (op->mem.base == ZYDIS_REGISTER_RIP)
			return;
		if (op->mem.index != ZYDIS_REGISTER_NONE && op->mem.scale == 8) {
			table.kind = VU_ABS;
			table.v = op->mem.disp.value;
			if (reg >= 0 && s->reg[reg].kind == VU_ADDR)
				table.v += s->reg[reg].v;
			else if (reg >= 0)
				table.kind = VU_ANY;
		}
	} else {
		refuse(w, VU_WHY_JUMP);
		return;
	}
	if (table.kind != VU_ANY && read_table(w, &table, s))
		return;
	if (table.kind != VU_ANY || s->reg[VU_RSP].kind != VU_FRAME || s->reg[VU_RSP].v != 0)
		refuse(w, VU_WHY_JUMP);
}

static void after_call(struct work *w, const struct vu_insn *insn, const struct vu_state *s)
{
	uint64_t next = insn->addr + insn->i.length, target, off = next - w->f->start;
	struct vu_state entry;
	struct vu_insn peek;

	if (vu_insn_target(insn, &target)) {
		if (target == next) {
			refuse(w, VU_WHY_STACK);
			return;
		}
		if (target - w->f->start < w->size && target != w->f->start) {
			vu_state_entry(&entry);
			flow(w, target, &entry);
		}
	}
	/* The other may never return: what follows need not be code. */
	if (off < w->size && decode(w, off, &peek))
		flow(w, next, s);
}

static void after(struct work *w, const struct vu_insn *insn, const struct vu_state *s)
{
	uint64_t target;

	switch ((int)insn->i.mnemonic) {
	case ZYDIS_MNEMONIC_RET:
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_IRETQ:
		return;
	case ZYDIS_MNEMONIC_CALL:
		after_call(w, insn, s);
		return;
	case ZYDIS_MNEMONIC_JMP:
		if (vu_insn_target(insn, &target))
			flow(w, target, s);
		else
			indirect_jump(w, insn, s);
		return;
	default:
		break;
	}
	if (vu_insn_target(insn, &target))
		flow(w, target, s);
	flow(w, insn->addr + insn->i.length, s);
}

/* "lea table(%rip)" */
static void note_data(struct work *w, const struct vu_insn *insn)
{
	uint64_t addr;

	if (insn->i.mnemonic != ZYDIS_MNEMONIC_LEA || insn->op[1].mem.base != ZYDIS_REGISTER_RIP)
		return;
	addr = insn->addr + insn->i.length + (uint64_t)insn->op[1].mem.disp.value;
	if (vu_elf_segment(w->env->e, addr) && !vu_elf_is_code(w->env->e, addr) &&
	    !has(&w->data, addr))
		add(w, &w->data, addr);
}

/* A call after which control does not come to the next instruction. */
static bool never_returns(const struct vu_state *s, const struct vu_insn *insn)
{
	static const int64_t numbers[] = { 15 /* rt_sigreturn */, 60 /* exit */,
					   231 /* exit_group */ };
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(numbers); i++)
		if (insn->i.mnemonic == ZYDIS_MNEMONIC_SYSCALL && s->reg[VU_RAX].kind == VU_CONST &&
		    s->reg[VU_RAX].v == numbers[i])
			return true;
	return false;
}

static void run_queue(struct work *w)
{
	struct vu_insn insn;
	struct vu_state s;
	struct place *p;
	uint64_t off;

	while (w->queue.n && !w->f->why) {
		off = w->queue.at[--w->queue.n];
		p = &w->places[w->index[off] - 1];
		p->queued = false;
		s = p->state;
		if (!decode(w, off, &insn))
			refuse(w, VU_WHY_DECODE);
		else if (!cover(w, off, &insn))
			refuse(w, VU_WHY_OVERLAP);
		else if (vu_state_red_zone(&s, &insn))
			w->red_zone = true;
		if (w->f->why)
			return;
		if (never_returns(&s, &insn))
			continue;
		note_data(w, &insn);
		vu_state_step(&s, w->env->e, &insn);
		after(w, &insn, &s);
	}
}

/*
 * Jumps by a table that has been lost sight of: it is one of those whose addresses the function takes. All that
 * look like one are taken for it.
 */
static void any_tables(struct work *w)
{
	struct vu_value table = { .kind = VU_REL_TO };
	bool found = false;
	size_t i, k;

	for (i = 0; i < w->data.n; i++) {
		table.v = (int64_t)w->data.at[i];
		for (k = 0; k < w->jumps.n; k++)
			found |= read_table(w, &table,
					    &w->places[w->index[w->jumps.at[k]] - 1].state);
	}
	if (!found)
		refuse(w, VU_WHY_JUMP);
}

static void run(struct work *w)
{
	run_queue(w);
	while (w->jumps.n && !w->f->why) {
		any_tables(w);
		if (!w->queue.n)
			return;
		run_queue(w);
	}
}

/* --- what is not reached -------------------------------------------------------------------------- */

/* What a look over bytes in a row has found. */
struct sweep {
	bool red_zone;
	int64_t lowest_rbp; /* the lowest displacement from rbp */
};

static void sweep(struct work *w, const unsigned char *bytes, uint64_t start, uint64_t end,
		  struct sweep *found, bool follow)
{
	struct vu_insn insn;
	struct vu_state any;
	uint64_t at, target;
	int i;

	memset(&any, 0, sizeof(any));
	for (at = start; at < end && !w->f->why; at += insn.i.length) {
		if (!decode_at(w, bytes + (at - start), end - at, at, &insn)) {
			insn.i.length = 1;
			continue;
		}
		found->red_zone |= vu_state_red_zone(&any, &insn);
		for (i = 0; i < insn.i.operand_count_visible; i++)
			if (insn.op[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
			    vu_reg(insn.op[i].mem.base) == VU_RBP &&
			    insn.op[i].mem.disp.value < found->lowest_rbp)
				found->lowest_rbp = insn.op[i].mem.disp.value;
		if (!follow || insn.i.mnemonic == ZYDIS_MNEMONIC_CALL ||
		    !vu_insn_target(&insn, &target))
			continue;
		if ((target < start || target >= end) && target - w->f->start >= w->size)
			flow(w, target, &any);
	}
}

static void sweep_gaps(struct work *w, struct sweep *found)
{
	uint64_t off, end;

	for (off = 0; off < w->size; off = end) {
		end = off + 1;
		if (w->f->map[off])
			continue;
		while (end < w->size && !w->f->map[end])
			end++;
		sweep(w, w->bytes + off, w->f->start + off, w->f->start + end, found, true);
	}
}

static void sweep_fragments(struct work *w, struct sweep *found)
{
	struct vu_addrs done = { 0 };
	const unsigned char *p;
	uint64_t start, end, avail;
	size_t i;

	for (i = 0; i < w->fragments.n && !w->f->why; i++) {
		if (!vu_elf_is_code(w->env->e, w->fragments.at[i]))
			continue;
		if (!w->env->extent(w->env->ctx, w->fragments.at[i], &start, &end) ||
		    end - start > MAX_SIZE) {
			refuse(w, VU_WHY_JUMP);
			break;
		}
		p = vu_elf_at(w->env->e, start, &avail);
		if (has(&done, start) || !p || avail < end - start)
			continue;
		add(w, &done, start);
		sweep(w, p, start, end, found, true);
	}
	free(done.at);
}

/* --- results ------------------------------------------------------------------------------------- */

static void judge(struct work *w, struct vu_call *c, const struct sweep *found)
{
	uint64_t off = c->addr - w->f->start;
	const struct vu_value *rsp, *rax;
	const struct vu_state *s;

	c->number = VU_SCAN_NO_NUMBER;
	c->why = w->f->why;
	if (!w->index || off >= w->size || !w->index[off] || w->f->map[off] != 2) {
		if (!c->why)
			c->why = VU_WHY_UNREACHED;
		return;
	}
	s = &w->places[w->index[off] - 1].state;
	rsp = &s->reg[VU_RSP];
	rax = &s->reg[VU_RAX];
	if (rax->kind == VU_CONST)
		c->number = (uint32_t)rax->v;
	if (c->why)
		return;
	/* 8: vfork keeps its return address in a register. */
	if (rsp->kind != VU_FRAME || rsp->v > 8)
		c->why = VU_WHY_STACK;
	else if (w->red_zone || found->red_zone || vu_state_points_below(s, found->lowest_rbp))
		c->why = VU_WHY_RED_ZONE;
}

static bool prepare(struct work *w)
{
	uint64_t avail = 0;

	w->bytes = vu_elf_at(w->env->e, w->f->start, &avail);
	if (!w->bytes || w->f->end <= w->f->start || w->f->end - w->f->start > avail) {
		refuse(w, VU_WHY_RANGE);
		return false;
	}
	if (w->f->end - w->f->start > MAX_SIZE) {
		refuse(w, VU_WHY_SIZE);
		return false;
	}
	w->size = (uint32_t)(w->f->end - w->f->start);
	w->f->map = calloc(w->size, 1);
	w->index = calloc(w->size, sizeof(*w->index));
	if (!w->f->map || !w->index) {
		refuse(w, VU_WHY_BUDGET);
		return false;
	}
	return true;
}

void vu_func_analyse(struct vu_func *f, const struct vu_func_env *env,
		     const struct vu_addrs *entries, struct vu_call *calls, size_t n_calls)
{
	struct work w = { .f = f, .env = env };
	struct sweep found = { 0 };
	struct vu_state s;
	size_t i;

	ZydisDecoderInit(&w.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	f->why = VU_WHY_NONE;
	if (prepare(&w)) {
		vu_state_entry(&s);
		flow(&w, f->start, &s);
		for (i = 0; i < entries->n; i++)
			if (entries->at[i] - f->start < w.size)
				flow(&w, entries->at[i], &s);
		run(&w);
		if (!f->why)
			sweep_gaps(&w, &found);
		if (!f->why && n_calls)
			sweep_fragments(&w, &found);
	}
	for (i = 0; i < n_calls; i++)
		judge(&w, &calls[i], &found);
	free(w.index);
	free(w.places);
	free(w.queue.at);
	free(w.fragments.at);
	free(w.tables.at);
	free(w.data.at);
	free(w.jumps.at);
}

void vu_func_free(struct vu_func *f)
{
	free(f->map);
	free(f->targets.at);
	memset(f, 0, sizeof(*f));
}

bool vu_func_around(const struct vu_func *f, const struct vu_elf *e, uint64_t addr,
		    struct vu_insn *insn)
{
	uint64_t off;

	if (f->why || !f->map || addr < f->start || addr >= f->end)
		return false;
	for (off = addr - f->start; off && f->map[off] == VU_INSIDE;)
		off--;
	return vu_func_at(f, e, f->start + off, insn);
}

bool vu_insn_at(const struct vu_elf *e, uint64_t addr, struct vu_insn *insn)
{
	ZydisDecoder decoder;
	uint64_t avail;
	const unsigned char *p = vu_elf_at(e, addr, &avail);

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	insn->addr = addr;
	return p && ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, p, avail, &insn->i, insn->op));
}

bool vu_func_at(const struct vu_func *f, const struct vu_elf *e, uint64_t addr,
		struct vu_insn *insn)
{
	if (f->why || !f->map || addr < f->start || addr >= f->end || !f->map[addr - f->start] ||
	    f->map[addr - f->start] == VU_INSIDE)
		return false;
	return vu_insn_at(e, addr, insn) && insn->i.length == f->map[addr - f->start];
}

bool vu_func_before(const struct vu_func *f, const struct vu_elf *e, uint64_t addr,
		    struct vu_insn *insn)
{
	uint64_t len;

	for (len = 1; len <= 15 && f->map && len <= addr - f->start; len++)
		if (f->map[addr - f->start - len] == len)
			return vu_func_at(f, e, addr - len, insn);
	return false;
}
