/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parser of vufuse.conf.
 *
 * A section is collected in an entry of its own and joins the table when it ends, if nothing was wrong
 * with it: half of a section is never used. Strings are kept as they are written, but checked, so that
 * whoever uses them later finds only known placeholders.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define BLANKS " \t\r"

struct parser {
	struct vufuse_conf *conf;
	const char *file;
	vufuse_report *report;
	void *ctx;
	unsigned int line, begin; /* the current one; that of the section */
	struct vufuse_entry *entry;
	bool bad; /* something is wrong with the section */
	int errors;
	bool nomem;
};

static const struct {
	const char *name;
	int value;
} errnos[] = {
	{ "EPERM", EPERM },
	{ "ENOENT", ENOENT },
	{ "EIO", EIO },
	{ "ENXIO", ENXIO },
	{ "EACCES", EACCES },
	{ "EBUSY", EBUSY },
	{ "ENODEV", ENODEV },
	{ "EINVAL", EINVAL },
	{ "ENOMEM", ENOMEM },
	{ "ENOTDIR", ENOTDIR },
	{ "EISDIR", EISDIR },
	{ "ENOTBLK", ENOTBLK },
	{ "ENOSPC", ENOSPC },
	{ "EROFS", EROFS },
	{ "EUCLEAN", EUCLEAN },
	{ "EOPNOTSUPP", EOPNOTSUPP },
	{ "ENOTCONN", ENOTCONN },
	{ "ETIMEDOUT", ETIMEDOUT },
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "EHOSTUNREACH", EHOSTUNREACH },
};

static void error_at(struct parser *p, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void error_at(struct parser *p, unsigned int line, const char *format, ...)
{
	char text[512];
	va_list ap;
	int n = snprintf(text, sizeof(text), "%.200s:%u: ", p->file, line);

	va_start(ap, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, ap);
	va_end(ap);
	p->report(p->ctx, text);
	p->errors++;
	p->bad = true;
}

static void free_entry(struct vufuse_entry *e)
{
	size_t i;

	if (!e)
		return;
	for (i = 0; i < e->n_options; i++) {
		free(e->options[i].name);
		free(e->options[i].text);
	}
	free(e->options);
	free(e->types);
	free(e->program);
	free(e->args);
	free(e->package);
	free(e->ro);
	free(e->rw);
	free(e->writes);
	free(e->kind);
	free(e->opens);
	free(e);
}

void vufuse_conf_free(struct vufuse_conf *conf)
{
	struct vufuse_entry *e;

	while ((e = conf->entries)) {
		conf->entries = e->next;
		free_entry(e);
	}
}

size_t vufuse_word(const char **at, const char **word)
{
	size_t len;

	*word = *at + strspn(*at, BLANKS);
	len = strcspn(*word, BLANKS);
	*at = *word + len;
	return len;
}

static bool same(const char *word, size_t len, const char *s)
{
	return strlen(s) == len && !memcmp(word, s, len);
}

/* Whether each "{...}" of the text is one of the names, which are words of a list, and no brace is left. */
static bool known_braces(const char *text, const char *names)
{
	const char *end, *at, *word;
	size_t len;
	bool ok;

	for (; *text; text++) {
		if (*text == '}')
			return false;
		if (*text != '{')
			continue;
		end = strchr(text, '}');
		if (!end)
			return false;
		ok = false;
		for (at = names; (len = vufuse_word(&at, &word));)
			ok |= (size_t)(end - text - 1) == len && !memcmp(text + 1, word, len);
		if (!ok)
			return false;
		text = end;
	}
	return true;
}

/* A type: letters, digits, "_", "-", "."; ".*" may be its end. */
static bool good_type(const char *word, size_t len)
{
	size_t i;

	if (len > 2 && !memcmp(word + len - 2, ".*", 2))
		len -= 2;
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)word[i]) && !strchr("_-.", word[i]))
			return false;
	return true;
}

static char *copy(struct parser *p, const char *s)
{
	char *res = strdup(s);

	if (!res)
		p->nomem = true;
	return res;
}

