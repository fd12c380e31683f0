/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command line options from a table. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/opt.h"

#define HELP_COLUMN 28 /* where descriptions begin */

/* What all commands have; `value` is what parse() does. */
enum standard { STANDARD_HELP = 1, STANDARD_VERSION };

static const struct vu_opt standard[] = {
	{ VU_OPT_KIND_END, 'h', "help", NULL, "show this help and exit", 0, STANDARD_HELP, NULL },
	{ VU_OPT_KIND_END, 'V', "version", NULL, "show the version and exit", 0, STANDARD_VERSION,
	  NULL },
};
#define N_STANDARD (sizeof(standard) / sizeof(standard[0]))

struct parser {
	const struct vu_opt_spec *spec;
	int argc;
	char **argv;
	void *to;
	int at;		   /* index of the word being read */
	int first_operand; /* operands seen so far are argv[first_operand .. at) */
};

static FILE *out_of(const struct vu_opt_spec *spec)
{
	return spec->out ? spec->out : stdout;
}

static FILE *err_of(const struct vu_opt_spec *spec)
{
	return spec->err ? spec->err : stderr;
}

void vu_opt_usage_error(const struct vu_opt_spec *spec, const char *format, ...)
{
	FILE *err = err_of(spec);
	va_list ap;

	fprintf(err, "%s: ", spec->prog);
	va_start(ap, format);
	vfprintf(err, format, ap);
	va_end(ap);
	fprintf(err, "\nTry '%s --help' for more information.\n", spec->prog);
}

static const struct vu_opt *by_letter(const struct vu_opt_spec *spec, char letter)
{
	const struct vu_opt *o;
	size_t i;

	for (o = spec->opts; o->kind != VU_OPT_KIND_END; o++)
		if (o->letter && o->letter == letter)
			return o;
	for (i = 0; i < N_STANDARD; i++)
		if (standard[i].letter == letter)
			return &standard[i];
	return NULL;
}

