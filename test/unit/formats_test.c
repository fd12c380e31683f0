/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: test/unit/agent_shim.c src/umvu/publish.c src/agent/formats.c src/agent/view.c */
/* Rules of execution: what umvu publishes, the agent finds; images that make no sense do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "agent/formats.h"
#include "agent_shim.h"
#include "umvu/publish.h"

static struct vu_view_head *head(void)
{
	return (struct vu_view_head *)VU_VIEW_ADDR;
}

static const unsigned char elf[4] = { 0x7f, 'E', 'L', 'F' }, some[4] = { 0xff, 0xff, 0, 0xff };

static const struct vu_publish_exec rules[] = {
	{ .magic = elf, .size = 4, .interp = "/by/magic", .fd = -1 },
	{ .magic = elf,
	  .mask = some,
	  .size = 4,
	  .offset = 252,
	  .interp = "/at/the/end",
	  .fd = 7,
	  .flags = VU_RULE_ARGV0 | VU_RULE_OPEN },
	{ .extension = "foo", .interp = "/by/name", .fd = -1, .flags = VU_RULE_EXTENSION },
	{ .extension = "foo", .interp = "/never", .fd = -1, .flags = VU_RULE_EXTENSION },
};

static void publish(size_t n)
{
	struct vu_publish p = { .execs = rules, .n_execs = n, .name = "" };

	assert_int_equal(vu_publish(head(), &p), 0);
}

/* The interpreter, "" none. */
static const char *found(const unsigned char *first, const char *name, struct vu_format *f)
{
	static char interp[64];
	long r = vu_format_find(first, name, f, interp, sizeof(interp));

	assert_int_equal(vu_format_find(first, name, NULL, NULL, 0) > 0, r > 0);
	if (!r)
		return "";
	assert_int_equal(r, strlen(interp) + 1);
	return interp;
}

static void test_found(void **state)
{
	unsigned char first[VU_EXEC_HEAD] = "";
	struct vu_format f;

	(void)state;
	publish(4);
	assert_int_equal(head()->classes, VU_TOUCH_EXEC);
	assert_string_equal(found(first, "/a/b", &f), "");
	assert_string_equal(found(first, "/a/b.foo", &f), "/by/name");
	assert_string_equal(found(first, "/a.foo/b", &f), "");
	assert_string_equal(found(first, ".foo", &f), "/by/name");
	assert_string_equal(found(first, "foo", &f), "");
	memcpy(first + 252,
	       "\x7f"
	       "Ex",
	       3);
	assert_string_equal(found(first, "x", &f), "");
	first[255] = 'F';
	assert_string_equal(found(first, "x.foo", &f), "/at/the/end");
	assert_int_equal(f.flags, VU_RULE_ARGV0 | VU_RULE_OPEN);
	assert_int_equal(f.fd, 7);
	memcpy(first, elf, 4);
	assert_string_equal(found(first, "x.foo", &f), "/by/magic");
	assert_int_equal(f.fd, -1);
	publish(0);
	assert_int_equal(head()->classes, 0);
	assert_string_equal(found(first, "x.foo", &f), "");
}

static void test_no_room(void **state)
{
	unsigned char first[VU_EXEC_HEAD] = "";
	struct vu_format f;
	char interp[9] = "";

	(void)state;
	publish(4);
	assert_int_equal(vu_format_find(first, "a.foo", &f, interp, 9), 9);
	assert_int_equal(vu_format_find(first, "a.foo", &f, interp, 8), -ENOMEM);
}

static void test_full(void **state)
{
	struct vu_publish_exec *many = calloc(100000, sizeof(*many));
	struct vu_publish p = { .execs = many, .n_execs = 100000, .name = "" };
	unsigned char first[VU_EXEC_HEAD] = "";
	struct vu_format f;

	(void)state;
	publish(4);
	for (size_t i = 0; i < p.n_execs; i++)
		many[i] = rules[0];
	assert_int_equal(vu_publish(head(), &p), -ENOSPC);
	assert_string_equal(found(first, "b.foo", &f), "/by/name");
	p.n_execs = 10000;
	many[9999] = rules[2];
	assert_int_equal(vu_publish(head(), &p), 0);
	assert_string_equal(found(first, "b.foo", &f), "/by/name");
	free(many);
}

/* Any numbers in a table: nothing is read outside of the image. */
static void test_torn(void **state)
{
	static const uint32_t odd[] = { 0,
					1,
					255,
					256,
					257,
					4096,
					VU_VIEW_AREA_SIZE - 1,
					VU_VIEW_AREA_SIZE,
					VU_VIEW_AREA_SIZE + 1,
					0x7fffffff,
					0x80000000,
					0xffffffff };
	unsigned char first[VU_EXEC_HEAD] = "";
	struct vu_view_area *area;
	struct vu_format f;
	char interp[64];
	uint32_t seed = 1, seq;

	(void)state;
	publish(4);
	area = (struct vu_view_area *)vu_view_begin(head(), &seq);
	for (int i = 0; i < 100000; i++) {
		uint32_t *word = (uint32_t *)(area + 1);

		seed = seed * 1664525u + 1013904223u;
		word[(seed >> 8) % (4 * sizeof(struct vu_view_exec) / 4)] =
			odd[(seed >> 20) % (sizeof(odd) / sizeof(odd[0]))];
		if (!(i % 16)) {
			area->n_execs = odd[(seed >> 24) % 12];
			area->n_mounts = odd[(seed >> 28) % 12];
		}
		vu_format_find(first, "x.foo", &f, interp, sizeof(interp));
	}
	publish(0);
	publish(0);
}

static int setup(void **state)
{
	(void)state;
	shim_view_init();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_torn),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
