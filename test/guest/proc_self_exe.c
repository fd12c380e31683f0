/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/self/exe is the program for readlink, stat and open, by each name of the process. */
/* libs: -lpthread */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"
#include <pthread.h>

static char top[PATH_MAX];

static void report(const char *name)
{
	char buf[PATH_MAX];
	struct stat a, b;
	ssize_t n = readlink(name, buf, sizeof(buf) - 1);
	const char *what = strncmp(name, "/proc/", 6) || !strchr("0123456789", name[6]) ?
				   name :
				   "/proc/PID/...";

	buf[n > 0 ? n : 0] = '\0';
	if (n < 0)
		say("  %s: %s\n", what, errname(errno));
	else
		say("  %s: TOP%s\n", what,
		    !strncmp(buf, top, strlen(top)) ? buf + strlen(top) : "?");
	if (stat(name, &a) == 0 && stat("prog", &b) == 0)
		say("  same file: %s\n", yes(a.st_ino == b.st_ino && a.st_dev == b.st_dev));
	say("  access %s, a link: %s\n", access(name, X_OK) ? errname(errno) : "ok",
	    yes(lstat(name, &a) == 0 && S_ISLNK(a.st_mode)));
}

static void *thread(void *arg)
{
	say("in a thread\n");
	report("/proc/self/exe");
	report("/proc/thread-self/exe");
	return arg;
}

static int child(void)
{
	char name[60], magic[4] = "";
	pthread_t t;
	int fd;

	if (!getcwd(top, sizeof(top)))
		return 1;
	report("/proc/self/exe");
	snprintf(name, sizeof(name), "/proc/%d/exe", getpid());
	report(name);
	snprintf(name, sizeof(name), "/proc/%d/task/%d/exe", getpid(), getpid());
	report(name);
	if (pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL))
		return 1;
	fd = open("/proc/self/exe", O_RDONLY);
	say("  opened: %s, ELF: %s\n", yes(fd >= 0),
	    yes(read(fd, magic, 4) == 4 && magic[1] == 'E'));
	SHOW_FD(open("/proc/self/exe", O_RDONLY | O_NOFOLLOW));
	SHOW_FD(open("/proc/self/exe", O_WRONLY));
	SHOW(unlink("/proc/self/exe"));
	return 7;
}

int main(int argc, char **argv)
{
	int i;

	(void)argc;
	(void)argv;
	if (getenv("CHILD"))
		return child();
	close_extra_fds();
	MUST(setenv("CHILD", "1", 1));
	for (i = 0; i < 3; i++) {
		pid_t pid;

		unlink("prog");
		copy_self("prog");
		unlink("link");
		MUST(symlink("prog", "link"));
		write_text("script", "#!./link\n", 0755);
		pid = MUST(fork());
		if (pid == 0) {
			execl(i == 0 ? "./prog" : i == 1 ? "./link" : "./script", "x", NULL);
			_exit(1);
		}
		reap(pid, i == 0 ? "by name" : i == 1 ? "by link" : "by script");
	}
	return 0;
}
