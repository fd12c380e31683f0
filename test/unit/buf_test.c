/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bounds-checked reader, with data that ends at a guard page, and the growable buffer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"

/* A copy of `data` whose last byte is the last before an inaccessible page. */
static unsigned char *at_guard(const void *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *p =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(mprotect(p + page, page, PROT_NONE), 0);
	memcpy(p + page - len, data, len);
	return p + page - len;
}

static void test_reader_numbers(void **state)
{
	static const unsigned char data[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
	struct vu_reader r;

	(void)state;
	vu_reader_init(&r, at_guard(data, sizeof(data)), sizeof(data));
	assert_int_equal(vu_reader_u8(&r), 1);
	assert_int_equal(vu_reader_le16(&r), 0x0302);
	assert_int_equal(vu_reader_be32(&r), 0x04050607);
	assert_int_equal(vu_reader_le32(&r), 0x0b0a0908);
	assert_int_equal(vu_reader_left(&r), 0);
	assert_int_equal(r.error, 0);
	assert_int_equal(vu_reader_u8(&r), 0);
	assert_int_equal(r.error, -ENODATA);
}

static void test_reader_sticky(void **state)
{
	struct vu_reader r;
	uint32_t n = 0xffffffff;

	(void)state;
	vu_reader_init(&r, at_guard("abc", 3), 3);
	assert_int_equal(vu_reader_copy(&r, &n, 4), -ENODATA);
	assert_int_equal(n, 0);
	assert_int_equal(vu_reader_left(&r), 0);
	assert_null(vu_reader_bytes(&r, 1));
	assert_int_equal(vu_reader_seek(&r, 0), -ENODATA);
	assert_int_equal(vu_reader_u16(&r), 0);
	assert_int_equal(vu_reader_u32(&r), 0);
	assert_int_equal(vu_reader_u64(&r), 0);
	assert_int_equal(vu_reader_le64(&r), 0);
}

static void test_reader_huge(void **state)
{
	struct vu_reader r;

	(void)state;
	vu_reader_init(&r, at_guard("abc", 3), 3);
	assert_int_equal(vu_reader_u8(&r), 'a');
	assert_null(vu_reader_bytes(&r, SIZE_MAX));
	vu_reader_init(&r, at_guard("abc", 3), 3);
	assert_int_equal(vu_reader_seek(&r, 4), -ENODATA);
	vu_reader_init(&r, at_guard("abc", 3), 3);
	assert_int_equal(vu_reader_seek(&r, 3), 0);
	assert_int_equal(vu_reader_left(&r), 0);
}

static void test_reader_strings(void **state)
{
	struct vu_reader r;

	(void)state;
	vu_reader_init(&r, at_guard("one\0\0two", 8), 8);
	assert_string_equal(vu_reader_str(&r), "one");
	assert_string_equal(vu_reader_str(&r), "");
	assert_null(vu_reader_str(&r));
	assert_int_equal(r.error, -ENODATA);
	vu_reader_init(&r, NULL, 0);
	assert_null(vu_reader_str(&r));
}

static void test_buf_grows(void **state)
{
	struct vu_buf b = { 0 };
	char *text;
	int i;

	(void)state;
	assert_string_equal(vu_buf_text(&b), "");
	for (i = 0; i < 1000; i++)
		assert_int_equal(vu_buf_printf(&b, "%d,", i), 0);
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(b.data[b.len], '\0');
	assert_non_null(strstr(vu_buf_text(&b), "998,999,"));
	text = vu_buf_steal(&b);
	assert_memory_equal(text, "0,1,2,", 6);
	free(text);
	assert_int_equal(b.len, 0);
	text = vu_buf_steal(&b);
	assert_string_equal(text, "");
	free(text);
}

static void test_buf_binary(void **state)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };

	(void)state;
	assert_int_equal(vu_buf_addstr(&b, "a"), 0);
	assert_int_equal(vu_buf_addstr(&b, ""), 0);
	assert_int_equal(vu_buf_putc(&b, 'c'), 0);
	assert_int_equal(vu_buf_add(&b, NULL, 0), 0);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0\0c", 5);
}

static void test_buf_max(void **state)
{
	VU_CLEANUP(buf) struct vu_buf b = { .max = 4 };

	(void)state;
	assert_int_equal(vu_buf_puts(&b, "abcd"), 0);
	assert_int_equal(vu_buf_putc(&b, 'e'), -EMSGSIZE);
	assert_int_equal(vu_buf_puts(&b, ""), -EMSGSIZE);
	assert_string_equal(vu_buf_text(&b), "abcd");
	assert_null(vu_buf_steal(&b));
	assert_int_equal(vu_buf_puts(&b, "x"), 0);
	assert_int_equal(vu_buf_add(&b, "x", SIZE_MAX), -EMSGSIZE);
	b = (struct vu_buf){ .data = b.data, .len = b.len, .cap = b.cap };
	assert_int_equal(vu_buf_add(&b, "x", SIZE_MAX - 1), -ENOMEM);
}

static void check_json(const char *text, const char *expected)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };

	assert_int_equal(vu_buf_json(&b, text), 0);
	assert_string_equal(vu_buf_text(&b), expected);
}

static void test_json(void **state)
{
	(void)state;
	check_json("", "\"\"");
	check_json("a\"b\\c/", "\"a\\\"b\\\\c/\"");
	check_json("\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\"");
	check_json("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		   "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
	check_json("\xff", "\"\\ufffd\"");
	check_json("\xc3", "\"\\ufffd\"");
	check_json("\xe2\x82", "\"\\ufffd\\ufffd\"");
	check_json("\xc0\x80", "\"\\ufffd\\ufffd\"");
	check_json("\xed\xa0\x80x", "\"\\ufffd\\ufffd\\ufffdx\"");
	check_json("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_numbers), cmocka_unit_test(test_reader_sticky),
		cmocka_unit_test(test_reader_huge),    cmocka_unit_test(test_reader_strings),
		cmocka_unit_test(test_buf_grows),      cmocka_unit_test(test_buf_binary),
		cmocka_unit_test(test_buf_max),	       cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
