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

/* Beside those by which these are chosen. 1, 0xb, 0x1f and 0x8000001e are left out: they tell the processor's own number. */
static const struct question {
	uint32_t leaf, sub;
	enum who who;
} questions[] = {
	{ 2, NO_SUB, CACHES_OF_OTHERS }, /* descriptors */
	{ 4, 0, CACHES_OF_OTHERS },	 /* parameters of each cache */
	{ 4, 1, CACHES_OF_OTHERS },
	{ 4, 2, CACHES_OF_OTHERS },
	{ 4, 3, CACHES_OF_OTHERS },
	{ 4, 4, CACHES_OF_OTHERS },
	{ FEATURES, 1, OF_ALL },
	{ 0xd, 0, OF_ALL }, /* sizes of states */
	{ 0xd, 1, OF_ALL },
	{ 0xd, 2, OF_ALL },
	{ 0xd, 3, OF_ALL },
	{ 0xd, 5, OF_ALL },
	{ 0xd, 6, OF_ALL },
	{ 0xd, 7, OF_ALL },
	{ 0x14, 0, OF_OTHERS },		  /* processor trace */
	{ 0x19, NO_SUB, OF_OTHERS },	  /* key locker */
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
_Static_assert(VU_ARRAY_SIZE(questions) + 3 <= VU_CPUID_ANSWERS, "all fit in");

/* Each time it may be a trap to a hypervisor. */
static const struct vu_cpuid_answer *ask(struct vu_cpuid *t, uint32_t leaf, uint32_t sub)
{
	struct vu_cpuid_answer *a = &t->answer[t->n++];

	a->leaf = leaf;
	a->sub = sub;
	__cpuid_count(leaf, sub == NO_SUB ? 0 : sub, a->eax, a->ebx, a->ecx, a->edx);
	return a;
}

static bool is_amd(const struct vu_cpuid_answer *vendor)
{
	const uint32_t name[3] = { vendor->ebx, vendor->edx, vendor->ecx };

	return memcmp(name, "AuthenticAMD", sizeof(name)) == 0 ||
	       memcmp(name, "HygonGenuine", sizeof(name)) == 0;
}

void vu_cpuid_fill(struct vu_cpuid *t)
{
	const struct vu_cpuid_answer *basic, *extended;
	bool amd, hybrid;
	size_t i;

	t->n = 0;
	basic = ask(t, 0, NO_SUB);
	extended = ask(t, EXTENDED, NO_SUB);
	amd = is_amd(basic);
	hybrid = basic->eax >= FEATURES && (ask(t, FEATURES, 0)->edx & FEATURES_HYBRID);
	for (i = 0; i < VU_ARRAY_SIZE(questions); i++) {
		const struct question *q = &questions[i];

		if (q->leaf <= (q->leaf < EXTENDED ? basic : extended)->eax &&
		    (q->who == OF_ALL || (q->who == OF_AMD) == amd) &&
		    !(q->who == CACHES_OF_OTHERS && hybrid))
			ask(t, q->leaf, q->sub);
	}
}
