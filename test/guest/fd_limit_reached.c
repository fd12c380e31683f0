/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RLIMIT_NOFILE reached: EMFILE from what makes descriptors, everything else goes on to work. */
/* variants: static musl */
#include "guest.h"
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>

static void others(void)
{
	char buf[PATH_MAX];
	struct stat st;
	struct statfs sfs;
	pid_t pid;

	SHOW(stat("link", &st));
	SHOW(access("missing", F_OK));
	SHOW(mkdir("dir", 0755));
	SHOW(rename("dir", "dir2"));
	SHOW(chdir("dir2"));
	SHOW_OK(syscall(SYS_getcwd, buf, sizeof(buf)));
	SHOW(chdir(".."));
	SHOW(rmdir("dir2"));
	SHOW_OK(readlink("/proc/self/exe", buf, sizeof(buf)));
	SHOW_OK(readlink("/proc/self/cwd", buf, sizeof(buf)));
	SHOW(statfs("file", &sfs));
	SHOW(truncate("link", 1));
	SHOW(execl("missing", "x", NULL));
	SHOW(execl("file", "x", NULL));
	pid = fork();
	if (pid == 0)
		_exit(access("file", F_OK) == 0 ? 3 : 4);
	reap(pid, "fork");
	pid = vfork();
	if (pid == 0) {
		execl("./prog", "x", "child", NULL);
		_exit(errno == EMFILE ? 55 : 56);
	}
	reap(pid, "execve of a program");
}

int main(int argc, char **argv)
{
	struct rlimit lim = { 20, 20 };
	int p[2], i;

	(void)argv;
	if (argc > 1)
		return 7;
	close_extra_fds();
	write_text("file", "x", 0644);
	MUST(symlink("file", "link"));
	copy_self("prog");
	MUST(getrlimit(RLIMIT_NOFILE, &lim));
	lim.rlim_cur = 20;
	MUST(setrlimit(RLIMIT_NOFILE, &lim));
	for (i = 3; i < 20; i++)
		MUST(open("file", O_RDONLY | O_CLOEXEC));
	SHOW(open("file", O_RDONLY));
	SHOW(open("new", O_RDWR | O_CREAT, 0644));
	SHOW(access("new", F_OK));
	SHOW(dup(0));
	SHOW(dup2(0, 20));
	SHOW(pipe(p));
	SHOW(socket(AF_UNIX, SOCK_STREAM, 0));
	SHOW(memfd_create("x", 0));
	SHOW(fcntl(0, F_DUPFD, 20));
	SHOW(open("missing", O_RDONLY));
	others();
	close(10);
	SHOW(open("file", O_RDONLY));
	SHOW(open("file", O_RDONLY));
	close(11);
	close(12);
	SHOW(pipe(p));
	say("pipe %d %d\n", p[0], p[1]);
	return 0;
}
