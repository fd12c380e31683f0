/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of a program's own seccomp filters share. */
#ifndef GUEST_SECCOMP_H
#define GUEST_SECCOMP_H

#include "guest.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define NR   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ARG2 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]))
#define IF(value, ret) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), BPF_STMT(BPF_RET | BPF_K, ret)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Installs the filter by seccomp(2), or by prctl(2). */
GUEST_FN void install(struct sock_filter *f, size_t n, int by_prctl)
{
	struct sock_fprog prog = { n, f };

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (by_prctl)
		MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
	else
		MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
}

/* The calls that filters answer, and some that they do not. */
GUEST_FN void calls(void)
{
	char buf[PATH_MAX];

	SHOW_OK(syscall(SYS_getcwd, buf, sizeof(buf)));
	SHOW(syscall(SYS_mkdirat, AT_FDCWD, "dir", 0755));
	SHOW(syscall(SYS_mkdir, "dir2", 0755));
	SHOW(syscall(SYS_unlinkat, AT_FDCWD, "dir", AT_REMOVEDIR));
	SHOW(syscall(SYS_unlinkat, AT_FDCWD, "file", 0));
	SHOW(syscall(SYS_faccessat, AT_FDCWD, "file", F_OK));
	SHOW(syscall(SYS_rmdir, "dir"));
	SHOW(syscall(SYS_rmdir, "dir2"));
	SHOW(syscall(SYS_personality, 0xffffffff));
}

/* Runs fn in a child of its own, for which a file is there. */
GUEST_FN void run(const char *what, void (*fn)(void))
{
	pid_t pid;

	write_text("file", "x", 0644);
	pid = MUST(fork());
	if (pid == 0)
		fn();
	reap(pid, what);
	unlink("file");
	rmdir("dir");
	rmdir("dir2");
}

#endif
