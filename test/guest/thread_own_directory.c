/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directory, umask and descriptors are shared by threads until one unshares them. */
/* libs: -lpthread */
#include "guest.h"
#include <pthread.h>
#include <sched.h>

static char top[PATH_MAX];

static void where(const char *what)
{
	char buf[PATH_MAX];

	if (!getcwd(buf, sizeof(buf)))
		say("%s: %s\n", what, errname(errno));
	else
		say("%s: TOP%s\n", what, buf + strlen(top));
}

static void *shared(void *arg)
{
	SHOW(chdir("sub"));
	umask(077);
	return arg;
}

static void *unshared(void *arg)
{
	int fd;

	SHOW(unshare(CLONE_FS));
	SHOW(chdir("deeper"));
	umask(0);
	where("in the thread");
	SHOW(access("here", F_OK));
	SHOW(unshare(CLONE_FILES));
	fd = open("here", O_RDONLY);
	say("descriptor %d\n", fd);
	SHOW(access("../sub-file", F_OK));
	where("in the thread");
	return arg;
}

int main(void)
{
	pthread_t t;

	close_extra_fds();
	umask(022);
	MUST(getcwd(top, sizeof(top)) ? 0 : -1);
	MUST(mkdir("sub", 0755));
	MUST(mkdir("sub/deeper", 0755));
	write_text("sub/sub-file", "x", 0644);
	write_text("sub/deeper/here", "x", 0644);
	where("at first");
	if (pthread_create(&t, NULL, shared, NULL) || pthread_join(t, NULL))
		return 1;
	where("after the thread's chdir");
	say("umask %03o\n", (unsigned int)umask(022));
	if (pthread_create(&t, NULL, unshared, NULL) || pthread_join(t, NULL))
		return 1;
	where("after the other thread's chdir");
	say("umask %03o\n", (unsigned int)umask(022));
	show_open_fds("open");
	SHOW(access("deeper/here", F_OK));
	SHOW(unshare(CLONE_FS));
	SHOW(unshare(0));
	SHOW(unshare(0x1));
	where("at the end");
	return 0;
}
