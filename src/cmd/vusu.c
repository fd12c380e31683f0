/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vusu: become another user of the view, as su(1) does, without a password.
 *
 * It only makes the calls that su(1) makes. In a session with the module unrealuidgid these change what
 * the process and its children see as their ids; without it the kernel refuses them as to any user.
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"

/* Exit status as su(1)'s. */
enum { EXIT_BEFORE = 1, EXIT_CANNOT_EXEC = 126, EXIT_NOT_FOUND = 127 };

#define DEFAULT_SHELL "/bin/sh"
#define USER_PATH     "/usr/local/bin:/bin:/usr/bin"
#define ROOT_PATH     "/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin"

struct options {
	bool login, preserve;
	const char *shell, *command;
	const char *id; /* UID[:GID] */
};

static const struct vu_opt options[] = {
	VU_OPT_FLAG('l', "login", struct options, login, true,
		    "start a login shell, as a lone '-' does"),
	VU_OPT_STRING('c', "command", struct options, command, "COMMAND",
		      "pass COMMAND to the shell by its -c"),
	VU_OPT_STRING('s', "shell", struct options, shell, "SHELL", "run SHELL"),
	VU_OPT_FLAG('p', "preserve-environment", struct options, preserve, true,
		    "change no environment variable"),
	VU_OPT_FLAG('m', NULL, struct options, preserve, true, "the same as -p"),
	VU_OPT_STRING('u', "id", struct options, id, "UID[:GID]",
		      "become these numbers in place of a USER"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "vusu",
	.usage = "[OPTION]... [-] [USER [ARGUMENT]...]\n[OPTION]... -u UID[:GID] [-] [ARGUMENT]...",
	.summary = "Run a shell as USER (root by default) of this View OS view.",
	.notes = "It needs the module unrealuidgid; no password is asked and no privilege gained:\n"
		 "the ids are the view's.",
	.version = VU_VERSION,
	.opts = options,
};

/* Who to become. The texts are the passwd file's or constants. */
struct target {
	uid_t uid;
	gid_t gid;
	const char *name; /* NULL: a number without a name */
	const char *home, *shell;
};

static void use_entry(struct target *t, const struct passwd *pw)
{
	t->uid = pw->pw_uid;
	t->gid = pw->pw_gid;
	t->name = pw->pw_name;
	t->home = pw->pw_dir;
	t->shell = pw->pw_shell[0] ? pw->pw_shell : DEFAULT_SHELL;
}

/* Read UID[:GID]. 0 or -EINVAL. */
static int find_by_id(struct target *t, char *text)
{
	char *gid_text = strchr(text, ':');
	const struct passwd *pw;
	uint64_t uid, gid;

	if (gid_text)
		*gid_text++ = '\0';
	/* The largest number means "no change" to the id calls. */
	if (vu_str_to_u64(text, 10, UINT32_MAX - 1, &uid) < 0)
		return -EINVAL;
	gid = uid;
	pw = getpwuid((uid_t)uid);
	if (pw) {
		use_entry(t, pw);
		gid = pw->pw_gid;
	}
	if (gid_text && vu_str_to_u64(gid_text, 10, UINT32_MAX - 1, &gid) < 0)
		return -EINVAL;
	t->uid = (uid_t)uid;
	t->gid = (gid_t)gid;
	return 0;
}

/* Fill *t from the command line, or exit. */
static void find_target(struct target *t, const struct options *o, const char *user)
{
	const struct passwd *pw;

	*t = (struct target){ .home = "/", .shell = DEFAULT_SHELL };
	if (o->id) {
		VU_CLEANUP(free) char *text = strdup(o->id);

		if (!text || find_by_id(t, text) < 0)
			errx(EXIT_BEFORE, "'%s': not of the form UID[:GID]", o->id);
		return;
	}
	pw = getpwnam(user);
	if (!pw)
		errx(EXIT_BEFORE, "user '%s' does not exist", user);
	use_entry(t, pw);
}

/* Whether umvu lists the module unrealuidgid. */
static bool has_unrealuidgid(void)
{
	static const char module[] = "unrealuidgid\t";
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	const char *line;

	if (vu_client_simple(VU_RPC_MODULE_LIST, NULL, &reply) < 0)
		return true;
	for (line = reply.text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (vu_str_starts(line, module))
			return true;
	}
	return false;
}

static int set_ids(const struct target *t)
{
	if ((t->name ? initgroups(t->name, t->gid) : setgroups(1, &t->gid)) < 0)
		return -errno;
	if (setgid(t->gid) < 0 || setuid(t->uid) < 0)
		return -errno;
	return 0;
}

static void become(const struct target *t)
{
	int res = set_ids(t);

	if (!res)
		return;
	if (t->name)
		warnx("cannot become '%s': %s", t->name, strerror(-res));
	else
		warnx("cannot become user %u: %s", (unsigned int)t->uid, strerror(-res));
	if (!has_unrealuidgid())
		vu_hint("vu_insmod unrealuidgid");
	exit(EXIT_BEFORE);
}

static void set(const char *name, const char *value)
{
	if (value && setenv(name, value, 1) < 0)
		err(EXIT_BEFORE, "environment");
}

/* As su(1): a login starts from an empty environment with only what describes the terminal. */
static void login_environment(const struct target *t)
{
	static const char *const kept[] = { "TERM", "COLORTERM", "NO_COLOR" };
	char *value[VU_ARRAY_SIZE(kept)];
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(kept); i++) {
		value[i] = getenv(kept[i]);
		value[i] = value[i] ? strdup(value[i]) : NULL;
	}
	clearenv();
	for (i = 0; i < VU_ARRAY_SIZE(kept); i++) {
		set(kept[i], value[i]);
		free(value[i]);
	}
	set("PATH", t->uid ? USER_PATH : ROOT_PATH);
}

