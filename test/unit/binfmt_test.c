/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: modules/vubinfmt/format.c */
/* Lines for binfmt_misc's "register": good ones, bad ones, hostile ones; what an entry shows; commands. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../modules/vubinfmt/format.h"

/* What the entry shows, or "EINVAL". To be freed. */
static char *shown(const char *line, size_t len)
{
	char *exact = malloc(len ? len : 1), *text = calloc(1, BINFMT_SHOWN + 1);
	struct binfmt *f = NULL, *copy;
	int res;

	/* Of exactly that size, so that the sanitizer sees who reads behind it. */
	memcpy(exact, line, len);
	res = binfmt_parse(exact, len, &f);
	free(exact);
	if (res) {
		assert_int_equal(res, -EINVAL);
		assert_null(f);
		strcpy(text, "EINVAL");
		return text;
	}
	copy = binfmt_copy(f);
	assert_non_null(copy);
	free(f);
	assert_true(strlen(copy->name) > 0 && strlen(copy->interpreter) > 0);
	assert_true(copy->extension || (copy->size && copy->offset + copy->size <= BINFMT_HEAD));
	text[binfmt_show(copy, text)] = '\0';
	free(copy);
	return text;
}

#define ECHO(flags, rest) "enabled\ninterpreter /bin/echo\nflags: " flags "\n" rest "\n"

static const struct {
	const char *line, *shown;
} good[] = {
	{ ":a:E::foo::/bin/echo:", ECHO("", "extension .foo") },
	{ ":a:E::foo::/bin/echo:\n", ECHO("", "extension .foo") },
	{ ":a:E::foo::/bin/echo:FCOP", ECHO("POCF", "extension .foo") },
	{ ":a:E::foo::/bin/echo:C", ECHO("OC", "extension .foo") },
	{ ":a:E::foo::/bin/echo:PP\n", ECHO("P", "extension .foo") },
	{ ":a:E:xyz:foo:mask:/bin/echo:", ECHO("", "extension .foo") },
	{ ":a:E::\\x41::/bin/echo:", ECHO("", "extension .\\x41") },
	{ ":a:M::AB::/bin/echo:", ECHO("", "offset 0\nmagic 4142") },
	{ ":a:M:+7:\\x41\\xfF:\\xff\\x00:/bin/echo:", ECHO("", "offset 7\nmagic 41ff\nmask ff00") },
	{ ":a:M:254:AB::/bin/echo:", ECHO("", "offset 254\nmagic 4142") },
	{ ":a:M:1\n:AB::/bin/echo:", ECHO("", "offset 1\nmagic 4142") },
	{ ":a:M::a\\x00b::/bin/echo:", ECHO("", "offset 0\nmagic 610062") },
	{ ":a:M::\\\\x41::/bin/echo:", ECHO("", "offset 0\nmagic 5c5c783431") },
	{ ":a:M::A\\::/bin/echo:", ECHO("", "offset 0\nmagic 415c") },
	{ "xaxExxfooxx/bin/echox", ECHO("", "extension .foo") },
	{ "\na\nE\n\nfoo\n\n/bin/echo\n\n", ECHO("", "extension .foo") },
	{ "\\a\\M\\\\A\\\\/bin/echo\\", ECHO("", "offset 0\nmagic 41") },
	{ ":a:E::f::/:", "enabled\ninterpreter /\nflags: \nextension .f\n" },
};

static const char *const bad[] = {
	"",
	":",
	":a:E::f::",
	"::::::::::",
	":::::::::::",
	":a:E::foo::/bin/echo",
	":a:E::foo::/bin/echo::",
	":a:E::foo::/bin/echo:X",
	":a:E::foo::/bin/echo:\n\n",
	":a:E::foo:::",
	":a:E::::/bin/echo:",
	":a:E::f/o::/bin/echo:",
	":a:X::AB::/bin/echo:",
	":a:MM::AB::/bin/echo:",
	":.:E::foo::/bin/echo:",
	":..:E::foo::/bin/echo:",
	":a/b:E::foo::/bin/echo:",
	"::E::foo::/bin/echo:",
	":a:M::\\x4::/bin/echo:",
	":a:M::\\x4g::/bin/echo:",
	":a:M::\\x4",
	":a:M::AAAAAAAA\\x",
	":a:M::AB:\\xff:/bin/echo:",
	":a:M:::\\xff:/bin/echo:",
	":a:M:255:AB::/bin/echo:",
	":a:M:-1:AB::/bin/echo:",
	":a:M:+:AB::/bin/echo:",
	":a:M:+-1:AB::/bin/echo:",
	":a:M:0x1:AB::/bin/echo:",
	":a:M: 1:AB::/bin/echo:",
	":a:M:18446744073709551616:AB::/bin/echo:",
	"\na\nE\n\nfoo\n\n/bin/echo\n",
	"PaPEPPfooPP/bin/echoP",
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char *text = shown(good[i].line, strlen(good[i].line));

		assert_string_equal(text, good[i].shown);
		free(text);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = shown(bad[i], strlen(bad[i]));

		assert_string_equal(text, "EINVAL");
		free(text);
	}
}

