/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A clone with a few KiB of stack, a guard page below, and no thread library: calls with paths fit. */
/* variants: static */
#include "guest.h"
#include <linux/futex.h>
#include <sched.h>

static volatile int done, good, sum;

static long raw3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

static int body(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 20; i++) {
		good += raw3(SYS_access, (long)"file", F_OK, 0) == 0;
		good += raw3(SYS_access, (long)"missing", F_OK, 0) == -ENOENT;
		good += raw3(SYS_mkdir, (long)"file", 0755, 0) == -EEXIST;
	}
	sum++;
	return 0;
}

int main(void)
{
	static const size_t sizes[] = { 65536, 16384, 8192, 6144, 5120 };
	size_t i;

	write_text("file", "x", 0644);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *stack = mmap(NULL, 0x20000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		size_t room = (sizes[i] + 4095) & ~4095ul;
		char *top = stack + 0x10000 + sizes[i];

		MUST(mprotect(stack + 0x10000, room, PROT_READ | PROT_WRITE));
		good = 0;
		done = -1;
		MUST(clone(body, top,
			   CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				   CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID,
			   NULL, NULL, NULL, &done));
		while (done)
			if (done > 0)
				syscall(SYS_futex, &done, FUTEX_WAIT, done, NULL, NULL, 0);
		say("stack of %zu: %d good calls\n", sizes[i], good);
	}
	say("ran %d\n", sum);
	return 0;
}
