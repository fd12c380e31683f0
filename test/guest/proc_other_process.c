/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child's exe, cwd, cmdline, comm, fd and memory as its parent sees them in /proc and by call. */
/* fsmode: mount */
#include "guest.h"
#include <sys/uio.h>

static char top[PATH_MAX];

static void show_link(pid_t pid, const char *what)
{
	char name[60], buf[PATH_MAX];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/%s", pid, what);
	n = readlink(name, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	if (n < 0)
		say("%s: %s\n", what, errname(errno));
	else
		say("%s: %s%s\n", what, strncmp(buf, top, strlen(top)) ? "" : "TOP",
		    strncmp(buf, top, strlen(top)) ? buf : buf + strlen(top));
}

static void show_file(pid_t pid, const char *what)
{
	char name[60], buf[1000];
	ssize_t n, i;

	snprintf(name, sizeof(name), "/proc/%d/%s", pid, what);
	n = read_whole(name, buf, sizeof(buf));
	for (i = 0; i < n; i++)
		if (buf[i] == '\0' || buf[i] == '\n')
			buf[i] = '|';
	say("%s: %s\n", what, n < 0 ? errname(errno) : buf);
}

int main(int argc, char **argv)
{
	static const char *const args[] = { "a name", "child", "third", NULL };
	static const char *const env[] = { "VISIBLE=1", NULL };
	char name[60], c, buf[20] = "", there[20] = "in the memory";
	struct iovec local = { buf, 13 }, remote;
	int ready[2], go[2];
	struct stat a, b;
	pid_t pid;

	(void)argv;
	if (argc > 1) {
		MUST(chdir("sub"));
		MUST(dup2(MUST(open("inner", O_RDONLY)), 40));
		snprintf(name, sizeof(name), "%p", (void *)there);
		MUST(write(10, name, sizeof(name)));
		MUST(read(11, &c, 1));
		return 7;
	}
	close_extra_fds();
	MUST(getcwd(top, sizeof(top)) ? 0 : -1);
	MUST(mkdir("sub", 0755));
	write_text("sub/inner", "inside", 0644);
	copy_self("prog");
	MUST(pipe2(ready, O_CLOEXEC));
	MUST(pipe2(go, O_CLOEXEC));
	pid = MUST(fork());
	if (pid == 0) {
		dup2(ready[1], 10);
		dup2(go[0], 11);
		execve("./prog", (char *const *)args, (char *const *)env);
		_exit(1);
	}
	MUST(read(ready[0], name, sizeof(name)));
	remote.iov_base = (void *)strtoul(name, NULL, 16);
	remote.iov_len = 13;
	show_link(pid, "exe");
	show_link(pid, "cwd");
	show_link(pid, "root");
	show_link(pid, "fd/40");
	show_link(pid, "fd/41");
	show_file(pid, "cmdline");
	show_file(pid, "environ");
	show_file(pid, "comm");
	snprintf(name, sizeof(name), "/proc/%d/cwd/inner", pid);
	SHOW(read_whole(name, buf, sizeof(buf)));
	snprintf(name, sizeof(name), "/proc/%d/exe", pid);
	SHOW(stat(name, &a));
	SHOW(stat("prog", &b));
	say("same file: %s\n", yes(a.st_ino == b.st_ino && a.st_dev == b.st_dev));
	snprintf(name, sizeof(name), "/proc/%d/fd/40", pid);
	SHOW(read_whole(name, buf, sizeof(buf)));
	say("%s\n", buf);
	SHOW(process_vm_readv(pid, &local, 1, &remote, 1, 0));
	say("%s\n", buf);
	close(go[1]);
	reap(pid, "child");
	show_link(pid, "exe");
	return 0;
}
