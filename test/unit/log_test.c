/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines: what is wanted, what comes out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

static char last[4096];
static int lines;

static void sink(void *ctx, enum vu_log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	lines++;
	strncpy(last, line, sizeof(last) - 1);
}

static void test_levels(void **state)
{
	(void)state;
	vu_log_to(sink, NULL);
	lines = 0;
	assert_int_equal(vu_log_tags(NULL), 0);
	vu_log_debug("mount", "x");
	assert_int_equal(lines, 0);
	vu_log_err("mount", "bad %d", 7);
	assert_int_equal(lines, 1);
	assert_string_equal(last, "umvu: bad 7");
	assert_int_equal(vu_log_tags("mount,view:trace"), 0);
	vu_log_debug("mount", "x");
	vu_log_trace("mount", "x");
	vu_log_trace("view", "y");
	vu_log_debug("other", "x");
	assert_int_equal(lines, 3);
	assert_non_null(strstr(last, "trace view: y"));
	assert_true(vu_log_has("mount"));
	assert_false(vu_log_has("other"));
	assert_int_equal(vu_log_tags("all"), 0);
	assert_true(vu_log_has("other"));
	vu_log_to(NULL, NULL);
	assert_int_equal(vu_log_tags(""), 0);
}

static void test_bad_tags(void **state)
{
	(void)state;
	assert_int_equal(vu_log_tags("mount"), 0);
	assert_int_equal(vu_log_tags("x:loud"), -EINVAL);
	assert_int_equal(vu_log_tags(":debug"), -EINVAL);
	assert_int_equal(vu_log_tags("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"), -EINVAL);
	assert_true(vu_log_has("mount"));
	assert_int_equal(vu_log_tags(""), 0);
}

static void test_long_line(void **state)
{
	static char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	vu_log_to(sink, NULL);
	errno = EBUSY;
	vu_log_err("mount", "%s", text);
	assert_int_equal(errno, EBUSY);
	assert_in_range(strlen(last), 1000, sizeof(last) - 1);
	vu_log_to(NULL, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_bad_tags),
		cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
