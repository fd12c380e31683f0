/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What any process may do to its ids, and bad arguments: the same with ids virtual or not. */
/* variants: static */
#include "guest.h"
#include <stdbool.h>
#include <sys/fsuid.h>

#define RAW(call, ...) SHOW(syscall(SYS_##call, ##__VA_ARGS__))

static void show_ids(const char *when)
{
	unsigned int u[3] = { 1, 1, 1 }, g[3] = { 1, 1, 1 };
	bool same;

	MUST(syscall(SYS_getresuid, &u[0], &u[1], &u[2]));
	MUST(syscall(SYS_getresgid, &g[0], &g[1], &g[2]));
	same = u[0] == getuid() && u[1] == geteuid() && g[0] == getgid() && g[1] == getegid();
	say("%s: uid %u %u %u gid %u %u %u fs %d %d, calls agree: %s\n", when, u[0], u[1], u[2],
	    g[0], g[1], g[2], setfsuid(-1), setfsgid(-1), yes(same));
}

static void bad_pointers(void)
{
	unsigned int id[3] = { 7, 7, 7 };

	RAW(getresuid, NULL, &id[1], &id[2]);
	RAW(getresuid, &id[0], 8, &id[2]);
	say("stored: %s %s %s\n", yes(id[0] != 7), yes(id[1] != 7), yes(id[2] != 7));
	RAW(getresgid, &id[0], &id[1], edge_new(1));
	RAW(getresgid, &id[0], &id[1], edge_new(1) - 2);
	RAW(getresgid, &id[0], &id[1], edge_new(1) - 4);
}

static void bad_ids(void)
{
	RAW(setuid, -1);
	RAW(setgid, -1);
	RAW(setuid, 0xfffffffful);
	RAW(setfsuid, -1);
	RAW(setfsgid, -1);
}

static void groups(void)
{
	unsigned int group[70000];
	long n = MUST(syscall(SYS_getgroups, 0, NULL));
	long i, sorted = 1;

	RAW(getgroups, -1, group);
	RAW(getgroups, 0, 8);
	MUST(syscall(SYS_getgroups, 70000, group));
	for (i = 1; i < n; i++)
		sorted = sorted && group[i - 1] <= group[i];
	say("groups in order: %s\n", yes(sorted));
	for (i = 0; i < n; i++)
		say("group %u\n", group[i]);
	if (n > 1)
		RAW(getgroups, 1, group);
	if (n > 0)
		RAW(getgroups, 100, 8);
}

/* Each leaves what it was: allowed for everyone. */
static void changes_to_the_same(void)
{
	unsigned long high = 0x500000000ul;

	RAW(setuid, getuid());
	RAW(setgid, getgid());
	RAW(setuid, high | getuid());
	RAW(setreuid, -1, -1);
	RAW(setregid, -1, -1);
	RAW(setreuid, getuid(), geteuid());
	RAW(setregid, getegid(), getgid());
	RAW(setresuid, -1, -1, -1);
	RAW(setresuid, getuid(), -1, geteuid());
	RAW(setresgid, -1, getgid(), getegid());
	say("setfsuid gives the old: %s\n", yes((uid_t)setfsuid(geteuid()) == geteuid()));
	say("setfsgid gives the old: %s\n", yes((gid_t)setfsgid(getegid()) == getegid()));
}

static void show_status(void)
{
	static char text[65536];
	char *line, *save = NULL;

	MUST(read_whole("/proc/self/status", text, sizeof(text)));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, "Uid:", 4) || !strncmp(line, "Gid:", 4) ||
		    !strncmp(line, "Groups:", 7) || !strncmp(line, "Cap", 3))
			say("%s$\n", line);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		show_ids("after execve");
		return 0;
	}
	show_ids("at start");
	show_status();
	bad_pointers();
	bad_ids();
	groups();
	show_ids("after bad calls");
	changes_to_the_same();
	show_ids("after setting the same");
	show_status();
	if (!fork()) {
		show_ids("in a child");
		_exit(0);
	}
	wait(NULL);
	execl("/proc/self/exe", argv[0], "again", NULL);
	return 1;
}
