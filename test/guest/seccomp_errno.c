/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program's own filters that answer calls with an errno; over fork, execve, in two layers. */
#include "seccomp.h"

static void errno_filter(void)
{
	struct sock_filter f[] = {
		NR,
		IF(SYS_getcwd, SECCOMP_RET_ERRNO | EPERM),
		IF(SYS_mkdir, SECCOMP_RET_ERRNO | EXDEV),
		IF(SYS_personality, SECCOMP_RET_ERRNO | 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unlinkat, 0, 3),
		ARG2,
		IF(AT_REMOVEDIR, SECCOMP_RET_ERRNO | EIO),
		ALLOW,
	};

	install(f, ARRAY_SIZE(f), 0);
	calls();
	if (fork() == 0) {
		say("child\n");
		calls();
		_exit(0);
	}
	wait(NULL);
	execl("/proc/self/exe", "x", "calls", NULL);
	_exit(1);
}

static void two_filters(void)
{
	struct sock_filter a[] = { NR, IF(SYS_rmdir, SECCOMP_RET_ERRNO | EBUSY), ALLOW };
	struct sock_filter b[] = { NR, IF(SYS_rmdir, SECCOMP_RET_ERRNO | EROFS),
				   IF(SYS_getcwd, SECCOMP_RET_ERRNO | ERANGE), ALLOW };

	install(a, ARRAY_SIZE(a), 0);
	install(b, ARRAY_SIZE(b), 0);
	calls();
	_exit(0);
}

int main(int argc, char **argv)
{
	struct sock_filter bad[] = { NR };
	struct sock_fprog prog = { 1, bad };

	if (argc > 1 && !strcmp(argv[1], "calls")) {
		say("after execve\n");
		calls();
		return 0;
	}
	run("errno", errno_filter);
	run("two filters", two_filters);
	SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (void *)16));
	SHOW(syscall(SYS_seccomp, 99, 0, NULL));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
	SHOW(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0x1000, &prog));
	return 0;
}
