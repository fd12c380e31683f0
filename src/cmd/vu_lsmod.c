/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vu_lsmod: list the modules of the session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"

struct options {
	bool json, verbose, no_headings;
};

static const struct vu_opt options[] = {
	VU_OPT_FLAG('J', "json", struct options, json, true, "print JSON"),
	VU_OPT_FLAG('n', "noheadings", struct options, no_headings, true, "print no headings"),
	VU_OPT_FLAG('v', "verbose", struct options, verbose, true,
		    "print flags and path of each module too"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "vu_lsmod",
	.usage = "[OPTION]...",
	.summary = "List the modules of this View OS session.",
	.version = VU_VERSION,
	.opts = options,
};

/* A line of umvu's list: fields separated by tabs, in this order. */
enum field { NAME, USES, FLAGS, PATH, DESCRIPTION, N_FIELDS };

/* Cut the next line of *text into fields; missing ones are "". False at the end. */
static bool next_module(char **text, char *field[N_FIELDS])
{
	char *line = strsep(text, "\n");
	int i;

	if (!line || !*line)
		return false;
	for (i = 0; i < N_FIELDS; i++) {
		field[i] = strsep(&line, "\t");
		if (!field[i])
			field[i] = (char *)"";
	}
	return true;
}

static void print_json(char *text)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	char *field[N_FIELDS];
	const char *separator = "\n";

	vu_buf_puts(&b, "{\"modules\": [");
	while (next_module(&text, field)) {
		vu_buf_printf(&b, "%s  {", separator);
		vu_json_member(&b, true, "name", field[NAME]);
		vu_buf_printf(&b, ", \"uses\": %lu", strtoul(field[USES], NULL, 10));
		vu_json_member(&b, false, "flags", field[FLAGS]);
		vu_json_member(&b, false, "path", field[PATH]);
		vu_json_member(&b, false, "description", field[DESCRIPTION]);
		vu_buf_putc(&b, '}');
		separator = ",\n";
	}
	vu_buf_puts(&b, "\n]}\n");
	fputs(vu_buf_text(&b), stdout);
}

static void print_row(const struct options *o, char *const field[N_FIELDS])
{
	if (o->verbose)
		printf("%-16s %5s  %-10s  %-40s  %s\n", field[NAME], field[USES], field[FLAGS],
		       field[DESCRIPTION], field[PATH]);
	else
		printf("%-16s %5s  %s\n", field[NAME], field[USES], field[DESCRIPTION]);
}

static void print_table(const struct options *o, char *text)
{
	static const char *const headings[N_FIELDS] = { "Module", "Uses", "Flags", "Path",
							"Description" };
	char *field[N_FIELDS];

	if (!o->no_headings)
		print_row(o, (char *const *)headings);
	while (next_module(&text, field))
		print_row(o, field);
}

int main(int argc, char **argv)
{
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	struct options o = { 0 };
	int first = vu_command_options(&spec, argc, argv, &o, 1), res;

	if (first < argc) {
		vu_opt_usage_error(&spec, "unexpected operand '%s'", argv[first]);
		return 1;
	}
	res = vu_client_simple(VU_RPC_MODULE_LIST, NULL, &reply);
	if (!res && reply.result < 0)
		res = reply.result;
	if (res < 0) {
		vu_client_complain(res);
		return 1;
	}
	if (o.json)
		print_json(reply.text);
	else
		print_table(&o, reply.text);
	vu_command_exit(0);
}
