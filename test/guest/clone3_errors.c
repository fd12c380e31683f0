/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone3 and clone with wrong sizes, flags, stacks and pointers: errno as native, no child. */
#include "guest.h"
#include <sched.h>

struct args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size, cgroup, future[2];
};

static void try(const char *what, void *a, size_t size)
{
	long pid = syscall(SYS_clone3, a, size);

	if (pid == 0)
		_exit(0);
	showf_ok(pid, "%s", what);
	if (pid > 0)
		waitpid(pid, NULL, __WALL);
}

int main(void)
{
	static char big[8192];
	struct args a;
	char *edge;

	close_extra_fds();
	memset(&a, 0, sizeof(a));
	try("no exit signal", &a, 88);
	a.exit_signal = SIGCHLD;
	try("size 0", &a, 0);
	try("size 8", &a, 8);
	try("size 63", &a, 63);
	try("size 64", &a, 64);
	try("size 65", &a, 65);
	try("size 80", &a, 80);
	try("size 88", &a, 88);
	try("size 104, rest zero", &a, 104);
	a.future[0] = 1;
	try("size 104, rest not zero", &a, 104);
	a.future[0] = 0;
	memcpy(big, &a, sizeof(a));
	try("size 4096", big, 4096);
	try("size 4097", big, 4097);
	try("NULL", NULL, 88);
	try("unmapped", (void *)16, 88);
	try("kernel address", (void *)0xffff800000000000UL, 88);
	edge = edge_copy(&a, 88);
	try("at the edge of a page", edge, 88);
	try("across the edge", edge, 104);
	try("across the edge by one", edge + 1, 88);

	a.exit_signal = 65;
	try("exit signal 65", &a, 88);
	a.exit_signal = SIGCHLD | 0x100;
	try("exit signal with high bits", &a, 88);
	a.exit_signal = SIGCHLD;
	a.stack = 0x1000;
	try("stack without size", &a, 88);
	a.stack = 0;
	a.stack_size = 4096;
	try("size without stack", &a, 88);
	a.stack_size = 0;
	a.flags = CLONE_THREAD;
	try("CLONE_THREAD alone", &a, 88);
	a.flags = CLONE_SIGHAND;
	try("CLONE_SIGHAND alone", &a, 88);
	a.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
	try("thread with an exit signal", &a, 88);
	a.flags = CLONE_DETACHED;
	try("CLONE_DETACHED", &a, 88);
	a.flags = 0xff;
	try("signal in flags", &a, 88);
	a.flags = 1ULL << 60;
	try("unknown flag", &a, 88);
	a.flags = CLONE_PIDFD;
	try("pidfd at NULL", &a, 88);
	a.pidfd = 16;
	try("pidfd unmapped", &a, 88);
	a.pidfd = 0;
	a.flags = 0x100000000ULL | CLONE_SIGHAND | CLONE_VM;
	try("CLONE_CLEAR_SIGHAND with CLONE_SIGHAND", &a, 88);
	a.flags = 0;
	a.set_tid_size = 1;
	try("set_tid without array", &a, 88);
	a.set_tid_size = 100;
	try("set_tid too many", &a, 88);
	show_open_fds("open");
	SHOW(waitpid(-1, NULL, 0));
	return 0;
}
