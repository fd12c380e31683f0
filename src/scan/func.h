/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of a function: which of its bytes begin an instruction, and where its stack pointer is.
 *
 * It is decoded from its entries along all branches and jump tables, together with the values of
 * registers that matter: stack addresses as distances from the stack pointer at the entry, constants,
 * addresses of tables. Where anything is not understood the function is refused.
 */
#ifndef VU_SCAN_FUNC_H
#define VU_SCAN_FUNC_H

#include "scan/elf.h"
#include "scan/state.h"

/* VU_WHY_X(NAME, text): why a `syscall` is left as it is. */
#define VU_WHYS(X)                                         \
	X(NONE, "")                                        \
	X(HOST, "never virtual")                           \
	X(SIGRETURN, "rt_sigreturn keeps its bytes")       \
	X(RANGE, "no function is known to contain it")     \
	X(SIZE, "function too large")                      \
	X(BUDGET, "file too large to be analysed")         \
	X(DECODE, "function cannot be decoded")            \
	X(OVERLAP, "instructions of the function overlap") \
	X(JUMP, "indirect jump that is not understood")    \
	X(RED_ZONE, "function uses the red zone")          \
	X(STACK, "stack pointer is not known there")       \
	X(UNREACHED, "no way to it is known")              \
	X(FORM, "form of the site is not known")           \
	X(TARGET, "a jump may lead into it")               \
	X(CROWDED, "next to another site")

enum vu_why {
#define X(name, text) VU_WHY_##name,
	VU_WHYS(X)
#undef X
};

const char *vu_why_text(enum vu_why why);

struct vu_addrs {
	uint64_t *at;
	size_t n, cap;
};

struct vu_func {
	uint64_t start, end;
	enum vu_why why; /* VU_WHY_NONE: understood */
	unsigned char *
		map; /* per byte: length of the instruction that begins here, VU_INSIDE, or 0: not reached */
	struct vu_addrs targets; /* of its jump tables */
};

#define VU_INSIDE 0x80

/* A `syscall` instruction. */
struct vu_call {
	uint64_t addr;
	uint32_t number; /* VU_SCAN_NO_NUMBER: not known */
	enum vu_why
		why; /* VU_WHY_NONE: reached, with an ordinary stack pointer, red zone not in use */
};

/* What is left to be spent: a file that wants more is given up. */
struct vu_budget {
	uint64_t instructions;
};

/* What the analysis of a function needs to know of the rest of the file. */
struct vu_func_env {
	const struct vu_elf *e;
	struct vu_budget *budget;
	void *ctx;
	/* The function that `addr` lies in. */
	bool (*extent)(void *ctx, uint64_t addr, uint64_t *start, uint64_t *end);
	/* The next address of data after `addr` that some code names: a table at `addr` ends there. */
	uint64_t (*next_data)(void *ctx, uint64_t addr);
};

/*
 * Analyse the function at [start, end), which lies in one segment of code; `entries` are further places where
 * it is entered, `calls` the candidates within. f->map and f->targets are the caller's, for vu_func_free().
 */
void vu_func_analyse(struct vu_func *f, const struct vu_func_env *env,
		     const struct vu_addrs *entries, struct vu_call *calls, size_t n_calls);

void vu_func_free(struct vu_func *f);

/* The instruction of an understood function that the byte at `addr` is a part of; false: none is known. */
bool vu_func_around(const struct vu_func *f, const struct vu_elf *e, uint64_t addr,
		    struct vu_insn *insn);

/*
 * The instruction in front of the one at `addr` in an understood function; false: there is none that runs
 * into it. *insn is decoded anew.
 */
bool vu_func_before(const struct vu_func *f, const struct vu_elf *e, uint64_t addr,
		    struct vu_insn *insn);

/* What the bytes at `addr` are as an instruction, whether it is one or not. False: none. */
bool vu_insn_at(const struct vu_elf *e, uint64_t addr, struct vu_insn *insn);
/* The instruction at `addr` of an understood function, if one begins there. */
bool vu_func_at(const struct vu_func *f, const struct vu_elf *e, uint64_t addr,
		struct vu_insn *insn);

/* 0 or -ENOMEM. */
int vu_addrs_add(struct vu_addrs *a, uint64_t addr);

#endif
