/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* system() and popen(): status, output, input, signals ignored meanwhile, environment and cwd. */
/* variants: static musl */
#include "guest.h"

static void run(const char *command)
{
	int status;

	errno = 0;
	status = system(command);
	say("system(\"%s\") = %#x\n", command, (unsigned int)status);
}

int main(void)
{
	char line[200];
	FILE *f;
	int status;

	MUST(setenv("VIEWED", "by the child", 1));
	MUST(mkdir("dir", 0755));
	run("true");
	run("false");
	run("exit 42");
	run("kill -TERM $$");
	run("nonexistent-command-of-viewos 2>/dev/null");
	run("echo \"$VIEWED\"");
	run("cd dir && echo made > file && cat file ../dir/file");
	run("test -f dir/file && echo found");
	run("for i in 1 2 3; do echo $i | cat | sed s/^/n/; done");
	run("/bin/sh -c 'exit 3' || echo $?");
	run("exec 5>out; echo five >&5; cat out");
	run("(sleep 0.01; echo background) & wait; echo after");
	say("system(NULL) = %d\n", system(NULL) != 0);
	f = popen("echo one; echo two; exit 9", "r");
	if (!f)
		return 1;
	while (fgets(line, sizeof(line), f))
		say("read %s", line);
	status = pclose(f);
	say("pclose %#x\n", (unsigned int)status);
	f = popen("tr a-z A-Z", "w");
	if (!f)
		return 1;
	fputs("into the pipe\n", f);
	say("pclose %#x\n", (unsigned int)pclose(f));
	f = popen("cat > dir/from-popen", "w");
	fputs("text", f);
	pclose(f);
	say("read %zd\n", read_whole("dir/from-popen", line, sizeof(line)));
	return 0;
}
