/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that no kernel has, negative ones and those of the x32 ABI: ENOSYS; odd upper halves. */
/* variants: musl */
#include "guest.h"

static long raw(unsigned long nr, long a, long b)
{
#if defined(__x86_64__)
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(0)
			 : "rcx", "r11", "memory");
	return ret;
#else
	long ret = syscall(nr, a, b);

	return ret < 0 ? -errno : ret;
#endif
}

static void try(const char *what, unsigned long nr)
{
	long ret = raw(nr, (long)".", 0);

	say("%s: %s\n", what, ret < 0 && ret > -4096 ? errname(-ret) : "no error");
}

int main(void)
{
	static const unsigned long unknown[] = {
		340, 400, 423, 1000, 1023, 1024, 4095, 5000, 65536, 0x3fffffff, 0x7fffffff,
	};
	char what[40];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		snprintf(what, sizeof(what), "number %lu", unknown[i]);
		try(what, unknown[i]);
	}
	try("number -1", -1UL);
	try("number -2", -2UL);
	try("number 0x80000000", 0x80000000UL);
	try("number 0xffffffff", 0xffffffffUL);
#if defined(__x86_64__)
	/* Removed or never implemented ones. */
	try("uselib", 134);
	try("create_module", 174);
	try("query_module", 178);
	try("getpmsg", 181);
	try("afs_syscall", 183);
	try("tuxcall", 184);
	try("security", 185);
	try("set_thread_area", 205);
	try("epoll_ctl_old", 214);
	try("vserver", 236);
	/* The upper half of the register does not count. */
	say("access with upper bits: %ld\n", raw(0xffffffff00000000UL | SYS_access, (long)".", 0));
	say("getpid with upper bits: %s\n",
	    yes(raw(0x1234567800000000UL | SYS_getpid, 0, 0) == getpid()));
#endif
	SHOW(access(".", F_OK));
	return 0;
}
