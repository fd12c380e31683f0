/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: src/cmd/emulators.c src/cmd/formats.c src/cmd/mounts.c src/cmd/guess.c src/cmd/common.c src/cmd/client.c modules/vubinfmt/format.c */
/* Lines for qemu-user's emulators: each is taken, and fits the programs of its machine and of no other. */
#include <elf.h>
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
#include "cmd/emulators.h"
#include "cmd/formats.h"

static struct binfmt *format_of(const struct vu_emulator *e)
{
	char line[VU_EMULATOR_LINE + 1];
	struct binfmt *f = NULL;

	assert_int_equal(vu_emulator_line(e, "/usr/bin/qemu", "POCF", line), 0);
	assert_int_equal(binfmt_parse(line, strlen(line), &f), 0);
	return f;
}

static void put16(unsigned char *to, uint16_t n, bool is_big)
{
	to[is_big] = (unsigned char)n;
	to[!is_big] = (unsigned char)(n >> 8);
}

/* The beginning of a program of that machine. */
static void make_program(const struct vu_emulator *e, uint16_t type, unsigned char head[64])
{
	memset(head, 0, 64);
	memcpy(head, ELFMAG, SELFMAG);
	head[EI_CLASS] = e->is_64 ? ELFCLASS64 : ELFCLASS32;
	head[EI_DATA] = e->is_big ? ELFDATA2MSB : ELFDATA2LSB;
	head[EI_VERSION] = EV_CURRENT;
	head[EI_OSABI] = ELFOSABI_GNU;
	put16(head + 16, type, e->is_big);
	put16(head + 18, e->machine, e->is_big);
	head[e->is_big ? 39 : 36] = (unsigned char)e->flags_value;
}

static bool fits(const struct binfmt *f, const unsigned char *head)
{
	unsigned int i;

	for (i = 0; i < f->size; i++)
		if ((f->magic[i] ^ head[f->offset + i]) & f->mask[i])
			return false;
	return true;
}

static void test_each_its_own(void **state)
{
	const struct vu_emulator *e, *other;
	unsigned char head[64];

	(void)state;
	for (e = vu_emulators; e->arch; e++) {
		struct binfmt *f = format_of(e);

		for (other = vu_emulators; other->arch; other++) {
			make_program(other, ET_EXEC, head);
			assert_int_equal(fits(f, head), e == other);
			make_program(other, ET_DYN, head);
			assert_int_equal(fits(f, head), e == other);
			make_program(other, ET_REL, head);
			assert_false(fits(f, head));
		}
		assert_ptr_equal(vu_emulator_find(e->arch), e);
		free(f);
	}
	assert_null(vu_emulator_find("x86_64"));
}

static void test_bad_paths(void **state)
{
	char line[VU_EMULATOR_LINE + 1], path[4096];

	(void)state;
	assert_int_equal(vu_emulator_line(vu_emulators, "/a:b", "", line), -EINVAL);
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(vu_emulator_line(vu_emulators, path, "", line), -ENAMETOOLONG);
}

/* What a format's file shows, taken apart; odd texts are refused or put up with. */
static void test_shown(void **state)
{
	static const char *const bad[] = { "", "enabled", "enabled\ninterpreter /a\n",
					   "enabled\nflags: P\nmagic 00\n", "\n\n\n" };
	char text[BINFMT_SHOWN + 1];
	struct vu_format_text shown;
	struct binfmt *f = format_of(vu_emulators);
	size_t i;

	(void)state;
	text[binfmt_show(f, text)] = '\0';
	free(f);
	for (i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		struct vu_format_list list = { .format = calloc(1, sizeof(shown)), .n = 1 };
		bool is_good = i == sizeof(bad) / sizeof(bad[0]);

		if (!is_good)
			strcpy(text, bad[i]);
		else
			strcpy(text,
			       "enabled\ninterpreter /q e\nflags: \nnew thing\nextension .a.b\n");
		assert_int_equal(vu_format_parse(text, list.format), is_good ? 0 : -EINVAL);
		if (is_good) {
			assert_string_equal(list.format->interpreter, "/q e");
			assert_string_equal(list.format->extension, "a.b");
			assert_string_equal(list.format->flags, "");
			assert_null(list.format->magic);
		}
		vu_cleanup_format_list(&list);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_its_own),
		cmocka_unit_test(test_bad_paths),
		cmocka_unit_test(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
