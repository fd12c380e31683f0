/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An ordinary user cannot take other ids or capabilities, in threads and children neither. */
/* libs: -lpthread */
/* flavours: trap */
#include "guest.h"
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void *thread(void *arg)
{
	(void)arg;
	SHOW(setresuid(0, 0, 0));
	say("still: %s\n", yes(geteuid() != 0));
	return NULL;
}

int main(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	uid_t other = getuid() + 1;
	gid_t list[1] = { 0 };
	pthread_t t;

	if (geteuid() == 0) {
		say("only for ordinary users\n");
		return 77;
	}
	SHOW(setuid(0));
	SHOW(setuid(other));
	SHOW(setgid(0));
	SHOW(seteuid(0));
	SHOW(setreuid(0, -1));
	SHOW(setreuid(-1, other));
	SHOW(setresuid(-1, -1, 0));
	SHOW(setresgid(0, -1, -1));
	SHOW(setgroups(1, list));
	SHOW(setgroups(0, NULL));
	SHOW(initgroups("root", 0));
	say("setfsuid(0) changes nothing: %s\n",
	    yes((uid_t)setfsuid(0) == getuid() && (uid_t)setfsuid(-1) == getuid()));
	SHOW(syscall(SYS_capget, &h, d));
	say("effective %#x %#x, permitted %#x %#x\n", d[0].effective, d[1].effective,
	    d[0].permitted, d[1].permitted);
	d[0].effective = d[0].permitted = 1;
	SHOW(syscall(SYS_capset, &h, d));
	h.version = 1;
	SHOW(syscall(SYS_capget, &h, d));
	say("version %#x\n", h.version);
	h.version = _LINUX_CAPABILITY_VERSION_3;
	SHOW(syscall(SYS_capget, (void *)16, d));
	h.pid = -1;
	SHOW(syscall(SYS_capget, &h, d));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
	SHOW(prctl(PR_SET_KEEPCAPS, 1));
	SHOW(prctl(PR_GET_KEEPCAPS));
	if (pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL))
		return 1;
	SHOW(setpriority(0, 0, -5));
	SHOW(chroot("/"));
	return 0;
}
