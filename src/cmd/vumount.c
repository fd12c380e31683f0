/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vumount: mount in the view, or list its mounts. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"
#include "cmd/mounts.h"

/* Exit status as mount(8)'s. */
enum { EXIT_USAGE = 1, EXIT_SYSTEM = 2, EXIT_FAILURE_MOUNT = 32 };

struct options {
	const char *type;
	bool verbose, all, json;
	struct vu_mount_options mount;
};

static int add_options(void *to, const char *arg, const char **why)
{
	struct options *o = to;
	int res = vu_mount_options_add(&o->mount, arg);

	if (res == -EINVAL)
		*why = "offset= wants a number of bytes";
	return res;
}

static int add_ro(void *to, const char *arg, const char **why)
{
	(void)arg;
	return add_options(to, "ro", why);
}

static int add_rw(void *to, const char *arg, const char **why)
{
	(void)arg;
	return add_options(to, "rw", why);
}

static const struct vu_opt options[] = {
	VU_OPT_STRING('t', "types", struct options, type, "TYPE",
		      "type, such as vufuseext2; default: what SOURCE looks like"),
	VU_OPT_CALL('o', "options", add_options, "LIST", "comma separated options"),
	VU_OPT_CALL('r', "read-only", add_ro, NULL, "the same as -o ro"),
	VU_OPT_CALL('w', "rw", add_rw, NULL, "the same as -o rw"),
	VU_OPT_FLAG('v', "verbose", struct options, verbose, true, "say what is done"),
	VU_OPT_FLAG('a', "all", struct options, all, true, "list the host's mounts too"),
	VU_OPT_FLAG('J', "json", struct options, json, true, "list as JSON"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "vumount",
	.usage = "[-t TYPE] [-o LIST] [-rwv] SOURCE DIR\n[-a] [--json]",
	.summary = "Mount SOURCE on DIR in this View OS view, or list the view's mounts.",
	.version = VU_VERSION,
	.opts = options,
};

/* Write a field of /proc/mounts: what separates fields and lines is in octal. */
static void print_field(const char *text, char end)
{
	for (; *text; text++) {
		if (strchr(" \t\n\\#", *text))
			printf("\\%03o", (unsigned int)*text);
		else
			putchar(*text);
	}
	putchar(end);
}

static void print_mounts(const struct vu_mount_list *list)
{
	const struct vu_mount_line *line;

	for (line = list->line; line < list->line + list->n; line++) {
		print_field(line->source, ' ');
		print_field(line->target, ' ');
		print_field(line->type, ' ');
		print_field(line->options, ' ');
		puts("0 0");
	}
}

static void print_mounts_json(const struct vu_mount_list *list)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	const struct vu_mount_line *line;

	vu_buf_puts(&b, "{\"filesystems\": [");
	for (line = list->line; line < list->line + list->n; line++) {
		vu_buf_puts(&b, line == list->line ? "\n  {" : ",\n  {");
		vu_json_member(&b, true, "target", line->target);
		vu_json_member(&b, false, "source", line->source);
		vu_json_member(&b, false, "fstype", line->type);
		vu_json_member(&b, false, "options", line->options);
		vu_buf_putc(&b, '}');
	}
	vu_buf_puts(&b, "\n]}\n");
	fputs(vu_buf_text(&b), stdout);
}

static int list_mounts(const struct options *o)
{
	VU_CLEANUP(mount_list) struct vu_mount_list list = { 0 };
	int res = o->all ? vu_mount_list_all(&list) : vu_mount_list_view(&list);

	if (res < 0) {
		warnx("cannot read the list of mounts: %s", strerror(-res));
		return EXIT_SYSTEM;
	}
	if (o->json)
		print_mounts_json(&list);
	else
		print_mounts(&list);
	return 0;
}

static int do_mount(struct options *o, const char *source, const char *target)
{
	int res;

	if (o->verbose && o->mount.ignored_loop)
		warnx("option 'loop' is not needed");
	res = vu_mount("vumount", o->type, source, target, &o->mount, o->verbose);
	if (res == -ENOMEM || res == -EMFILE || res == -ENFILE)
		return EXIT_SYSTEM;
	return res < 0 ? EXIT_FAILURE_MOUNT : 0;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int first = vu_command_options(&spec, argc, argv, &o, EXIT_USAGE), n = argc - first;
	int status;

	if (vu_client_check_session())
		return EXIT_USAGE;
	if (n == 0 && !o.mount.flags && !o.mount.data.len && !o.type) {
		status = list_mounts(&o);
	} else if (n == 2 && !o.all && !o.json) {
		status = do_mount(&o, argv[first], argv[first + 1]);
	} else if (n == 1 && (o.mount.flags & MS_REMOUNT)) {
		status = do_mount(&o, "none", argv[first]);
	} else {
		vu_opt_usage_error(&spec, "needs SOURCE and DIR, or nothing to list the mounts");
		status = EXIT_USAGE;
	}
	vu_cleanup_mount_options(&o.mount);
	vu_command_exit(status);
}
