/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking the processor about itself, for guests (abi/cpuid.h). */
#ifndef VU_UMVU_CPUID_H
#define VU_UMVU_CPUID_H

#include "abi/cpuid.h"

/* Fills the table. On a virtual machine it takes some 100 us. */
void vu_cpuid_fill(struct vu_cpuid *t);

#endif
