/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vubinfmt: list the executable formats of the view, register qemu-user's. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"
#include "cmd/emulators.h"
#include "cmd/formats.h"
#include "cmd/mounts.h"

#define FLAGS "POCF"

struct options {
	bool list, json, no_headings, qemu, verbose;
	const char *flags;
};

static const struct vu_opt options[] = {
	VU_OPT_FLAG('q', "qemu", struct options, qemu, true,
		    "register qemu-user's emulators: those of ARCH..., or all that\nare installed"),
	VU_OPT_STRING('f', "flags", struct options, flags, "FLAGS",
		      "flags of what is registered; default: " FLAGS),
	VU_OPT_FLAG('l', "list", struct options, list, true, "list the formats (the default)"),
	VU_OPT_FLAG('J', "json", struct options, json, true, "list as JSON"),
	VU_OPT_FLAG('n', "noheadings", struct options, no_headings, true, "print no headings"),
	VU_OPT_FLAG('v', "verbose", struct options, verbose, true, "say what is done"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "vubinfmt",
	.usage = "[--list] [-nJ]\n--qemu [-f FLAGS] [-v] [ARCH]...",
	.summary =
		"List the executable formats of this View OS view, or register those of qemu-user.",
	.notes =
		"Formats are registered and removed as with the kernel's binfmt_misc: see vubinfmt(7).",
	.version = VU_VERSION,
	.opts = options,
};

/* ---- listing ---- */

static void print_json(const struct vu_format_list *list)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	const struct vu_format_text *f;

	vu_buf_printf(&b, "{\"enabled\": %s, \"formats\": [", list->enabled ? "true" : "false");
	for (f = list->format; f < list->format + list->n; f++) {
		vu_buf_puts(&b, f == list->format ? "\n  {" : ",\n  {");
		vu_json_member(&b, true, "name", f->name);
		vu_buf_printf(&b, ", \"enabled\": %s", f->enabled ? "true" : "false");
		vu_json_member(&b, false, "interpreter", f->interpreter);
		vu_json_member(&b, false, "flags", f->flags);
		vu_json_member(&b, false, "extension", f->extension);
		if (f->magic)
			vu_buf_printf(&b, ", \"offset\": %lu", f->offset);
		else
			vu_buf_puts(&b, ", \"offset\": null");
		vu_json_member(&b, false, "magic", f->magic);
		vu_json_member(&b, false, "mask", f->mask);
		vu_buf_putc(&b, '}');
	}
	vu_buf_puts(&b, "\n]}\n");
	fputs(vu_buf_text(&b), stdout);
}

/* A name is a file's: it may have anything in it but '/'. */
static void print_name(const char *name)
{
	int width = 16;

	for (; *name; name++, width--) {
		if (iscntrl((unsigned char)*name) || *name == '\\' || *name == ' ')
			width -= printf("\\%03o", (unsigned char)*name) - 1;
		else
			putchar(*name);
	}
	printf("%*s", width > 0 ? width : 0, "");
}

static void print_table(const struct options *o, const struct vu_format_list *list)
{
	const struct vu_format_text *f;

	if (!o->no_headings)
		printf("%-16s %-8s %-5s %-24s %s\n", "Format", "State", "Flags", "Interpreter",
		       "Programs");
	for (f = list->format; f < list->format + list->n; f++) {
		print_name(f->name);
		printf(" %-8s %-5s %-24s ", f->enabled && list->enabled ? "enabled" : "disabled",
		       f->flags, f->interpreter);
		if (f->extension)
			printf("*.%s\n", f->extension);
		else
			printf("%s at %lu\n", f->magic, f->offset);
	}
}

static int list_formats(const struct options *o)
{
	VU_CLEANUP(free) char *folder = NULL;
	VU_CLEANUP(format_list) struct vu_format_list list = { 0 };
	int res = vu_formats_folder(&folder);

	if (!res)
		res = vu_formats_read(folder, &list);
	else if (res == -ENOENT) /* no files, no formats that could be seen */
		res = 0;
	if (res < 0) {
		warnx("'%s': %s", folder ? folder : VU_FORMATS_FOLDER, strerror(-res));
		return 1;
	}
	if (!folder && !o->json)
		vu_hint("no formats are shown: mount -t vubinfmt none " VU_FORMATS_FOLDER);
	if (o->json)
		print_json(&list);
	else
		print_table(o, &list);
	return 0;
}

/* ---- registering ---- */

