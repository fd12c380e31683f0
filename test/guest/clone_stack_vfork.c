/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clone with a stack of its own: CLONE_VM|CLONE_VFORK as posix_spawn does it, and its variants. */
/* variants: static musl */
#include "guest.h"
#include <sched.h>

#ifndef __WCLONE
#define __WCLONE 0x80000000
#endif

static volatile int value;
static volatile int err;

static int child_paths(void *arg)
{
	err = mkdir(arg, 0755) < 0 ? errno : 0;
	value++;
	return access(arg, F_OK) == 0 ? 5 : 6;
}

static int child_exec(void *arg)
{
	execl(arg, "x", "child", NULL);
	err = errno;
	return 127;
}

static int child_cwd(void *arg)
{
	return chdir(arg) < 0 ? 1 : 4;
}

static int child_exit(void *arg)
{
	value += 100;
	_exit((int)(intptr_t)arg);
}

static int child_open(void *arg)
{
	return open(arg, O_RDONLY);
}

static pid_t spawn(int (*fn)(void *), int flags, void *arg)
{
	static char stack[32768] __attribute__((aligned(16)));

	err = 0;
	return MUST(clone(fn, stack + sizeof(stack), flags, arg));
}

int main(int argc, char **argv)
{
	char here[PATH_MAX], there[PATH_MAX];
	int fd;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return 7;
	close_extra_fds();
	reap(spawn(child_paths, CLONE_VM | CLONE_VFORK | SIGCHLD, "one"), "paths, memory shared");
	say("value %d, error %d\n", value, err);
	reap(spawn(child_paths, CLONE_VFORK | SIGCHLD, "two"), "paths, memory copied");
	say("value %d, error %d\n", value, err);
	reap(spawn(child_paths, SIGCHLD, "three"), "paths, no vfork");
	say("value %d, error %d\n", value, err);
	reap(spawn(child_exec, CLONE_VM | CLONE_VFORK | SIGCHLD, "/proc/self/exe"), "execve");
	say("error %d\n", err);
	reap(spawn(child_exec, CLONE_VM | CLONE_VFORK | SIGCHLD, "missing"), "execve of nothing");
	say("error %s\n", errname(err));
	reap(spawn(child_exit, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)9), "_exit");
	say("value %d\n", value);

	MUST(getcwd(here, sizeof(here)) ? 0 : -1);
	reap(spawn(child_cwd, CLONE_VM | CLONE_VFORK | SIGCHLD, "one"), "chdir, own fs");
	say("cwd kept: %s\n", yes(getcwd(there, sizeof(there)) && !strcmp(here, there)));
	reap(spawn(child_cwd, CLONE_VM | CLONE_VFORK | CLONE_FS | SIGCHLD, "one"),
	     "chdir, CLONE_FS");
	say("cwd kept: %s\n", yes(getcwd(there, sizeof(there)) && !strcmp(here, there)));
	MUST(chdir(".."));
	write_text("file", "x", 0644);

	reap(spawn(child_open, CLONE_VM | CLONE_VFORK | SIGCHLD, "file"), "open, own files");
	show_open_fds("open");
	reap(spawn(child_open, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, "file"),
	     "open, CLONE_FILES");
	show_open_fds("open");
	fd = spawn(child_paths, CLONE_VM | CLONE_VFORK, "four");
	say("without SIGCHLD, plain wait: %d\n", waitpid(fd, NULL, 0));
	say("with __WCLONE: %s\n", yes(waitpid(fd, NULL, __WCLONE) == fd));
	SHOW(clone(child_paths, here + 4096, CLONE_SIGHAND | SIGCHLD, NULL));
	SHOW(clone(child_paths, here + 4096, CLONE_THREAD | SIGCHLD, NULL));
	SHOW(clone(child_paths, here + 4096, CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL));
	return 0;
}
