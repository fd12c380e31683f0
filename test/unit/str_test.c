/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* String helpers, scope cleanup, comma separated options, lists. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/str.h"

static void test_compare(void **state)
{
	(void)state;
	assert_true(vu_str_eq("a", "a"));
	assert_true(vu_str_eq(NULL, NULL));
	assert_false(vu_str_eq("a", NULL));
	assert_false(vu_str_eq(NULL, "a"));
	assert_true(vu_str_starts("vufuse", "vu"));
	assert_true(vu_str_starts("vu", ""));
	assert_false(vu_str_starts("v", "vu"));
	assert_true(vu_str_ends("a.so", ".so"));
	assert_false(vu_str_ends("so", ".so"));
}

static void test_copy(void **state)
{
	char four[4];

	(void)state;
	assert_int_equal(vu_str_copy(four, sizeof(four), "abc"), 0);
	assert_string_equal(four, "abc");
	assert_int_equal(vu_str_copy(four, sizeof(four), "abcd"), -ENAMETOOLONG);
	assert_string_equal(four, "");
	assert_int_equal(vu_str_copy(NULL, 0, "a"), -ENAMETOOLONG);
}

static void test_numbers(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_int_equal(vu_str_to_u64("", 10, UINT64_MAX, &n), -EINVAL);
	assert_int_equal(vu_str_to_u64(" 1", 10, UINT64_MAX, &n), -EINVAL);
	assert_int_equal(vu_str_to_u64("-1", 10, UINT64_MAX, &n), -EINVAL);
	assert_int_equal(vu_str_to_u64("+1", 10, UINT64_MAX, &n), -EINVAL);
	assert_int_equal(vu_str_to_u64("1x", 10, UINT64_MAX, &n), -EINVAL);
	assert_int_equal(vu_str_to_u64("x", 16, UINT64_MAX, &n), -EINVAL);
	assert_int_equal(vu_str_to_u64("256", 10, 255, &n), -ERANGE);
	assert_int_equal(vu_str_to_u64("18446744073709551616", 10, UINT64_MAX, &n), -ERANGE);
	assert_int_equal(n, 7);
	assert_int_equal(vu_str_to_u64("18446744073709551615", 10, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(vu_str_to_u64("0x10", 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, 16);
	assert_int_equal(vu_str_to_u64("755", 8, UINT64_MAX, &n), 0);
	assert_int_equal(n, 0755);
}

static void test_cleanup(void **state)
{
	int copy;

	(void)state;
	{
		VU_CLEANUP(fd) int fd = open("/dev/null", O_RDONLY);
		VU_CLEANUP(fd) int none = -1;
		VU_CLEANUP(file) FILE *file = fopen("/dev/null", "r");
		VU_CLEANUP(free) char *text = malloc(3);

		copy = fd;
		(void)none;
		assert_true(fd >= 0);
		assert_non_null(file);
		assert_non_null(text);
		errno = EXDEV;
	}
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fcntl(copy, F_GETFD), -1);
}

static void test_steal(void **state)
{
	char *text = vu_str_ndup("abc", 2), *stolen = vu_steal(&text);
	int fd = 3;

	(void)state;
	assert_null(text);
	assert_string_equal(stolen, "ab");
	free(stolen);
	assert_int_equal(vu_steal_fd(&fd), 3);
	assert_int_equal(fd, -1);
}

static void test_comma_next(void **state)
{
	const char *at = ",ro,,a\\,b,\\", *item;
	size_t len;

	(void)state;
	item = vu_comma_next(&at, &len);
	assert_int_equal(len, 2);
	assert_memory_equal(item, "ro", 2);
	item = vu_comma_next(&at, &len);
	assert_int_equal(len, 4);
	assert_memory_equal(item, "a\\,b", 4);
	item = vu_comma_next(&at, &len);
	assert_int_equal(len, 1);
	assert_memory_equal(item, "\\", 1);
	assert_null(vu_comma_next(&at, &len));
	assert_null(vu_comma_next(&at, &len));
}

static void test_comma_escape(void **state)
{
	static const char *const texts[] = { "", "a", ",", "\\", "a,b\\c", "\\,", "\\\\" };
	size_t i;

	(void)state;
	for (i = 0; i < VU_ARRAY_SIZE(texts); i++) {
		VU_CLEANUP(free) char *escaped = vu_comma_escape(texts[i]);
		VU_CLEANUP(free) char *back = vu_comma_unescape(escaped, strlen(escaped));

		assert_string_equal(back, texts[i]);
	}
}

struct seen {
	char text[64];
	int stop;
};

static int see(void *ctx, const char *key, const char *value)
{
	struct seen *s = ctx;
	size_t n = strlen(s->text);

	snprintf(s->text + n, sizeof(s->text) - n, "[%s|%s]", key, value ? value : "-");
	return s->stop && !strcmp(key, "stop") ? s->stop : 0;
}

static void test_comma_each(void **state)
{
	struct seen s = { .text = "" };

	(void)state;
	assert_int_equal(vu_comma_each("ro,offset=512,x=,=y,p=a\\,b=c,\\q", see, &s), 0);
	assert_string_equal(s.text, "[ro|-][offset|512][x|][|y][p|a,b=c][\\q|-]");
	s = (struct seen){ .stop = -EXDEV };
	assert_int_equal(vu_comma_each("a,stop,b", see, &s), -EXDEV);
	assert_string_equal(s.text, "[a|-][stop|-]");
	assert_int_equal(vu_comma_each("", see, &s), 0);
}

struct entry {
	int n;
	struct vu_list link;
};

static void test_list(void **state)
{
	struct vu_list head = VU_LIST_INIT(head);
	struct entry a = { .n = 1 }, b = { .n = 2 }, c = { .n = 3 }, *e, *tmp;
	int sum = 0;

	(void)state;
	assert_true(vu_list_empty(&head));
	vu_list_add_tail(&head, &b.link);
	vu_list_add_tail(&head, &c.link);
	vu_list_add(&head, &a.link);
	vu_list_for_each(e, &head, link)
		sum = sum * 10 + e->n;
	assert_int_equal(sum, 123);
	vu_list_for_each_safe(e, tmp, &head, link)
		if (e->n != 2)
			vu_list_del(&e->link);
	vu_list_for_each(e, &head, link)
		sum = e->n;
	assert_int_equal(sum, 2);
	vu_list_del(&a.link);
	vu_list_del(&b.link);
	assert_true(vu_list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),	     cmocka_unit_test(test_copy),
		cmocka_unit_test(test_numbers),	     cmocka_unit_test(test_cleanup),
		cmocka_unit_test(test_steal),	     cmocka_unit_test(test_comma_next),
		cmocka_unit_test(test_comma_escape), cmocka_unit_test(test_comma_each),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
