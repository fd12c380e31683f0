/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* execveat and fexecve: by directory, by descriptor alone, scripts, flags, bad descriptors. */
/* fsmode: mount */
#include "guest.h"
#include <sys/auxv.h>

static int print_args(int argc, char **argv)
{
	const char *fn = (const char *)getauxval(AT_EXECFN);
	char link[PATH_MAX];
	ssize_t n;
	int i;

	say(" ");
	for (i = 0; i < argc; i++)
		say(" \"%s\"", argv[i]);
	say(" AT_EXECFN \"%s\"\n", fn ? fn : "");
	n = readlink("/proc/self/exe", link, sizeof(link) - 1);
	if (n > 0) {
		link[n] = '\0';
		say("  exe ends in \"%s\"\n", strrchr(link, '/'));
	}
	return 7;
}

static void run(const char *what, int fd, const char *path, int flags)
{
	char *const argv[] = { "x", "one", NULL };
	char *const envp[] = { "PRINT_ARGS=1", NULL };
	pid_t pid = MUST(fork());

	if (pid == 0) {
		syscall(SYS_execveat, fd, path, argv, envp, flags);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, what);
}

static int open_at(const char *path, int flags, int number)
{
	int fd = MUST(open(path, flags));

	MUST(dup3(fd, number, flags & O_CLOEXEC));
	close(fd);
	return number;
}

int main(int argc, char **argv)
{
	char *const fargv[] = { "by-fexecve", NULL };
	char *const fenvp[] = { "PRINT_ARGS=1", NULL };
	pid_t pid;

	if (getenv("PRINT_ARGS"))
		return print_args(argc, argv);

	umask(022);
	close_extra_fds();
	MUST(mkdir("sub", 0755));
	copy_self("sub/prog");
	write_text("sub/script", "#!./sub/prog arg\n", 0755);
	write_text("sub/plain", "x\n", 0644);
	MUST(symlink("prog", "sub/link"));
	open_at("sub", O_RDONLY | O_DIRECTORY, 70);
	open_at("sub", O_PATH, 71);
	open_at("sub/prog", O_RDONLY, 72);
	open_at("sub/prog", O_PATH | O_CLOEXEC, 73);
	open_at("sub/script", O_RDONLY, 74);
	open_at("sub/script", O_RDONLY | O_CLOEXEC, 75);
	open_at("sub/plain", O_RDONLY, 76);

	run("AT_FDCWD, relative", AT_FDCWD, "sub/prog", 0);
	run("directory, relative", 70, "prog", 0);
	run("O_PATH directory, relative", 71, "prog", 0);
	run("directory, script", 70, "script", 0);
	run("directory, ..", 70, "../sub/prog", 0);
	run("bad descriptor, absolute", 99, "/proc/self/exe", 0);
	run("bad descriptor, relative", 99, "prog", 0);
	run("descriptor of a file, relative", 72, "prog", 0);
	run("directory, symbolic link", 70, "link", 0);
	run("symbolic link, AT_SYMLINK_NOFOLLOW", 70, "link", AT_SYMLINK_NOFOLLOW);
	run("file, AT_SYMLINK_NOFOLLOW", 70, "prog", AT_SYMLINK_NOFOLLOW);
	run("descriptor alone", 72, "", AT_EMPTY_PATH);
	run("O_PATH close-on-exec descriptor alone", 73, "", AT_EMPTY_PATH);
	run("AT_EMPTY_PATH with a path", 70, "prog", AT_EMPTY_PATH);
	run("empty path without the flag", 72, "", 0);
	run("script by descriptor", 74, "", AT_EMPTY_PATH);
	run("script by close-on-exec descriptor", 75, "", AT_EMPTY_PATH);
	run("script in a close-on-exec directory", 71, "script", 0);
	run("descriptor not executable", 76, "", AT_EMPTY_PATH);
	run("descriptor of a directory", 70, "", AT_EMPTY_PATH);
	run("AT_FDCWD alone", AT_FDCWD, "", AT_EMPTY_PATH);
	run("bad descriptor alone", 99, "", AT_EMPTY_PATH);
	run("unknown flag", 72, "", AT_EMPTY_PATH | 0x8000);
	run("by /proc/self/fd", AT_FDCWD, "/proc/self/fd/72", 0);
	run("script by /proc/self/fd", AT_FDCWD, "/proc/self/fd/74", 0);

	pid = MUST(fork());
	if (pid == 0) {
		fexecve(72, fargv, fenvp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, "fexecve");

	/* A program that has no name any more. */
	MUST(unlink("sub/prog"));
	run("descriptor of a removed file", 72, "", AT_EMPTY_PATH);
	return 0;
}
