/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* brk: it starts behind the bss of a program with a place of its own, grows and shrinks, keeps and clears memory. */
/* variants: static musl */
#include "guest.h"

extern char end;

int main(void)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *old = (char *)syscall(SYS_brk, 0);
	char *aligned = (char *)(((uintptr_t)old + page - 1) & -page);
	static char buf[65536];
	char *line;
	unsigned long from = 0, to = 0;

	/* A program that may be anywhere has its heap elsewhere, as one has that is given to the ELF interpreter to run. */
	if ((uintptr_t)&end < 1UL << 32) {
		say("brk is behind the bss: %s\n", yes(old >= &end));
		say("brk is near the bss: %s\n", yes((uintptr_t)old - (uintptr_t)&end < 1UL << 34));
	}
	say("grow: %s\n", yes((char *)syscall(SYS_brk, aligned + 4 * page) == aligned + 4 * page));
	memset(old, 'x', aligned + 4 * page - old);
	read_whole("/proc/self/maps", buf, sizeof(buf));
	line = strstr(buf, "[heap]");
	if (line) {
		while (line > buf && line[-1] != '\n')
			line--;
		sscanf(line, "%lx-%lx", &from, &to);
	}
	say("[heap] ends at the brk: %s\n", yes(to == (unsigned long)(aligned + 4 * page)));
	say("shrink: %s\n", yes((char *)syscall(SYS_brk, aligned + page) == aligned + page));
	say("still written: %c\n", aligned[page - 1]);
	say("grow again: %s\n",
	    yes((char *)syscall(SYS_brk, aligned + 4 * page) == aligned + 4 * page));
	say("cleared: %d\n", aligned[3 * page]);
	say("grow by one byte: %s\n",
	    yes((char *)syscall(SYS_brk, aligned + 4 * page + 1) == aligned + 4 * page + 1));
	aligned[4 * page] = 1;
	say("grow by 64 MiB: %s\n",
	    yes((char *)syscall(SYS_brk, aligned + (64 << 20)) == aligned + (64 << 20)));
	aligned[(64 << 20) - 1] = 1;
	say("impossible brk is refused: %s\n",
	    yes((char *)syscall(SYS_brk, (char *)-1L) == aligned + (64 << 20)));
	say("below the start is refused: %s\n",
	    yes((char *)syscall(SYS_brk, (char *)4096) == aligned + (64 << 20)));
	say("back: %s\n", yes((char *)syscall(SYS_brk, old) == old));
	return 0;
}
