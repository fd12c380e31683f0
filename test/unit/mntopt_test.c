/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments of mount(2): options of FUSE, flags, lists of options, paths. */
/* sources: src/umvu/mntopt.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "umvu/mntopt.h"

static void test_fuse_data(void **state)
{
	struct vu_fuse_data d;

	(void)state;
	assert_int_equal(vu_fuse_data_parse("fd=7,rootmode=40000,user_id=1000,group_id=1000,"
					    "allow_other,default_permissions,max_read=4096",
					    &d),
			 0);
	assert_int_equal(d.rootmode, 040000);
	assert_int_equal(d.max_read, 4096);
	assert_true(d.default_permissions);
	assert_false(d.rdonly);
	assert_int_equal(vu_fuse_data_parse("rootmode=100000,subtype=foo,ro", &d), 0);
	assert_string_equal(d.subtype, "foo");
	assert_true(d.rdonly);
}

static void test_bad_fuse_data(void **state)
{
	static const char *const bad[] = {
		"",
		"fd=3",
		"rootmode=",
		"rootmode=8",
		"rootmode=7",
		"rootmode=40000,nonsense",
		"rootmode=7777777777",
		"rootmode=40000,max_read=x",
		"rootmode=40000,subtype",
		"rootmode=-40000",
		"rootmode=40000,max_read=4294967296",
	};
	char subtype[200] = "rootmode=40000,subtype=";
	struct vu_fuse_data d;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(vu_fuse_data_parse(bad[i], &d), -EINVAL);
	memset(subtype + strlen(subtype), 'x', 100);
	assert_int_equal(vu_fuse_data_parse(subtype, &d), -EINVAL);
}

static void test_flags(void **state)
{
	(void)state;
	assert_int_equal(vu_mount_attr(0), 0);
	assert_int_equal(vu_mount_attr(MS_RDONLY | MS_NOEXEC | MS_NOATIME | MS_RELATIME),
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME);
	assert_int_equal(vu_mount_attr(MS_STRICTATIME), MOUNT_ATTR_STRICTATIME);
	assert_true(vu_mount_is_change(MS_BIND | MS_REC));
	assert_false(vu_mount_is_change(MS_RDONLY | MS_SILENT));
}

static void check_clean(const char *options, bool rdonly, const char *clean, bool rdonly_after)
{
	char *text = vu_mount_clean_options(options, &rdonly);

	assert_string_equal(text, clean);
	assert_int_equal(rdonly, rdonly_after);
	free(text);
}

static void test_clean_options(void **state)
{
	(void)state;
	check_clean("", false, "", false);
	check_clean("ro", false, "", true);
	check_clean("ro,offset=5,rw", true, "offset=5", false);
	check_clean("loop,x-gvfs-hide,a\\,b=c\\,d,nofail,e", false, "a\\,b=c\\,d,e", false);
	check_clean(",,a,,", true, "a", true);
}

static void test_beneath(void **state)
{
	(void)state;
	assert_true(vu_path_beneath("/a/b", "/a"));
	assert_true(vu_path_beneath("/a", "/a"));
	assert_true(vu_path_beneath("/a", "/"));
	assert_false(vu_path_beneath("/ab", "/a"));
	assert_false(vu_path_beneath("user@host:/a", "/a"));
	assert_false(vu_path_beneath("/", "/a"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fuse_data), cmocka_unit_test(test_bad_fuse_data),
		cmocka_unit_test(test_flags),	  cmocka_unit_test(test_clean_options),
		cmocka_unit_test(test_beneath),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
