/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Formats of binfmt_misc as text.
 *
 *	:name:type:offset:magic:mask:interpreter:flags
 *
 * The first character, whichever it is, separates the fields. The line is copied, fields are ended in the copy
 * and stay there. Behind its end the copy has the separator some times more: what looks ahead finds it.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define PADDING 8

struct cursor {
	char *at, *end; /* end: of the padding */
	char separator;
};

/* The next field, or NULL. A NUL in it is none of a name's. */
static char *field(struct cursor *c)
{
	char *start = c->at;

	for (; c->at < c->end; c->at++) {
		if (*c->at == c->separator) {
			*c->at++ = '\0';
			return start;
		}
		if (!*c->at)
			return NULL;
	}
	return NULL;
}

/* The next field if it is one of bytes: any but the separator; "\x" has two digits behind it. */
static char *bytes_field(struct cursor *c)
{
	char *start = c->at;

	for (; c->at < c->end; c->at++) {
		if (*c->at == c->separator) {
			*c->at++ = '\0';
			return start;
		}
		if (c->end - c->at < 4 || c->at[0] != '\\' || c->at[1] != 'x')
			continue;
		if (!isxdigit((unsigned char)c->at[2]) || !isxdigit((unsigned char)c->at[3]))
			return NULL;
		c->at += 3;
	}
	return NULL;
}

static unsigned int digit(char ch)
{
	return (unsigned int)(isdigit((unsigned char)ch) ? ch - '0' :
							   tolower((unsigned char)ch) - 'a' + 10);
}

/* Turn "\x41" into the byte, in place; all other backslashes stay. The number of bytes up to the first NUL. */
static size_t unescape(char *s)
{
	char *from = s, *to = s;

	while (*from) {
		if (from[0] != '\\' || !from[1]) {
			*to++ = *from++;
		} else if (from[1] == 'x' && isxdigit((unsigned char)from[2]) &&
			   isxdigit((unsigned char)from[3])) {
			*to++ = (char)(digit(from[2]) << 4 | digit(from[3]));
			from += 4;
		} else {
			*to++ = *from++;
			*to++ = *from++;
		}
	}
	return (size_t)(to - s);
}

/* A decimal number of 0 or more; "" is 0. */
static int number(const char *s, unsigned int *n)
{
	char *end;
	long v;

	*n = 0;
	if (!*s)
		return 0;
	if (!isdigit((unsigned char)s[*s == '+' || *s == '-']))
		return -EINVAL;
	errno = 0;
	v = strtol(s, &end, 10);
	if (*end == '\n')
		end++;
	if (*end || errno || v < 0 || v > INT_MAX)
		return -EINVAL;
	*n = (unsigned int)v;
	return 0;
}

static int parse_name(struct cursor *c, struct binfmt *f)
{
	f->name = field(c);
	return !f->name || !*f->name || !strcmp(f->name, ".") || !strcmp(f->name, "..") ||
			       strchr(f->name, '/') ?
		       -EINVAL :
		       0;
}

/* Offset, magic and mask of type M. */
static int parse_magic(struct cursor *c, struct binfmt *f)
{
	const char *offset = field(c);
	char *magic, *mask;
	size_t size;

	if (!offset || number(offset, &f->offset) < 0)
		return -EINVAL;
	magic = bytes_field(c);
	if (!magic || !*magic)
		return -EINVAL;
	mask = bytes_field(c);
	if (!mask)
		return -EINVAL;
	if (!*mask)
		mask = NULL;
	size = unescape(magic);
	if ((mask && unescape(mask) != size) || size > BINFMT_HEAD ||
	    f->offset > BINFMT_HEAD - size)
		return -EINVAL;
	f->size = (unsigned int)size;
	f->magic = (unsigned char *)magic;
	f->mask = (unsigned char *)mask;
	return 0;
}

/* The extension of type E; offset and mask are not looked at. */
static int parse_extension(struct cursor *c, struct binfmt *f)
{
	if (!field(c))
		return -EINVAL;
	f->extension = field(c);
	if (!f->extension || !*f->extension || strchr(f->extension, '/'))
		return -EINVAL;
	return field(c) ? 0 : -EINVAL;
}

