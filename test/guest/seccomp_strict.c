/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict mode: read, write, exit and sigreturn are all that is left; another call kills. */
#include "guest.h"
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void child(int how)
{
	char c = 0;
	int p[2];

	MUST(pipe(p));
	access(".", F_OK);
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
	if (write(p[1], "x", 1) != 1 || read(p[0], &c, 1) != 1 || c != 'x')
		syscall(SYS_exit, 2);
	say("reading and writing works\n");
	if (how == 1)
		syscall(SYS_getppid);
	if (how == 2)
		syscall(SYS_access, ".", F_OK);
	if (how == 3)
		syscall(SYS_openat, AT_FDCWD, ".", O_RDONLY);
	syscall(SYS_exit, 3);
}

int main(void)
{
	static const char *const what[] = { "exit", "getppid", "access", "openat" };
	struct rlimit none = { 0, 0 };
	int i;

	MUST(setrlimit(RLIMIT_CORE, &none));
	for (i = 0; i < 4; i++) {
		pid_t pid = MUST(fork());

		if (pid == 0)
			child(i);
		reap(pid, what[i]);
	}
	return 0;
}