/* A NUL is a separator as any other, but no part of a name, and the end of a magic. */
static void test_nul(void **state)
{
	static const struct {
		const char *line;
		size_t len;
		bool good;
	} lines[] = {
		{ "\0a\0E\0\0foo\0\0/bin/echo\0", 21, true },
		{ ":a:M::A\0B::/bin/echo:", 21, true },
		{ ":a:M::\0AB::/bin/echo:", 21, false },
		{ ":a\0b:E::foo::/bin/echo:", 23, false },
		{ ":a:E::f\0o::/bin/echo:", 21, false },
		{ ":a:E::foo::/bin\0/echo:", 22, false },
		{ ":a:E::foo::/bin/echo:\0", 22, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *text = shown(lines[i].line, lines[i].len);

		assert_int_equal(strcmp(text, "EINVAL") != 0, lines[i].good);
		free(text);
	}
}

static void test_sizes(void **state)
{
	char line[4096];
	size_t n, len;

	(void)state;
	for (n = 1; n < 300; n++) {
		struct binfmt *f = NULL;

		len = (size_t)sprintf(line, ":a:M::%0*d::/i:", (int)n, 0);
		assert_int_equal(binfmt_parse(line, len, &f), n <= BINFMT_HEAD ? 0 : -EINVAL);
		assert_true(!f || f->size == n);
		free(f);
	}
	for (n = 1800; n < 2000; n++) {
		struct binfmt *f = NULL;

		len = (size_t)sprintf(line, ":a:E::f::/%0*d:", (int)n, 0);
		assert_int_equal(binfmt_parse(line, len, &f), len <= BINFMT_LINE_MAX ? 0 : -EINVAL);
		free(f);
	}
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Good lines with bytes changed, taken away and put in: refused, or as a line that is good. */
static void test_hostile(void **state)
{
	static const char bytes[] = ":\\xMEPOCF0/.\n\0\xff";
	uint32_t seed = 1;
	char line[512];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		const char *from = good[next(&seed) % (sizeof(good) / sizeof(good[0]))].line;
		size_t len = strlen(from), at;

		memcpy(line, from, len);
		for (uint32_t changes = next(&seed) % 6; changes; changes--) {
			at = next(&seed) % len;
			switch (next(&seed) % 3) {
			case 0:
				line[at] = bytes[next(&seed) % sizeof(bytes)];
				break;
			case 1:
				memmove(line + at, line + at + 1, len - at - 1);
				len -= len > 1;
				break;
			default:
				memmove(line + at + 1, line + at, len - at);
				line[at] = bytes[next(&seed) % sizeof(bytes)];
				len++;
			}
		}
		free(shown(line, len));
	}
}

static void test_commands(void **state)
{
	static const struct {
		const char *data;
		int command;
	} list[] = {
		{ "0", BINFMT_DISABLE },  { "0\n", BINFMT_DISABLE }, { "1", BINFMT_ENABLE },
		{ "1\n", BINFMT_ENABLE }, { "-1", BINFMT_REMOVE },   { "-1\n", BINFMT_REMOVE },
		{ "", BINFMT_NOTHING },	  { "\n", -EINVAL },	     { "2", -EINVAL },
		{ "-1\n\n", -EINVAL },	  { "1\n\n", -EINVAL },	     { " 1", -EINVAL },
		{ "-1x", -EINVAL },	  { "11", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		assert_int_equal(binfmt_command(list[i].data, strlen(list[i].data)),
				 list[i].command);
	assert_int_equal(binfmt_command("1\0", 2), -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),	cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