/* Into the table, or away. */
static void end_section(struct parser *p)
{
	struct vufuse_entry *e = p->entry;

	p->entry = NULL;
	if (!e)
		return;
	if (!p->bad && !e->program)
		error_at(p, p->begin, "the section has no 'program'");
	if (!p->bad && !e->args)
		error_at(p, p->begin, "the section has no 'args'");
	if (p->bad || p->nomem) {
		free_entry(e);
		return;
	}
	e->next = p->conf->entries;
	p->conf->entries = e;
}

static void begin_section(struct parser *p, char *s)
{
	size_t len = strlen(s), n = 0;
	const char *at, *word;

	end_section(p);
	p->bad = false;
	p->begin = p->line;
	p->entry = calloc(1, sizeof(*p->entry));
	if (!p->entry) {
		p->nomem = true;
		return;
	}
	if (s[len - 1] != ']') {
		error_at(p, p->line, "']' is missing");
		return;
	}
	s[len - 1] = '\0';
	for (at = s + 1; (len = vufuse_word(&at, &word)); n++)
		if (!good_type(word, len))
			error_at(p, p->line, "'%.*s' is no type of mounts", (int)len, word);
	if (!n)
		error_at(p, p->line, "a section needs a type");
	p->entry->types = copy(p, s + 1);
}

static void set_option(struct parser *p, const char *name, const char *text)
{
	struct vufuse_entry *e = p->entry;
	struct vufuse_option *o;

	if (!*name || strpbrk(name, ",=" BLANKS)) {
		error_at(p, p->line, "'%s' is no mount option", name);
		return;
	}
	if (!known_braces(text, "value bytes")) {
		error_at(p, p->line, "unknown placeholder in '%s' (known are {value}, {bytes})",
			 text);
		return;
	}
	o = realloc(e->options, (e->n_options + 1) * sizeof(*o));
	if (!o) {
		p->nomem = true;
		return;
	}
	e->options = o;
	o += e->n_options++;
	o->name = copy(p, name);
	o->text = copy(p, text);
}

/* A status of 0 to 255, or "*" as -1. */
static bool parse_status(const char *s, int *status)
{
	char *end;
	long n;

	*status = -1;
	if (!strcmp(s, "*"))
		return true;
	if (!isdigit((unsigned char)*s))
		return false;
	n = strtol(s, &end, 10);
	*status = (int)n;
	return !*end && n <= 255;
}

static void set_exit(struct parser *p, const char *name, const char *text)
{
	struct vufuse_entry *e = p->entry;
	int status;
	size_t i;

	if (!parse_status(name, &status)) {
		error_at(p, p->line, "'%s' is no exit status (0 to 255, or *)", name);
		return;
	}
	for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (!strcmp(text, errnos[i].name))
			break;
	if (i == sizeof(errnos) / sizeof(errnos[0]))
		error_at(p, p->line, "'%s' is no error that is known here", text);
	else if (e->n_exits == VUFUSE_EXITS)
		error_at(p, p->line, "too many lines 'exit'");
	else
		e->exits[e->n_exits++] = (struct vufuse_exit){ status, errnos[i].value };
}

/* The keys with one value: where it is kept, which placeholders it may have, what it can be. */
static const struct key {
	const char *name;
	size_t offset;
	const char *braces;
	bool required;	   /* it must not be empty */
	const char *among; /* NULL: anything */
} keys[] = {
	{ "program", offsetof(struct vufuse_entry, program), "name", true, NULL },
	{ "package", offsetof(struct vufuse_entry, package), "", true, NULL },
	{ "kind", offsetof(struct vufuse_entry, kind), "", true, "image any" },
	{ "opens", offsetof(struct vufuse_entry, opens), "", true, "told lazy exclusive" },
	{ "args", offsetof(struct vufuse_entry, args), "source image target options uid gid", true,
	  NULL },
	{ "ro", offsetof(struct vufuse_entry, ro), "", false, NULL },
	{ "rw", offsetof(struct vufuse_entry, rw), "", false, NULL },
	{ "writes", offsetof(struct vufuse_entry, writes), "", true, NULL },
};

static bool among(const char *value, const char *words)
{
	const char *word;
	size_t len;

	while ((len = vufuse_word(&words, &word)))
		if (same(word, len, value))
			return true;
	return false;
}

