/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: test/unit/agent_shim.c src/agent/path.c src/agent/walk.c src/agent/place.c src/agent/tree.c src/agent/procexe.c src/agent/lines.c src/agent/view.c src/agent/guest.c src/agent/known.c src/agent/unmask.c */
/* What is known of paths, and what makes it forgotten; above all what comes while it is found out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/known.h"
#include "agent_shim.h"

static const char path[] = "/a/path";

bool vu_special_name(const char *name, size_t len)
{
	(void)name;
	(void)len;
	return false;
}

static bool is_known(void)
{
	struct vu_moment now = vu_known_now();

	return vu_known(&now, VU_KNOWN_DIR, path, sizeof(path) - 1);
}

static void find_out(const struct vu_moment *then)
{
	vu_know(then, VU_KNOWN_DIR, path, sizeof(path) - 1);
}

static struct vu_view_head *head(void)
{
	return (struct vu_view_head *)VU_VIEW_ADDR;
}

static void other_view_tells(void)
{
	vu_view_shared(head())->links++;
}

static void something_is_mounted(void)
{
	head()->seq += 2;
}

static void (*const changes[])(void) = { vu_known_forget, other_view_tells, something_is_mounted };

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct vu_moment then;

		for (int tries = 0; tries < 100 && !is_known(); tries++) {
			then = vu_known_now();
			find_out(&then);
		}
		assert_true(is_known());
		changes[i]();
		assert_false(is_known());
		then = vu_known_now();
		changes[i](); /* while it is found out */
		find_out(&then);
		assert_false(is_known());
	}
}

static void test_age(void **state)
{
	struct vu_moment then = vu_known_now();

	(void)state;
	then.stamp -= 1ul << 25;
	find_out(&then);
	assert_false(is_known());
}

static void test_off(void **state)
{
	struct vu_moment then;

	(void)state;
	head()->flags = VU_VIEW_FORGETFUL;
	then = vu_known_now();
	find_out(&then);
	assert_false(is_known());
	head()->flags = 0;
	then.stamp = 0;
	find_out(&then);
	assert_false(is_known());
}

static int set_up(void **state)
{
	(void)state;
	shim_view_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests_name("known", tests, set_up, NULL);
}
