/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfork: the child borrows the memory, the parent waits; calls with paths in the child. */
/* variants: static musl */
#include "guest.h"

static volatile int value = 1;
static volatile int err;

static int vfork_and_set(int how)
{
	pid_t pid = vfork();

	if (pid == 0) {
		value++;
		if (how == 1) {
			err = mkdir("made-in-child", 0755) < 0 ? errno : 0;
		} else if (how == 2) {
			/* Changes of the child's directory and mask are its own. */
			err = chdir("made-in-child") < 0 ? errno : 0;
			umask(077);
			close(open("file", O_WRONLY | O_CREAT, 0666));
		} else if (how == 3) {
			kill(getpid(), SIGKILL);
		}
		_exit(value);
	}
	return pid;
}

int main(void)
{
	int i, status;
	struct stat st;
	pid_t pid;

	umask(022);
	reap(MUST(vfork_and_set(0)), "vfork");
	say("value %d\n", value);
	reap(MUST(vfork_and_set(1)), "vfork with mkdir");
	say("value %d, errno %d\n", value, err);
	SHOW(access("made-in-child", F_OK));
	reap(MUST(vfork_and_set(2)), "vfork with chdir");
	say("value %d, errno %d\n", value, err);
	SHOW(access("file", F_OK));
	SHOW(stat("made-in-child/file", &st));
	say("mode %o\n", (unsigned int)st.st_mode & 0777);
	say("umask %o\n", (unsigned int)umask(022));
	reap(MUST(vfork_and_set(3)), "vfork and kill");
	say("value %d\n", value);

	for (i = 0; i < 100; i++) {
		pid = vfork();
		if (pid == 0)
			_exit(access(i % 2 ? "made-in-child" : "missing", F_OK) == 0);
		MUST(waitpid(pid, &status, 0));
		if (status >> 8 != i % 2)
			say("round %d: %#x\n", i, status);
	}
	say("done\n");
	return 0;
}
