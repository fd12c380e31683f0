/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* umvu's command line, and what of it vu-init is told. */
/* sources: src/umvu/options.c src/umvu/strings.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "umvu/options.h"

static FILE *sink;

/* Parse words up to NULL. */
static int parse(struct vu_options *o, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return vu_options_parse(argc, argv, o, sink, sink);
}

#define ARGV(...) ((char *[]){ "umvu", __VA_ARGS__, NULL })

static char *init_line(const struct vu_options *o)
{
	struct vu_strings argv = { NULL, 0 };
	static char line[1024];
	size_t i;

	line[0] = '\0';
	assert_int_equal(vu_options_init(o, &argv), 0);
	for (i = 0; i < argv.n; i++) {
		strcat(line, i ? " " : "");
		strcat(line, argv.list[i]);
	}
	vu_strings_free(&argv);
	return line;
}

static void test_all(void **state)
{
	struct vu_options o;

	(void)state;
	assert_int_equal(parse(&o, ARGV("-f", "rc", "-V", "name", "--module", "a", "--module=b",
					"-m", "t,o:s:/d", "--net", "n:s", "--root",
					"--kill-on-exit", "cmd", "-N")),
			 0);
	assert_string_equal(o.name, "name");
	assert_true(o.kill_on_exit);
	assert_false(o.norc);
	assert_string_equal(
		init_line(&o),
		"vu-init --rc rc --module a --module b --mount t,o:s:/d --net n:s --root -- cmd -N");
	vu_options_free(&o);
}

static void test_no_command(void **state)
{
	struct vu_options o;

	(void)state;
	setenv("SHELL", "/bin/foosh", 1);
	assert_int_equal(parse(&o, ARGV("-N")), 0);
	assert_string_equal(init_line(&o), "vu-init --norc -- /bin/foosh");
	unsetenv("SHELL");
	assert_string_equal(init_line(&o), "vu-init --norc -- /bin/sh");
	vu_options_free(&o);
}

static void test_stats(void **state)
{
	struct vu_options o;

	(void)state;
	assert_int_equal(parse(&o, ARGV("--stats", "--json", "cmd")), 0);
	assert_true(o.stats);
	assert_true(o.json);
	assert_string_equal(init_line(&o), "vu-init -- cmd");
	vu_options_free(&o);
}

static void test_end_of_options(void **state)
{
	struct vu_options o;

	(void)state;
	assert_int_equal(parse(&o, ARGV("-N", "--", "--root")), 0);
	assert_false(o.root);
	assert_string_equal(o.command[0], "--root");
	vu_options_free(&o);
}

static void test_bad(void **state)
{
	struct vu_options o;
	char name[100];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(parse(&o, ARGV("--nonsense")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("-m", "type:source")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("-m", "type")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("-m", "type:source:")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("-V", name)), -EINVAL);
	assert_int_equal(parse(&o, ARGV("-d", "mount:nolevel")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("-d", "mount,nosubject")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("--json")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("--json", "--root")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("-f")), -EINVAL);
	assert_int_equal(parse(&o, ARGV("--help")), -ECANCELED);
	assert_int_equal(parse(&o, ARGV("--version")), -ECANCELED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),   cmocka_unit_test(test_no_command),
		cmocka_unit_test(test_stats), cmocka_unit_test(test_end_of_options),
		cmocka_unit_test(test_bad),
	};
	int res;

	sink = fopen("/dev/null", "w");
	res = cmocka_run_group_tests(tests, NULL, NULL);
	fclose(sink);
	return res;
}
