/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals at each step of the agent's way through calls.
 *   signal_steps COMMAND...	runs COMMAND, which is to become "signal_steps guest", and traces that from outside the
 *				session
 * The guest makes its calls again and again, with an int3 before each. The tracer lets a call go so many instructions
 * into the agent, one more each time, and sends a signal. The guest says when a handler finds the agent in the place of
 * the program, or a call has another result than it should have. Printed at the end: how many signals there were, how
 * many of them have not come once, and how many calls have not come by the gate.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define AGENT	   0x7e000000ul
#define AGENT_SIZE 0x1ff0000ul
#define FILE_NAME  "/etc/passwd"
#define NO_FILE	   "/etc/no such file"
#define CALLS	   32
#define EACH	   60 /* so many of the first instructions, then one of FEW, up to LAST */
#define FEW	   23
#define NEAR	   14 /* all of the instructions so near to the one that makes a process */
#define LAST	   500
#define BIRTH_LAST 1400 /* ... of calls that make a process */

static volatile unsigned long found;
static volatile long handled; /* signals */
static int trapped, wrong;    /* for the tracer: calls; signals */
static char *stack_end;
static int fd;
static ino_t ino;
static uid_t uid;
static struct stat st;
static char text[100];

static void handler(int sig, siginfo_t *info, void *context)
{
	unsigned long rip = (unsigned long)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	(void)info;
	handled++;
	if (rip - AGENT < AGENT_SIZE)
		found = rip;
}

/* A number that only the register tells, and nothing behind that looks at the result. */
static __attribute__((noinline)) long any(long number, long a, long b)
{
	long result;

	__asm__ volatile("syscall\n nop\n nop\n nop\n nop\n nop\n nop"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return result;
}

static int ends_with_7(pid_t pid)
{
	int status = 0;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7 &&
	       waitpid(-1, &status, 0) < 0 && errno == ECHILD;
}

static int fork_once(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(7);
	return ends_with_7(pid);
}

static int vfork_once(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(7);
	return ends_with_7(pid);
}

static int child(void *arg)
{
	(void)arg;
	return 7;
}

static void complain(const char *what)
{
	static int n;

	if (n++ < 20) /* nobody reads before the end */
		printf("not so: %s; errno %d, the agent found at %#lx\n", what, errno, found);
}

/* One call, which has its number in rax for the tracer, and in rcx up to which instruction it is to go. */
#define CHECK_UP_TO(last, expression)                                             \
	do {                                                                      \
		__asm__ volatile("int3" : : "a"(number++), "c"(last) : "memory"); \
		errno = 0;                                                        \
		if (!(expression) || found)                                       \
			complain(#expression);                                    \
		found = 0;                                                        \
	} while (0)
#define CHECK(expression) CHECK_UP_TO(LAST, expression)

static void calls(void)
{
	static int word;
	unsigned long number = 0;
	int copy = fd + 1;

	CHECK(fstat(fd, &st) == 0 && st.st_ino == ino);
	CHECK(fstat(999, &st) < 0 && errno == EBADF);
	CHECK(syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) == 0 && st.st_ino == ino);
	CHECK(syscall(SYS_newfstatat, fd, 1L, &st, AT_EMPTY_PATH) < 0 && errno == EFAULT);
	CHECK(syscall(SYS_futex, &word, 1 | 128 /* FUTEX_WAKE_PRIVATE */, 1, NULL, NULL, 0) == 0);
	CHECK(syscall(SYS_futex, &word, 128 /* FUTEX_WAIT_PRIVATE */, 5, NULL, NULL, 0) < 0 &&
	      errno == EAGAIN);
	CHECK(stat(FILE_NAME, &st) == 0 && st.st_ino == ino);
	CHECK(access(NO_FILE, F_OK) < 0 && errno == ENOENT);
	CHECK(readlink(FILE_NAME, text, sizeof(text)) < 0 && errno == EINVAL);
	CHECK(dup(fd) == copy);
	CHECK(close(copy) == 0);
	CHECK(close(copy) < 0 && errno == EBADF);
	CHECK(open(FILE_NAME, O_RDONLY) == copy);
	CHECK(syscall(SYS_close, copy) == 0);
	CHECK(fcntl(fd, F_GETFD) == 0);
	CHECK(getuid() == uid);
	CHECK(any(SYS_stat, (long)FILE_NAME, (long)&st) == 0 && st.st_ino == ino);
	CHECK(any(SYS_access, (long)NO_FILE, F_OK) == -ENOENT);
	CHECK(any(SYS_getppid, 0, 0) > 0);
	CHECK(any(SYS_dup, fd, 0) == copy);
	CHECK(any(SYS_close, copy, 0) == 0);
	CHECK(fork_once());
	CHECK_UP_TO(BIRTH_LAST, vfork_once());
	CHECK_UP_TO(BIRTH_LAST, ends_with_7(clone(child, stack_end, SIGCHLD, NULL)));
	CHECK_UP_TO(BIRTH_LAST, ends_with_7(clone(child, stack_end, CLONE_VM | SIGCHLD, NULL)));
}

static int guest(void)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	static char stack[65536] __attribute__((aligned(16)));

	stack_end = stack + sizeof(stack);
	fd = open(FILE_NAME, O_RDONLY);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGUSR1, &sa, NULL);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 1;
	ino = st.st_ino;
	uid = getuid();
	printf("%d %p\n", getpid(), (void *)&handled);
	while (!handled) /* by the tracer's first signal */
		usleep(1000);
	for (;;)
		calls();
}

