/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* View images: what is published is what readers find; a full table; a reader beside a writer. */
/* sources: src/umvu/publish.c */
/* libs: -lpthread */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "umvu/publish.h"

static struct vu_view_head *image;

static int setup(void **state)
{
	(void)state;
	image = calloc(1, VU_VIEW_SIZE);
	return image ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static struct vu_publish_mount mount_at(uint32_t id, const char *path)
{
	return (struct vu_publish_mount){ .m = { .id = id, .fd = (int)id, .mnt_id = id },
					  .path = path,
					  .type = "t",
					  .source = "s",
					  .options = "rw",
					  .super = "rw" };
}

static void test_table(void **state)
{
	struct vu_publish_mount list[2] = { mount_at(1, "/a"), mount_at(2, "/a/b") };
	struct vu_publish p = { .mounts = list, .n_mounts = 2, .name = "view" };
	const struct vu_view_area *area;
	const struct vu_view_mount *m;
	uint32_t n;

	(void)state;
	assert_int_equal(vu_publish(image, &p), 0);
	area = vu_view_area(image);
	m = vu_view_mounts(area, &n);
	assert_int_equal(n, 2);
	assert_int_equal(area->generation, 1);
	assert_int_equal(image->seq, 2);
	assert_int_equal(image->classes, VU_TOUCH_PATHS);
	assert_string_equal(image->name, "view");
	assert_string_equal(vu_view_str(area, m[1].path), "/a/b");
	assert_int_equal(m[1].path_len, 4);
	assert_string_equal(vu_view_str(area, m[0].type), "t");
	list[1].m.flags = VU_MOUNT_GHOST;
	assert_int_equal(vu_publish(image, &p), 0);
	assert_int_equal(image->classes, VU_TOUCH_PATHS | VU_TOUCH_GHOST);
	p.n_mounts = 0;
	assert_int_equal(vu_publish(image, &p), 0);
	assert_int_equal(image->classes, 0);
	assert_int_equal(vu_view_area(image)->generation, 3);
}

static void test_uts(void **state)
{
	struct vu_publish p = { .classes = VU_TOUCH_UTS, .name = "", .uts = { NULL, "node" } };
	struct utsname host;

	(void)state;
	uname(&host);
	assert_int_equal(vu_publish(image, &p), 0);
	assert_string_equal(image->uts[0], host.sysname);
	assert_string_equal(image->uts[1], "node");
	assert_int_equal(image->classes, VU_TOUCH_UTS);
}

static void test_long_name(void **state)
{
	char name[200];
	struct vu_publish p = { .name = name };

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(vu_publish(image, &p), 0);
	assert_int_equal(strlen(image->name), sizeof(image->name) - 1);
}

static void test_full(void **state)
{
	static char path[4000];
	size_t n = 400, i;
	struct vu_publish_mount *list = calloc(n, sizeof(*list));
	struct vu_publish p = { .mounts = list, .n_mounts = 3, .name = "" };
	uint32_t seq;

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	for (i = 0; i < n; i++)
		list[i] = mount_at((uint32_t)i + 1, path);
	assert_int_equal(vu_publish(image, &p), 0);
	seq = image->seq;
	p.n_mounts = n; /* 1.6 MB of paths */
	assert_int_equal(vu_publish(image, &p), -ENOSPC);
	assert_int_equal(image->seq, seq);
	assert_int_equal(vu_view_area(image)->n_mounts, 3);
	free(list);
}

static volatile int stop;

/* As the agent reads; each table that is not torn has one number throughout. */
static void *read_on(void *arg)
{
	unsigned long good = 0;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		uint32_t seq = __atomic_load_n(&image->seq, __ATOMIC_ACQUIRE), n, i;
		const struct vu_view_area *area = vu_view_area(image);
		const struct vu_view_mount *m = vu_view_mounts(area, &n);
		uint32_t first = n ? m[0].id : 0, last = first;

		for (i = 0; i < n; i++)
			if (m[i].id != first)
				last = m[i].id;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((seq & 1) || __atomic_load_n(&image->seq, __ATOMIC_RELAXED) != seq)
			continue;
		if (first != last)
			return NULL;
		good++;
	}
	return (void *)(good ? good : 1);
}

static void test_concurrent(void **state)
{
	struct vu_publish_mount list[50];
	struct vu_publish p = { .mounts = list, .n_mounts = 50, .name = "" };
	pthread_t reader;
	uint32_t round, i;
	void *good;

	(void)state;
	stop = 0;
	assert_int_equal(pthread_create(&reader, NULL, read_on, NULL), 0);
	for (round = 1; round < 3000; round++) {
		for (i = 0; i < 50; i++)
			list[i] = mount_at(round, "/x");
		assert_int_equal(vu_publish(image, &p), 0);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(reader, &good);
	assert_non_null(good);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_uts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
