/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The auxiliary vector: which entries, and that each tells the truth about this program. */
/* variants: static musl */
#include "guest.h"
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

extern char **environ;

static int all_zero(const unsigned char *p, size_t n)
{
	while (n-- > 0)
		if (*p++)
			return 0;
	return 1;
}

/* Is the address in a mapping whose line contains all of name? */
static int mapped_as(unsigned long addr, const char *name)
{
	static char buf[65536];
	char *line, *next;

	read_whole("/proc/self/maps", buf, sizeof(buf));
	for (line = buf; line && *line; line = next) {
		unsigned long from, to;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && addr >= from && addr < to)
			return strstr(line, name) != NULL;
	}
	return 0;
}

static int child(void)
{
	static char file[4096];
	static unsigned char own[4096];
	ElfW(auxv_t) * av, *start;
	const ElfW(Phdr) *ph = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	const ElfW(Ehdr) *eh = (const ElfW(Ehdr) *)own;
	unsigned long base = 0, i;
	char **env = environ;
	int interp = 0;
	size_t size;
	ssize_t n;

	while (*env++)
		;
	start = (ElfW(auxv_t) *)env;
	say("  types");
	for (av = start; av->a_type != AT_NULL; av++)
		say(" %lu", (unsigned long)av->a_type);
	say("\n");
	size = (char *)(av + 1) - (char *)start;
	n = read_whole("/proc/self/auxv", file, sizeof(file));
	say("  /proc/self/auxv has the same entries: %s\n",
	    yes(n >= (ssize_t)size && !memcmp(file, start, size)));

	n = read_whole("/proc/self/exe", (char *)own, sizeof(own));
	say("  AT_PHNUM right: %s, AT_PHENT %lu\n", yes(getauxval(AT_PHNUM) == eh->e_phnum),
	    getauxval(AT_PHENT));
	say("  AT_PHDR points to this file's headers: %s\n",
	    yes(!memcmp(ph, own + eh->e_phoff, eh->e_phnum * sizeof(*ph))));
	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && ph[i].p_offset == 0)
			base = (unsigned long)ph - eh->e_phoff - ph[i].p_vaddr;
		if (ph[i].p_type == PT_INTERP)
			interp = 1;
	}
	say("  AT_ENTRY is e_entry, relocated: %s\n",
	    yes(getauxval(AT_ENTRY) == base + eh->e_entry));
	say("  AT_PHDR is in the mapping of ./prog: %s\n",
	    yes(mapped_as((unsigned long)ph, "/prog")));
	say("  AT_BASE is %s\n", !interp ? getauxval(AT_BASE) ? "not zero" : "zero" :
				 mapped_as(getauxval(AT_BASE), ".so") ? "in a shared object" :
									"elsewhere");
	if (interp)
		say("  an ELF header is at AT_BASE: %s\n",
		    yes(!memcmp((void *)getauxval(AT_BASE), ELFMAG, SELFMAG)));
	say("  AT_SYSINFO_EHDR is the vdso: %s\n",
	    yes(mapped_as(getauxval(AT_SYSINFO_EHDR), "[vdso]")));
	say("  AT_EXECFN \"%s\"\n", (char *)getauxval(AT_EXECFN));
	say("  AT_EXECFN is on the stack: %s\n", yes(mapped_as(getauxval(AT_EXECFN), "[stack]")));
	say("  AT_RANDOM is on the stack: %s, zero: %s\n",
	    yes(mapped_as(getauxval(AT_RANDOM), "[stack]")),
	    yes(all_zero((void *)getauxval(AT_RANDOM), 16)));
	say("  AT_PLATFORM \"%s\"\n", (char *)getauxval(AT_PLATFORM));
	say("  AT_PAGESZ %lu, AT_CLKTCK %lu, AT_SECURE %lu, AT_FLAGS %lu\n", getauxval(AT_PAGESZ),
	    getauxval(AT_CLKTCK), getauxval(AT_SECURE), getauxval(AT_FLAGS));
	say("  AT_UID, AT_EUID, AT_GID, AT_EGID right: %s %s %s %s\n",
	    yes(getauxval(AT_UID) == getuid()), yes(getauxval(AT_EUID) == geteuid()),
	    yes(getauxval(AT_GID) == getgid()), yes(getauxval(AT_EGID) == getegid()));
	say("  AT_HWCAP %#lx, AT_HWCAP2 %#lx\n", getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
	return 7;
}

static void run(const char *path)
{
	char *const argv[] = { "other-name", NULL };
	char *const envp[] = { "CHILD=1", NULL };
	pid_t pid = MUST(fork());

	if (pid == 0) {
		execve(path, argv, envp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, path);
}

int main(void)
{
	if (getenv("CHILD"))
		return child();
	MUST(mkdir("sub", 0755));
	copy_self("sub/prog");
	MUST(symlink("sub/prog", "link"));
	run("sub/prog");
	run("./link");
	return 0;
}
