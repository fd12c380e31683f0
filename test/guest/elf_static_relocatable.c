/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A static PIE: relocates itself, has no interpreter; thread-local data, constructors, calls. */
/* cflags: -static-pie */
#include "guest.h"
#include <sys/auxv.h>

static __thread int tls_var = 11;
static int constructed;
static int *pointer = &constructed;

static __attribute__((constructor)) void construct(void)
{
	constructed = access(".", F_OK) == 0 ? 1 : 2;
}

int main(int argc, char **argv)
{
	char buf[PATH_MAX];
	pid_t pid;

	(void)argv;
	if (argc > 1)
		return 7;
	say("tls %d, constructed %d, pointer %d\n", tls_var, constructed, *pointer);
	say("AT_BASE %s\n", getauxval(AT_BASE) ? "set" : "zero");
	say("not at a low address: %s\n", yes((uintptr_t)main > 1UL << 32));
	say("getcwd: %s\n", yes(getcwd(buf, sizeof(buf)) != NULL));
	pid = MUST(fork());
	if (pid == 0) {
		execl("/proc/self/exe", "x", "child", NULL);
		_exit(1);
	}
	reap(pid, "execve of itself");
	return 0;
}