/* Lets it go on, with a signal, until it stops: with which signal? -1: it has ended. Its faults and trapped calls are its own. */
static int go(pid_t pid, int how, int sig)
{
	int status;

	do {
		if (ptrace(how, pid, NULL, (long)sig) < 0 || waitpid(pid, &status, 0) != pid ||
		    !WIFSTOPPED(status))
			return -1;
		sig = WSTOPSIG(status);
	} while (sig == SIGSEGV || (sig == SIGSYS && how == PTRACE_CONT));
	return sig;
}

static struct user_regs_struct registers(pid_t pid)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, NULL, &regs);
	return regs;
}

static int is_in_agent(pid_t pid)
{
	return registers(pid).rip - AGENT < AGENT_SIZE;
}

/* Is the next instruction one that makes a process? */
static int makes_process(pid_t pid)
{
	struct user_regs_struct regs = registers(pid);

	return (regs.rax == SYS_clone || regs.rax == SYS_fork || regs.rax == SYS_vfork) &&
	       (ptrace(PTRACE_PEEKTEXT, pid, (void *)regs.rip, NULL) & 0xffff) == 0x050f;
}

/* One instruction further. False: it has been trapped, and has come to the next call by now. */
static int step(pid_t pid)
{
	int sig = go(pid, PTRACE_SINGLESTEP, 0);

	if (sig == SIGSYS) {
		go(pid, PTRACE_CONT, sig);
		trapped++;
	}
	return sig == SIGTRAP;
}

/* What has been done with a call. */
struct turn {
	int at;	   /* so many instructions into the agent is it to go next */
	int birth; /* there it makes a process; 0: that has not been seen */
	int near;  /* what is near that has been begun with */
	int done;
};

/* The call that begins now goes as far as it is to. False: it has not so many instructions. */
static int step_in(pid_t pid, struct turn *t)
{
	int before = 0, i;

	while (before++ < 5000 && !is_in_agent(pid))
		if (!step(pid))
			return 0;
	for (i = 0; i < t->at; i++) {
		if (!t->birth && makes_process(pid))
			t->birth = i;
		if (!step(pid) || !is_in_agent(pid))
			return 0;
	}
	return is_in_agent(pid);
}

static int next(struct turn *t)
{
	if (t->birth > NEAR && !t->near) {
		t->near = 1;
		return t->birth - NEAR;
	}
	return t->at + (t->at < EACH || abs(t->at - t->birth) <= NEAR ? 1 : FEW);
}

/* The number of signals; `counter` is where the guest counts those that it has handled. */
static long trace(pid_t pid, void *counter)
{
	struct turn turns[CALLS] = { 0 }, *t;
	struct user_regs_struct regs;
	long signals = 0, before = ptrace(PTRACE_PEEKDATA, pid, counter, NULL) + 1;
	int sig, left = 1;

	while (left) {
		for (sig = 0; sig != SIGTRAP && sig != -1;)
			sig = go(pid, PTRACE_CONT, sig == SIGUSR1 ? sig : 0);
		regs = registers(pid);
		if (sig == -1 || regs.rax >= CALLS)
			return -1;
		if (ptrace(PTRACE_PEEKDATA, pid, counter, NULL) != before + signals) {
			wrong++;
			before = ptrace(PTRACE_PEEKDATA, pid, counter, NULL) - signals;
		}
		if (!regs.rax) /* as many as there are have had their turn */
			for (left = signals == 0, sig = 0; sig < CALLS; sig++)
				left |= turns[sig].at && !turns[sig].done;
		t = &turns[regs.rax];
		if (t->done)
			continue;
		t->done = !step_in(pid, t) || t->at > (int)regs.rcx;
		t->at = next(t);
		if (t->done)
			continue;
		signals++;
		kill(pid, SIGUSR1);
		if (go(pid, PTRACE_CONT, 0) != SIGUSR1)
			return -1;
		ptrace(PTRACE_SINGLESTEP, pid, NULL, (long)SIGUSR1);
		waitpid(pid, &sig, 0);
	}
	return signals;
}

int main(int argc, char **argv)
{
	int out[2], status;
	long signals;
	char line[256];
	void *counter;
	int pid;
	FILE *said;

	if (argc == 2 && !strcmp(argv[1], "guest"))
		return guest();
	if (argc < 2 || pipe(out) < 0)
		return 2;
	if (!fork()) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	close(out[1]);
	said = fdopen(out[0], "r");
	if (!said || !fgets(line, sizeof(line), said) || sscanf(line, "%d %p", &pid, &counter) != 2)
		return 1;
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 || kill(pid, SIGUSR1) < 0 ||
	    waitpid(pid, &status, 0) != pid) {
		perror("ptrace");
		return 1;
	}
	ptrace(PTRACE_SINGLESTEP, pid, NULL, (long)SIGUSR1);
	waitpid(pid, &status, 0);
	signals = trace(pid, counter);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0); /* its parent may then do so, too */
	while (fgets(line, sizeof(line), said))
		fputs(line, stdout);
	printf("signals: %ld, wrong: %d, trapped: %d\n", signals, wrong, trapped);
	return 0;
}
