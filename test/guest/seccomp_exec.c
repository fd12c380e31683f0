/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program's own filter that kills at calls, and flags of calls, that no program's start makes: exec goes on. */
/* variants: static */
#include "seccomp.h"

#define IF_BITS(bits, ret) \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1), BPF_STMT(BPF_RET | BPF_K, ret)
#define ARG3 BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3]))

static const char *name;

static void kill_filter(void)
{
	struct sock_filter f[] = { NR,
				   IF(SYS_personality, SECCOMP_RET_KILL_PROCESS),
				   IF(SYS_madvise, SECCOMP_RET_KILL_PROCESS),
				   IF(SYS_getpid, SECCOMP_RET_KILL_PROCESS),
				   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
				   ARG3,
				   IF_BITS(MAP_POPULATE, SECCOMP_RET_KILL_PROCESS),
				   ALLOW };

	install(f, ARRAY_SIZE(f), 1);
	execl("/proc/self/exe", name, "child", (char *)NULL);
	say("exec: %s\n", errname(errno));
	_exit(1);
}

int main(int argc, char **argv)
{
	struct rlimit none = { 0, 0 };

	name = argv[0];
	if (argc > 1 && !strcmp(argv[1], "child"))
		execl("/proc/self/exe", name, "grandchild", (char *)NULL);
	if (argc > 1) {
		say("executed: %s\n", argv[1]);
		return 0;
	}
	MUST(setrlimit(RLIMIT_CORE, &none));
	run("a program behind the filter", kill_filter);
	return 0;
}
