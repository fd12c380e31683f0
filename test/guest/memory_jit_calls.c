/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System call instructions that the program writes: in RWX, flipped and shared pages. */
#include "guest.h"

#if defined(__x86_64__)
/* mov %rdi,%rax; mov %rsi,%rdi; mov %rdx,%rsi; mov %rcx,%rdx; mov %r8,%r10; syscall; ret */
static const unsigned char code[] = {
	0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6,
	0x48, 0x89, 0xca, 0x4d, 0x89, 0xc2, 0x0f, 0x05, 0xc3,
};

typedef long (*call_fn)(long nr, long a, long b, long c, long d);

static void use(const char *what, void *at)
{
	call_fn call = (call_fn)(uintptr_t)at;
	char buf[PATH_MAX];
	long fd;
	int i, bad = 0;

	for (i = 0; i < 100; i++) {
		fd = call(SYS_openat, AT_FDCWD, (long)"file", O_RDONLY, 0);
		bad += fd < 0 || call(SYS_close, fd, 0, 0, 0) != 0;
		bad += call(SYS_access, (long)"missing", F_OK, 0, 0) != -ENOENT;
	}
	say("%s: getpid %s, bad %d, getcwd %s, openat %ld\n", what,
	    yes(call(SYS_getpid, 0, 0, 0, 0) == getpid()), bad,
	    yes(call(SYS_getcwd, (long)buf, sizeof(buf), 0, 0) > 0),
	    call(SYS_openat, 99, (long)"file", O_RDONLY, 0));
}

int main(void)
{
	char *p, *w;
	int fd;

	close_extra_fds();
	write_text("file", "x", 0644);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0);
	if (p == MAP_FAILED) {
		say("RWX: %s\n", errname(errno));
		return 0;
	}
	memcpy(p, code, sizeof(code));
	use("RWX", p);
	memcpy(p + 4096 - 16, code, sizeof(code));
	use("over two pages", p + 4096 - 16);
	memset(p, 0xcc, 64);
	memcpy(p + 7, code, sizeof(code));
	use("moved", p + 7);

	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(p, code, sizeof(code));
	MUST(mprotect(p, 4096, PROT_READ | PROT_EXEC));
	use("flipped to executable", p);
	MUST(mprotect(p, 4096, PROT_READ | PROT_WRITE));
	memmove(p + 100, p, sizeof(code));
	MUST(mprotect(p, 4096, PROT_EXEC));
	use("flipped again, executable only", p + 100);

	fd = MUST(memfd_create("jit", 0));
	MUST(ftruncate(fd, 4096));
	w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	memcpy(w, code, sizeof(code));
	use("two views of a memfd", p);
	memset(w, 0xcc, 100);
	memcpy(w + 200, code, sizeof(code));
	use("written while mapped", p + 200);
	/* What the program wrote is what it reads back. */
	say("code unchanged: %s\n", yes(!memcmp(p + 200, code, sizeof(code))));
	return 0;
}
#else
int main(void)
{
	say("not for this architecture\n");
	return 0;
}
#endif
