/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that restricts itself by landlock: writing is allowed below one directory only. */
#include "guest.h"
#include <linux/landlock.h>
#include <sys/prctl.h>

static void child(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
				     LANDLOCK_ACCESS_FS_MAKE_DIR,
	};
	struct landlock_path_beneath_attr rule = { .allowed_access = attr.handled_access_fs };
	int set = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	pid_t pid;

	if (set < 0) {
		say("no landlock here\n");
		_exit(0);
	}
	rule.parent_fd = MUST(open("allowed", O_PATH | O_CLOEXEC));
	MUST(syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(syscall(SYS_landlock_restrict_self, set, 0));
	SHOW_FD(open("allowed/file", O_WRONLY | O_CREAT, 0644));
	SHOW_FD(open("other/file", O_WRONLY | O_CREAT, 0644));
	SHOW_FD(open("other/there", O_WRONLY));
	SHOW_FD(open("other/there", O_RDONLY));
	SHOW_FD(open("allowed/../other/there", O_WRONLY));
	SHOW_FD(open("link/there", O_WRONLY));
	SHOW(mkdir("allowed/dir", 0755));
	SHOW(mkdir("other/dir", 0755));
	SHOW(access("other/there", R_OK));
	pid = MUST(fork());
	if (pid == 0) {
		execl("/proc/self/exe", "x", "child", NULL);
		_exit(1);
	}
	reap(pid, "grandchild");
	_exit(3);
}

int main(int argc, char **argv)
{
	pid_t pid;

	(void)argv;
	if (argc > 1) {
		SHOW_FD(open("allowed/second", O_WRONLY | O_CREAT, 0644));
		SHOW_FD(open("other/second", O_WRONLY | O_CREAT, 0644));
		return 7;
	}
	umask(022);
	MUST(mkdir("allowed", 0755));
	MUST(mkdir("other", 0755));
	write_text("other/there", "x", 0644);
	MUST(symlink("../other", "allowed/link"));
	MUST(symlink("other", "link"));
	pid = MUST(fork());
	if (pid == 0)
		child();
	reap(pid, "child");
	return 0;
}
