/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room for descriptors that the kernel has made: select(2) takes no notice of numbers above, and of those below it does. */
#include "guest.h"
#include <sys/select.h>
#include <sys/wait.h>

static void show(const char *who)
{
	struct timeval none = { 0, 0 };
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");
	fd_set set;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "FDSize:", 7))
			say("%s: %s", who, line);
	if (f)
		fclose(f);
	FD_ZERO(&set);
	FD_SET(1000, &set);
	SHOW(select(1001, &set, NULL, NULL, &none));
}

int main(void)
{
	show("first");
	close_extra_fds();
	if (!fork()) {
		show("child");
		_exit(0);
	}
	wait(NULL);
	return 0;
}