/* The option with the long name that begins at `name` and is `len` characters long. */
static const struct vu_opt *by_name(const struct vu_opt_spec *spec, const char *name, size_t len)
{
	const struct vu_opt *o;
	size_t i;

	for (o = spec->opts; o->kind != VU_OPT_KIND_END; o++)
		if (o->name && strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
	for (i = 0; i < N_STANDARD; i++)
		if (strlen(standard[i].name) == len && !memcmp(standard[i].name, name, len))
			return &standard[i];
	return NULL;
}

/* The text "  -j, --json, ..." with its argument; the number of characters. */
static int help_left(FILE *out, const struct vu_opt *o, char letter)
{
	int n = letter ? fprintf(out, "  -%c", letter) : fprintf(out, "    ");

	if (o->name)
		n += fprintf(out, "%s--%s", letter ? ", " : "  ", o->name);
	if (o->arg)
		n += fprintf(out, "%s%s", " ", o->arg);
	return n;
}

static void help_line(FILE *out, const struct vu_opt *o, char letter)
{
	const char *text = o->help, *end;
	int n;

	if (!text)
		return;
	if (o->kind == VU_OPT_KIND_TITLE) {
		fprintf(out, "\n%s\n", text);
		return;
	}
	n = help_left(out, o, letter);
	if (n > HELP_COLUMN - 2) {
		fputc('\n', out);
		n = 0;
	}
	for (; text; text = end ? end + 1 : NULL, n = 0) {
		end = strchr(text, '\n');
		fprintf(out, "%*s%.*s\n", HELP_COLUMN - n, "",
			end ? (int)(end - text) : (int)strlen(text), text);
	}
}

static void help_usage(FILE *out, const struct vu_opt_spec *spec)
{
	const char *line = spec->usage, *end;
	const char *lead = "Usage:";

	for (; line; line = end ? end + 1 : NULL, lead = "      ") {
		end = strchr(line, '\n');
		fprintf(out, "%s %s %.*s\n", lead, spec->prog,
			end ? (int)(end - line) : (int)strlen(line), line);
	}
}

void vu_opt_help(const struct vu_opt_spec *spec, FILE *out)
{
	const struct vu_opt *o;
	size_t i;

	help_usage(out, spec);
	if (spec->summary)
		fprintf(out, "%s\n", spec->summary);
	fputc('\n', out);
	for (o = spec->opts; o->kind != VU_OPT_KIND_END; o++)
		help_line(out, o, o->letter);
	for (i = 0; i < N_STANDARD; i++)
		if (by_name(spec, standard[i].name, strlen(standard[i].name)) == &standard[i])
			help_line(out, &standard[i],
				  by_letter(spec, standard[i].letter) == &standard[i] ?
					  standard[i].letter :
					  '\0');
	if (spec->notes)
		fprintf(out, "\n%s\n", spec->notes);
}

static int do_standard(const struct vu_opt_spec *spec, int which)
{
	FILE *out = out_of(spec);

	if (which == STANDARD_HELP)
		vu_opt_help(spec, out);
	else
		fprintf(out, "%s %s\n", spec->prog, spec->version ? spec->version : "");
	fflush(out);
	return -ECANCELED;
}

static int do_call(const struct parser *p, const struct vu_opt *o, const char *arg)
{
	const char *why = NULL;
	int res = o->call(p->to, arg, &why);
	char name[3] = { '-', o->letter, '\0' };

	if (res >= 0)
		return 0;
	vu_opt_usage_error(p->spec, "%s%s%s%s%s: %s", o->name ? "--" : name, o->name ? o->name : "",
			   arg ? " '" : "", arg ? arg : "", arg ? "'" : "",
			   why ? why : strerror(-res));
	return res;
}

/* Do what option `o`, found on the command line with `arg`, asks for. */
static int apply(const struct parser *p, const struct vu_opt *o, const char *arg)
{
	void *field = (char *)p->to + o->offset;

	switch (o->kind) {
	case VU_OPT_KIND_FLAG:
		*(bool *)field = o->value != 0;
		return 0;
	case VU_OPT_KIND_SET:
		*(int *)field = o->value;
		return 0;
	case VU_OPT_KIND_COUNT:
		++*(int *)field;
		return 0;
	case VU_OPT_KIND_STRING:
		*(const char **)field = arg;
		return 0;
	case VU_OPT_KIND_CALL:
		return do_call(p, o, arg);
	case VU_OPT_KIND_END:
		return do_standard(p->spec, o->value);
	case VU_OPT_KIND_TITLE:
		break;
	}
	return -EINVAL;
}

/* Parse "--name", "--name=ARG" or "--name ARG"; the number of words taken or -errno. */
static int parse_long(const struct parser *p)
{
	const char *word = p->argv[p->at] + 2, *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct vu_opt *o = by_name(p->spec, word, len);
	const char *arg = equals ? equals + 1 : NULL;
	int words = 1, res;

	if (!o) {
		vu_opt_usage_error(p->spec, "unknown option '--%.*s'", (int)len, word);
		return -EINVAL;
	}
	if (!o->arg && arg) {
		vu_opt_usage_error(p->spec, "option '--%s' takes no argument", o->name);
		return -EINVAL;
	}
	if (o->arg && !arg) {
		if (p->at + 1 == p->argc) {
			vu_opt_usage_error(p->spec, "option '--%s' needs an argument", o->name);
			return -EINVAL;
		}
		arg = p->argv[p->at + 1];
		words = 2;
	}
	res = apply(p, o, arg);
	return res < 0 ? res : words;
}

/* Parse "-abc", "-aARG" or "-a ARG"; the number of words taken or -errno. */
static int parse_short(const struct parser *p)
{
	const char *letter = p->argv[p->at] + 1, *arg = NULL;
	const struct vu_opt *o;
	int words = 1, res = 0;

	for (; *letter && !arg && res >= 0; letter++) {
		o = by_letter(p->spec, *letter);
		if (!o) {
			vu_opt_usage_error(p->spec, "unknown option '-%c'", *letter);
			return -EINVAL;
		}
		if (o->arg && letter[1]) {
			arg = letter + 1;
		} else if (o->arg && p->at + 1 < p->argc) {
			arg = p->argv[p->at + 1];
			words = 2;
		} else if (o->arg) {
			vu_opt_usage_error(p->spec, "option '-%c' needs an argument", *letter);
			return -EINVAL;
		}
		res = apply(p, o, arg);
	}
	return res < 0 ? res : words;
}

/* Move the `words` just read before the operands that came earlier. */
static void move_before_operands(struct parser *p, int words)
{
	char *word;
	int i, from;

	for (i = 0; i < words; i++, p->at++, p->first_operand++) {
		word = p->argv[p->at];
		for (from = p->at; from > p->first_operand; from--)
			p->argv[from] = p->argv[from - 1];
		p->argv[p->first_operand] = word;
	}
}

int vu_opt_parse(const struct vu_opt_spec *spec, int argc, char **argv, void *to)
{
	struct parser p = { spec, argc, argv, to, argc ? 1 : 0, argc ? 1 : 0 };
	const char *word;
	int words;

	while (p.at < argc) {
		word = argv[p.at];
		if (word[0] != '-' || !word[1]) {
			if (spec->stop_at_operand)
				break;
			p.at++;
			continue;
		}
		if (!strcmp(word, "--")) {
			move_before_operands(&p, 1);
			break;
		}
		words = word[1] == '-' ? parse_long(&p) : parse_short(&p);
		if (words < 0)
			return words;
		move_before_operands(&p, words);
	}
	return p.first_operand;
}
