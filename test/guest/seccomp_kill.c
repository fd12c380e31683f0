/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program's own filters that kill: at a rare call and at a call with a path. */
#include "seccomp.h"

static void kill_filter(void)
{
	struct sock_filter f[] = { NR, IF(SYS_personality, SECCOMP_RET_KILL_PROCESS), ALLOW };

	install(f, ARRAY_SIZE(f), 1);
	calls();
	_exit(1);
}

static void kill_path_filter(void)
{
	struct sock_filter f[] = { NR, IF(SYS_mkdir, SECCOMP_RET_KILL), ALLOW };

	install(f, ARRAY_SIZE(f), 1);
	calls();
	_exit(1);
}

int main(void)
{
	struct rlimit none = { 0, 0 };

	MUST(setrlimit(RLIMIT_CORE, &none));
	run("kill", kill_filter);
	run("kill at a call with a path", kill_path_filter);
	return 0;
}
