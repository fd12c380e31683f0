/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* View images: what is published is what readers find; a full table; a reader beside a writer; a writer that is killed. */
/* sources: src/umvu/publish.c */
/* libs: -lpthread */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

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

static const struct vu_view_area *current(void)
{
	uint32_t seq;

	return vu_view_begin(image, &seq);
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
	uint32_t n, seq;

	(void)state;
	assert_int_equal(vu_publish(image, &p), 0);
	area = vu_view_begin(image, &seq);
	m = vu_view_mounts(area, &n);
	assert_int_equal(n, 2);
	assert_int_equal(seq, 1);
	assert_false(vu_view_retry(image, seq));
	assert_int_equal(image->classes, VU_TOUCH_PATHS);
	assert_string_equal(area->name, "view");
	assert_string_equal(vu_view_str(area, m[1].path), "/a/b");
	assert_int_equal(m[1].path_len, 4);
	assert_string_equal(vu_view_str(area, m[0].type), "t");
	list[1].m.flags = VU_MOUNT_GHOST;
	assert_int_equal(vu_publish(image, &p), 0);
	assert_true(vu_view_retry(image, seq));
	assert_int_equal(image->classes, VU_TOUCH_PATHS | VU_TOUCH_GHOST);
	p.n_mounts = 0;
	assert_int_equal(vu_publish(image, &p), 0);
	assert_int_equal(image->classes, 0);
	assert_int_equal(image->seq, 3);
}

static void test_uts(void **state)
{
	struct vu_publish p = { .classes = VU_TOUCH_UTS, .name = "", .uts = { NULL, "node" } };
	struct utsname host;

	(void)state;
	uname(&host);
	assert_int_equal(vu_publish(image, &p), 0);
	assert_string_equal(current()->uts[0], host.sysname);
	assert_string_equal(current()->uts[1], "node");
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
	assert_int_equal(strlen(current()->name), sizeof(current()->name) - 1);
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
	assert_int_equal(current()->n_mounts, 3);
	free(list);
}

static volatile int stop;

#define ROWS 50

/* As the agent reads. 1: whole, that is of one number throughout; 0: to be read again; -1: a mixture. */
static int look(void)
{
	uint32_t seq, n, i;
	const struct vu_view_area *area = vu_view_begin(image, &seq);
	const struct vu_view_mount *m = vu_view_mounts(area, &n);
	uint32_t first = n ? m[0].id : 0, last = first;

	for (i = 0; i < n; i++)
		if (m[i].id != first || strtoul(vu_view_str(area, m[i].source), NULL, 10) != first)
			last = ~first;
	if (strtoul(area->uts[1], NULL, 10) != first)
		last = ~first;
	if (vu_view_retry(image, seq))
		return 0;
	return n == ROWS && first == last ? 1 : -1;
}

static void publish_round(uint32_t round)
{
	struct vu_publish_mount list[ROWS];
	struct vu_publish p = { .mounts = list, .n_mounts = ROWS, .classes = VU_TOUCH_UTS };
	char text[16];
	uint32_t i;

	snprintf(text, sizeof(text), "%u", round);
	p.name = p.uts[1] = text;
	for (i = 0; i < ROWS; i++) {
		list[i] = mount_at(round, "/x");
		list[i].source = text;
	}
	if (vu_publish(image, &p) < 0)
		abort();
}

static volatile int stop;

static void *read_on(void *arg)
{
	unsigned long good = 0;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		int res = look();

		if (res < 0)
			return NULL;
		good += res > 0;
	}
	return (void *)(good ? good : 1);
}

static void test_concurrent(void **state)
{
	pthread_t reader;
	uint32_t round;
	void *good;

	(void)state;
	stop = 0;
	publish_round(1);
	assert_int_equal(pthread_create(&reader, NULL, read_on, NULL), 0);
	for (round = 2; round < 3000; round++)
		publish_round(round);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(reader, &good);
	assert_non_null(good);
}

/* A publisher that is killed at any moment leaves a table that can be read at once. */
static void test_killed_publisher(void **state)
{
	struct vu_view_head *own = image;
	int try, status;
	uint32_t from;
	pid_t pid;

	(void)state;
	image = mmap(NULL, VU_VIEW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(image, MAP_FAILED);
	publish_round(1);
	for (try = 0; try < 200; try++) {
		from = __atomic_load_n(&image->seq, __ATOMIC_RELAXED);
		pid = fork();
		assert_return_code(pid, errno);
		if (!pid)
			for (uint32_t round = from;; round++)
				publish_round(round);
		/* Somewhere in a publishing. */
		while (__atomic_load_n(&image->seq, __ATOMIC_RELAXED) - from <
		       2 + (uint32_t)try % 7)
			;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(look(), 1);
	}
	munmap(image, VU_VIEW_SIZE);
	image = own;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_uts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_publisher, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
