/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that makes a user namespace of its own: maps, ids in it, calls, execve, host name. */
/* flavours: trap */
#include "guest.h"
#include <sched.h>
#include <sys/utsname.h>

static void write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	showf_ok(fd < 0 ? -1 : write(fd, text, strlen(text)), "write %s", path);
	if (fd >= 0)
		close(fd);
}

static int inside(uid_t uid, gid_t gid)
{
	struct utsname un;
	char map[60];
	struct stat st;
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWUSER | CLONE_NEWUTS) < 0) {
		say("unshare: %s\n", errname(errno));
		return 0;
	}
	say("before the map: uid %s\n", getuid() == uid ? "kept" : "overflow");
	write_map("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_map("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_map("/proc/self/gid_map", map);
	say("uid %u %u, gid %u %u\n", getuid(), geteuid(), getgid(), getegid());
	write_text("file", "x", 0644);
	SHOW(stat("file", &st));
	say("owner %u %u\n", st.st_uid, st.st_gid);
	SHOW(chown("file", 0, 0));
	SHOW(chown("file", 1, 1));
	SHOW(setuid(0));
	SHOW(sethostname("viewed", 6));
	SHOW(uname(&un));
	say("node %s\n", un.nodename);
	pid = MUST(fork());
	if (pid == 0) {
		execl("/proc/self/exe", "x", "child", NULL);
		_exit(1);
	}
	MUST(waitpid(pid, &status, 0));
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	pid_t pid;

	(void)argv;
	if (argc > 1) {
		say("child: uid %u, access %d\n", getuid(), access("file", R_OK | W_OK));
		return 7;
	}
	pid = MUST(fork());
	if (pid == 0)
		_exit(inside(getuid(), getgid()));
	reap(pid, "namespace");
	SHOW(access("file", R_OK));
	return 0;
}
