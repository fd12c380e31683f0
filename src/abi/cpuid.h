/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the processor says of itself. glibc's ELF interpreter asks it some 40 times whenever a program starts; on a
 * virtual machine each `cpuid` is a trap to the hypervisor, which makes that a sixth of an exec. So its cpuid
 * instructions are patched to ask this table (abi/code.h), at the view image's offset VU_VIEW_CPUID. In it are only
 * answers that are the same on all processors, or of which a program could not know which processor gives them: none
 * with a number of a processor. What is not in it is asked for as before.
 */
#ifndef VU_ABI_CPUID_H
#define VU_ABI_CPUID_H

#include <stdint.h>

#define VU_CPUID_ANSWERS 32u
#define VU_CPUID_ANY	 0xffffffffu /* for `sub`: the leaf has none */

struct vu_cpuid_answer {
	uint32_t leaf, sub; /* what was in eax and ecx */
	uint32_t eax, ebx, ecx, edx;
};

struct vu_cpuid {
	uint32_t n; /* answers */
	uint32_t zero;
	struct vu_cpuid_answer answer[VU_CPUID_ANSWERS];
};

#endif
