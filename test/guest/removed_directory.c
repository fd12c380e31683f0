/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A current directory, and a held one, that was removed: what still works, and the errno if not. */
/* variants: static */
#include "guest.h"

static char top[PATH_MAX];

static void show_cwd_link(void)
{
	char buf[PATH_MAX];
	ssize_t n = readlink("/proc/self/cwd", buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	say("/proc/self/cwd is TOP%s\n", !strncmp(buf, top, strlen(top)) ? buf + strlen(top) : "?");
}

int main(void)
{
	char *const argv[] = { "x", "child", NULL };
	char buf[PATH_MAX];
	struct stat st;
	pid_t pid;
	int fd;

	close_extra_fds();
	umask(022);
	MUST(getcwd(top, sizeof(top)) ? 0 : -1);
	copy_self("prog");
	MUST(mkdir("dir", 0755));
	fd = MUST(open("dir", O_RDONLY));
	MUST(chdir("dir"));
	SHOW(rmdir("../dir"));
	SHOW(syscall(SYS_getcwd, buf, sizeof(buf)));
	show_cwd_link();
	SHOW_FD(open(".", O_PATH));
	SHOW_FD(open("..", O_RDONLY));
	SHOW_FD(open("../prog", O_RDONLY));
	SHOW_FD(open("x", O_WRONLY | O_CREAT, 0644));
	SHOW_FD(open("x", O_RDONLY));
	SHOW(mkdir("x", 0755));
	SHOW(symlink("x", "y"));
	SHOW(access(".", F_OK));
	SHOW(access("..", F_OK));
	SHOW(stat(".", &st));
	say("links %lu\n", (unsigned long)st.st_nlink);
	SHOW_FD(openat(fd, "x", O_WRONLY | O_CREAT, 0644));
	SHOW_FD(openat(fd, ".", O_RDONLY));
	SHOW_FD(openat(fd, "..", O_RDONLY));
	SHOW(mkdirat(fd, "x", 0755));
	SHOW(fchdir(fd));
	SHOW(chmod(".", 0700));
	SHOW(execv("prog", argv));
	SHOW(execv("./prog", argv));
	pid = MUST(fork());
	if (pid == 0) {
		SHOW(syscall(SYS_getcwd, buf, sizeof(buf)));
		SHOW(chdir(".."));
		SHOW(access("prog", X_OK));
		_exit(0);
	}
	reap(pid, "child");
	/* A new directory of the same name is another one. */
	SHOW(mkdir("../dir", 0755));
	SHOW(syscall(SYS_getcwd, buf, sizeof(buf)));
	SHOW(chdir("../dir"));
	SHOW_OK(syscall(SYS_getcwd, buf, sizeof(buf)));
	show_cwd_link();
	return 0;
}
