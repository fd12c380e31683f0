/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A place for all calls, known by its address, as C libraries have one to cancel threads by: a signal that comes in
 * a call finds the instruction pointer there. From threads, and from a vforked child.
 */
#include <pthread.h>
#include <ucontext.h>

#include "guest.h"

#if defined(__x86_64__)
#define PLACE(name, behind)                              \
	__asm__(".text\n"                                \
		".type " name ", @function\n" name ":\n" \
		".cfi_startproc\n"                       \
		"	mov %rdi, %rax\n"                      \
		"	mov %rsi, %rdi\n"                      \
		"	mov %rdx, %rsi\n"                      \
		"	mov %rcx, %rdx\n"                      \
		"	syscall\n" name "_end:\n"        \
		"	ret\n"                                 \
		".cfi_endproc\n"                         \
		".size " name ", . - " name "\n" behind)

/* The one has room behind it. */
PLACE("place_full", ".fill 32, 1, 0xcc\n");
PLACE("place_room", ".fill 32, 1, 0x90\n");
typedef long (*call_fn)(long nr, long a, long b, long c);
long call_place(long nr, long a, long b, long c) __asm__("place_full");
long call_room(long nr, long a, long b, long c) __asm__("place_room");
extern char place_end[] __asm__("place_full_end"), room_end[] __asm__("place_room_end");

static call_fn call_here = call_place;
static char *call_end = place_end;

static int fds[2];
static volatile int in_place = -1;

static void handler(int sig, siginfo_t *info, void *context)
{
	uintptr_t rip = (uintptr_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	(void)info;
	in_place = rip == (uintptr_t)call_end - 2; /* it is begun again */
}

static void show_exe(const char *what)
{
	char exe[PATH_MAX] = "";
	long n = call_here(SYS_readlink, (long)"/proc/self/exe", (long)exe, sizeof(exe) - 1);

	say("%s: %s, missing %ld, no such call %ld\n", what, n > 0 ? strrchr(exe, '/') : "?",
	    call_here(SYS_access, (long)"missing", F_OK, 0), call_here(500, 0, 0, 0));
}

/* The number of calls that went wrong. */
static void *use(void *arg)
{
	uintptr_t i, bad = 0;
	char byte;

	(void)arg;
	for (i = 0; i < 200; i++)
		bad += call_here(SYS_access, (long)"missing", F_OK, 0) != -ENOENT;
	bad += call_here(SYS_read, fds[0], (long)&byte, 1) != 1;
	return (void *)bad;
}

static int is_waiting(pid_t tid)
{
	char name[64], text[256];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/self/task/%d/syscall", tid);
	fd = open(name, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 1 && text[0] == '0' && text[1] == ' ';
}

static volatile pid_t reader;

static void *use_and_tell(void *arg)
{
	reader = (pid_t)syscall(SYS_gettid);
	return use(arg);
}

static void interrupted_thread(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t thread;
	void *bad;

	MUST(sigaction(SIGUSR1, &sa, NULL));
	MUST(-pthread_create(&thread, NULL, use_and_tell, NULL));
	while (!reader || !is_waiting(reader))
		usleep(1000);
	pthread_kill(thread, SIGUSR1);
	while (in_place < 0)
		usleep(1000);
	MUST(write(fds[1], "x", 1));
	pthread_join(thread, &bad);
	say("bad %ld, in its place: %d\n", (long)(uintptr_t)bad, in_place);
}

static void many_threads(void)
{
	pthread_t thread[4];
	void *bad;
	size_t i;

	MUST(write(fds[1], "xxxx", 4));
	for (i = 0; i < ARRAY_SIZE(thread); i++)
		MUST(-pthread_create(&thread[i], NULL, use, NULL));
	for (i = 0; i < ARRAY_SIZE(thread); i++) {
		pthread_join(thread[i], &bad);
		say("bad %ld\n", (long)(uintptr_t)bad);
	}
}

static void check(void)
{
	if (!vfork()) {
		call_here(SYS_access, (long)"missing", F_OK, 0);
		_exit(0);
	}
	wait(NULL);
	if (!fork()) {
		show_exe("child");
		_exit(0);
	}
	wait(NULL);
	if (!fork()) {
		many_threads();
		_exit(0);
	}
	wait(NULL);
	interrupted_thread();
	show_exe("main");
}

int main(void)
{
	close_extra_fds();
	MUST(pipe(fds));
	if (!fork()) {
		call_here = call_room;
		call_end = room_end;
		check();
		_exit(0);
	}
	wait(NULL);
	check();
	return 0;
}
#else
int main(void)
{
	say("not for this architecture\n");
	return 0;
}
#endif
