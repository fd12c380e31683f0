/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options from a table: forms, order, errors, help text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/opt.h"

struct options {
	bool json;
	int verbose, mode;
	const char *type;
	char collected[32];
};

static int collect(void *to, const char *arg, const char **why)
{
	struct options *o = to;

	if (!strcmp(arg, "bad")) {
		*why = "is bad";
		return -EINVAL;
	}
	if (!strcmp(arg, "range"))
		return -ERANGE;
	strcat(o->collected, arg);
	return 0;
}

static const struct vu_opt table[] = {
	VU_OPT_FLAG('j', "json", struct options, json, true, "print JSON"),
	VU_OPT_FLAG(0, "no-json", struct options, json, false, "print text"),
	VU_OPT_COUNT('v', "verbose", struct options, verbose, "say more"),
	VU_OPT_SET('a', NULL, struct options, mode, 1, "mode a"),
	VU_OPT_SET('b', NULL, struct options, mode, 2, "mode b"),
	VU_OPT_STRING('t', "types", struct options, type, "TYPE", "type\nof file system"),
	VU_OPT_TITLE("Rare:"),
	VU_OPT_CALL('m', "module", collect, "NAME", "module"),
	VU_OPT_CALL('V', "hidden", collect, "NAME", NULL),
	VU_OPT_END,
};

static char *out_text, *err_text;

/* Parse the words up to NULL; `argv` holds the permuted words afterwards. */
static char *argv[16];
static int argc;

static int parse(struct options *o, bool stop, ...)
{
	struct vu_opt_spec spec = { .prog = "prog",
				    .usage = "[OPTION]... FILE\n--other",
				    .summary = "Does things.",
				    .notes = "Notes.",
				    .version = "1.2",
				    .opts = table,
				    .stop_at_operand = stop };
	size_t out_len, err_len;
	va_list ap;
	int res;

	memset(o, 0, sizeof(*o));
	free(out_text);
	free(err_text);
	spec.out = open_memstream(&out_text, &out_len);
	spec.err = open_memstream(&err_text, &err_len);
	argv[0] = (char *)"prog";
	va_start(ap, stop);
	for (argc = 1; (argv[argc] = va_arg(ap, char *)); argc++)
		;
	va_end(ap);
	res = vu_opt_parse(&spec, argc, argv, o);
	fclose(spec.out);
	fclose(spec.err);
	return res;
}

static void test_forms(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, false, "-jv", "-vt", "ext2", NULL), 4);
	assert_true(o.json);
	assert_int_equal(o.verbose, 2);
	assert_string_equal(o.type, "ext2");
	assert_int_equal(parse(&o, false, "-text2", NULL), 2);
	assert_string_equal(o.type, "ext2");
	assert_int_equal(parse(&o, false, "--types", "-x", NULL), 3);
	assert_string_equal(o.type, "-x");
	assert_int_equal(parse(&o, false, "--types=a=b", NULL), 2);
	assert_string_equal(o.type, "a=b");
	assert_int_equal(parse(&o, false, "--types=", NULL), 2);
	assert_string_equal(o.type, "");
	assert_int_equal(parse(&o, false, NULL), 1);
}

static void test_last_wins(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, false, "-ab", "-ta", "-tb", "-j", "--no-json", NULL), 6);
	assert_int_equal(o.mode, 2);
	assert_string_equal(o.type, "b");
	assert_false(o.json);
	assert_int_equal(parse(&o, false, "-mx", "--module", "y", "--module=z", NULL), 5);
	assert_string_equal(o.collected, "xyz");
}

static void test_operands_mixed(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, false, "a", "-t", "x", "b", "-", "-j", "--", "-v", NULL), 5);
	assert_true(o.json);
	assert_int_equal(o.verbose, 0);
	assert_string_equal(o.type, "x");
	assert_string_equal(argv[5], "a");
	assert_string_equal(argv[6], "b");
	assert_string_equal(argv[7], "-");
	assert_string_equal(argv[8], "-v");
}

static void test_stop_at_operand(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, true, "-j", "cmd", "-v", NULL), 2);
	assert_int_equal(o.verbose, 0);
	assert_int_equal(parse(&o, true, "--", "-v", NULL), 2);
	assert_int_equal(o.verbose, 0);
	assert_int_equal(parse(&o, true, "", "-v", NULL), 1);
}

static void test_errors(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, false, "--nope=1", NULL), -EINVAL);
	assert_string_equal(err_text, "prog: unknown option '--nope'\n"
				      "Try 'prog --help' for more information.\n");
	assert_int_equal(parse(&o, false, "-jx", NULL), -EINVAL);
	assert_non_null(strstr(err_text, "prog: unknown option '-x'\n"));
	assert_int_equal(parse(&o, false, "--json=1", NULL), -EINVAL);
	assert_non_null(strstr(err_text, "takes no argument"));
	assert_int_equal(parse(&o, false, "--types", NULL), -EINVAL);
	assert_non_null(strstr(err_text, "'--types' needs an argument"));
	assert_int_equal(parse(&o, false, "-t", NULL), -EINVAL);
	assert_non_null(strstr(err_text, "'-t' needs an argument"));
	assert_int_equal(parse(&o, false, "--jso", NULL), -EINVAL);
	assert_int_equal(parse(&o, false, "--module=bad", NULL), -EINVAL);
	assert_non_null(strstr(err_text, "prog: --module 'bad': is bad\n"));
	assert_int_equal(parse(&o, false, "-m", "range", NULL), -ERANGE);
	assert_non_null(strstr(err_text, strerror(ERANGE)));
	assert_string_equal(out_text, "");
}

static void test_help(void **state)
{
	static const char expected[] = "Usage: prog [OPTION]... FILE\n"
				       "       prog --other\n"
				       "Does things.\n"
				       "\n"
				       "  -j, --json                print JSON\n"
				       "      --no-json             print text\n"
				       "  -v, --verbose             say more\n"
				       "  -a                        mode a\n"
				       "  -b                        mode b\n"
				       "  -t, --types TYPE          type\n"
				       "                            of file system\n"
				       "\n"
				       "Rare:\n"
				       "  -m, --module NAME         module\n"
				       "  -h, --help                show this help and exit\n"
				       "      --version             show the version and exit\n"
				       "\n"
				       "Notes.\n";
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, false, "-h", "--nope", NULL), -ECANCELED);
	assert_string_equal(out_text, expected);
	assert_int_equal(parse(&o, false, "--version", NULL), -ECANCELED);
	assert_string_equal(out_text, "prog 1.2\n");
	assert_int_equal(parse(&o, false, "-Vx", NULL), 2);
	assert_string_equal(o.collected, "x");
}

static void test_no_argv(void **state)
{
	const struct vu_opt_spec spec = { .prog = "prog", .usage = "", .opts = table };
	struct options o;
	char *none[] = { NULL };

	(void)state;
	assert_int_equal(vu_opt_parse(&spec, 0, none, &o), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),	       cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_operands_mixed), cmocka_unit_test(test_stop_at_operand),
		cmocka_unit_test(test_errors),	       cmocka_unit_test(test_help),
		cmocka_unit_test(test_no_argv),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(out_text);
	free(err_text);
	return failed;
}
