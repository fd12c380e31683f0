/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vu-init: the first program of a view; umvu starts it, users do not. It is a guest as any other: it
 * runs the rc files, loads modules, mounts, becomes root, each where asked for, and then turns into the
 * command. It changes no signal disposition and no signal mask, so the command gets what umvu was given.
 *
 * Its messages are umvu's, and so are its exit statuses: see umvu(1).
 */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/stack.h"
#include "base/rc.h"
#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"
#include "cmd/mounts.h"
#include "cmd/stacks.h"

enum { EXIT_OWN = 125, EXIT_CANNOT_EXEC = 126, EXIT_NOT_FOUND = 127 };

struct words {
	const char **at;
	size_t n;
};

struct options {
	bool no_rc, root;
	const char *rc, *net, *preload;
	struct words modules, mounts;
};

static int add_word(struct words *words, const char *word)
{
	const char **more = realloc(words->at, (words->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	words->at = more;
	words->at[words->n++] = word;
	return 0;
}

static int add_module(void *to, const char *arg, const char **why)
{
	(void)why;
	return add_word(&((struct options *)to)->modules, arg);
}

static int add_mount(void *to, const char *arg, const char **why)
{
	const char *colon = strchr(arg, ':');

	if (!colon || strrchr(arg, ':') == colon || !strrchr(arg, ':')[1]) {
		*why = "not of the form TYPE[,OPTS]:SRC:DST";
		return -EINVAL;
	}
	return add_word(&((struct options *)to)->mounts, arg);
}

static const struct vu_opt options[] = {
	VU_OPT_FLAG('N', "norc", struct options, no_rc, true, "run no rc file"),
	VU_OPT_STRING('f', "rc", struct options, rc, "FILE", "run FILE in place of the rc files"),
	VU_OPT_CALL(0, "module", add_module, "NAME", "load module NAME"),
	VU_OPT_CALL('m', "mount", add_mount, "TYPE[,OPTS]:SRC:DST", "mount SRC on DST"),
	VU_OPT_STRING(0, "net", struct options, net, "TYPE[,OPTS][:SRC]",
		      "make a network stack and run COMMAND with it"),
	VU_OPT_STRING(0, "preload", struct options, preload, "LIBRARY",
		      "load LIBRARY into COMMAND, if the view has it"),
	VU_OPT_FLAG(0, "root", struct options, root, true, "become root"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "umvu",
	.usage = "(vu-init) [OPTION]... [--] [COMMAND [ARGUMENT]...]",
	.summary = "The first program of a view; started by umvu(1).",
	.version = VU_VERSION,
	.opts = options,
	.stop_at_operand = true,
};

/* Write "umvu: ..." to stderr. */
static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *format, ...)
{
	va_list ap;

	fputs("umvu: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* In a child: become the rc file, a program or else a shell script. */
static _Noreturn void exec_rc(const char *file)
{
	if (!access(file, X_OK))
		execl(file, file, (char *)NULL);
	if (errno == EACCES || errno == ENOEXEC)
		execl("/bin/sh", "sh", file, (char *)NULL);
	complain("'%s': %s", file, strerror(errno));
	_exit(EXIT_CANNOT_EXEC);
}

/* Run an rc file to its end. 0 or -errno; a file that fails is told of and goes for success. */
static int run_rc(const char *file)
{
	struct stat st;
	int status;
	pid_t pid;

	if (stat(file, &st) < 0 || access(file, R_OK) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) /* shells take it for an empty file */
		return -EISDIR;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		exec_rc(file);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFSIGNALED(status))
		complain("'%s': %s", file, strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		complain("'%s': exit status %d", file, WEXITSTATUS(status));
	return 0;
}

/* Name of the user's rc file, to be freed; NULL if there is no home. */
static char *user_rc(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;
	char *name;

	if (!home || !*home) {
		pw = getpwuid(getuid());
		home = pw ? pw->pw_dir : NULL;
	}
	return home && asprintf(&name, "%s/%s", home, VU_RC_USER) >= 0 ? name : NULL;
}

static int run_rc_files(const struct options *o)
{
	VU_CLEANUP(free) char *user = NULL;
	const char *file;
	int res = 0;

	if (o->rc) {
		file = o->rc;
		res = run_rc(file);
	} else if (!o->no_rc) {
		file = VU_RC_SYSTEM;
		if (!access(file, F_OK))
			res = run_rc(file);
		user = user_rc();
		if (!res && user && !access(user, F_OK)) {
			file = user;
			res = run_rc(file);
		}
	}
	if (res < 0)
		complain("rc '%s': %s", file, strerror(-res));
	return res;
}

/* Load a module; what umvu says about a success (that it was loaded already) is not interesting. */
static int insert_module(const char *name)
{
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	int res = vu_client_simple(VU_RPC_MODULE_ADD, name, &reply);

	if (!res && reply.result < 0)
		res = reply.result;
	if (res < 0 && reply.text && *reply.text)
		complain("%s", reply.text);
	else if (res < 0)
		complain("module '%s': %s", name, strerror(-res));
	return res;
}

/* Do a mount given as TYPE[,OPTS]:SRC:DST; TYPE "auto" or "" is guessed. */
static int do_mount(const char *text)
{
	VU_CLEANUP(mount_options) struct vu_mount_options o = { 0 };
	VU_CLEANUP(free) char *copy = strdup(text);
	char *type = copy, *source, *target, *opts;
	int res;

	if (!copy)
		return -ENOMEM;
	source = strchr(copy, ':');
	target = strrchr(copy, ':');
	*source++ = '\0';
	*target++ = '\0';
	opts = strchr(type, ',');
	if (opts) {
		*opts++ = '\0';
		res = vu_mount_options_add(&o, opts);
		if (res < 0) {
			complain("mount '%s': %s", text, strerror(-res));
			return res;
		}
	}
	return vu_mount("umvu: mount", type, source, target, &o, false);
}

/* Become root as far as the view is concerned. */
static int become_root(void)
{
	const gid_t group = 0;
	int res = insert_module("unrealuidgid");

	if (res < 0)
		return res;
	if (setgroups(1, &group) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) {
		res = -errno;
		complain("root: %s", strerror(-res));
	}
	return res;
}

/* Make a stack, "/dev/net/TYPE", and have it from now on. */
static int enter_stack(const char *text)
{
	VU_CLEANUP(free) char *name = vu_str_ndup(text, strcspn(text, ",:"));
	char target[PATH_MAX];
	int res;

	if (!name)
		return -ENOMEM;
	vu_stack_place(target, sizeof(target), name);
	res = vu_stack_mount("umvu: net", text, target);
	return res < 0 ? res : vu_stack_set(target, getpid(), VU_FAMILIES_ALL);
}

static int prepare(const struct options *o)
{
	int res = run_rc_files(o);
	size_t i;

	for (i = 0; i < o->modules.n && !res; i++)
		res = insert_module(o->modules.at[i]);
	for (i = 0; i < o->mounts.n && !res; i++)
		res = do_mount(o->mounts.at[i]);
	if (o->net && !res)
		res = enter_stack(o->net);
	if (o->root && !res)
		res = become_root();
	return res;
}

/*
 * Only for the command: vu-init itself must not have the library in it. What the dynamic linker would take for
 * a separator or a variable cannot be in its name.
 */
static int preload(const char *library)
{
	VU_CLEANUP(free) char *value = NULL;
	const char *others = getenv("LD_PRELOAD");

	if (access(library, R_OK) < 0 || strpbrk(library, " :$"))
		return 0;
	if (asprintf(&value, "%s%s%s", library, others && *others ? ":" : "",
		     others ? others : "") < 0 ||
	    setenv("LD_PRELOAD", value, 1) < 0) {
		complain("preload: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int first = vu_opt_parse(&spec, argc, argv, &o), error;
	char *shell[2] = { getenv("SHELL"), NULL };

	if (first < 0)
		return first == -ECANCELED ? 0 : EXIT_OWN;
	if (prepare(&o) < 0 || (o.preload && preload(o.preload) < 0))
		return EXIT_OWN;
	if (!shell[0] || !*shell[0])
		shell[0] = (char *)"/bin/sh";
	argv = first < argc ? argv + first : shell;
	fflush(stdout);
	execvp(argv[0], argv);
	error = errno;
	complain("'%s': %s", argv[0], strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC;
}