static void set_key(struct parser *p, const struct key *k, const char *value)
{
	char **to = (char **)((char *)p->entry + k->offset);

	if (*to)
		error_at(p, p->line, "'%s' is given twice", k->name);
	else if (k->required && !*value)
		error_at(p, p->line, "'%s' needs a value", k->name);
	else if (k->among && !among(value, k->among))
		error_at(p, p->line, "'%s' is '%s', but can only be one of: %s", k->name, value,
			 k->among);
	else if (!known_braces(value, k->braces))
		error_at(p, p->line, "unknown placeholder in '%s'", value);
	else if (!strcmp(k->name, "args") && !strstr(value, "{target}"))
		error_at(p, p->line, "'args' does not say {target}");
	else
		*to = copy(p, value);
}

static void set(struct parser *p, const char *name, const char *value)
{
	size_t i;

	if (!strncmp(name, "option.", 7)) {
		set_option(p, name + 7, value);
		return;
	}
	if (!strncmp(name, "exit.", 5)) {
		set_exit(p, name + 5, value);
		return;
	}
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(name, keys[i].name)) {
			set_key(p, &keys[i], value);
			return;
		}
	}
	error_at(p, p->line, "unknown key '%s'", name);
}

/* Without the blanks at both ends. */
static char *trim(char *s)
{
	size_t len;

	s += strspn(s, BLANKS);
	len = strlen(s);
	while (len && strchr(BLANKS, s[len - 1]))
		s[--len] = '\0';
	return s;
}

static void parse_line(struct parser *p, char *s)
{
	char *value;

	s = trim(s);
	if (!*s || *s == '#')
		return;
	if (*s == '[') {
		begin_section(p, s);
		return;
	}
	if (!p->entry) {
		if (!p->nomem)
			error_at(p, p->line, "'%.40s' stands before the first section", s);
		return;
	}
	value = strchr(s, '=');
	if (!value) {
		error_at(p, p->line, "'%.40s' has no '='", s);
		return;
	}
	*value++ = '\0';
	set(p, trim(s), trim(value));
}

/* Whether a byte does not belong into a text. */
static bool has_controls(const char *s, size_t len)
{
	while (len--) {
		if (((unsigned char)*s < ' ' && *s != '\t' && *s != '\r') || *s == 0x7f)
			return true;
		s++;
	}
	return false;
}

/* n bytes of text, which need not end with a NUL byte, as a string; NULL: no memory. */
static char *copy_text(const char *text, size_t n)
{
	char *s = malloc(n + 1);

	if (!s)
		return NULL;
	memcpy(s, text, n);
	s[n] = '\0';
	return s;
}

int vufuse_conf_parse(struct vufuse_conf *conf, const char *text, size_t len, const char *file,
		      vufuse_report *report, void *ctx)
{
	struct parser p = { .conf = conf, .file = file, .report = report, .ctx = ctx };
	const char *end = text + len, *next;
	char *line;

	for (; text < end && !p.nomem; text = next + 1) {
		next = memchr(text, '\n', (size_t)(end - text));
		if (!next)
			next = end;
		p.line++;
		if (has_controls(text, (size_t)(next - text))) {
			error_at(&p, p.line, "there are control characters in the line");
			continue;
		}
		line = copy_text(text, (size_t)(next - text));
		if (line)
			parse_line(&p, line);
		else
			p.nomem = true;
		free(line);
	}
	end_section(&p);
	return p.nomem ? -ENOMEM : p.errors;
}

/* Whether the pattern of a section is, or stands for, the type. */
static bool match(const char *word, size_t len, const char *type, const char **name)
{
	*name = "";
	if (len <= 2 || memcmp(word + len - 2, ".*", 2))
		return same(word, len, type);
	if (strncmp(type, word, len - 1))
		return false;
	*name = type + len - 1;
	return **name && !strchr(*name, '/') && strcmp(*name, ".") && strcmp(*name, "..");
}

const struct vufuse_entry *vufuse_conf_find(const struct vufuse_conf *conf, const char *type,
					    const char **name)
{
	const struct vufuse_entry *e;
	const char *at, *word;
	size_t len;

	for (e = conf->entries; e; e = e->next)
		for (at = e->types; (len = vufuse_word(&at, &word));)
			if (match(word, len, type, name))
				return e;
	return NULL;
}
