/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers with the x32 bit: an error, as on a kernel that has this ABI off. */
#include "guest.h"

int main(void)
{
#if defined(__x86_64__)
	static const unsigned int nrs[] = { SYS_getpid, SYS_access, SYS_openat, 520, 512, 999 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nrs); i++)
		say("x32 %u: %s\n", nrs[i],
		    syscall(0x40000000 | nrs[i], ".", 0) < 0 ? errname(errno) : "no error");
#else
	say("not for this architecture\n");
#endif
	return 0;
}