/* The control files' folder, mounted if need be. 0 or an error that has been told. */
static int get_folder(char **folder)
{
	struct vu_mount_options none = { 0 };
	int res = vu_formats_folder(folder);

	if (res == -ENOENT) {
		res = vu_mount("vubinfmt", "vubinfmt", "none", VU_FORMATS_FOLDER, &none, false);
		if (res < 0)
			return res;
		*folder = strdup(VU_FORMATS_FOLDER);
		res = *folder ? 0 : -ENOMEM;
	}
	if (res < 0)
		warnx("'%s': %s", VU_FORMATS_FOLDER, strerror(-res));
	return res;
}

/* qemu-ARCH-static or qemu-ARCH in the PATH. malloc'ed, NULL: neither. */
static char *find_emulator(const char *arch)
{
	static const char *const endings[] = { "-static", "" };
	const char *path = getenv("PATH"), *end;
	char *name;
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(endings); i++) {
		for (end = path ? path : "/usr/bin"; *end; end += *end == ':') {
			const char *folder = end;

			end = strchrnul(folder, ':');
			if (*folder != '/')
				continue;
			if (asprintf(&name, "%.*s/qemu-%s%s", (int)(end - folder), folder, arch,
				     endings[i]) < 0)
				return NULL;
			if (access(name, X_OK) == 0)
				return name;
			free(name);
		}
	}
	return NULL;
}

/* 1: done; 0: not installed; -errno, told. */
static int register_one(const struct options *o, const struct vu_emulator *e, const char *folder)
{
	VU_CLEANUP(free) char *interpreter = find_emulator(e->arch);
	char line[VU_EMULATOR_LINE + 1];
	int res;

	if (!interpreter)
		return 0;
	res = vu_emulator_line(e, interpreter, o->flags, line);
	if (!res)
		res = vu_formats_write(folder, "register", line);
	if (res == -EEXIST) {
		if (o->verbose)
			printf("qemu-%s: is registered already\n", e->arch);
		return 1;
	}
	if (res < 0) {
		warnx("qemu-%s '%s': %s", e->arch, interpreter, strerror(-res));
		return res;
	}
	if (o->verbose)
		printf("qemu-%s: %s\n", e->arch, interpreter);
	return 1;
}

static int register_all(const struct options *o, const char *folder)
{
	const struct vu_emulator *e;
	int status = 0, found = 0, res;

	for (e = vu_emulators; e->arch; e++) {
		res = register_one(o, e, folder);
		found += res > 0;
		if (res < 0)
			status = 1;
	}
	if (!found && !status) {
		warnx("no emulator qemu-ARCH is installed");
		vu_hint("apt install qemu-user");
		return 1;
	}
	return status;
}

static int register_named(const struct options *o, char *const *archs, int n, const char *folder)
{
	int status = 0, i, res;

	for (i = 0; i < n; i++) {
		res = register_one(o, vu_emulator_find(archs[i]), folder);
		if (!res) {
			warnx("'qemu-%s': %s", archs[i], strerror(ENOENT));
			vu_hint("apt install qemu-user");
		}
		if (res <= 0)
			status = 1;
	}
	return status;
}

static int register_emulators(const struct options *o, char *const *archs, int n)
{
	VU_CLEANUP(free) char *folder = NULL;
	int i;

	if (n == 1 && !strcmp(archs[0], "all"))
		n = 0;
	for (i = 0; i < n; i++) {
		if (!vu_emulator_find(archs[i])) {
			warnx("'%s': no architecture that is emulated here", archs[i]);
			return 1;
		}
	}
	if (strspn(o->flags, FLAGS) != strlen(o->flags)) {
		warnx("'%s': flags are some of " FLAGS, o->flags);
		return 1;
	}
	if (get_folder(&folder) < 0)
		return 1;
	return n ? register_named(o, archs, n, folder) : register_all(o, folder);
}

int main(int argc, char **argv)
{
	struct options o = { .flags = FLAGS };
	int first = vu_command_options(&spec, argc, argv, &o, 1);

	if (o.qemu && (o.list || o.json || o.no_headings)) {
		vu_opt_usage_error(&spec, "--qemu does not list");
		return 1;
	}
	if (!o.qemu && first < argc) {
		vu_opt_usage_error(&spec, "unexpected operand '%s'", argv[first]);
		return 1;
	}
	if (vu_client_check_session())
		return 1;
	vu_command_exit(o.qemu ? register_emulators(&o, argv + first, argc - first) :
				 list_formats(&o));
}
