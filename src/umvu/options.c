/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of umvu. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/view.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/str.h"
#include "umvu/options.h"

static int add_module(void *to, const char *arg, const char **why)
{
	struct vu_options *o = to;

	*why = "is no name of a module";
	return arg[0] ? vu_strings_add(&o->modules, arg) : -EINVAL;
}

/* What is in it is vu-init's business. */
static int add_mount(void *to, const char *arg, const char **why)
{
	struct vu_options *o = to;
	const char *colon = strchr(arg, ':'), *last = strrchr(arg, ':');

	if (!colon || colon == last || !last[1]) {
		*why = "is not of the form TYPE[,OPTIONS]:SOURCE:DIR";
		return -EINVAL;
	}
	return vu_strings_add(&o->mounts, arg);
}

/* The subjects of the log, as the help lists them. */
static const char *const subjects[] = { "session", "view",  "mount", "driver", "module",
					"rpc",	   "realm", "guest", "agent",  "front",
					"code",	   "net",   "all" };

static bool is_subject(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(subjects); i++)
		if (strlen(subjects[i]) == len && !memcmp(subjects[i], name, len))
			return true;
	return false;
}

static int set_debug(void *to, const char *arg, const char **why)
{
	struct vu_options *o = to;
	const char *rest = arg, *item, *colon;
	size_t len;

	if (vu_log_tags(arg) < 0) {
		*why = "is not of the form TAG[:LEVEL],...";
		return -EINVAL;
	}
	while ((item = vu_comma_next(&rest, &len))) {
		colon = memchr(item, ':', len);
		if (!is_subject(item, colon ? (size_t)(colon - item) : len)) {
			*why = "names a subject that there is not (see --help)";
			return -EINVAL;
		}
	}
	o->debug = arg;
	return 0;
}

static int set_name(void *to, const char *arg, const char **why)
{
	struct vu_options *o = to;

	if (strlen(arg) >= sizeof(((struct vu_view_area *)0)->name)) {
		*why = "is too long";
		return -EINVAL;
	}
	o->name = arg;
	return 0;
}

static const struct vu_opt table[] = {
	VU_OPT_STRING('f', "rc", struct vu_options, rc, "FILE",
		      "run FILE in the session before CMD, instead of /etc/vurc and ~/.vurc"),
	VU_OPT_FLAG('N', "norc", struct vu_options, norc, true, "run no such file"),
	VU_OPT_CALL('V', "name", set_name, "NAME", "give the view a name"),
	VU_OPT_CALL(0, "module", add_module, "NAME", "load a module (may be repeated)"),
	VU_OPT_CALL('m', "mount", add_mount, "SPEC",
		    "mount TYPE[,OPTIONS]:SOURCE:DIR (may be repeated)"),
	VU_OPT_STRING(0, "net", struct vu_options, net, "TYPE[,OPTIONS][:SOURCE]",
		      "make a network stack and run CMD with it: vunetslirp ..."),
	VU_OPT_FLAG(0, "root", struct vu_options, root, true, "run CMD as (a virtual) root"),
	VU_OPT_FLAG(0, "kill-on-exit", struct vu_options, kill_on_exit, true,
		    "when CMD ends, end all other processes of the view"),
	VU_OPT_CALL('d', "debug", set_debug, "TAGS",
		    "log what happens: session, view, mount, driver, module, rpc,\n"
		    "realm, guest, agent, front, code, net, or all; TAG:trace says more"),
	VU_OPT_FLAG(0, "stats", struct vu_options, stats, true,
		    "at the end, tell how the system calls of the view were caught"),
	VU_OPT_FLAG(0, "check", struct vu_options, check, true,
		    "say what this machine allows, and why not"),
	VU_OPT_FLAG(0, "json", struct vu_options, json, true,
		    "with --check or --stats: print JSON"),
	VU_OPT_END,
};

int vu_options_parse(int argc, char **argv, struct vu_options *o, FILE *out, FILE *err)
{
	const struct vu_opt_spec spec = {
		.prog = "umvu",
		.usage = "[OPTION]... [CMD [ARG]...]\n--check [--json]",
		.summary = "Run CMD (a shell, if there is none) in a View OS session.",
		.notes =
			"The exit status is that of CMD; 125 if umvu itself fails, 126 if CMD cannot\n"
			"be run, 127 if it is not found.",
		.version = VU_VERSION,
		.opts = table,
		.stop_at_operand = true,
		.out = out,
		.err = err,
	};
	int first;

	memset(o, 0, sizeof(*o));
	first = vu_opt_parse(&spec, argc, argv, o);
	if (first < 0) {
		vu_options_free(o);
		return first == -ECANCELED ? first : -EINVAL;
	}
	if (o->json && !o->check && !o->stats) {
		vu_opt_usage_error(&spec, "--json goes with --check or --stats");
		vu_options_free(o);
		return -EINVAL;
	}
	o->command = argv + first;
	return 0;
}

void vu_options_free(struct vu_options *o)
{
	vu_strings_free(&o->modules);
	vu_strings_free(&o->mounts);
}

/* "--option VALUE" for each of a list. */
static int add_each(struct vu_strings *argv, const char *option, const struct vu_strings *values)
{
	size_t i;
	int res = 0;

	for (i = 0; !res && i < values->n; i++) {
		res = vu_strings_add(argv, option);
		if (!res)
			res = vu_strings_add(argv, values->list[i]);
	}
	return res;
}

int vu_options_command(const struct vu_options *o, struct vu_strings *argv)
{
	const char *shell = getenv("SHELL");
	char **word;
	int res = 0;

	if (!o->command[0])
		res = vu_strings_add(argv, shell && shell[0] ? shell : "/bin/sh");
	for (word = o->command; !res && *word; word++)
		res = vu_strings_add(argv, *word);
	return res;
}

int vu_options_init(const struct vu_options *o, struct vu_strings *argv)
{
	struct vu_strings rc = { .list = (char **)&o->rc, .n = o->rc && !o->norc };
	struct vu_strings net = { .list = (char **)&o->net, .n = o->net != NULL };
	int res = vu_strings_add(argv, "vu-init");

	if (!res)
		res = add_each(argv, "--rc", &rc);
	if (!res && o->norc)
		res = vu_strings_add(argv, "--norc");
	if (!res)
		res = add_each(argv, "--module", &o->modules);
	if (!res)
		res = add_each(argv, "--mount", &o->mounts);
	if (!res)
		res = add_each(argv, "--net", &net);
	if (!res && o->root)
		res = vu_strings_add(argv, "--root");
	if (!res)
		res = vu_strings_add(argv, "--");
	return res ? res : vu_options_command(o, argv);
}
