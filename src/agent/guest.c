/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest memory: copied directly; where an address is bad, the fault is caught and becomes EFAULT
 * (fault.c). Each argument of a call is to be read once: another thread may change it meanwhile.
 */
#include <asm/errno.h>

#include "agent/fault.h"

#define PAGE_SIZE_ 4096ul

/* The vsyscall page may be readable, but is no user memory for the kernel. */
static bool is_user(unsigned long at, size_t n)
{
	return at <= VU_USER_END && n <= VU_USER_END - at;
}

long guest_read(void *dst, unsigned long src, size_t n)
{
	return is_user(src, n) ? vu_copy(dst, (const void *)src, n) : -EFAULT;
}

long guest_write(unsigned long dst, const void *src, size_t n)
{
	return is_user(dst, n) ? vu_copy((void *)dst, src, n) : -EFAULT;
}

long guest_read_struct(void *dst, size_t size, unsigned long src, size_t len)
{
	char more[64];

	if (len < size)
		return -EINVAL;
	if (len > PAGE_SIZE_)
		return -E2BIG;
	for (size_t at = size; at < len; at += sizeof(more)) {
		size_t n = len - at < sizeof(more) ? len - at : sizeof(more);

		if (guest_read(more, src + at, n) < 0)
			return -EFAULT;
		while (n)
			if (more[--n])
				return -E2BIG;
	}
	return guest_read(dst, src, size);
}

long guest_read_str(char *dst, size_t size, unsigned long src)
{
	if (!is_user(src, 1))
		return -EFAULT;
	return vu_copy_str(dst, size, (const char *)src);
}
