/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vu-scan's rules, each by some bytes of code; damaged files. */
/* sources: src/scan/elf.c src/scan/ehframe.c src/scan/extents.c src/scan/state.c src/scan/func.c src/scan/scan.c src/scan/whole.c test/unit/scan_elf.c */
/* libs: -lZydis */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "scan/scan.h"
#include "scan_elf.h"

#define OPEN "b802000000 " /* mov $2,%eax */
#define CALL "0f05 "	   /* syscall */
#define NONE VU_SCAN_NO_NUMBER

#define NR   VU_SITE_NR
#define F000 VU_SITE_F000
#define F001 VU_SITE_F001

/* What is expected of the first call in the code. */
struct want {
	const char *what, *code;
	enum vu_why why;
	int kind, first, length; /* with VU_WHY_NONE */
	uint32_t number;
};

static int scan(const void *data, size_t size, struct vu_scan *s)
{
	struct vu_elf e;
	int res = vu_elf_open(&e, data, size);

	memset(s, 0, sizeof(*s));
	return res < 0 ? res : vu_scan_file(&e, s);
}

static void check(const struct test_elf *t, const struct want *w)
{
	struct vu_scan s;
	const struct vu_scan_call *c;

	assert_int_equal(scan(t->bytes, sizeof(t->bytes), &s), 0);
	if (s.n_calls == 0)
		fail_msg("%s: no call found", w->what);
	c = &s.calls[0];
	if (c->c.why != w->why)
		fail_msg("%s: '%s' instead of '%s'", w->what, vu_why_text(c->c.why),
			 vu_why_text(w->why));
	if (!w->why && (c->kind != w->kind || c->first != CODE + (uint64_t)w->first ||
			c->length != w->length || c->c.number != w->number))
		fail_msg("%s: kind %d, from %d, %d bytes, number %u", w->what, c->kind,
			 (int)c->first - CODE, c->length, c->c.number);
	vu_scan_free(&s);
}

static void check_all(const struct want *w, size_t n)
{
	struct test_elf t;

	for (; n--; w++) {
		elf_make(&t, w->code, 0);
		check(&t, w);
		elf_make(&t, w->code, 1);
		check(&t, w);
	}
}

