/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program's own filter with a list of allowed calls: all else is refused, these work. */
#include "seccomp.h"

/* Everything that is not on the list is refused: the list has what this program calls. */
static void allow_list(void)
{
	struct sock_filter f[] = {
		NR,
		IF(SYS_write, SECCOMP_RET_ALLOW),
		IF(SYS_exit_group, SECCOMP_RET_ALLOW),
		IF(SYS_faccessat, SECCOMP_RET_ALLOW),
		IF(SYS_rt_sigreturn, SECCOMP_RET_ALLOW),
		IF(SYS_mkdirat, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
	};

	install(f, ARRAY_SIZE(f), 0);
	calls();
	_exit(0);
}

int main(void)
{
	run("allow list", allow_list);
	return 0;
}
