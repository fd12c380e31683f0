/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* posix_spawn: file actions, attributes, errors reported to the caller. */
/* variants: static musl */
#include "guest.h"
#include <spawn.h>

extern char **environ;

static void print_state(void)
{
	char cwd[PATH_MAX];
	struct sigaction sa;
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigaction(SIGPIPE, NULL, &sa);
	show_open_fds("  open");
	say("  cwd is sub: %s\n",
	    yes(getcwd(cwd, sizeof(cwd)) && !strcmp(strrchr(cwd, '/'), "/sub")));
	say("  SIGUSR1 blocked %d, SIGSYS blocked %d, SIGTERM blocked %d\n",
	    sigismember(&mask, SIGUSR1), sigismember(&mask, SIGSYS), sigismember(&mask, SIGTERM));
	say("  SIGPIPE ignored: %s\n", yes(sa.sa_handler == SIG_IGN));
	say("  group leader: %s, session leader: %s\n", yes(getpgrp() == getpid()),
	    yes(getsid(0) == getpid()));
}

static void spawn(const char *what, const char *path, const posix_spawn_file_actions_t *fa,
		  const posix_spawnattr_t *attr)
{
	char *argv[] = { "x", "child", NULL };
	pid_t pid = -1;
	int err = posix_spawn(&pid, path, fa, attr, argv, environ);

	if (err)
		say("%s: %s\n", what, errname(err));
	else
		reap(pid, what);
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t mask;
	char prog[PATH_MAX], text[100];
	ssize_t n;

	if (argc > 1 && !strcmp(argv[1], "child")) {
		print_state();
		return 7;
	}
	close_extra_fds();
	umask(022);
	n = MUST(readlink("/proc/self/exe", prog, sizeof(prog) - 1));
	prog[n] = '\0';
	signal(SIGPIPE, SIG_IGN);
	MUST(mkdir("sub", 0755));
	write_text("noexec", "", 0644);
	write_text("empty", "", 0755);

	spawn("plain", prog, NULL, NULL);
	spawn("missing", "./missing", NULL, NULL);
	spawn("noexec", "./noexec", NULL, NULL);
	spawn("directory", "./sub", NULL, NULL);
	spawn("below a file", "./noexec/x", NULL, NULL);
	spawn("empty", "./empty", NULL, NULL);

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 5, "out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_adddup2(&fa, 5, 9);
	posix_spawn_file_actions_addclose(&fa, 5);
	posix_spawn_file_actions_addclose(&fa, 0);
	spawn("file actions", prog, &fa, NULL);
	posix_spawn_file_actions_adddup2(&fa, 9, 1);
	spawn("output into a file", prog, &fa, NULL);
	n = read_whole("out", text, sizeof(text));
	say("the file starts with \"%.8s\"\n", n > 0 ? text : "");
	posix_spawn_file_actions_addopen(&fa, 6, "missing/out", O_WRONLY | O_CREAT, 0644);
	spawn("open that fails", prog, &fa, NULL);
	posix_spawn_file_actions_destroy(&fa);

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addchdir_np(&fa, "sub");
	posix_spawn_file_actions_addopen(&fa, 4, "in-sub", O_WRONLY | O_CREAT, 0644);
	spawn("chdir", prog, &fa, NULL);
	SHOW(access("sub/in-sub", F_OK));
	SHOW(access("in-sub", F_OK));
	posix_spawn_file_actions_addchdir_np(&fa, "missing");
	spawn("chdir that fails", prog, &fa, NULL);
	posix_spawn_file_actions_destroy(&fa);

	posix_spawnattr_init(&attr);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGSYS);
	posix_spawnattr_setsigmask(&attr, &mask);
	sigemptyset(&mask);
	sigaddset(&mask, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &mask);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	spawn("mask, defaults, process group", prog, NULL, &attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID);
	spawn("session", prog, NULL, &attr);
	posix_spawnattr_destroy(&attr);
	show_open_fds("parent's");
	return 0;
}
