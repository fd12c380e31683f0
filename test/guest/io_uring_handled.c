/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* io_uring_setup gives an errno that programs fall back on, or works; nothing dies. */
#include "guest.h"

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup    425
#define SYS_io_uring_enter    426
#define SYS_io_uring_register 427
#endif

int main(void)
{
	char params[120] = { 0 };
	long fd = syscall(SYS_io_uring_setup, 4, params);

	say("setup is handled: %s\n",
	    yes(fd >= 0 || errno == ENOSYS || errno == EPERM || errno == ENOMEM));
	if (fd >= 0)
		close(fd);
	say("bad pointer is refused: %s\n", yes(syscall(SYS_io_uring_setup, 4, 16) == -1));
	say("enter on nothing is refused: %s\n",
	    yes(syscall(SYS_io_uring_enter, 99, 1, 0, 0, NULL, 0L) == -1));
	say("register on nothing is refused: %s\n",
	    yes(syscall(SYS_io_uring_register, 99, 0, NULL, 0) == -1));
	SHOW(access(".", F_OK));
	return 0;
}
