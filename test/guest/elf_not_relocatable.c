/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program linked at a fixed address (no PIE): code, data, calls, execve of itself. */
/* cflags: -no-pie -fno-pie */
/* variants: static */
#include "guest.h"

static int data_var = 5;
static int bss_array[100000];
extern char __ehdr_start[], etext[], edata[], end[];

int main(int argc, char **argv)
{
	char buf[PATH_MAX];
	size_t i;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return 7;
	say("linked at %p\n", (void *)__ehdr_start);
	say("text is below 1 GiB: %s\n", yes((uintptr_t)etext < 1UL << 30));
	say("order: %s\n", yes(&etext[0] <= &edata[0] && &edata[0] <= &end[0]));
	for (i = 0; i < ARRAY_SIZE(bss_array); i++)
		if (bss_array[i])
			break;
	say("bss is zero: %s, data is %d\n", yes(i == ARRAY_SIZE(bss_array)), data_var);
	say("brk behind the bss: %s\n", yes((char *)syscall(SYS_brk, 0) >= end));
	say("getcwd: %s\n", yes(getcwd(buf, sizeof(buf)) != NULL));
	reap(({
		     pid_t pid = MUST(fork());

		     if (pid == 0) {
			     execl("/proc/self/exe", "x", "child", NULL);
			     _exit(1);
		     }
		     pid;
	     }),
	     "execve of itself");
	(void)argv;
	return 0;
}
