/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The leaves that glibc asks for (sysdeps/x86/cpu-features.c and dl-cacheinfo.h name them), as described in Intel's
 * Software Developer's Manual, volume 2, CPUID, and AMD's Architecture Programmer's Manual, volume 3, appendix E.
 */
#include <cpuid.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "umvu/cpuid.h"

#define EXTENDED	0x80000000u
#define LEAF_FEATURES	7u
#define FEATURES_HYBRID (1u << 15) /* in edx: processors of several kinds */

/* 1, 0xb, 0x1f and 0x8000001e are left out: they tell the processor's own number. */
static const struct leaf {
	uint32_t leaf;
	uint32_t n_subs; /* of its own; 0: the leaf has none */
	bool of_kind;	 /* differs between kinds of processors in one machine */
} leaves[] = {
	{ 0, 0, false },	      /* vendor */
	{ 2, 0, true },		      /* caches */
	{ 4, 6, true },		      /* caches */
	{ LEAF_FEATURES, 3, false },  /* features */
	{ 0xd, 10, false },	      /* sizes of states */
	{ 0x14, 2, false },	      /* processor trace */
	{ 0x19, 0, false },	      /* key locker */
	{ EXTENDED, 0, false },	      /* the last extended leaf */
	{ EXTENDED + 1, 0, false },   /* features */
	{ EXTENDED + 5, 0, true },    /* caches */
	{ EXTENDED + 6, 0, true },    /* caches */
	{ EXTENDED + 7, 0, false },   /* power management */
	{ EXTENDED + 8, 0, false },   /* sizes of addresses */
	{ EXTENDED + 0x1d, 5, true }, /* caches */
};

static void ask(struct vu_cpuid *t, uint32_t *n, uint32_t leaf, uint32_t sub)
{
	struct vu_cpuid_answer *a = &t->answer[*n];

	if (*n == VU_CPUID_ANSWERS)
		return;
	a->leaf = leaf;
	a->sub = sub;
	__cpuid_count(leaf, sub == VU_CPUID_ANY ? 0 : sub, a->eax, a->ebx, a->ecx, a->edx);
	(*n)++;
}

static bool is_hybrid(uint32_t last)
{
	uint32_t eax, ebx, ecx, edx;

	if (last < LEAF_FEATURES)
		return false;
	__cpuid_count(LEAF_FEATURES, 0, eax, ebx, ecx, edx);
	return edx & FEATURES_HYBRID;
}

void vu_cpuid_fill(struct vu_cpuid *t)
{
	uint32_t last[2] = { __get_cpuid_max(0, NULL), __get_cpuid_max(EXTENDED, NULL) }, n = 0;
	bool hybrid = is_hybrid(last[0]);
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(leaves); i++) {
		const struct leaf *l = &leaves[i];

		if (l->leaf > last[l->leaf >= EXTENDED] || (l->of_kind && hybrid))
			continue;
		if (!l->n_subs)
			ask(t, &n, l->leaf, VU_CPUID_ANY);
		for (uint32_t sub = 0; sub < l->n_subs; sub++)
			ask(t, &n, l->leaf, sub);
	}
	t->n = n;
}
