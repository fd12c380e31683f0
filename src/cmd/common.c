/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands share: messages, the end of a command, JSON output. */
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/common.h"

int vu_command_options(const struct vu_opt_spec *spec, int argc, char **argv, void *to,
		       int usage_status)
{
	int first = vu_opt_parse(spec, argc, argv, to);

	if (first == -ECANCELED)
		vu_command_exit(0);
	if (first < 0)
		vu_command_exit(usage_status);
	return first;
}

_Noreturn void vu_command_exit(int status)
{
	if (ferror(stdout) || fflush(stdout)) {
		warn("write error");
		status = status ? status : 1;
	}
	exit(status);
}

void vu_hint(const char *format, ...)
{
	va_list ap;

	fputs("hint: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void vu_relay(const char *text)
{
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len)
			warnx("%.*s", (int)len, text);
	}
}

void vu_refused(const char *what, int result, const char *text)
{
	if (*text)
		vu_relay(text);
	else
		warnx("'%s': %s", what, strerror(-result));
}

void vu_json_member(struct vu_buf *b, bool first, const char *key, const char *value)
{
	vu_buf_puts(b, first ? "" : ", ");
	vu_buf_json(b, key);
	vu_buf_puts(b, ": ");
	if (value)
		vu_buf_json(b, value);
	else
		vu_buf_puts(b, "null");
}