static void change_environment(const struct options *o, const struct target *t, const char *shell)
{
	if (o->login)
		login_environment(t);
	else if (o->preserve)
		return;
	set("HOME", t->home);
	set("SHELL", shell);
	if (o->login || t->uid) {
		set("USER", t->name);
		set("LOGNAME", t->name);
	}
	if (o->login && chdir(t->home) < 0)
		warn("cannot change directory to '%s'", t->home);
}

static const char *choose_shell(const struct options *o, const struct target *t)
{
	const char *shell = o->shell;

	if (!shell && o->preserve)
		shell = getenv("SHELL");
	return shell && *shell ? shell : t->shell;
}

static _Noreturn void run_shell(const struct options *o, const char *shell, char **args, int n_args)
{
	const char *base = strrchr(shell, '/');
	VU_CLEANUP(free) char *argv0 = NULL;
	const char **argv = calloc((size_t)n_args + 4, sizeof(*argv));
	int n = 0, error;

	base = base ? base + 1 : shell;
	if (!argv || asprintf(&argv0, "%s%s", o->login ? "-" : "", base) < 0)
		err(EXIT_BEFORE, NULL);
	argv[n++] = argv0;
	if (o->command) {
		argv[n++] = "-c";
		argv[n++] = o->command;
	}
	memcpy(argv + n, args, (size_t)n_args * sizeof(*args));
	execv(shell, (char *const *)argv);
	error = errno;
	warnx("'%s': %s", shell, strerror(error));
	exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int i = vu_command_options(&spec, argc, argv, &o, EXIT_BEFORE);
	const char *user = "root", *shell;
	VU_CLEANUP(free) char *shell_copy = NULL;
	struct target target;

	if (i < argc && !strcmp(argv[i], "-")) {
		o.login = true;
		i++;
	}
	if (!o.id && i < argc)
		user = argv[i++];
	if (vu_client_check_session())
		return EXIT_BEFORE;
	if (o.login && o.preserve) {
		warnx("-p is ignored for a login shell");
		o.preserve = false;
	}
	find_target(&target, &o, user);
	shell = choose_shell(&o, &target);
	shell_copy = strdup(shell); /* it may be in the environment, which changes now */
	if (!shell_copy)
		err(EXIT_BEFORE, NULL);
	become(&target);
	change_environment(&o, &target, shell_copy);
	run_shell(&o, shell_copy, argv + i, argc - i);
}
