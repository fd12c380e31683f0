/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that asks for an executable stack can run code there. */
/* cflags: -z execstack */
/* variants: static */
#include "guest.h"

int main(void)
{
	/* mov $1234, %eax; ret */
	volatile unsigned char code[] = { 0xb8, 0xd2, 0x04, 0, 0, 0xc3 };
	int (*fn)(void) = (int (*)(void))(uintptr_t)code;
	static char buf[65536];
	char *line;

	say("code on the stack returns %d\n", fn());
	read_whole("/proc/self/maps", buf, sizeof(buf));
	line = strstr(buf, "[stack]");
	if (line) {
		while (line > buf && line[-1] != '\n')
			line--;
		say("permissions of the stack: %.4s\n", strchr(line, ' ') + 1);
	}
	return 0;
}
