/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vuname: what uname(1) says of the view, and the view's own name. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"

/* What can be shown, in the order in which uname(1) shows it. */
enum item { SYSNAME, NODENAME, RELEASE, VERSION, MACHINE, PROCESSOR, PLATFORM, SYSTEM, N_ITEMS };

struct options {
	bool item[N_ITEMS];
	bool all, name, json;
};

#define ITEM(letter, name, which, help) \
	VU_OPT_FLAG(letter, name, struct options, item[which], true, help)

static const struct vu_opt options[] = {
	VU_OPT_FLAG('a', "all", struct options, all, true, "all of the following, in this order"),
	ITEM('s', "kernel-name", SYSNAME, "name of the kernel (the default)"),
	ITEM('n', "nodename", NODENAME, "host name"),
	ITEM('r', "kernel-release", RELEASE, "release of the kernel"),
	ITEM('v', "kernel-version", VERSION, "version of the kernel"),
	ITEM('m', "machine", MACHINE, "hardware"),
	ITEM('p', "processor", PROCESSOR, "processor type"),
	ITEM('i', "hardware-platform", PLATFORM, "hardware platform"),
	ITEM('o', "operating-system", SYSTEM, "operating system"),
	VU_OPT_TITLE("The view:"),
	VU_OPT_FLAG('U', "name", struct options, name, true,
		    "show the view's name, or set it to NEW"),
	VU_OPT_FLAG('J', "json", struct options, json, true, "print everything as JSON"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "vuname",
	.usage = "[-asnrvmpio]\n-U [NEW]\n--json",
	.summary = "Show what this View OS view says of its system, or the view's name.",
	.version = VU_VERSION,
	.opts = options,
};

/* Show the view's name after setting it to `name`, where that is not NULL. The exit status. */
static int view_name(const char *name)
{
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	int res = vu_client_simple(VU_RPC_VIEW_NAME, name, &reply);

	if (res < 0) {
		vu_client_complain(res);
		return 1;
	}
	if (reply.result < 0) {
		vu_refused(name ? name : "name", reply.result, reply.text);
		return 1;
	}
	if (!name)
		puts(reply.text);
	return 0;
}

/* Print the wanted items on a line; "unknown" ones only where asked for by name, as uname(1) does. */
static void print_items(const struct options *o, const char *const value[N_ITEMS])
{
	const char *separator = "";
	int i;

	for (i = 0; i < N_ITEMS; i++) {
		if (!o->item[i] && (!o->all || !strcmp(value[i], "unknown")))
			continue;
		printf("%s%s", separator, value[i]);
		separator = " ";
	}
	putchar('\n');
}

static int print_json(const char *const value[N_ITEMS])
{
	static const char *const key[N_ITEMS] = { "kernel-name",       "nodename",
						  "kernel-release",    "kernel-version",
						  "machine",	       "processor",
						  "hardware-platform", "operating-system" };
	VU_CLEANUP(reply) struct vu_reply hello = { 0 };
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	int i, res = vu_client_simple(VU_RPC_HELLO, NULL, &hello);
	char *name = hello.text, *version = strsep(&name, "\n");

	if (!res && hello.result < 0)
		res = hello.result;
	if (res < 0) {
		vu_client_complain(res);
		return 1;
	}
	for (i = 0; i < N_ITEMS; i++) {
		vu_buf_puts(&b, i ? "" : "{");
		vu_json_member(&b, i == 0, key[i], value[i]);
	}
	vu_buf_printf(&b, ", \"view\": {\"number\": %llu", (unsigned long long)hello.a);
	vu_json_member(&b, false, "name", name ? name : "");
	vu_json_member(&b, false, "umvu", version);
	vu_buf_puts(&b, "}}\n");
	fputs(vu_buf_text(&b), stdout);
	return 0;
}

/* Whether any item was asked for. */
static bool wants_items(const struct options *o)
{
	int i;

	for (i = 0; i < N_ITEMS; i++)
		if (o->item[i])
			return true;
	return o->all;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int first = vu_command_options(&spec, argc, argv, &o, 1);
	struct utsname u;
	const char *const value[N_ITEMS] = { u.sysname, u.nodename, u.release, u.version,
					     u.machine, "unknown",  "unknown", "GNU/Linux" };

	if (vu_client_check_session())
		return 1;
	if (argc - first > (o.name ? 1 : 0)) {
		vu_opt_usage_error(&spec, "unexpected operand '%s'", argv[argc - 1]);
		return 1;
	}
	if (o.name && !o.json)
		vu_command_exit(view_name(argv[first]));
	if (o.name && argv[first] && view_name(argv[first]))
		return 1;
	if (uname(&u) < 0)
		err(1, "uname");
	if (o.json)
		vu_command_exit(print_json(value));
	o.item[SYSNAME] |= !wants_items(&o);
	print_items(&o, value);
	vu_command_exit(0);
}
