/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Placeholders, mount options and arguments of drivers. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expand.h"

/* The value of the placeholder "{...}" that ends at `end`. */
static const char *value_of(const char *brace, const char *end, const struct vufuse_values *v)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{ "name", v->name },	 { "source", v->source },   { "image", v->image },
		{ "target", v->target }, { "options", v->options }, { "value", v->value },
		{ "bytes", v->bytes },	 { "uid", v->uid },	    { "gid", v->gid },
	};
	size_t i, len = (size_t)(end - brace - 1);

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len && !memcmp(brace + 1, known[i].name, len))
			return known[i].value;
	return NULL;
}

/* Write the text with its placeholders replaced. */
static int put_expanded(FILE *f, const char *text, size_t len, const struct vufuse_values *v)
{
	const char *end = text + len, *close, *value;

	while (text < end) {
		if (*text != '{') {
			fputc(*text++, f);
			continue;
		}
		close = memchr(text, '}', (size_t)(end - text));
		value = close ? value_of(text, close, v) : NULL;
		if (!value)
			return -EINVAL;
		fputs(value, f);
		text = close + 1;
	}
	return 0;
}

/* Close a stream in memory: its text is the caller's if res is 0. */
static int finish(FILE *f, int res, char **text)
{
	bool failed = ferror(f);

	failed |= fclose(f) != 0;
	if (failed && !res)
		res = -ENOMEM;
	if (res) {
		free(*text);
		*text = NULL;
	}
	return res;
}

int vufuse_expand(const char *text, size_t len, const struct vufuse_values *v, char **out)
{
	size_t size;
	FILE *f = open_memstream(out, &size);

	if (!f)
		return -ENOMEM;
	return finish(f, put_expanded(f, text, len, v), out);
}

/* "1M" as "1048576", into text[24]. */
static bool to_bytes(const char *s, char text[24])
{
	static const char units[] = "KMGT";
	const char *unit;
	uint64_t n;
	char *end;
	int shift = 0;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno)
		return false;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || (end[1] && strcmp(end + 1, "iB")))
			return false;
		shift = 10 * (int)(unit - units + 1);
	}
	if (n > (UINT64_MAX >> shift))
		return false;
	snprintf(text, 24, "%llu", (unsigned long long)(n << shift));
	return true;
}

/* One option after the others. */
static void put_option(FILE *f, const char *text, size_t len)
{
	if (len && ftell(f))
		fputc(',', f);
	fwrite(text, 1, len, f);
}

/* The length of the first of some options: a comma after a backslash is a part of it, as in libfuse. */
static size_t option_len(const char *s)
{
	size_t n;

	for (n = 0; s[n] && s[n] != ','; n++)
		if (s[n] == '\\' && s[n + 1])
			n++;
	return n;
}

static bool is_option(const char *s, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(name, s, len);
}

bool vufuse_has_option(const char *options, const char *name)
{
	size_t len;

	for (; *options; options += len + (options[len] == ',')) {
		len = option_len(options);
		if (is_option(options, len, name))
			return true;
	}
	return false;
}

static const struct vufuse_option *find_option(const struct vufuse_entry *e, const char *s,
					       size_t len)
{
	size_t i;

	for (i = e->n_options; i-- > 0;)
		if (strlen(e->options[i].name) == len && !memcmp(e->options[i].name, s, len))
			return &e->options[i];
	return NULL;
}

/* An option that the section translates; `value` is NULL if it has none. */
static int put_mapped(FILE *f, const struct vufuse_option *o, const char *value, char *why,
		      size_t size)
{
	char bytes[24], *text;
	struct vufuse_values v = { .value = value };
	bool wants_size = strstr(o->text, "{bytes}");
	bool wants = wants_size || strstr(o->text, "{value}");
	int res;

	if (wants && !value)
		snprintf(why, size, "option '%s' needs a value", o->name);
	else if (!wants && value && *o->text)
		snprintf(why, size, "option '%s' takes no value", o->name);
	else if (wants_size && !to_bytes(value, bytes))
		snprintf(why, size, "option '%s': '%s' is no size", o->name, value);
	if (why[0])
		return -EINVAL;
	v.bytes = wants_size ? bytes : NULL;
	res = vufuse_expand(o->text, strlen(o->text), &v, &text);
	if (res)
		return res;
	put_option(f, text, strlen(text));
	free(text);
	return 0;
}

/* One option of the mount. */
static int put_given(FILE *f, const struct vufuse_entry *e, const char *s, size_t len, char *why,
		     size_t size)
{
	const char *equal = memchr(s, '=', len);
	size_t name = equal ? (size_t)(equal - s) : len;
	const struct vufuse_option *o = find_option(e, s, name);
	char *value = NULL;
	int res;

	if (!o) {
		put_option(f, s, len);
		return 0;
	}
	if (equal) {
		value = strndup(equal + 1, len - name - 1);
		if (!value)
			return -ENOMEM;
	}
	res = put_mapped(f, o, value, why, size);
	free(value);
	return res;
}

/* Whether the program is to mount read-only. *asks: the option that permits it to write, or NULL. */
static bool reads_only(const struct vufuse_entry *e, const char *options, bool rdonly,
		       const char **asks)
{
	*asks = NULL;
	if (!e->writes || !strcmp(e->writes, "yes"))
		return rdonly;
	if (!strcmp(e->writes, "no"))
		return true;
	*asks = e->writes;
	return rdonly || !vufuse_has_option(options, e->writes);
}

int vufuse_options(const struct vufuse_entry *e, const char *options, bool *rdonly, char **out,
		   char *why, size_t size)
{
	const char *asks, *first;
	size_t len, unused;
	FILE *f = open_memstream(out, &unused);
	int res = 0;

	why[0] = '\0';
	if (!f)
		return -ENOMEM;
	*rdonly = reads_only(e, options, *rdonly, &asks);
	first = *rdonly ? e->ro : e->rw;
	if (first)
		put_option(f, first, strlen(first));
	for (; !res && *options; options += len + (options[len] == ',')) {
		len = option_len(options);
		if ((*rdonly && asks && is_option(options, len, asks)) ||
		    is_option(options, len, VUFUSE_OPENS_TOLD))
			continue;
		res = put_given(f, e, options, len, why, size);
	}
	return finish(f, res, out);
}

int vufuse_args(const struct vufuse_entry *e, const struct vufuse_values *v,
		int (*add)(void *ctx, const char *arg), void *ctx)
{
	const char *at = e->args, *word, *options;
	size_t len;
	char *arg;
	int res = 0;

	while (!res && (len = vufuse_word(&at, &word))) {
		options = memmem(word, len, "{options}", 9);
		if (options && !v->options[0])
			continue;
		res = vufuse_expand(word, len, v, &arg);
		if (res)
			break;
		res = add(ctx, arg);
		free(arg);
	}
	return res;
}
