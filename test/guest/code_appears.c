/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* setup: printf '.text\n.balign 4096\n.globl f\n.type f,@function\nf: ret\n.size f,.-f\n.balign 4096\n.section .rodata\n.balign 4096\n.globl after\nafter: .byte 0x48,0x89,0xf8,0x48,0x89,0xf7,0x48,0x89,0xd6,0x48,0x89,0xca,0x0f,0x05,0xc3\n.balign 4096\n.section .note.GNU-stack,"",@progbits\n' | gcc -shared -nostdlib -Wl,-z,separate-code,--hash-style=gnu -o lib.so -x assembler - */
/* libs: -lpthread -ldl */
/*
 * Code that comes into a process in all the ways there are, each in a new process, and makes calls there that no
 * library makes: what it asks for shows whether the call is seen.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/personality.h>
#include <sys/shm.h>

#include "guest.h"

#if defined(__x86_64__)
#define SIZE 4096

/* mov %rdi,%rax; mov %rsi,%rdi; mov %rdx,%rsi; mov %rcx,%rdx; syscall; ret */
static const unsigned char code[] = {
	0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6, 0x48, 0x89, 0xca, 0x0f, 0x05, 0xc3,
};

typedef long (*call_fn)(long nr, long a, long b, long c);

/* The last part of the name of the running program, as that code reads it. */
static void use(const char *what, void *at)
{
	call_fn call = (call_fn)(uintptr_t)at;
	char exe[PATH_MAX] = "";
	long n;

	if (at == MAP_FAILED || !at) {
		say("%s: %s\n", what, errname(errno));
		return;
	}
	n = call(SYS_readlink, (long)"/proc/self/exe", (long)exe, sizeof(exe) - 1);
	say("%s: %s, open %ld\n", what, n > 0 ? strrchr(exe, '/') + 1 : "?",
	    call(SYS_open, (long)"/proc/self/exe/none", O_RDONLY, 0));
}

static void *map(int prot, int flags, int fd)
{
	return mmap(NULL, SIZE, prot, flags, fd, 0);
}

static void *map_memory(int prot)
{
	void *p = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	memcpy(p, code, sizeof(code));
	if (prot)
		MUST(mprotect(p, SIZE, prot));
	return p;
}

static void *rwx(void)
{
	void *p = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (p != MAP_FAILED)
		memcpy(p, code, sizeof(code));
	return p;
}

static void *flipped(void)
{
	return map_memory(PROT_READ | PROT_EXEC);
}

static void *flipped_by_key(void)
{
	void *p = map_memory(0);

	return syscall(SYS_pkey_mprotect, p, SIZE, PROT_READ | PROT_EXEC, -1) ? NULL : p;
}

static void *moved(void)
{
	return mremap(map_memory(PROT_READ | PROT_EXEC), SIZE, 2 * SIZE, MREMAP_MAYMOVE);
}

static int code_file(void)
{
	int fd = MUST(open("code", O_RDWR | O_CREAT | O_TRUNC, 0700));

	MUST(ftruncate(fd, SIZE));
	MUST(pwrite(fd, code, sizeof(code), 0));
	return fd;
}

static void *of_a_file(void)
{
	return map(PROT_READ | PROT_EXEC, MAP_PRIVATE, code_file());
}

static void *of_a_shared_file(void)
{
	return map(PROT_READ | PROT_EXEC, MAP_SHARED, code_file());
}

static void *shared_memory(void)
{
	int id = MUST(shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0700));
	void *w = shmat(id, NULL, 0), *p = shmat(id, NULL, SHM_EXEC);

	shmctl(id, IPC_RMID, NULL);
	memcpy(w, code, sizeof(code));
	return p;
}

static void *readable(void)
{
	MUST(personality(READ_IMPLIES_EXEC));
	return map_memory(0);
}

/* A page of its own among the program's code, which is written to by the kernel's file of its memory. */
__asm__(".text\n"
	".balign 4096\n"
	"filling:\n"
	".fill 4096, 1, 0x90\n");
extern char filling[];

static void *written(const char *name, int pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), name, pid);
	fd = MUST(open(path, O_RDWR));
	MUST(pwrite(fd, code, sizeof(code), (off_t)(uintptr_t)filling));
	close(fd);
	return filling;
}

static void *written_to_memory(void)
{
	return written("/proc/self/mem", 0);
}

static void *written_from_its_folder(void)
{
	MUST(chdir("/proc/self/task"));
	return written("%d/mem", getpid());
}

/* By a child, which is waited for. It is seen from the next call on that the process makes elsewhere. */
static void *written_by_another(void)
{
	int parent = getpid();

	if (!fork()) {
		written("/proc/%d/mem", parent);
		_exit(0);
	}
	wait(NULL);
	access("/", F_OK);
	return filling;
}

/* A library's mapping of code grows over what follows in its file. */
static void *grown(void)
{
	const char *lib = dlopen("./lib.so", RTLD_NOW);
	const char *after = lib ? dlsym((void *)(uintptr_t)lib, "after") : NULL;
	char *page, *at;

	if (!after)
		return NULL;
	page = (char *)(uintptr_t)after - SIZE;
	at = mremap(page, SIZE, 2 * SIZE, MREMAP_MAYMOVE);
	return at == MAP_FAILED ? at : at + SIZE;
}

static const struct {
	const char *what;
	void *(*make)(void);
} ways[] = {
	{ "rwx", rwx },
	{ "flipped", flipped },
	{ "flipped by a key", flipped_by_key },
	{ "moved", moved },
	{ "of a file", of_a_file },
	{ "of a shared file", of_a_shared_file },
	{ "shared memory", shared_memory },
	{ "readable", readable },
	{ "written to memory", written_to_memory },
	{ "written from its folder", written_from_its_folder },
	{ "written by another", written_by_another },
	{ "grown", grown },
};

static void *volatile made;

static void *wait_and_use(void *what)
{
	while (!made)
		sched_yield();
	use(what, made);
	return NULL;
}

/* A thread that is there before the code uses it. */
static void other_thread(void)
{
	pthread_t thread;

	MUST(-pthread_create(&thread, NULL, wait_and_use, (void *)(uintptr_t) "thread"));
	made = rwx();
	pthread_join(thread, NULL);
}

static int wait_in_process(void *what)
{
	wait_and_use(what);
	_exit(0);
}

/* A process of its own in the same memory. */
static void other_process(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = MUST(clone(wait_in_process, stack + sizeof(stack), CLONE_VM | SIGCHLD,
			       (void *)(uintptr_t) "process"));

	made = rwx();
	MUST(waitpid(pid, NULL, 0));
}

static void in_child(void)
{
	if (!fork()) {
		use("child", made);
		_exit(0);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	size_t i;

	close_extra_fds();
	if (argc > 1) {
		use(argv[1], rwx());
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!fork()) {
			use(ways[i].what, ways[i].make());
			_exit(0);
		}
		wait(NULL);
	}
	if (!fork()) {
		other_thread();
		_exit(0);
	}
	wait(NULL);
	if (!fork()) {
		other_process();
		_exit(0);
	}
	wait(NULL);
	/* What is executed after code has come and gone. */
	made = rwx();
	in_child();
	fflush(NULL);
	execl("/proc/self/exe", argv[0], "executed", NULL);
	return 1;
}
#else
int main(void)
{
	say("not for this architecture\n");
	return 0;
}
#endif
