/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network stacks of the view. */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "abi/stack.h"
#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"
#include "cmd/mounts.h"
#include "cmd/stacks.h"

#define HOST	"host"
#define COLUMNS 6 /* of a line of STACK_LIST */

static const struct {
	const char *name;
	uint32_t bits;
} families[] = {
#define X(name, text) { text, 1u << VU_FAMILY_##name },
	VU_FAMILIES(X)
#undef X
		{ "all", VU_FAMILIES_ALL },
};

int vu_stack_families(const char *text, uint32_t *bits)
{
	const char *item;
	size_t len, i;

	*bits = 0;
	while ((item = vu_comma_next(&text, &len))) {
		for (i = 0; i < VU_ARRAY_SIZE(families); i++)
			if (strlen(families[i].name) == len && !memcmp(families[i].name, item, len))
				break;
		if (i == VU_ARRAY_SIZE(families))
			return -EINVAL;
		*bits |= families[i].bits;
	}
	return *bits ? 0 : -EINVAL;
}

/* Say what is wrong with a stack that cannot be had. */
static void complain(const char *stack, int res)
{
	warnx("'%s': %s", stack,
	      res == -ENOTSOCK ? "is no network stack" :
	      res == -ENOENT   ? "there is no such stack" :
				 strerror(-res));
	if (res == -ENOENT)
		vu_hint("vustack --list tells which there are; mount -t vunetvdestack makes one");
}

int vu_stack_set(const char *stack, pid_t pid, uint32_t bits)
{
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	char path[PATH_MAX] = "";
	const char *name = path;
	const struct vu_request rq = { .op = VU_RPC_STACK_SET,
				       .a = (uint64_t)pid,
				       .b = bits,
				       .strings = &name,
				       .n_strings = 1 };
	int res = 0;

	if (strcmp(stack, HOST) != 0 && !realpath(stack, path))
		res = -errno;
	if (!res)
		res = vu_client_call(&rq, &reply);
	if (!res)
		res = reply.result;
	if (res < 0)
		complain(stack, res);
	return res < 0 ? res : 0;
}

void vu_stack_place(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/dev/%s%s", access("/dev/net", F_OK) == 0 ? "net/" : "", name);
}

int vu_stack_mount(const char *who, const char *text, const char *target)
{
	VU_CLEANUP(mount_options) struct vu_mount_options o = { 0 };
	VU_CLEANUP(free) char *copy = strdup(text);
	char *source, *opts;
	int res = 0;

	if (!copy)
		return -ENOMEM;
	opts = strchr(copy, ',');
	source = strchr(copy, ':');
	/* Colons in the options, as those of addresses, do not end them where a URL follows. */
	if (source && opts && opts < source) {
		source = strstr(opts, "://");
		while (source && source > opts && source[-1] != ':')
			source--;
		source = source && source > opts ? source - 1 : NULL;
	}
	if (source)
		*source++ = '\0';
	if (opts) {
		*opts++ = '\0';
		res = vu_mount_options_add(&o, opts);
	}
	if (res < 0) {
		warnx("'%s': %s", text, strerror(-res));
		return res;
	}
	return vu_mount(who, copy, source ? source : "none", target, &o, false);
}

void vu_stack_unmount(const char *target)
{
	if (umount2(target, MNT_DETACH) < 0)
		warn("'%s'", target);
}

static void print_json(char *const *column, bool first)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	static const char *const keys[] = {
		"stack", "type", "source", "options", "id", "interfaces"
	};
	size_t i;

	vu_buf_puts(&b, first ? "\n  {" : ",\n  {");
	for (i = 0; i < COLUMNS; i++)
		if (strcmp(keys[i], "id") != 0)
			vu_json_member(&b, i == 0, keys[i], column[i]);
	vu_buf_putc(&b, '}');
	fputs(vu_buf_text(&b), stdout);
}

static void print_line(char *const *column)
{
	printf("%-24s %-14s %-24s %-10s %s\n", column[0], column[1], column[2],
	       *column[5] ? column[5] : "-", *column[3] ? column[3] : "-");
}

int vu_stack_list(bool json)
{
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	int res = vu_client_simple(VU_RPC_STACK_LIST, NULL, &reply), n = 0;
	char *rest = reply.text, *line, *column[COLUMNS];
	size_t i;

	if (res < 0) {
		vu_client_complain(res);
		return res;
	}
	if (json)
		fputs("{\"stacks\": [", stdout);
	else
		printf("%-24s %-14s %-24s %-10s %s\n", "STACK", "TYPE", "SOURCE", "INTERFACES",
		       "OPTIONS");
	while ((line = strsep(&rest, "\n"))) {
		for (i = 0; i < COLUMNS && line; i++)
			column[i] = strsep(&line, "\t");
		if (i < COLUMNS)
			continue;
		if (json)
			print_json(column, n++ == 0);
		else
			print_line(column);
	}
	if (json)
		puts("\n]}");
	return 0;
}
