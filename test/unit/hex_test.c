/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as hexadecimal text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"

static void test_round_trip(void **state)
{
	unsigned char bytes[256], back[256];
	char text[513];
	int i;

	(void)state;
	for (i = 0; i < 256; i++)
		bytes[i] = (unsigned char)i;
	vu_hex_encode(bytes, sizeof(bytes), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_string_equal(text + 508, "feff");
	assert_int_equal(vu_hex_decode(text, back, sizeof(back)), 256);
	assert_memory_equal(bytes, back, 256);
}

static void test_empty(void **state)
{
	char text[1] = { 'x' };

	(void)state;
	vu_hex_encode("", 0, text);
	assert_string_equal(text, "");
	assert_int_equal(vu_hex_decode("", NULL, 0), 0);
}

static void test_bad(void **state)
{
	unsigned char b[2];

	(void)state;
	assert_int_equal(vu_hex_decode("0", b, 2), -EINVAL);
	assert_int_equal(vu_hex_decode("abc", b, 2), -EINVAL);
	assert_int_equal(vu_hex_decode("AB", b, 2), -EINVAL);
	assert_int_equal(vu_hex_decode("0g", b, 2), -EINVAL);
	assert_int_equal(vu_hex_decode("g0", b, 2), -EINVAL);
	assert_int_equal(vu_hex_decode(" 0", b, 2), -EINVAL);
	assert_int_equal(vu_hex_decode("\xff\xff", b, 2), -EINVAL);
	assert_int_equal(vu_hex_decode("010203", b, 2), -EMSGSIZE);
	assert_int_equal(vu_hex_decode("0102", b, 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
