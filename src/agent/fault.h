/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Access to memory that may not be there (entry.S), and the faults that come of it (fault.c). */
#ifndef VU_AGENT_FAULT_H
#define VU_AGENT_FAULT_H

#include "agent/agent.h"

#define VU_USER_END (1ul << 63) /* what is above is the kernel's, but for the vsyscall page */

/* Copies n bytes; 0, or -EFAULT if a byte on either side is not accessible. n may be 0. */
long vu_copy(void *dst, const void *src, size_t n);
/*
 * Copies a string with its NUL to dst (size bytes, of which those behind the NUL may change). The length without it; -ENAMETOOLONG if there is no NUL within `size` bytes; -EFAULT.
 */
long vu_copy_str(char *dst, size_t size, const char *src);

/* Is that an address in the copy functions, where a fault is expected? */
bool vu_is_mended(uint64_t rip);

#endif
