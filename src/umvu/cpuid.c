/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What glibc asks for (its files sysdeps/x86/cpu-features.c and dl-cacheinfo.h tell), as described in Intel's Software
 * Developer's Manual, volume 2, CPUID, and in AMD's Architecture Programmer's Manual, volume 3, appendix E.
 */
#include <cpuid.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "umvu/cpuid.h"

#define EXTENDED	0x80000000u
#define FEATURES	7u
#define FEATURES_HYBRID (1u << 15) /* in edx: processors of several kinds in one machine */
#define NO_SUB		VU_CPUID_ANY

/* Whose processors glibc asks that; what differs where there are several kinds in one machine. */
enum who { OF_ALL, OF_AMD, OF_OTHERS, CACHES_OF_OTHERS };

/* 1, 0xb, 0x1f and 0x8000001e are left out: they tell the processor's own number. */
static const struct question {
	uint32_t leaf, sub;
	enum who who;
} questions[] = {
	{ 0, NO_SUB, OF_ALL },		 /* vendor */
	{ 2, NO_SUB, CACHES_OF_OTHERS }, /* descriptors */
	{ 4, 0, CACHES_OF_OTHERS },	 /* parameters of each cache */
	{ 4, 1, CACHES_OF_OTHERS },
	{ 4, 2, CACHES_OF_OTHERS },
	{ 4, 3, CACHES_OF_OTHERS },
	{ 4, 4, CACHES_OF_OTHERS },
	{ FEATURES, 0, OF_ALL },
	{ FEATURES, 1, OF_ALL },
	{ 0xd, 0, OF_ALL }, /* sizes of states */
	{ 0xd, 1, OF_ALL },
	{ 0xd, 2, OF_ALL },
	{ 0xd, 3, OF_ALL },
	{ 0xd, 5, OF_ALL },
	{ 0xd, 6, OF_ALL },
	{ 0xd, 7, OF_ALL },
	{ 0x14, 0, OF_OTHERS },	     /* processor trace */
	{ 0x19, NO_SUB, OF_OTHERS }, /* key locker */
	{ EXTENDED, NO_SUB, OF_ALL },
	{ EXTENDED + 1, NO_SUB, OF_ALL }, /* features */
	{ EXTENDED + 5, NO_SUB, OF_AMD }, /* caches */
	{ EXTENDED + 6, NO_SUB, OF_AMD }, /* caches */
	{ EXTENDED + 7, NO_SUB, OF_ALL }, /* power management */
	{ EXTENDED + 8, NO_SUB, OF_ALL }, /* sizes of addresses */
	{ EXTENDED + 0x1d, 0, OF_AMD },	  /* parameters of each cache */
	{ EXTENDED + 0x1d, 1, OF_AMD },
	{ EXTENDED + 0x1d, 2, OF_AMD },
	{ EXTENDED + 0x1d, 3, OF_AMD },
};
_Static_assert(VU_ARRAY_SIZE(questions) <= VU_CPUID_ANSWERS, "all fit in");

static bool is_amd(void)
{
	uint32_t last, vendor[3];

	__cpuid(0, last, vendor[0], vendor[2], vendor[1]);
	return memcmp(vendor, "AuthenticAMD", sizeof(vendor)) == 0 ||
	       memcmp(vendor, "HygonGenuine", sizeof(vendor)) == 0;
}

static bool is_hybrid(void)
{
	uint32_t eax, ebx, ecx, edx;

	return __get_cpuid_count(FEATURES, 0, &eax, &ebx, &ecx, &edx) && (edx & FEATURES_HYBRID);
}

void vu_cpuid_fill(struct vu_cpuid *t)
{
	uint32_t last[2] = { __get_cpuid_max(0, NULL), __get_cpuid_max(EXTENDED, NULL) };
	bool amd = is_amd(), hybrid = !amd && is_hybrid();
	size_t i;

	t->n = 0;
	for (i = 0; i < VU_ARRAY_SIZE(questions); i++) {
		const struct question *q = &questions[i];
		struct vu_cpuid_answer *a = &t->answer[t->n];

		if (q->leaf > last[q->leaf >= EXTENDED] ||
		    (q->who != OF_ALL && (q->who == OF_AMD) != amd) ||
		    (q->who == CACHES_OF_OTHERS && hybrid))
			continue;
		a->leaf = q->leaf;
		a->sub = q->sub;
		__cpuid_count(q->leaf, q->sub == NO_SUB ? 0 : q->sub, a->eax, a->ebx, a->ecx,
			      a->edx);
		t->n++;
	}
}
