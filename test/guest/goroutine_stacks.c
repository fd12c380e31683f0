/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls from where Go has its goroutines, with as little stack as its compiler and linker leave there: 928 bytes of
 * stackGuard, less 128 of a function without a check of its own (stackSmall), the frames of syscall.Syscall6 (128) and
 * RawSyscall6 (64) and three return addresses (Go 1.19). A page that is not there follows.
 */
/* flavours: trap mount counted */
/* fsmode: mount */
#include "guest.h"
#include <sched.h>

#define GO_HEAP 0xc000000000ul
#define PAGE	4096ul
#define ROOM	(928 - 128 - 128 - 64 - 3 * 8)

static char *top;

static long make(long nr, long a, long b, long c, long d)
{
	register long r8 __asm__("r8") = d;
	long result;

	__asm__ volatile("	mov %%rsp, %%rbx\n"
			 "	mov %[top], %%rsp\n"
			 "	xor %%eax, %%eax\n"
			 "	call *%[call]\n"
			 "	mov %%rbx, %%rsp\n"
			 : "=a"(result), "+D"(nr), "+S"(a), "+d"(b), "+c"(c), "+r"(r8)
			 : [top] "r"(top), [call] "r"(syscall)
			 : "rbx", "r9", "r10", "r11", "memory", "cc");
	return result < 0 ? -errno : result;
}

static void show(const char *what, long result)
{
	say("%s: %s\n", what, result < 0 ? errname((int)-result) : "done");
}

static void paths(const char *name)
{
	char text[PATH_MAX];
	struct stat st;
	long fd;

	say("%s\n", name);
	fd = make(SYS_openat, AT_FDCWD, (long)name, O_RDONLY, 0);
	show("openat", fd);
	if (fd >= 0) {
		show("fstat", make(SYS_newfstatat, fd, (long)"", (long)&st, AT_EMPTY_PATH));
		show("getdents64", make(SYS_getdents64, fd, (long)text, sizeof(text), 0));
		show("fchdir", make(SYS_fchdir, fd, 0, 0, 0));
		show("dup", close((int)make(SYS_dup, fd, 0, 0, 0)));
		show("close", make(SYS_close, fd, 0, 0, 0));
	}
	show("stat", make(SYS_newfstatat, AT_FDCWD, (long)name, (long)&st, 0));
	show("lstat", make(SYS_newfstatat, AT_FDCWD, (long)name, (long)&st, AT_SYMLINK_NOFOLLOW));
	show("access", make(SYS_faccessat, AT_FDCWD, (long)name, R_OK, 0));
	show("readlink", make(SYS_readlinkat, AT_FDCWD, (long)name, (long)text, sizeof(text)));
	show("mkdir", make(SYS_mkdirat, AT_FDCWD, (long)name, 0755, 0));
	show("chmod", make(SYS_fchmodat, AT_FDCWD, (long)name, 0755, 0));
	show("statfs", make(SYS_statfs, (long)name, (long)text, 0, 0));
	show("chdir", make(SYS_chdir, (long)name, 0, 0, 0));
	show("getcwd", make(SYS_getcwd, (long)text, sizeof(text), 0, 0));
}

static void others(void)
{
	uint64_t set = 1ull << (SIGUSR1 - 1), old;
	struct sigaction sa = { .sa_handler = SIG_IGN };
	int status;

	if (!fork())
		_exit(0);
	show("wait4", make(SYS_wait4, -1, (long)&status, 0, 0));
	show("sigprocmask", make(SYS_rt_sigprocmask, SIG_BLOCK, (long)&set, (long)&old, 8));
	sigaction(SIGUSR2, &sa, NULL);
	show("sigaction", make(SYS_rt_sigaction, SIGUSR2, 0, (long)&sa, 8));
	show("getuid", make(SYS_getuid, 0, 0, 0, 0));
	show("socket", make(SYS_socket, 1, 1, 0, 0));
	show("kill", make(SYS_kill, getpid(), 0, 0, 0));
}

int main(void)
{
	static const char *const names[] = { "/usr/lib/x86_64-linux-gnu",
					     "/lib/x86_64-linux-gnu/libc.so.6",
					     "/etc/passwd",
					     "/usr/share/none/x",
					     "/proc/self/exe",
					     "d",
					     "link",
					     "." };
	char home[PATH_MAX], *low;
	stack_t alternate = { .ss_size = 65536, .ss_sp = malloc(65536) };
	size_t i, k;

	low = mmap((void *)(GO_HEAP + PAGE), PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (low == MAP_FAILED)
		return 77;
	sigaltstack(&alternate, NULL);
	top = low + ROOM + 16; /* for the return addresses of call and site */
	MUST(getcwd(home, sizeof(home)) ? 0 : -1);
	MUST(mkdir("d", 0755));
	MUST(symlink("d", "link"));
	/* Each name: as one that nothing is known of, as one that is, and a moment later. */
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (k = 0; k < 3; k++) {
			paths(names[i]);
			MUST(chdir(home));
			if (k == 1)
				usleep(30000);
		}
	}
	others();
	return 0;
}
