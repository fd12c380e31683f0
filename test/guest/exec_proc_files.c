/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/self/{cmdline,environ,comm,exe,stat} after the start and after renaming oneself. */
/* variants: static musl */
#include "guest.h"
#include <sys/prctl.h>

static void dump(const char *what, const char *path)
{
	static char buf[8192], line[1500];
	ssize_t n = read_whole(path, buf, sizeof(buf));
	ssize_t i;

	for (i = 0; i < n && i < (ssize_t)sizeof(line) - 1; i++)
		line[i] = buf[i] == '\0' ? '|' : buf[i] == '\n' ? '~' : buf[i];
	line[n > 0 ? i : 0] = '\0';
	say("  %s %zd \"%s\"\n", what, n, line);
}

static int child(char **argv)
{
	char name[17] = "", link[PATH_MAX], stat_line[1024];
	ssize_t n = readlink("/proc/self/exe", link, sizeof(link) - 1);

	link[n > 0 ? n : 0] = '\0';
	say("  exe ends in \"%s\"\n", strrchr(link, '/') ? strrchr(link, '/') : link);
	dump("cmdline", "/proc/self/cmdline");
	dump("environ", "/proc/self/environ");
	dump("comm", "/proc/self/comm");
	SHOW(prctl(PR_GET_NAME, name));
	say("  PR_GET_NAME \"%s\"\n", name);
	if (read_whole("/proc/self/stat", stat_line, sizeof(stat_line)) > 0) {
		*(strrchr(stat_line, ')') + 1) = '\0';
		say("  stat %s\n", strchr(stat_line, '('));
	}

	/* What setproctitle() does: write over the arguments. */
	memset(argv[0], 'T', strlen(argv[0]));
	dump("cmdline", "/proc/self/cmdline");
	SHOW(prctl(PR_SET_NAME, "renamed-by-prctl"));
	dump("comm", "/proc/self/comm");
	return 7;
}

static void run(const char *path)
{
	char *const argv[] = { "a-name", "child", "", "third word", NULL };
	char *const envp[] = { "CHILD=1", "X=y z", NULL };
	pid_t pid = MUST(fork());

	if (pid == 0) {
		execve(path, argv, envp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, path);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (getenv("CHILD"))
		return child(argv);
	copy_self("prog");
	copy_self("a-name-of-more-than-fifteen");
	copy_self("odd) name (");
	MUST(symlink("prog", "symlink"));
	write_text("script.sh", "#!./prog -x\n", 0755);
	run("./prog");
	run("./a-name-of-more-than-fifteen");
	run("./odd) name (");
	run("./symlink");
	run("./script.sh");
	return 0;
}
