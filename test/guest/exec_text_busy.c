/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ETXTBSY: a file open for writing is not executed, a running program is not written. */
#include "guest.h"

static void run(const char *what, const char *path)
{
	char *const argv[] = { "x", "child", NULL };
	char *const envp[] = { NULL };
	pid_t pid = MUST(fork());

	if (pid == 0) {
		execve(path, argv, envp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, what);
}

int main(int argc, char **argv)
{
	int fd, go[2], up[2];
	char c;
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return 7;
	if (argc > 1 && !strcmp(argv[1], "wait")) {
		MUST(write(1, "", 0));
		MUST(write(10, "u", 1));
		return read(11, &c, 1) == 0 ? 8 : 9;
	}

	umask(022);
	close_extra_fds();
	copy_self("prog");
	fd = MUST(open("prog", O_WRONLY | O_CLOEXEC));
	run("open for writing", "./prog");
	write_text("script", "#!./prog child\n", 0755);
	run("interpreter open for writing", "./script");
	close(fd);
	fd = MUST(open("prog", O_RDONLY | O_CLOEXEC));
	run("open for reading", "./prog");
	close(fd);
	fd = MUST(open("script", O_RDWR | O_CLOEXEC));
	run("script open for writing", "./script");
	close(fd);
	run("closed again", "./script");

	MUST(pipe2(up, O_CLOEXEC));
	MUST(pipe2(go, O_CLOEXEC));
	pid = MUST(fork());
	if (pid == 0) {
		dup2(up[1], 10);
		dup2(go[0], 11);
		execl("./prog", "prog", "wait", NULL);
		_exit(1);
	}
	close(up[1]);
	MUST(read(up[0], &c, 1));
	SHOW_FD(open("prog", O_WRONLY));
	SHOW_FD(open("prog", O_RDWR));
	SHOW_FD(open("prog", O_RDONLY));
	SHOW_FD(open("prog", O_WRONLY | O_TRUNC));
	SHOW(truncate("prog", 10));
	SHOW(chmod("prog", 0700));
	SHOW(rename("prog", "prog2"));
	SHOW(unlink("prog2"));
	close(go[1]);
	reap(pid, "the running program");
	return 0;
}
