/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each way in which execve fails for the name or the kind of file; the caller lives on. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"

static char *const argv_plain[] = { "prog", "child", NULL };
static char *const envp_plain[] = { "A=1", NULL };
static volatile int handled;

static void on_usr1(int sig)
{
	(void)sig;
	handled++;
}

static void try(const char *path)
{
	int ret = execve(path, argv_plain, envp_plain);

	showf(ret, "execve(\"%.40s\")", path);
}

int main(int argc, char **argv)
{
	static char name[PATH_MAX + 10];
	int i;

	if (argc > 1 && !strcmp(argv[1], "child")) {
		say("the last execve works, A=%s\n", getenv("A"));
		return 0;
	}
	(void)argc;

	close_extra_fds();
	umask(022);
	signal(SIGUSR1, on_usr1);
	copy_self("prog");
	copy_self("noexec");
	MUST(chmod("noexec", 0644));
	MUST(mkdir("dir", 0755));
	MUST(mkdir("closed", 0755));
	copy_self("closed/prog");
	MUST(chmod("closed", 0));
	MUST(symlink("missing", "dangling"));
	MUST(symlink("loop", "loop"));
	MUST(symlink("noexec", "link-noexec"));
	MUST(mkfifo("fifo", 0755));
	write_text("empty", "", 0755);
	write_text("text", "echo this is no program\n", 0755);
	write_text("onechar", "x", 0755);
	write_text("text-noexec", "echo\n", 0644);
	write_text("hashbang-only", "#!", 0755);
	write_text("hashbang-blank", "#!   \n", 0755);
	write_text("hashbang-missing", "#!./not-there\n", 0755);
	write_text("hashbang-dir", "#!./dir\n", 0755);
	write_text("hashbang-noexec", "#!./noexec\n", 0755);
	write_text("hashbang-crlf", "#!./prog\r\n", 0755);
	write_text("hashbang-empty", "#!./empty\n", 0755);
	write_text("hashbang-text", "#!./text\n", 0755);
	write_text("hashbang-self", "#!./hashbang-self\n", 0755);

	try("");
	try("missing");
	try("missing/prog");
	try("dir");
	try("dir/");
	try(".");
	try("/");
	try("noexec");
	try("link-noexec");
	try("prog/");
	try("prog/x");
	try("prog/..");
	try("closed/prog");
	try("closed/missing");
	try("dangling");
	try("loop");
	try("fifo");
	try("/dev/null");
	try("empty");
	try("text");
	try("onechar");
	try("text-noexec");
	try("hashbang-only");
	try("hashbang-blank");
	try("hashbang-missing");
	try("hashbang-dir");
	try("hashbang-noexec");
	try("hashbang-crlf");
	try("hashbang-empty");
	try("hashbang-text");
	try("hashbang-self");
	try("/proc/self/status");

	for (i = 0; i < PATH_MAX; i++)
		name[i] = i % 2 ? '/' : '.';
	try(name);

	/* After so many failures: handlers, memory and descriptors must be as they were. */
	raise(SIGUSR1);
	say("handler ran %d time(s)\n", handled);
	show_open_fds("open descriptors");
	MUST(chmod("closed", 0755));
	execve("closed/prog", argv_plain, envp_plain);
	say("the last execve failed: %s\n", errname(errno));
	return 1;
}
