/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Damaged ELF files that execve has to refuse while the old image is still intact. */
#include "guest.h"
#include <elf.h>

#define LOAD_ADDR 0x400000UL

/* A minimal static program: exit_group(42). */
struct tiny {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	unsigned char code[16];
	char interp[32];
};

static void tiny_init(struct tiny *t)
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
	t->eh.e_entry = LOAD_ADDR + offsetof(struct tiny, code);
	t->eh.e_phoff = offsetof(struct tiny, ph);
	t->eh.e_ehsize = sizeof(Elf64_Ehdr);
	t->eh.e_phentsize = sizeof(Elf64_Phdr);
	t->eh.e_phnum = 1;
	t->ph[0].p_type = PT_LOAD;
	t->ph[0].p_flags = PF_R | PF_X;
	t->ph[0].p_vaddr = LOAD_ADDR;
	t->ph[0].p_filesz = sizeof(*t);
	t->ph[0].p_memsz = sizeof(*t);
	t->ph[0].p_align = 0x1000;
	memcpy(t->code, code, sizeof(code));
}

static void run(const char *what, const void *image, size_t len)
{
	static char *const argv[] = { "tiny", NULL };
	static char *const envp[] = { NULL };
	pid_t pid;

	write_file("tiny", image, len, 0755);
	pid = MUST(fork());
	if (pid == 0) {
		execve("./tiny", argv, envp);
		say("%s: %s\n", what, errname(errno));
		_exit(1);
	}
	reap(pid, what);
	MUST(unlink("tiny"));
}

static void with_interp(const char *what, const char *name, size_t filesz)
{
	struct tiny t;

	tiny_init(&t);
	t.eh.e_phnum = 2;
	t.ph[1] = t.ph[0];
	t.ph[0].p_type = PT_INTERP;
	t.ph[0].p_offset = offsetof(struct tiny, interp);
	t.ph[0].p_vaddr = LOAD_ADDR + t.ph[0].p_offset;
	t.ph[0].p_filesz = filesz;
	t.ph[0].p_memsz = filesz;
	strncpy(t.interp, name, sizeof(t.interp) - 1);
	run(what, &t, sizeof(t));
}

int main(void)
{
	static const size_t cuts[] = { 1, 2, 3, 4, 5, 16, 18, 63, 64, 65, 119 };
	struct tiny t;
	size_t cut;

	umask(022);
	tiny_init(&t);
	run("undamaged", &t, sizeof(t));
	for (cut = 0; cut < ARRAY_SIZE(cuts); cut++) {
		char what[40];

		tiny_init(&t);
		snprintf(what, sizeof(what), "cut to %zu bytes", cuts[cut]);
		run(what, &t, cuts[cut]);
	}
	tiny_init(&t);
	t.eh.e_ident[0] = 0x7e;
	run("magic", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_machine = EM_AARCH64;
	run("e_machine of aarch64", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_machine = 0;
	run("e_machine 0", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_type = ET_REL;
	run("ET_REL", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_type = ET_CORE;
	run("ET_CORE", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_phentsize = 55;
	run("e_phentsize 55", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_phentsize = 0;
	run("e_phentsize 0", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_phnum = 0;
	run("e_phnum 0", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_phnum = 0xffff;
	run("e_phnum 65535", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_phnum = 1200;
	run("e_phnum 1200", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_phoff = 1 << 20;
	run("e_phoff behind the end", &t, sizeof(t));
	tiny_init(&t);
	t.eh.e_phoff = (Elf64_Off)-8;
	run("e_phoff -8", &t, sizeof(t));

	write_text("text-interp",
		   "not an ELF file, but long enough to hold an ELF header: "
		   "0123456789012345678901234567890123456789\n",
		   0755);
	write_text("short-interp", "short", 0755);
	write_text("plain-interp", "not executable", 0644);
	MUST(mkdir("dir", 0755));
	with_interp("interpreter missing", "./nowhere", 10);
	with_interp("interpreter in a missing directory", "./no/where", 11);
	with_interp("interpreter below a file", "./tiny/where", 13);
	with_interp("interpreter is a directory", "./dir", 6);
	with_interp("interpreter is text", "./text-interp", 14);
	with_interp("interpreter is too short", "./short-interp", 15);
	with_interp("interpreter is not executable", "./plain-interp", 15);
	with_interp("interpreter without a NUL", "./text-interp", 13);
	with_interp("interpreter name of one byte", "", 1);
	with_interp("interpreter name of no bytes", "", 0);
	with_interp("interpreter name too long", "./text-interp", 5000);
	with_interp("interpreter name behind the end", "./text-interp", 200);
	return 0;
}
