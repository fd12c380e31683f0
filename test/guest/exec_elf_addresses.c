/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs linked at many fixed addresses, with large bss: nothing of ours may be in the way. */
#include "guest.h"
#include <elf.h>
#include <sys/resource.h>

struct tiny {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	unsigned char code[16];
};

static void tiny_init(struct tiny *t, unsigned long addr)
{
	static const unsigned char code[] = {
		0xb8, 0xe7, 0, 0, 0, /* mov $231, %eax */
		0xbf, 42,   0, 0, 0, /* mov $42, %edi */
		0x0f, 0x05,	     /* syscall */
	};

	memset(t, 0, sizeof(*t));
	memcpy(t->eh.e_ident, ELFMAG, SELFMAG);
	t->eh.e_ident[EI_CLASS] = ELFCLASS64;
	t->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	t->eh.e_ident[EI_VERSION] = EV_CURRENT;
	t->eh.e_type = ET_EXEC;
	t->eh.e_machine = EM_X86_64;
	t->eh.e_version = EV_CURRENT;
	t->eh.e_entry = addr + offsetof(struct tiny, code);
	t->eh.e_phoff = offsetof(struct tiny, ph);
	t->eh.e_ehsize = sizeof(Elf64_Ehdr);
	t->eh.e_phentsize = sizeof(Elf64_Phdr);
	t->eh.e_phnum = 1;
	t->ph[0].p_type = PT_LOAD;
	t->ph[0].p_flags = PF_R | PF_X;
	t->ph[0].p_vaddr = addr;
	t->ph[0].p_filesz = sizeof(*t);
	t->ph[0].p_memsz = sizeof(*t);
	t->ph[0].p_align = 0x1000;
	memcpy(t->code, code, sizeof(code));
}

static void run(const char *what, const struct tiny *t)
{
	static char *const argv[] = { "tiny", NULL };
	static char *const envp[] = { NULL };
	pid_t pid;

	write_file("tiny", t, sizeof(*t), 0755);
	pid = MUST(fork());
	if (pid == 0) {
		execve("./tiny", argv, envp);
		say("%s: %s\n", what, errname(errno));
		_exit(1);
	}
	reap(pid, what);
	MUST(unlink("tiny"));
}

int main(void)
{
	static const unsigned long addrs[] = {
		0x10000,       0x200000,       0x400000,       0x10000000,  0x60000000,
		0x70000000,    0x7f000000,     0x100000000,    0x200000000, 0x1000000000,
		0x10000000000, 0x100000000000, 0x600000000000,
	};
	struct rlimit none = { 0, 0 };
	struct tiny t;
	char what[60];
	size_t i;

	umask(022);
	MUST(setrlimit(RLIMIT_CORE, &none));
	for (i = 0; i < ARRAY_SIZE(addrs); i++) {
		tiny_init(&t, addrs[i]);
		snprintf(what, sizeof(what), "linked at %#lx", addrs[i]);
		run(what, &t);
	}
	tiny_init(&t, 0x400000);
	t.ph[0].p_flags = PF_R | PF_W | PF_X;
	t.ph[0].p_memsz = 0x40000000;
	run("bss of one gigabyte", &t);
	return 0;
}
