/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scripts: how deep they nest, how long the first line may be. */
/* fsmode: mount */
#include "guest.h"

static int print_args(int argc, char **argv)
{
	int i;

	say("  %d arguments, lengths", argc);
	for (i = 0; i < argc; i++)
		say(" %zu", strlen(argv[i]));
	say("\n");
	return 7;
}

static void run(const char *what, const char *path)
{
	char *const argv[] = { "x", NULL };
	char *const envp[] = { "PRINT_ARGS=1", NULL };
	pid_t pid = MUST(fork());

	if (pid == 0) {
		execve(path, argv, envp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, what);
}

/* A first line of len characters: "#!./interp", then fill, then a new line. */
static void long_argument(int len, int newline)
{
	char line[2000], what[60];

	memset(line, 'a', sizeof(line));
	memcpy(line, "#!./interp ", 11);
	line[len] = newline ? '\n' : '\0';
	line[len + 1] = '\0';
	write_text("long-arg", line, 0755);
	snprintf(what, sizeof(what), "line of %d%s", len, newline ? "" : ", no new line");
	run(what, "./long-arg");
}

/* An interpreter name that fills the line: "./././...interp". */
static void long_name(int len)
{
	char line[2000], what[60];
	int i;

	strcpy(line, "#!");
	for (i = 2; i + 8 <= len; i += 2)
		memcpy(line + i, "./", 2);
	while (i + 6 < len)
		line[i++] = '/';
	strcpy(line + i, "interp\n");
	write_text("long-name", line, 0755);
	snprintf(what, sizeof(what), "name up to column %d", len);
	run(what, "./long-name");
}

int main(int argc, char **argv)
{
	static const int lens[] = { 100, 127, 128, 250, 253, 254, 255, 256, 257, 300, 1000 };
	char name[20], prev[40], what[40];
	size_t i;

	if (getenv("PRINT_ARGS"))
		return print_args(argc, argv);

	umask(022);
	copy_self("interp");
	snprintf(prev, sizeof(prev), "#!./interp\n");
	for (i = 1; i <= 8; i++) {
		snprintf(name, sizeof(name), "level%zu", i);
		write_text(name, prev, 0755);
		snprintf(prev, sizeof(prev), "#!./%s\n", name);
		snprintf(what, sizeof(what), "nested %zu", i);
		run(what, name);
	}
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		long_argument(lens[i], 1);
		long_argument(lens[i], 0);
	}
	for (i = 0; i < ARRAY_SIZE(lens); i++)
		long_name(lens[i]);
	return 0;
}
