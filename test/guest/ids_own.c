/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The id calls agree with each other and with /proc/self/status; setting one's own ids works. */
/* variants: static musl */
#include "guest.h"
#include <grp.h>
#include <sys/fsuid.h>

static void compare(const char *what)
{
	static char buf[16384];
	unsigned int r, e, s, fs, n;
	uid_t ru, eu, su;
	gid_t rg, eg, sg, groups[200];
	char *line;
	int count, i, differ = 0;

	MUST(getresuid(&ru, &eu, &su));
	MUST(getresgid(&rg, &eg, &sg));
	say("%s\n", what);
	say("  calls agree: %s\n",
	    yes(ru == getuid() && eu == geteuid() && rg == getgid() && eg == getegid()));
	read_whole("/proc/self/status", buf, sizeof(buf));
	line = strstr(buf, "\nUid:");
	if (line && sscanf(line, "\nUid: %u %u %u %u", &r, &e, &s, &fs) == 4)
		say("  Uid line agrees: %s\n", yes(r == ru && e == eu && s == su && fs == eu));
	line = strstr(buf, "\nGid:");
	if (line && sscanf(line, "\nGid: %u %u %u %u", &r, &e, &s, &fs) == 4)
		say("  Gid line agrees: %s\n", yes(r == rg && e == eg && s == sg && fs == eg));
	say("  fs ids: %s %s\n", yes((uid_t)setfsuid(-1) == eu), yes((gid_t)setfsgid(-1) == eg));
	count = MUST(getgroups(200, groups));
	line = strstr(buf, "\nGroups:");
	if (line)
		line += 8;
	for (i = 0; line && i < count; i++) {
		if (sscanf(line, " %u", &n) != 1 || n != groups[i])
			differ++;
		line = strchr(line + 1, ' ');
	}
	say("  Groups line agrees: %s, sizes agree: %s\n", yes(!differ),
	    yes(getgroups(0, NULL) == count));
	if (count > 0)
		SHOW(getgroups(count - 1, groups) < 0 && errno == EINVAL);
}

int main(int argc, char **argv)
{
	uid_t u = getuid();
	gid_t g = getgid();
	struct stat st;
	pid_t pid;

	if (argc > 1) {
		compare(argv[1]);
		return 4;
	}
	compare("at the start");
	SHOW(setuid(u));
	SHOW(setgid(g));
	SHOW(setreuid(u, u));
	SHOW(setregid(-1, g));
	SHOW(setresuid(u, u, u));
	SHOW(setresuid(-1, -1, -1));
	SHOW(setresgid(g, -1, g));
	SHOW(seteuid(u));
	SHOW(setegid(g));
	say("setfsuid returns the old: %s\n", yes((uid_t)setfsuid(u) == u));
	say("setfsgid returns the old: %s\n", yes((gid_t)setfsgid(g) == g));
	compare("after setting the same");
	write_text("file", "x", 0644);
	MUST(stat("file", &st));
	say("a new file has these ids: %s\n", yes(st.st_uid == u && st.st_gid == g));
	pid = MUST(fork());
	if (pid == 0) {
		compare("in a child");
		execl("/proc/self/exe", "x", "after execve", NULL);
		_exit(1);
	}
	reap(pid, "child");
	SHOW(syscall(SYS_getresuid, &u, &u, NULL));
	SHOW(syscall(SYS_getgroups, -1, NULL));
	SHOW(syscall(SYS_getgroups, 65536, (void *)16) >= 0 || errno == EFAULT);
	return 0;
}
