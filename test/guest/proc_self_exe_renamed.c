/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/self/exe follows the program's file when it is renamed, linked, removed, replaced. */
/* variants: static musl */
/* flavours: trap */
#include "guest.h"

static char top[PATH_MAX];

static void report(const char *name)
{
	char buf[PATH_MAX];
	struct stat a, b;
	ssize_t n = readlink(name, buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	if (n < 0)
		say("  %s: %s\n", name, errname(errno));
	else
		say("  %s: TOP%s\n", name,
		    !strncmp(buf, top, strlen(top)) ? buf + strlen(top) : "?");
	if (stat(name, &a) == 0 && stat("prog", &b) == 0)
		say("  same file: %s\n", yes(a.st_ino == b.st_ino && a.st_dev == b.st_dev));
	say("  access %s, a link: %s\n", access(name, X_OK) ? errname(errno) : "ok",
	    yes(lstat(name, &a) == 0 && S_ISLNK(a.st_mode)));
}

static int child(void)
{
	if (!getcwd(top, sizeof(top)))
		return 1;
	report("/proc/self/exe");
	MUST(rename("prog", "renamed"));
	report("/proc/self/exe");
	SHOW_FD(open("/proc/self/exe", O_RDONLY));
	MUST(link("renamed", "prog"));
	MUST(unlink("renamed"));
	report("/proc/self/exe");
	MUST(unlink("prog"));
	report("/proc/self/exe");
	SHOW_FD(open("/proc/self/exe", O_RDONLY));
	write_text("prog", "another file", 0755);
	report("/proc/self/exe");
	return 7;
}

int main(int argc, char **argv)
{
	pid_t pid;

	(void)argc;
	(void)argv;
	if (getenv("CHILD"))
		return child();
	close_extra_fds();
	MUST(setenv("CHILD", "1", 1));
	copy_self("prog");
	pid = MUST(fork());
	if (pid == 0) {
		execl("./prog", "x", NULL);
		_exit(1);
	}
	reap(pid, "program");
	return 0;
}
