/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an ordinary user may not do: device nodes, giving files away, foreign files, mounts. */
/* flavours: trap */
#include "guest.h"
#include <grp.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>

int main(void)
{
	struct stat st;

	if (geteuid() == 0) {
		say("only for ordinary users\n");
		return 77;
	}
	write_text("file", "x", 0644);
	SHOW(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	SHOW(mknod("loop", S_IFBLK | 0666, makedev(7, 0)));
	SHOW(chown("file", 0, -1));
	SHOW(chown("file", -1, 0));
	SHOW(chown("/", -1, getgid()));
	SHOW(chmod("/proc/version", 0444));
	SHOW(chmod("/etc/passwd", 0644));
	SHOW(mkdir("/viewos-test", 0755));
	SHOW(rmdir("/viewos-test"));
	SHOW(symlink("x", "/etc/viewos-test"));
	SHOW_FD(open("/etc/passwd", O_WRONLY));
	SHOW_FD(open("/etc/viewos-test", O_WRONLY | O_CREAT, 0644));
	SHOW(access("/etc/passwd", W_OK));
	SHOW(access("/etc/passwd", R_OK));
	SHOW(chroot("."));
	SHOW(sethostname("x", 1));
	SHOW(setuid(0));
	SHOW(setgid(0));
	SHOW(setgroups(0, NULL));
	SHOW(acct("file"));
	SHOW(swapon("file", 0));
	SHOW(stat("file", &st));
	say("owner kept: %s\n", yes(st.st_uid == getuid() && st.st_gid == getgid()));
	return 0;
}