static const struct {
	char letter;
	unsigned int set, is;
} flag_letters[] = {
	{ 'P', BINFMT_ARGV0, BINFMT_ARGV0 },
	{ 'O', BINFMT_OPEN, BINFMT_OPEN },
	{ 'C', BINFMT_CREDENTIALS | BINFMT_OPEN, BINFMT_CREDENTIALS },
	{ 'F', BINFMT_FIX, BINFMT_FIX },
};
#define N_FLAGS (sizeof(flag_letters) / sizeof(flag_letters[0]))

/* The flags, after which the line may end with a newline. */
static int parse_flags(struct cursor *c, struct binfmt *f)
{
	const char *end = c->end - PADDING;
	size_t i;

	for (; c->at < c->end; c->at++) {
		for (i = 0; i < N_FLAGS && flag_letters[i].letter != *c->at; i++)
			;
		if (i == N_FLAGS)
			break;
		f->flags |= flag_letters[i].set;
	}
	if (c->at < c->end && *c->at == '\n')
		c->at++;
	return c->at == end ? 0 : -EINVAL;
}

static int parse(struct cursor *c, struct binfmt *f)
{
	const char *type;
	int res = parse_name(c, f);

	if (res)
		return res;
	type = field(c);
	if (type && !strcmp(type, "M"))
		res = parse_magic(c, f);
	else if (type && !strcmp(type, "E"))
		res = parse_extension(c, f);
	else
		res = -EINVAL;
	if (res)
		return res;
	f->interpreter = field(c);
	if (!f->interpreter || !*f->interpreter)
		return -EINVAL;
	return parse_flags(c, f);
}

int binfmt_parse(const char *line, size_t len, struct binfmt **out)
{
	struct cursor c;
	struct binfmt *f;
	int res;

	if (len < BINFMT_LINE_MIN || len > BINFMT_LINE_MAX)
		return -EINVAL;
	f = calloc(1, sizeof(*f) + len + PADDING + 1);
	if (!f)
		return -ENOMEM;
	f->text_size = len + PADDING + 1;
	memcpy(f->text, line, len);
	memset(f->text + len, line[0], PADDING);
	c = (struct cursor){ f->text + 1, f->text + len + PADDING, line[0] };
	res = parse(&c, f);
	if (res)
		free(f);
	else
		*out = f;
	return res;
}

/* The place in `to`'s text that p is in `from`'s. */
static void *moved(const struct binfmt *from, struct binfmt *to, const void *p)
{
	return p ? to->text + ((const char *)p - from->text) : NULL;
}

struct binfmt *binfmt_copy(const struct binfmt *f)
{
	size_t size = sizeof(*f) + f->text_size;
	struct binfmt *copy = malloc(size);

	if (!copy)
		return NULL;
	memcpy(copy, f, size);
	copy->name = moved(f, copy, f->name);
	copy->interpreter = moved(f, copy, f->interpreter);
	copy->extension = moved(f, copy, f->extension);
	copy->magic = moved(f, copy, f->magic);
	copy->mask = moved(f, copy, f->mask);
	return copy;
}

static size_t hex(char *to, const unsigned char *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		sprintf(to + 2 * i, "%02x", bytes[i]);
	return 2 * n;
}

size_t binfmt_show(const struct binfmt *f, char text[BINFMT_SHOWN])
{
	char *to = text;
	size_t i;

	to += sprintf(to, "%s\ninterpreter %s\nflags: ", f->disabled ? "disabled" : "enabled",
		      f->interpreter);
	for (i = 0; i < N_FLAGS; i++)
		if (f->flags & flag_letters[i].is)
			*to++ = flag_letters[i].letter;
	*to++ = '\n';
	if (f->extension)
		return (size_t)(to + sprintf(to, "extension .%s\n", f->extension) - text);
	to += sprintf(to, "offset %u\nmagic ", f->offset);
	to += hex(to, f->magic, f->size);
	if (f->mask) {
		to += sprintf(to, "\nmask ");
		to += hex(to, f->mask, f->size);
	}
	*to++ = '\n';
	return (size_t)(to - text);
}

int binfmt_command(const char *data, size_t len)
{
	static const struct {
		const char *word;
		enum binfmt_command command;
	} words[] = {
		{ "0", BINFMT_DISABLE },
		{ "1", BINFMT_ENABLE },
		{ "-1", BINFMT_REMOVE },
	};
	size_t i;

	if (!len)
		return BINFMT_NOTHING;
	if (len > 3)
		return -EINVAL;
	if (data[len - 1] == '\n')
		len--;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && !memcmp(words[i].word, data, len))
			return (int)words[i].command;
	return -EINVAL;
}
