/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fork: private memory is copied, shared memory is shared, ids and signals are right. */
/* variants: static musl */
#include "guest.h"

static int counter = 1;
static volatile int handled;

static void on_usr1(int sig)
{
	(void)sig;
	handled++;
}

int main(void)
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int stack_var = 10;
	sigset_t set, old;
	int depth = 0, status, i;
	pid_t parent = getpid(), pid;
	char cwd1[PATH_MAX], cwd2[PATH_MAX];

	signal(SIGUSR1, on_usr1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(getcwd(cwd1, sizeof(cwd1)) ? 0 : -1);

	pid = MUST(fork());
	if (pid == 0) {
		counter++;
		stack_var++;
		shared[0] = counter + stack_var;
		say("child: %d %d, parent right: %s, own pid differs: %s\n", counter, stack_var,
		    yes(getppid() == parent), yes(getpid() != parent));
		say("child: tid is pid: %s\n", yes(syscall(SYS_gettid) == getpid()));
		MUST(mkdir("moved", 0755));
		MUST(chdir("moved"));
		umask(077);
		_exit(shared[0]);
	}
	reap(pid, "child");
	say("parent: %d %d %d\n", counter, stack_var, shared[0]);
	say("parent's cwd kept: %s\n", yes(getcwd(cwd2, sizeof(cwd2)) && !strcmp(cwd1, cwd2)));

	/* A pending signal is not inherited, the mask is. */
	MUST(sigprocmask(SIG_BLOCK, &set, &old));
	raise(SIGUSR1);
	pid = MUST(fork());
	if (pid == 0) {
		sigset_t now, pending;

		sigprocmask(SIG_BLOCK, NULL, &now);
		sigpending(&pending);
		say("child: blocked %d, pending %d\n", sigismember(&now, SIGUSR1),
		    sigismember(&pending, SIGUSR1));
		sigprocmask(SIG_SETMASK, &old, NULL);
		raise(SIGUSR1);
		say("child: handled %d\n", handled);
		_exit(0);
	}
	reap(pid, "child");
	MUST(sigprocmask(SIG_SETMASK, &old, NULL));
	say("parent: handled %d\n", handled);

	/* A chain of processes, each works with paths. */
	while (depth < 10) {
		char name[20];

		pid = MUST(fork());
		if (pid)
			break;
		depth++;
		snprintf(name, sizeof(name), "depth-%d", depth);
		write_text(name, "x", 0644);
	}
	if (depth < 10)
		MUST(waitpid(pid, &status, 0));
	if (depth > 0)
		_exit(depth == 10 ? 10 : WEXITSTATUS(status));
	say("chain: %d\n", WEXITSTATUS(status));

	/* Many short-lived children. */
	for (i = 0; i < 50; i++) {
		pid = MUST(fork());
		if (pid == 0)
			_exit(access("depth-1", F_OK) == 0 ? i : 99);
		MUST(waitpid(pid, &status, 0));
		if (WEXITSTATUS(status) != i)
			say("child %d ended with %#x\n", i, status);
	}
	SHOW(access("depth-10", F_OK));
	SHOW(access("depth-11", F_OK));
	SHOW(waitpid(-1, &status, 0));
	return 0;
}
