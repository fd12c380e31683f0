/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where program, heap and stack are: as the kernel has them where nothing is random, else elsewhere each time. */
/* variants: static musl */
#include "guest.h"
#include <sys/auxv.h>
#include <sys/personality.h>

extern char end;

struct layout {
	uintptr_t program, bss, heap, stack;
};

static struct layout look(void)
{
	return (struct layout){ getauxval(AT_PHDR) & -4096ul, (uintptr_t)&end,
				(uintptr_t)syscall(SYS_brk, 0), getauxval(AT_RANDOM) };
}

/* The layout that an execution of this program finds. */
static struct layout of_another(const char *name)
{
	struct layout l = { 0 };
	pid_t pid;
	int p[2];

	MUST(pipe(p));
	pid = MUST(fork());
	if (!pid) {
		MUST(dup2(p[1], 1));
		execl("/proc/self/exe", name, "tell", (char *)NULL);
		_exit(9);
	}
	MUST(close(p[1]));
	if (read(p[0], &l, sizeof(l)) != sizeof(l))
		say("says nothing\n");
	MUST(close(p[0]));
	reap(pid, "tells");
	return l;
}

/* Of programs that may be anywhere: whether the heap has as much room as with the kernel. */
static void grow(uintptr_t heap)
{
	uintptr_t more = heap + (4ul << 30);

	say("the heap grows by 4 GiB: %s\n", yes((uintptr_t)syscall(SYS_brk, more) == more));
	syscall(SYS_brk, heap);
}

int main(int argc, char **argv)
{
	struct layout own = look(), a, b, c;
	int fixed = own.program < 1ul << 32;

	if (argc > 1) {
		MUST(write(1, &own, sizeof(own)));
		return 0;
	}
	/* Three, as two heaps may be at the same of some thousand places. */
	a = of_another(argv[0]);
	b = of_another(argv[0]);
	c = of_another(argv[0]);
	say("the program is elsewhere each time: %s\n",
	    yes(fixed || a.program != b.program || b.program != c.program));
	say("the heap is: %s\n", yes(a.heap != b.heap || b.heap != c.heap));
	say("the stack is: %s\n", yes(a.stack != b.stack || b.stack != c.stack));
	say("the heap does not follow the program in the same distance: %s\n",
	    yes(a.heap - a.bss != b.heap - b.bss || b.heap - b.bss != c.heap - c.bss));
	if (!fixed)
		grow(own.heap);

	MUST(personality(personality(0xffffffff) | ADDR_NO_RANDOMIZE));
	a = of_another(argv[0]);
	b = of_another(argv[0]);
	say("nothing random: the program is always there: %s, the heap: %s, the stack: %s\n",
	    yes(a.program == b.program), yes(a.heap == b.heap), yes(a.stack == b.stack));
	say("program %#lx, heap behind the bss: %s\n", (unsigned long)a.program,
	    yes(a.heap == ((a.bss + 4095) & -4096ul)));
	return 0;
}
