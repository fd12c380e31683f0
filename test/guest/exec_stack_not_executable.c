/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An ordinary program's stack, heap and data are not executable, its text is not writable. */
/* variants: static musl */
#include "guest.h"
#include <sys/resource.h>

static unsigned char data[] = { 0xc3 };

static void jump(const char *what, void *to)
{
	pid_t pid = MUST(fork());

	if (pid == 0) {
		((void (*)(void))(uintptr_t)to)();
		_exit(1);
	}
	reap(pid, what);
}

int main(void)
{
	struct rlimit none = { 0, 0 };
	volatile unsigned char stack[] = { 0xc3 };
	unsigned char *heap = malloc(16);
	pid_t pid;

	MUST(setrlimit(RLIMIT_CORE, &none));
	heap[0] = 0xc3;
	jump("jump to the stack", (void *)(uintptr_t)stack);
	jump("jump to the heap", heap);
	jump("jump to data", data);
	jump("jump to NULL", NULL);
	pid = MUST(fork());
	if (pid == 0) {
		*(volatile unsigned char *)(uintptr_t)main = 0;
		_exit(1);
	}
	reap(pid, "write to text");
	return 0;
}
