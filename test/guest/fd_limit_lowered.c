/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RLIMIT_NOFILE set below what is open, and to nothing: what needs no new descriptor works. */
/* variants: static */
#include "guest.h"
#include <sys/resource.h>
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
	int i;

	(void)argv;
	if (argc > 1)
		return 7;
	close_extra_fds();
	write_text("file", "x", 0644);
	MUST(symlink("file", "link"));
	copy_self("prog");
	MUST(getrlimit(RLIMIT_NOFILE, &lim));
	for (i = 3; i < 20; i++)
		MUST(open("file", O_RDONLY | O_CLOEXEC));
	lim.rlim_cur = 3;
	MUST(setrlimit(RLIMIT_NOFILE, &lim));
	SHOW(open("file", O_RDONLY));
	others();
	lim.rlim_cur = 0;
	MUST(setrlimit(RLIMIT_NOFILE, &lim));
	SHOW(open("file", O_RDONLY));
	SHOW(access("file", F_OK));
	SHOW_OK(syscall(SYS_getcwd, (char[PATH_MAX]){ 0 }, PATH_MAX));
	return 0;
}