static void test_forms(void **state)
{
	static const struct want list[] = {
		{ "mov to eax", OPEN CALL "c3", 0, NR, 0, 7, 2 },
		{ "mov to rax", "48c7c002000000" CALL "c3", 0, NR, 0, 9, 2 },
		{ "one between", OPEN "89d7" CALL "c3", 0, NR, 0, 9, 2 },
		{ "one between uses rax", OPEN "89c7" CALL "c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "one between addresses by rax", OPEN "8b38" CALL "c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "one between changes ah", "31c0 b002 b400" CALL "c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "one between is relative", OPEN "488d3500000000" CALL "c3", VU_WHY_FORM, 0, 0, 0,
		  0 },
		{ "a branch between", OPEN "7400" CALL "c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "too many between", OPEN "89d7 89d7 89d7 89d7 89d7 89d7 89d7" CALL "c3",
		  VU_WHY_FORM, 0, 0, 0, 0 },
		{ "any number, -4096", "8b07" CALL "483d00f0ffff c3", 0, F000, 2, 8, NONE },
		{ "any number, -4095", "8b07" CALL "483d01f0ffff c3", 0, F001, 2, 8, NONE },
		{ "another number compared", "8b07" CALL "483d02f0ffff c3", VU_WHY_FORM, 0, 0, 0,
		  0 },
		{ "32-bit compare", "8b07" CALL "3d00f0ffff c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "read between", "8b07" CALL "4889c2 483d01f0ffff c3", 0, F001, 2, 11, NONE },
		{ "flags between", "8b07" CALL "31d2 483d01f0ffff c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "rax written between", "8b07" CALL "89c0 483d01f0ffff c3", VU_WHY_FORM, 0, 0, 0,
		  0 },
		{ "known number", OPEN "488d3500000000" CALL "483d00f0ffff c3", 0, F000, 12, 8, 2 },
		{ "number without slot", "b8fe010000" CALL "c3", VU_WHY_FORM, 0, 0, 0, 0 },
	};

	(void)state;
	check_all(list, VU_ARRAY_SIZE(list));
}

static void test_numbers(void **state)
{
	static const struct want list[] = {
		{ "read", "31c0" CALL "c3", VU_WHY_HOST, 0, 0, 0, 0 },
		{ "write", "b801000000" CALL "c3", VU_WHY_HOST, 0, 0, 0, 0 },
		{ "write, compared", "b801000000" CALL "483d00f0ffff c3", VU_WHY_HOST, 0, 0, 0, 0 },
		{ "mmap", "b809000000" CALL "c3", 0, NR, 0, 7, 9 },
		{ "sendto, virtual by an argument", "b82c000000" CALL "c3", 0, NR, 0, 7, 44 },
		{ "exit, by its low byte", "31c0 b03c" CALL "483d00f0ffff c3", VU_WHY_HOST, 0, 0, 0,
		  0 },
		{ "openat, by its second byte", "31c0 b001 b401" CALL "483d00f0ffff c3", 0, F000, 6,
		  8, NONE },
		{ "access, by its low byte", "31c0 b015" CALL "483d00f0ffff c3", 0, F000, 4, 8,
		  21 },
		{ "one of two numbers", "7407 b802000000 eb05 b801000000" CALL "483d00f0ffff c3", 0,
		  F000, 14, 8, NONE },
	};

	(void)state;
	check_all(list, VU_ARRAY_SIZE(list));
}

static void test_boundaries(void **state)
{
	static const struct want list[] = {
		{ "in an immediate", "b80f050000 c3", VU_WHY_UNREACHED, 0, 0, 0, 0 },
		{ "no way leads there", "c3" OPEN CALL "c3", VU_WHY_UNREACHED, 0, 0, 0, 0 },
		{ "behind a jump", "eb02 9090" OPEN CALL "c3", 0, NR, 4, 7, 2 },
		{ "behind a call", "e800010000" OPEN CALL "c3", 0, NR, 5, 7, 2 },
		{ "behind ud2", "0f0b" OPEN CALL "c3", VU_WHY_UNREACHED, 0, 0, 0, 0 },
		{ "two readings", "7401 48" OPEN CALL "ebf8", VU_WHY_OVERLAP, 0, 0, 0, 0 },
		{ "a jump over a lock prefix", "7401 f0 480fb10f" OPEN CALL "c3", 0, NR, 7, 7, 2 },
		{ "not to be decoded", OPEN CALL "06", VU_WHY_DECODE, 0, 0, 0, 0 },
		{ "function ends within", OPEN CALL "48 |c3", VU_WHY_DECODE, 0, 0, 0, 0 },
		{ "the second function", "c3 |" OPEN CALL "c3", 0, NR, 1, 7, 2 },
	};

	(void)state;
	check_all(list, VU_ARRAY_SIZE(list));
}

/* The call's function is 8 bytes: mov, syscall at 5, ret. */
static void test_jumps_into(void **state)
{
	static const struct want list[] = {
		{ "short jump", OPEN CALL "c3 |ebfb", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "short condition", OPEN CALL "c3 |75fb c3", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "loop", OPEN CALL "c3 |e2fb c3", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "jrcxz", OPEN CALL "c3 |e3fb c3", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "long jump", OPEN CALL "c3 |e9f8ffffff", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "call", OPEN CALL "c3 |e8f8ffffff c3", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "long condition", OPEN CALL "c3 |0f84f7ffffff c3", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "xbegin", OPEN CALL "c3 |c7f8f7ffffff c3", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "address taken", OPEN CALL "c3 |488d05f6ffffff c3", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "a prefix in front", OPEN CALL "c3 |f2e9f7ffffff", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "to the second byte", OPEN CALL "c3 |e9f4ffffff", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "in the function itself", "7405" OPEN CALL "c3", VU_WHY_TARGET, 0, 0, 0, 0 },
		{ "to the first byte", OPEN CALL "c3 |e9f3ffffff", 0, NR, 0, 7, 2 },
		{ "behind the last byte", OPEN CALL "c3 |e9faffffff", 0, NR, 0, 7, 2 },
		{ "the other form is free", "7405" OPEN CALL "483d00f0ffff c3", 0, F000, 7, 8,
		  NONE },
		{ "both forms", "7405" OPEN CALL "483d00f0ffff 74f8 c3", VU_WHY_TARGET, 0, 0, 0,
		  0 },
		{ "no jump: inside an instruction", OPEN CALL "c3 |b8ebfa9090 c3", 0, NR, 0, 7, 2 },
		{ "... that takes an address of data", OPEN CALL "c3 |488d44ebf8 c3", 0, NR, 0, 7,
		  2 },
		{ "... of what is not understood", OPEN CALL "c3 |b8ebfa9090 06", VU_WHY_TARGET, 0,
		  0, 0, 0 },
	};

	(void)state;
	check_all(list, VU_ARRAY_SIZE(list));
}

static void test_red_zone(void **state)
{
	static const struct want list[] = {
		{ "store below rsp", "48894424f8" OPEN CALL "c3", VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "after the call", OPEN CALL "488b4424f8 c3", VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "address below rsp", "488d7424f8" OPEN CALL "c3", VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "room by lea", "488d6424e8" OPEN CALL "488d642418 c3", 0, NR, 5, 7, 2 },
		{ "above rsp", "4889442408" OPEN CALL "c3", 0, NR, 5, 7, 2 },
		{ "by rbp", "55 4889e5 8945fc" OPEN CALL "5d c3", VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "by rbp, with room", "55 4889e5 4883ec10 8945fc" OPEN CALL "c9 c3", 0, NR, 11, 7,
		  2 },
		{ "by rbp, more than the room", "55 4889e5 4883ec10 8945e8" OPEN CALL "c9 c3",
		  VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "early address", "55 4889e5 488d75f0 4883ec10" OPEN CALL "c9 c3", 0, NR, 12, 7,
		  2 },
		{ "address without room", "55 4889e5 488d75f0" OPEN CALL "5d c3", VU_WHY_RED_ZONE,
		  0, 0, 0, 0 },
		{ "room given back", "55 4889e5 4883ec10 4883c410 8945fc" OPEN CALL "5d c3",
		  VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "less room by one way", "55 4889e5 7404 4883ec10 8945fc" OPEN CALL "c9 c3",
		  VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "where no way leads", OPEN CALL "c3 48894424f8 c3", VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "by rbp where no way leads", "55 4889e5" OPEN CALL "5d c3 8945fc c3",
		  VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "in a part elsewhere", OPEN CALL "e900000000 |488b4424f8 c3", VU_WHY_RED_ZONE, 0,
		  0, 0, 0 },
		{ "in a part of a part", OPEN CALL "e900000000 |eb00 |488b4424f8 c3",
		  VU_WHY_RED_ZONE, 0, 0, 0, 0 },
		{ "in a function called", OPEN CALL "e801000000 c3 |488b4424f8 c3", 0, NR, 0, 7,
		  2 },
	};

	(void)state;
	check_all(list, VU_ARRAY_SIZE(list));
}

static void test_stack(void **state)
{
	static const struct want list[] = {
		{ "rsp from a register", "4889fc" OPEN CALL "c3", VU_WHY_STACK, 0, 0, 0, 0 },
		{ "... after the call", OPEN CALL "4889fc c3", 0, NR, 0, 7, 2 },
		{ "rsp from memory", "488b27" OPEN CALL "c3", VU_WHY_STACK, 0, 0, 0, 0 },
		{ "xchg", "4887e7" OPEN CALL "c3", VU_WHY_STACK, 0, 0, 0, 0 },
		{ "pop rsp", "5c" OPEN CALL "c3", VU_WHY_STACK, 0, 0, 0, 0 },
		{ "rsp from rbp", "55 4889e5 4883e4f0 4889ec" OPEN CALL "5d c3", 0, NR, 11, 7, 2 },
		{ "as vfork does", "5f b83a000000" CALL "57 c3", 0, NR, 1, 7, 58 },
		{ "above the caller's", "5f 5e" OPEN CALL "c3", VU_WHY_STACK, 0, 0, 0, 0 },
		{ "one way from a register", "7403 4889fc" OPEN CALL "c3", VU_WHY_STACK, 0, 0, 0,
		  0 },
		{ "call of what follows", "e800000000 5a" OPEN CALL "c3", VU_WHY_STACK, 0, 0, 0,
		  0 },
	};

	(void)state;
	check_all(list, VU_ARRAY_SIZE(list));
}

/* lea table(%rip),%rdx; movslq (%rdx,%rdi,4),%rax; add %rdx,%rax; jmp *%rax; the case is at 0x10 */
#define SWITCH "488d15f90f0000 486304ba 4801d0 ffe0"

static void test_jump_tables(void **state)
{
	static const struct want found = { "table", SWITCH OPEN CALL "c3", 0, NR, 0x10, 7, 2 };
	static const struct want hit = {
		"table into it", SWITCH OPEN CALL "c3", VU_WHY_TARGET, 0, 0, 0, 0
	};
	static const struct want none = {
		"no table", SWITCH OPEN CALL "c3", VU_WHY_JUMP, 0, 0, 0, 0
	};
	static const struct want others[] = {
		{ "unknown jump", OPEN CALL "4883ec08 ffe0", VU_WHY_JUMP, 0, 0, 0, 0 },
		{ "tail call", OPEN CALL "ffe0", 0, NR, 0, 7, 2 },
		{ "tail call by memory", OPEN CALL "ff2500100000", 0, NR, 0, 7, 2 },
		{ "far jump", OPEN CALL "ff28", VU_WHY_JUMP, 0, 0, 0, 0 },
	};
	struct test_elf t;

	(void)state;
	elf_make(&t, found.code, 0);
	elf_put32(&t, DATA, CODE + 0x10 - DATA);
	check(&t, &found);
	elf_put32(&t, DATA + 4, CODE + 0x15 - DATA);
	check(&t, &hit);
	elf_put32(&t, DATA, 0x100000);
	check(&t, &none);
	check_all(others, VU_ARRAY_SIZE(others));
}

#define FILL "662e0f1f840000000000 0f1f4000"

/* With room behind the code for what does not fit in place. */
static void test_stubs(void **state)
{
	static const struct want list[] = {
		{ "in place if possible", OPEN CALL "c3", 0, NR, 0, 7, 2 },
		{ "after the call", OPEN "488d3500000000" CALL "89c7 85c0 c3", 0, VU_SCAN_STUB, 12,
		  6, 2 },
		{ "before the call", OPEN "8b38" CALL "c3", 0, VU_SCAN_STUB, 0, 9, 2 },
		{ "no room: relative", OPEN "488d3500000000" CALL "c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "any number", "8b07 4889d6" CALL "85c0 c3", 0, VU_SCAN_STUB, 2, 5, NONE },
		{ "any number, returns at once", "8b07 4889d6" CALL "c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "... and room behind", "488d0504000000 8b07" CALL "c3" FILL "90", 0,
		  VU_SCAN_RETURN, 9, 18, NONE },
		{ "... room that is led to", "8b07 7403" CALL "c3" FILL "90", VU_WHY_FORM, 0, 0, 0,
		  0 },
		{ "... less room", "8b07" CALL "c3" FILL "c3", VU_WHY_FORM, 0, 0, 0, 0 },
		{ "a jump behind the call", "8b07" CALL "4885c0 74fb c3", VU_WHY_TARGET, 0, 0, 0,
		  0 },
		{ "red zone", "488d7424f8" OPEN CALL "c3", 0, VU_SCAN_STUB_RED, 5, 7, 2 },
		{ "red zone, clone", "488d7424f8 b838000000" CALL "c3", VU_WHY_RED_ZONE, 0, 0, 0,
		  0 },
		{ "red zone, clone3", "488d7424f8 b8b3010000" CALL "c3", VU_WHY_RED_ZONE, 0, 0, 0,
		  0 },
		{ "red zone, any number", "488d7424f8 8b07" CALL "483d00f0ffff c3", VU_WHY_RED_ZONE,
		  0, 0, 0, 0 },
	};
	struct test_elf t;
	Elf64_Phdr *ph = (void *)(t.bytes + 64);
	size_t i;

	(void)state;
	for (i = 0; i < VU_ARRAY_SIZE(list); i++) {
		elf_make(&t, list[i].code, 0);
		ph[0].p_filesz = 0x800;
		check(&t, &list[i]);
	}
}

static void test_symbol_within(void **state)
{
	static const struct want hit = { "symbol", OPEN CALL "c3", VU_WHY_TARGET, 0, 0, 0, 0 };
	static const struct want fine = { "symbol", OPEN CALL "c3", 0, NR, 0, 7, 2 };
	struct test_elf t;

	(void)state;
	elf_make(&t, hit.code, 1);
	elf_symbol(&t, CODE, 0, STT_NOTYPE);
	check(&t, &fine);
	elf_symbol(&t, CODE + 5, 0, STT_NOTYPE);
	check(&t, &hit);
}

/* Without any table of functions: found by calls from the entry. */
/* Unwinders know it by its bytes where there is no table. */
static void test_signal_return(void **state)
{
	static const struct want kept = {
		"rt_sigreturn", "b80f000000" CALL "c3", VU_WHY_SIGRETURN, 0, 0, 0, 0
	};
	static const struct want patched = {
		"rt_sigreturn in a table", "b80f000000" CALL "c3", 0, NR, 0, 7, 15
	};
	static const struct want stray = { "rt_sigreturn after a stray byte",
					   "00 48c7c00f000000" CALL "c3",
					   VU_WHY_SIGRETURN,
					   0,
					   0,
					   0,
					   0 };
	struct test_elf t;

	(void)state;
	elf_make(&t, kept.code, 0);
	check(&t, &kept);
	elf_make(&t, stray.code, 0);
	check(&t, &stray);
	elf_make(&t, patched.code, 1);
	check(&t, &patched);
}

/* Whether all calls are known. */
static void test_whole(void **state)
{
	static const struct {
		const char *what, *code;
		bool whole;
	} list[] = {
		{ "a call that is patched", OPEN CALL "c3", true },
		{ "one that is never virtual", "31c0" CALL "c3", true },
		{ "one that is made to fault", OPEN "7405" OPEN CALL "c3", true },
		{ "any number, by one way", "7405" OPEN CALL "c3", true },
		{ "any number, returns at once", CALL "c3", true },
		{ "none", "c3", true },
		{ "inside an instruction", "b80f050000 c3", true },
		{ "across two", "b80000000f 0500000000 c3", true },
		{ "inside, where no way leads", "c3 b80f050000 c3", true },
		{ "where no way leads", "c3 0f05 c3", false },
		{ "before what is no instruction", "06 0f05 06", true },
		{ "after it", "06 0f05 c3", false },
		{ "before a privileged one", "06 0f05 ee", true },
		{ "before a jump to nowhere", "06 0f05 e900000070", true },
		{ "before data nowhere", "06 0f05 488b0500000070 c3", true },
		{ "that may not return", "06 b83b000000 0f05 06", false },
		{ "the old call", "cd80 c3", false },
		{ "the old call inside an instruction", "b8cd800000 c3", true },
		{ "sysenter", "0f34 c3", false },
	};
	struct test_elf t;
	struct vu_scan s;
	size_t i;

	(void)state;
	for (i = 0; i < VU_ARRAY_SIZE(list); i++) {
		elf_make(&t, list[i].code, 1);
		assert_int_equal(scan(t.bytes, sizeof(t.bytes), &s), 0);
		if (s.whole != list[i].whole)
			fail_msg("%s: %d", list[i].what, s.whole);
		vu_scan_free(&s);
	}
}

static void test_descent(void **state)
{
	static const struct want found = {
		"called", "e801000000 c3" OPEN CALL "c3", 0, NR, 6, 7, 2
	};
	struct test_elf t;
	Elf64_Ehdr *eh = (void *)t.bytes;

	(void)state;
	elf_make(&t, found.code, 0);
	eh->e_shnum = 0;
	eh->e_entry = CODE;
	check(&t, &found);
}

/* --- damaged files ------------------------------------------------------------------------------- */

/* In memory of its own, so that a byte too far is seen. */
static void scan_copy(const void *data, size_t size)
{
	VU_CLEANUP(free) char *copy = malloc(size ? size : 1);
	struct vu_scan s;

	assert_non_null(copy);
	memcpy(copy, data, size);
	scan(copy, size, &s);
	vu_scan_free(&s);
}

static void example(struct test_elf *t, int unwind)
{
	elf_make(t, SWITCH OPEN CALL "c3 |e8fbffffff 488d7424f8" OPEN CALL "c3", unwind);
	elf_put32(t, DATA, CODE + 0x10 - DATA);
}

static void test_truncated(void **state)
{
	struct test_elf t;
	size_t size;
	int unwind;

	(void)state;
	for (unwind = 0; unwind < 2; unwind++) {
		example(&t, unwind);
		for (size = 0; size < SIZE; size += size < 512 ? 1 : 37)
			scan_copy(t.bytes, size);
	}
}

static void test_garbled(void **state)
{
	static const struct {
		size_t from, size;
	} parts[] = { { 0, 64 + 3 * 56 }, { SECTION, 3 * 64 }, { SYMBOLS, 96 }, { EH_HDR, 64 },
		      { EH_CIE, 64 },	  { CODE, 64 },	       { DATA, 16 } };
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct test_elf t;
	size_t i, k, v;
	int unwind;

	(void)state;
	for (unwind = 0; unwind < 2; unwind++)
		for (i = 0; i < VU_ARRAY_SIZE(parts); i++)
			for (k = 0; k < parts[i].size; k++)
				for (v = 0; v < VU_ARRAY_SIZE(values); v++) {
					example(&t, unwind);
					t.bytes[parts[i].from + k] = values[v];
					scan_copy(t.bytes, SIZE);
				}
}

static void test_refused(void **state)
{
	struct test_elf t;
	Elf64_Phdr *ph = (void *)(t.bytes + 64);
	struct vu_scan s;

	(void)state;
	example(&t, 0);
	ph[1].p_vaddr = CODE + 8;
	assert_true(scan(t.bytes, SIZE, &s) < 0); /* segments overlap */
	example(&t, 0);
	ph[1].p_flags = PF_R | PF_X;
	ph[1].p_offset = CODE;
	assert_true(scan(t.bytes, SIZE, &s) < 0); /* the same code twice */
	example(&t, 0);
	ph[0].p_flags |= PF_W;
	assert_int_equal(scan(t.bytes, SIZE, &s), 0); /* code that may change */
	assert_int_equal(s.n_calls, 0);
	vu_scan_free(&s);
	example(&t, 0);
	t.bytes[18] = EM_AARCH64;
	assert_true(scan(t.bytes, SIZE, &s) < 0);
}

/* Many calls and many functions: bounded, and all accounted for. */
static void test_many(void **state)
{
	struct test_elf t;
	struct vu_scan s;
	size_t i;

	(void)state;
	elf_make(&t, "c3", 0);
	for (i = 0; i < (DATA - CODE) / 2; i++)
		elf_put(&t, CODE + 2 * i, "\x0f\x05", 2);
	assert_int_equal(scan(t.bytes, SIZE, &s), 0);
	assert_int_equal(s.n_calls, (DATA - CODE) / 2);
	for (i = 0; i < s.n_calls; i++)
		assert_int_not_equal(s.calls[i].c.why, VU_WHY_NONE);
	vu_scan_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	    cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_boundaries),  cmocka_unit_test(test_jumps_into),
		cmocka_unit_test(test_red_zone),    cmocka_unit_test(test_stack),
		cmocka_unit_test(test_jump_tables), cmocka_unit_test(test_symbol_within),
		cmocka_unit_test(test_stubs),	    cmocka_unit_test(test_signal_return),
		cmocka_unit_test(test_whole),	    cmocka_unit_test(test_descent),
		cmocka_unit_test(test_truncated),   cmocka_unit_test(test_garbled),
		cmocka_unit_test(test_refused),	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
