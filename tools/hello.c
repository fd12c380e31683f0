/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program to put into images: says hello, and by which name it was called. Linked statically. */
#include <stdio.h>

int main(int argc, char **argv)
{
	printf("hello from %s\n", argc > 0 ? argv[0] : "nowhere");
	return 0;
}
