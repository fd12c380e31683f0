/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/self/maps shows program, heap, stack, vdso; addresses asked for are free. */
/* variants: static musl */
#include "guest.h"
#include <sys/auxv.h>
#include <time.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static char maps[262144];
static int data_var = 1;

/* The permissions and the last component of the name of the mapping that holds the address. */
static void where(const char *what, const void *addr)
{
	unsigned long a = (unsigned long)addr, from, to;
	char perms[8], *line, name[PATH_MAX], exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = '\0';
	for (line = maps; line && *line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %4095[^\n]", &from, &to, perms, name) < 3)
			continue;
		if (a < from || a >= to)
			continue;
		say("%s: %s %s\n", what, perms,
		    !strcmp(name, exe)	       ? "the program itself" :
		    name[0] == '[' || !name[0] ? name :
						 "another file");
		return;
	}
	say("%s: not mapped\n", what);
}

static void fixed(const char *what, unsigned long addr, size_t len)
{
	char *p = mmap((void *)addr, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED) {
		say("%s: %s\n", what, errname(errno));
		return;
	}
	p[0] = p[len - 1] = 1;
	say("%s: %s\n", what, p == (char *)addr ? "there" : "elsewhere");
	MUST(munmap(p, len));
}

int main(void)
{
	char *heap = (char *)syscall(SYS_brk, 0);
	char *big = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int stack_var = 0;
	struct timespec ts;

	close_extra_fds();
	MUST(syscall(SYS_brk, heap + 4096));
	heap[0] = 1;
	read_whole("/proc/self/maps", maps, sizeof(maps));
	where("text", (void *)(uintptr_t)main);
	where("data", &data_var);
	where("heap", heap);
	where("stack", &stack_var);
	where("vdso", (void *)getauxval(AT_SYSINFO_EHDR));
	where("anonymous", big);
	where("NULL", NULL);
	where("0x1000", (void *)0x1000);
	SHOW(clock_gettime(CLOCK_MONOTONIC, &ts));

	/* Places that programs ask for by number. */
	fixed("64 KiB", 0x10000, 4096);
	fixed("1 MiB", 0x100000, 0x100000);
	fixed("below 2 GiB", 0x40000000, 0x1000000);
	fixed("0x60000000", 0x60000000, 0x1000000);
	fixed("4 GiB", 0x100000000, 0x10000000);
	fixed("1 TiB", 0x10000000000, 0x10000000);
	fixed("Go's arena", 0xc000000000, 0x4000000);
	fixed("sanitizer's shadow", 0x7fff8000, 0x10000000);
	fixed("16 TiB", 0x100000000000, 0x10000000);
	fixed("32 TiB, 4 GiB of it", 0x200000000000, 0x100000000);
	fixed("memory sanitizer's", 0x500000000000, 0x10000000);
	fixed("occupied", (unsigned long)big, 4096);
	fixed("NULL", 0, 4096);
	fixed("the kernel's half", 0xffff800000000000, 4096);
	SHOW(munmap((void *)1, 4096));
	SHOW(mprotect(big + (1 << 20), 0, PROT_READ));
	SHOW(madvise(big, 1 << 20, MADV_DONTNEED));
	say("cleared: %d\n", big[5]);
	SHOW(madvise(big, 4096, 9999));
	SHOW(mincore(big, 4096, (void *)16));
	SHOW(mlock(big, 4096));
	return 0;
}
