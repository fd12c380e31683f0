/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a module says of a driver; lists of strings; looking for programs. */
/* sources: src/umvu/plan.c src/umvu/strings.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "umvu/plan.h"

static void test_environment(void **state)
{
	struct vu_strings env = { NULL, 0 };

	(void)state;
	assert_null(vu_strings_getenv(&env, "A"));
	assert_int_equal(vu_strings_add(&env, "AB=1"), 0);
	assert_int_equal(vu_strings_setenv(&env, "A", "2"), 0);
	assert_int_equal(vu_strings_setenv(&env, "A", "3"), 0);
	assert_int_equal(env.n, 2);
	assert_string_equal(vu_strings_getenv(&env, "A"), "3");
	assert_string_equal(vu_strings_getenv(&env, "AB"), "1");
	assert_null(env.list[2]);
	vu_strings_free(&env);
}

static void test_plan(void **state)
{
	struct viewos_host host = { 0 };
	struct viewos_driver d;
	int i;

	(void)state;
	vu_plan_host(&host);
	vu_plan_init(&d);
	assert_int_equal(vu_plan_error(&d, 1), -EIO);
	assert_int_equal(host.driver_arg(&d, "prog"), 0);
	assert_int_equal(host.driver_arg(&d, "-f"), 0);
	assert_int_equal(host.driver_exit(&d, 2, ENOENT), 0);
	assert_int_equal(host.driver_exit(&d, -1, EINVAL), 0);
	host.driver_lock_source(&d);
	host.driver_say(&d, "%0600d", 7);
	assert_int_equal(vu_plan_error(&d, 2), -ENOENT);
	assert_int_equal(vu_plan_error(&d, 1), -EINVAL);
	assert_true(d.lock);
	assert_int_equal(strlen(d.said), sizeof(d.said) - 1);
	assert_string_equal(d.argv.list[1], "-f");
	for (i = 0; i < 100; i++)
		if (host.driver_exit(&d, i, EPERM) < 0)
			break;
	assert_in_range(i, 1, VU_PLAN_EXITS);
	vu_plan_free(&d);
}

static void test_find(void **state)
{
	char path[256], small[4];

	(void)state;
	assert_int_equal(vu_plan_find("/nonsense:/usr/bin:/bin", "sh", path, sizeof(path)), 0);
	assert_non_null(strstr(path, "/bin/sh"));
	assert_int_equal(vu_plan_find(NULL, "sh", path, sizeof(path)), 0);
	assert_int_equal(vu_plan_find("", "no-such-program", path, sizeof(path)), -ENOENT);
	assert_int_equal(vu_plan_find("/bin", "", path, sizeof(path)), -ENOENT);
	assert_int_equal(vu_plan_find("/bin", "/bin/sh", path, sizeof(path)), 0);
	assert_int_equal(vu_plan_find("/bin", "sh", small, sizeof(small)), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
