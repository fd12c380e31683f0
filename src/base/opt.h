/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Command line options from a table, which also gives the --help text.
 *
 *	struct options {
 *		bool json;
 *		const char *type;
 *	};
 *	static const struct vu_opt table[] = {
 *		VU_OPT_FLAG('j', "json", struct options, json, true, "print JSON"),
 *		VU_OPT_STRING('t', "types", struct options, type, "TYPE", "type of file system"),
 *		VU_OPT_END,
 *	};
 *	static const struct vu_opt_spec spec = { .prog = "vuthing", .usage = "[OPTION]... FILE", ... };
 *
 *	first = vu_opt_parse(&spec, argc, argv, &options);
 *
 * Accepted are "-j", "-jt TYPE", "-tTYPE", "--types TYPE", "--types=TYPE", and "--" as the end of the
 * options. --help and --version are in each table without a row (also -h and -V where the table does
 * not use these letters). Of an option given twice the last wins, unless its callback collects them.
 */
#ifndef VU_BASE_OPT_H
#define VU_BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum vu_opt_kind {
	VU_OPT_KIND_END,
	VU_OPT_KIND_FLAG,   /* store `value` in a bool */
	VU_OPT_KIND_SET,    /* store `value` in an int */
	VU_OPT_KIND_COUNT,  /* add 1 to an int */
	VU_OPT_KIND_STRING, /* store the argument (not copied) in a const char * */
	VU_OPT_KIND_CALL,   /* call `call` */
	VU_OPT_KIND_TITLE,  /* no option: `help` is a headline in the help text */
};

/*
 * Called for each occurrence of an option, in the order given, with vu_opt_parse()'s `to` and the
 * option's argument (NULL if it takes none; argv's memory, lives as long). 0, or -errno: then *why may
 * be set to a constant text to show instead of strerror's.
 */
typedef int (*vu_opt_call)(void *to, const char *arg, const char **why);

struct vu_opt {
	enum vu_opt_kind kind;
	char letter;	  /* 0: none */
	const char *name; /* long name without "--"; NULL: none */
	const char *arg;  /* what the help calls the argument; NULL: takes none */
	const char *help; /* may have several lines; NULL: not shown */
	size_t offset;	  /* of the field in the caller's struct */
	int value;
	vu_opt_call call;
};

#define VU_OPT_FLAG(letter, name, type, field, value, help)                                    \
	{                                                                                      \
		VU_OPT_KIND_FLAG, letter, name, NULL, help, offsetof(type, field), value, NULL \
	}
#define VU_OPT_SET(letter, name, type, field, value, help)                                    \
	{                                                                                     \
		VU_OPT_KIND_SET, letter, name, NULL, help, offsetof(type, field), value, NULL \
	}
#define VU_OPT_COUNT(letter, name, type, field, help)                                       \
	{                                                                                   \
		VU_OPT_KIND_COUNT, letter, name, NULL, help, offsetof(type, field), 0, NULL \
	}
#define VU_OPT_STRING(letter, name, type, field, arg, help)                                 \
	{                                                                                   \
		VU_OPT_KIND_STRING, letter, name, arg, help, offsetof(type, field), 0, NULL \
	}
#define VU_OPT_CALL(letter, name, fn, arg, help)                    \
	{                                                           \
		VU_OPT_KIND_CALL, letter, name, arg, help, 0, 0, fn \
	}
#define VU_OPT_TITLE(help)                                         \
	{                                                          \
		VU_OPT_KIND_TITLE, 0, NULL, NULL, help, 0, 0, NULL \
	}
#define VU_OPT_END                                               \
	{                                                        \
		VU_OPT_KIND_END, 0, NULL, NULL, NULL, 0, 0, NULL \
	}

struct vu_opt_spec {
	const char *prog;	   /* name in messages */
	const char *usage;	   /* after "Usage: prog "; a line each for several forms */
	const char *summary;	   /* a sentence or two */
	const char *notes;	   /* shown at the end of the help; may be NULL */
	const char *version;	   /* what --version prints after the name */
	const struct vu_opt *opts; /* up to VU_OPT_END */
	bool stop_at_operand;	   /* the first operand ends the options; else they may be mixed */
	FILE *out, *err;	   /* NULL: stdout, stderr */
};

/*
 * Parse argv[1...] into the struct at `to` (already holding the defaults). Operands are moved to the
 * end of argv, in their order. The index of the first operand (argc if there is none), or -ECANCELED
 * after --help or --version (nothing else to do: exit with 0), or -EINVAL (the message has been
 * written: exit with the command's status for wrong usage), or what a callback failed with (ditto).
 */
int vu_opt_parse(const struct vu_opt_spec *spec, int argc, char **argv, void *to);

/* Write "prog: message" and "Try 'prog --help' for more information." to the error stream. */
void vu_opt_usage_error(const struct vu_opt_spec *spec, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Write the help text. */
void vu_opt_help(const struct vu_opt_spec *spec, FILE *out);

#endif
