/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ELF files that pass execve's first checks but cannot run: the process dies as natively. */
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
	struct rlimit none = { 0, 0 };
	struct tiny t;

	umask(022);
	MUST(setrlimit(RLIMIT_CORE, &none));
	tiny_init(&t, 0x400000);
	t.eh.e_entry = 0;
	run("entry 0", &t);
	tiny_init(&t, 0x400000);
	t.eh.e_entry = 0x500000;
	run("entry outside the segment", &t);
	tiny_init(&t, 0x400000);
	t.eh.e_entry = 0xffff800000000000UL;
	run("entry in the kernel's half", &t);
	tiny_init(&t, 0x400000);
	t.ph[0].p_flags = PF_R;
	run("segment not executable", &t);
	tiny_init(&t, 0x400000);
	t.ph[0].p_flags = PF_R | PF_W;
	run("data segment as text", &t);
	tiny_init(&t, 0x400000);
	t.ph[0].p_memsz = 16;
	run("p_filesz above p_memsz", &t);
	tiny_init(&t, 0x400000);
	t.ph[0].p_vaddr = 0xffff800000000000UL;
	run("segment in the kernel's half", &t);
	tiny_init(&t, 0x400000);
	t.ph[0].p_memsz = 1UL << 62;
	run("segment of 2^62 bytes", &t);
	tiny_init(&t, 0x400000);
	t.ph[0].p_offset = 1;
	run("offset and address not congruent", &t);
	tiny_init(&t, 0x400000);
	t.ph[0].p_filesz = 0x3000;
	t.ph[0].p_memsz = 0x3000;
	t.eh.e_entry = 0x402000;
	run("entry in a page behind the end of the file", &t);
	tiny_init(&t, 0x400000);
	t.eh.e_phnum = 2;
	t.ph[1] = t.ph[0];
	run("two segments at one address", &t);
	return 0;
}
