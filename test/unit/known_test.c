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

static const char path[] = "/a/path"; /* what is known of it does not depend on its text */
static bool absolute;

bool vu_special_name(const char *name, size_t len)
{
	(void)name;
	(void)len;
	return false;
}

static bool is_known(void)
{
	struct vu_moment now = vu_known_now(absolute);

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

static void root_is_another(void)
{
	agent_process.root.id++;
}

/* A new one, which asks where its root is. */
static void process_is_another(void)
{
	agent_process.hash_key++;
	agent_process.root.stamp = 0;
}

/* It may be forgotten before it is asked for, if we do not run meanwhile. */
#define TRIES 100

static void learn(void)
{
	bool known = is_known();

	for (int tries = 0; tries < TRIES && !known; tries++) {
		struct vu_moment then = vu_known_now(absolute);

		find_out(&then);
		known = is_known();
	}
	assert_true(known);
}

static void check_no_change(void (*change)(void))
{
	bool known = false;

	for (int tries = 0; tries < TRIES && !known; tries++) {
		learn();
		change();
		known = is_known();
	}
	assert_true(known);
}

static void check_change(void (*change)(void))
{
	struct vu_moment then;

	learn();
	change();
	assert_false(is_known());
	then = vu_known_now(absolute);
	change(); /* while it is found out */
	find_out(&then);
	assert_false(is_known());
}

static void (*const changes[])(void) = { other_view_tells, something_is_mounted };

static void test_changes(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		absolute = kind;
		for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
			check_change(changes[i]);
		check_change(absolute ? root_is_another : vu_known_forget);
	}
}

/* What one process finds out of absolute paths the next one knows, if it has the same root. */
static void test_shared(void **state)
{
	const uint64_t key = agent_process.hash_key;

	(void)state;
	absolute = false;
	learn();
	agent_process.hash_key++;
	assert_false(is_known());
	agent_process.hash_key = key;
	absolute = true;
	check_no_change(process_is_another);
	check_no_change(vu_known_forget); /* relative ones only */
	agent_process.apart = true;
	assert_false(is_known());
	learn();
	check_change(vu_known_forget);
	agent_process.apart = false;
	check_change(vu_known_leave);
	assert_true(agent_process.apart);
	agent_process.apart = false;
}

/* Entries that are half of one and half of another say nothing. */
static void test_torn(void **state)
{
	struct vu_known_entry *known = vu_view_shared(head())->known;

	(void)state;
	absolute = true;
	learn();
	for (uint32_t i = 0; i < VU_KNOWN_ENTRIES; i++)
		known[i].stamp++;
	assert_false(is_known());
	for (uint32_t i = 0; i < VU_KNOWN_ENTRIES; i++)
		known[i] = (struct vu_known_entry){ UINT64_MAX, UINT64_MAX };
	assert_false(is_known());
}

static void test_age(void **state)
{
	struct vu_moment then = vu_known_now(absolute);

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
	then = vu_known_now(absolute);
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
		cmocka_unit_test(test_changes), cmocka_unit_test(test_shared),
		cmocka_unit_test(test_torn),	cmocka_unit_test(test_age),
		cmocka_unit_test(test_off),
	};

	return cmocka_run_group_tests_name("known", tests, set_up, NULL);
}
