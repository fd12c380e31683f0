/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest memory: read and written through process_vm_readv(2) and process_vm_writev(2) on the own
 * process, which answer EFAULT where a plain access would be a SIGSEGV in the guest's face. The kernel
 * permits them within a thread group whatever Yama says (ptrace_may_access(): same thread group). Named by
 * the tid: the group's leader may have ended.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "agent/agent.h"

#define PAGE_SIZE_ 4096ul

struct vec {
	unsigned long base;
	size_t len;
};

static long transfer(long nr, unsigned long local, unsigned long remote, size_t n)
{
	struct vec l = { local, n }, r = { remote, n };
	long got;

	if (!n)
		return 0;
	got = vu_sys(nr, vu_sys(__NR_gettid), &l, 1, &r, 1, 0);
	if (got == -ENOSYS || got == -EPERM) {
		/* An outer sandbox forbids them: go without the protection. */
		if (nr == __NR_process_vm_readv)
			memcpy((void *)local, (const void *)remote, n);
		else
			memcpy((void *)remote, (const void *)local, n);
		return 0;
	}
	return got == (long)n ? 0 : -EFAULT;
}

long guest_read(void *dst, unsigned long src, size_t n)
{
	return transfer(__NR_process_vm_readv, (unsigned long)dst, src, n);
}

long guest_write(unsigned long dst, const void *src, size_t n)
{
	return transfer(__NR_process_vm_writev, (unsigned long)src, dst, n);
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
	size_t len = 0;

	while (len < size) {
		/* Up to a page's end: the next page may not exist, and need not if the NUL comes before. */
		size_t n = 256 - ((src + len) & 255);
		size_t i;

		if (n > size - len)
			n = size - len;
		if (guest_read(dst + len, src + len, n) < 0)
			return -EFAULT;
		for (i = 0; i < n; i++)
			if (!dst[len + i])
				return (long)(len + i);
		len += n;
	}
	return -ENAMETOOLONG;
}
