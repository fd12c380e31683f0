/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scripts: what the interpreter gets as arguments, for each form of the "#!" line. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"
#include <sys/auxv.h>

static int print_args(int argc, char **argv)
{
	const char *fn = (const char *)getauxval(AT_EXECFN);
	char comm[64];
	int i;

	for (i = 0; i < argc; i++)
		say("  argv[%d] \"%s\"\n", i, argv[i]);
	say("  AT_EXECFN \"%s\"\n", fn ? fn : "");
	if (read_whole("/proc/self/comm", comm, sizeof(comm)) > 0)
		say("  comm %s", comm);
	return 7;
}

static void run(const char *what, const char *path, char *const argv[])
{
	static char *const envp[] = { "PRINT_ARGS=1", NULL };
	pid_t pid = MUST(fork());

	if (pid == 0) {
		execve(path, argv, envp);
		say("  %s\n", errname(errno));
		_exit(1);
	}
	reap(pid, what);
}

static void script(const char *line)
{
	char *const argv[] = { "given-name", "one", "two words", "", NULL };
	char what[300];
	size_t i, len;

	len = snprintf(what, sizeof(what), "%s", line);
	for (i = 0; i < len; i++)
		if (what[i] == '\n' || what[i] == '\t')
			what[i] = '~';
	write_text("script", line, 0755);
	run(what, "./script", argv);
}

int main(int argc, char **argv)
{
	char *const few[] = { "x", NULL };
	char *const none[] = { NULL };

	if (getenv("PRINT_ARGS"))
		return print_args(argc, argv);

	umask(022);
	copy_self("interp");
	script("#!./interp\n");
	script("#!./interp");
	script("#! ./interp\n");
	script("#! \t ./interp \t \n");
	script("#!./interp -a\n");
	script("#!./interp   -a  -b   c  \n");
	script("#!./interp\t-tab\tinside\t\n");
	script("#!./interp # no comment\n");
	script("#!./interp -a\nsecond line\n");
	script("#!./interp 'quotes kept'\n");

	/* The interpreter may be a script in turn; each level adds its own argument. */
	write_text("level1", "#!./interp first\n", 0755);
	write_text("level2", "#!./level1 second\n", 0755);
	write_text("level3", "#!./level2 third\n", 0755);
	run("three levels", "./level3", few);
	run("empty argv", "./level1", none);

	/* Names by which a script is reached. */
	MUST(mkdir("sub", 0755));
	MUST(symlink("../level1", "sub/link-to-script"));
	run("through a symbolic link", "sub/link-to-script", few);
	run("with dots", "./sub/.././level1", few);
	MUST(symlink("interp", "interp-link"));
	write_text("by-link", "#!./interp-link\n", 0755);
	run("interpreter is a symbolic link", "./by-link", few);

	/* The interpreter is relative to the caller's directory, not to the script's. */
	write_text("sub/script", "#!./interp in-sub\n", 0755);
	run("interpreter relative to the cwd", "sub/script", few);
	MUST(chdir("sub"));
	run("no interpreter here", "./script", few);

	/* The name of the interpreter itself may go through /proc. */
	write_text("proc", "#!/proc/self/exe via-proc\n", 0755);
	run("interpreter by /proc/self/exe", "./proc", few);
	write_text("cwd", "#!/proc/self/cwd/../interp via-cwd\n", 0755);
	run("interpreter by /proc/self/cwd", "./cwd", few);
	return 0;
}
