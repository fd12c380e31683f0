/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* execve with bad argument vectors: EFAULT before the old image is gone. */
/* variants: static musl */
#include "guest.h"

static void try(const char *what, const void *path, const void *argv, const void *envp)
{
	pid_t pid = MUST(fork());

	if (pid == 0) {
		syscall(SYS_execve, path, argv, envp);
		say("  execve: %s\n", errname(errno));
		syscall(SYS_execveat, AT_FDCWD, path, argv, envp, 0);
		say("  execveat: %s\n", errname(errno));
		/* Everything of the old image has to be there still. */
		_exit(access(".", F_OK) == 0 && open("missing", O_RDONLY) < 0 ? 1 : 2);
	}
	reap(pid, what);
}

int main(int argc, char **argv)
{
	const char *self = "/proc/self/exe";
	const char *child_argv[] = { "x", "child", NULL };
	const char *bad_first[] = { (char *)16, NULL };
	const char *bad_second[] = { "x", (char *)16, NULL };
	const char *envp[] = { "A=1", NULL };
	const char *bad_env[] = { "A=1", (char *)0xffff800000000000UL, NULL };
	const char *cut_string[] = { "x", "child", edge_open_str("cut"), NULL };
	const char *whole_string[] = { "x", "child", edge_str("whole"), NULL };
	const char *no_end[] = { "x", "child", "y" };
	void *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *none_string[] = { "x", none, NULL };

	if (argc > 1 && !strcmp(argv[1], "child"))
		return 7;
	close_extra_fds();
	try("good", self, child_argv, envp);
	try("argv unmapped", self, (void *)16, envp);
	try("argv PROT_NONE", self, none, envp);
	try("argv in the kernel", self, (void *)0xffff800000000000UL, envp);
	try("argv not canonical", self, (void *)0x8000000000000000UL, envp);
	try("first argument bad", self, bad_first, envp);
	try("second argument bad", self, bad_second, envp);
	try("argument PROT_NONE", self, none_string, envp);
	try("argument without an end", self, cut_string, envp);
	try("argument at the edge", self, whole_string, envp);
	try("argv without an end", self, edge_copy(no_end, sizeof(no_end)), envp);
	try("argv at the edge", self, edge_copy(child_argv, sizeof(child_argv)), envp);
	try("argv misaligned", self, edge_copy(child_argv, sizeof(child_argv)) + 4, envp);
	try("envp unmapped", self, child_argv, (void *)16);
	try("envp entry bad", self, child_argv, bad_env);
	try("envp at the edge", self, child_argv, edge_copy(envp, sizeof(envp)));
	try("envp without an end", self, child_argv, edge_copy(envp, sizeof(envp) - 8));
	try("NULL path", NULL, child_argv, envp);
	try("path at the edge", edge_str(self), child_argv, envp);
	try("path without an end", edge_open_str(self), child_argv, envp);
	/* Which error comes first. */
	try("missing, bad argv", "missing", (void *)16, envp);
	try("missing, bad argument", "missing", bad_first, envp);
	try("directory, bad argv", ".", (void *)16, envp);
	write_text("text", "no program", 0755);
	try("text, bad argv", "./text", (void *)16, envp);
	try("text, bad argument", "./text", bad_second, envp);
	return 0;
}
