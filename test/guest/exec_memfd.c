/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that live in a memfd: run by fexecve and by name in /proc/self/fd. */
/* variants: static */
#include "guest.h"

static void run(const char *what, int fd, const char *path, int flags)
{
	char *const argv[] = { "in-memory", "child", NULL };
	char *const envp[] = { NULL };
	pid_t pid = MUST(fork());

	if (pid == 0) {
		syscall(SYS_execveat, fd, path, argv, envp, flags);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, what);
}

static int child(char **argv)
{
	char link[PATH_MAX], buf[256];
	ssize_t n = readlink("/proc/self/exe", link, sizeof(link) - 1);
	struct stat st;

	link[n > 0 ? n : 0] = '\0';
	say("  argv[0] \"%s\", exe \"%s\"\n", argv[0],
	    strncmp(link, "/memfd:", 7) ? "a file with a name" : link);
	if (read_whole("/proc/self/cmdline", buf, sizeof(buf)) > 0)
		say("  cmdline starts with \"%s\"\n", buf);
	SHOW(stat("/proc/self/exe", &st));
	say("  exe has %lu link(s)\n", (unsigned long)st.st_nlink);
	SHOW_FD(open("/proc/self/exe", O_RDONLY));
	return 7;
}

static int load(const char *name, unsigned int flags)
{
	static char buf[65536];
	int in = MUST(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	int fd = MUST(memfd_create(name, flags));
	ssize_t n;

	while ((n = MUST(read(in, buf, sizeof(buf)))) > 0)
		MUST(write(fd, buf, n));
	close(in);
	return fd;
}

int main(int argc, char **argv)
{
	char link[40];
	int fd;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return child(argv);
	close_extra_fds();
	fd = load("first", MFD_CLOEXEC);
	run("close-on-exec memfd", fd, "", AT_EMPTY_PATH);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	run("by name", AT_FDCWD, link, 0);
	close(fd);
	fd = load("second", MFD_ALLOW_SEALING);
	run("open memfd", fd, "", AT_EMPTY_PATH);
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
	run("sealed memfd", fd, "", AT_EMPTY_PATH);
	close(fd);
	fd = MUST(memfd_create("script", 0));
	MUST(write(fd, "#!/proc/self/exe child\n", 23));
	run("script in a memfd", fd, "", AT_EMPTY_PATH);
	close(fd);
	fd = MUST(memfd_create("script", MFD_CLOEXEC));
	MUST(write(fd, "#!/proc/self/exe child\n", 23));
	run("script in a close-on-exec memfd", fd, "", AT_EMPTY_PATH);
	close(fd);
	fd = MUST(memfd_create("empty", MFD_CLOEXEC));
	run("empty memfd", fd, "", AT_EMPTY_PATH);
	return 0;
}
