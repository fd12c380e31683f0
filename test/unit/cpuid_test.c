/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: src/umvu/cpuid.c */
/* The answers for guests are this processor's, and none tells which one it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <cpuid.h>

#include "base/str.h"
#include "umvu/cpuid.h"

static void test_answers(void **state)
{
	struct vu_cpuid t = { 0 };
	uint32_t i, eax, ebx, ecx, edx;

	(void)state;
	vu_cpuid_fill(&t);
	assert_in_range(t.n, 1, VU_CPUID_ANSWERS);
	for (i = 0; i < t.n; i++) {
		const struct vu_cpuid_answer *a = &t.answer[i];

		__cpuid_count(a->leaf, a->sub == VU_CPUID_ANY ? 0 : a->sub, eax, ebx, ecx, edx);
		assert_int_equal(a->eax, eax);
		assert_int_equal(a->ebx, ebx);
		assert_int_equal(a->ecx, ecx);
		assert_int_equal(a->edx, edx);
	}
}

/* A leaf without sub-leaves says the same whatever is in ecx; the others' are in the table each once. */
static void test_subs(void **state)
{
	struct vu_cpuid t = { 0 };
	uint32_t i, k, eax, ebx, ecx, edx;

	(void)state;
	vu_cpuid_fill(&t);
	for (i = 0; i < t.n; i++) {
		const struct vu_cpuid_answer *a = &t.answer[i];

		for (k = 0; k < i; k++)
			assert_false(t.answer[k].leaf == a->leaf &&
				     (t.answer[k].sub == a->sub ||
				      t.answer[k].sub == VU_CPUID_ANY || a->sub == VU_CPUID_ANY));
		if (a->sub != VU_CPUID_ANY)
			continue;
		__cpuid_count(a->leaf, 3, eax, ebx, ecx, edx);
		assert_true(eax == a->eax && ebx == a->ebx && ecx == a->ecx && edx == a->edx);
	}
}

static void test_no_numbers(void **state)
{
	static const uint32_t telling[] = { 1, 0xb, 0x1f, 0x8000001e };
	struct vu_cpuid t = { 0 };
	uint32_t i;
	size_t k;

	(void)state;
	vu_cpuid_fill(&t);
	for (i = 0; i < t.n; i++)
		for (k = 0; k < VU_ARRAY_SIZE(telling); k++)
			assert_int_not_equal(t.answer[i].leaf, telling[k]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_subs),
		cmocka_unit_test(test_no_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
