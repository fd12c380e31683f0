/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guessing a mount's type, and mount options. */
/* sources: src/cmd/guess.c src/cmd/mounts.c src/cmd/common.c src/cmd/client.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "cmd/guess.h"
#include "cmd/mounts.h"

static unsigned char image[VU_GUESS_BYTES];

static const char *guess(size_t len)
{
	unsigned char *copy = malloc(len ? len : 1); /* ASan sees each read that is out of it */
	struct vu_guess g;

	memcpy(copy, image, len);
	g = vu_guess_bytes(copy, len);
	free(copy);
	return g.type ? g.type : g.what ? g.what : "nothing";
}

static void put(size_t offset, const void *bytes, size_t len)
{
	memcpy(image + offset, bytes, len);
}

static void put32(size_t offset, uint32_t n)
{
	const unsigned char bytes[] = { n & 255, n >> 8 & 255, n >> 16 & 255, n >> 24 };

	put(offset, bytes, 4);
}

static void test_ext(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	put(1024 + 0x38, "\x53\xef", 2);
	put32(1024 + 0x60, 0x2);
	put32(1024 + 0x64, 0x3);
	assert_string_equal(guess(2048), "vufuseext2");
	put32(1024 + 0x5c, 0x3c);
	assert_string_equal(guess(2048), "vufuseext3");
	put32(1024 + 0x60, 0x42);
	assert_string_equal(guess(2048), "vufuseext4");
	put32(1024 + 0x60, 0x2);
	put32(1024 + 0x64, 0x13);
	assert_string_equal(guess(2048), "vufuseext4");
	assert_string_equal(guess(1024 + 0x39), "nothing");
	guess(1024 + 0x3a); /* a cut superblock must not be read beyond its end */
}

static void test_magics(void **state)
{
	static const struct {
		size_t offset;
		const char *bytes;
		size_t len;
		const char *type;
	} rows[] = {
		{ 0, "hsqs", 4, "vufusesquashfs" },
		{ 32769, "CD001", 5, "vufuseiso9660" },
		{ 3, "EXFAT   ", 8, "vufuseexfat" },
		{ 3, "NTFS    ", 8, "vufusentfs" },
		{ 82, "FAT32   ", 8, "vufusevfat" },
		{ 54, "FAT12   ", 8, "vufusevfat" },
		{ 257, "ustar", 5, "vufusearchive" },
		{ 0, "PK\3\4", 4, "vufusearchive" },
		{ 0, "\x1f\x8b", 2, "vufusearchive" },
		{ 0, "\xfd\x37zXZ\0", 6, "vufusearchive" },
		{ 0, "7z\xbc\xaf\x27\x1c", 6, "vufusearchive" },
		{ 510, "\x55\xaa", 2, "a partitioned disk" },
		{ 512, "EFI PART", 8, "a partitioned disk" },
		{ 0, "#!/bin/sh", 9, "nothing" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < VU_ARRAY_SIZE(rows); i++) {
		memset(image, 0, sizeof(image));
		put(rows[i].offset, rows[i].bytes, rows[i].len);
		assert_string_equal(guess(sizeof(image)), rows[i].type);
		assert_string_equal(guess(rows[i].offset + rows[i].len - 1), "nothing");
	}
	assert_string_equal(guess(0), "nothing");
}

static void test_sources(void **state)
{
	char name[] = "/tmp/guess_test.XXXXXX", with_colon[64];
	struct vu_guess g;
	int fd = mkstemp(name);

	(void)state;
	memset(image, 0, sizeof(image));
	put(0, "hsqs", 4);
	assert_int_equal(pwrite(fd, image, 4, 512), 4);
	close(fd);
	assert_int_equal(vu_guess_source(name, 0, &g), 0);
	assert_null(g.type);
	assert_int_equal(vu_guess_source(name, 512, &g), 0);
	assert_string_equal(g.type, "vufusesquashfs");
	snprintf(with_colon, sizeof(with_colon), "%s:", name);
	assert_int_equal(vu_guess_source(with_colon, 0, &g), -ENOENT);
	unlink(name);
	assert_int_equal(vu_guess_source(name, 0, &g), -ENOENT);
	assert_int_equal(vu_guess_source("user@host:", 0, &g), 0);
	assert_string_equal(g.type, "vufusesshfs");
	assert_int_equal(vu_guess_source("host:/path", 0, &g), 0);
	assert_string_equal(g.type, "vufusesshfs");
	assert_int_equal(vu_guess_source("/", 0, &g), 0);
	assert_null(g.type);
	assert_string_equal(g.what, "a directory");
}

static void test_options(void **state)
{
	VU_CLEANUP(mount_options) struct vu_mount_options o = { 0 };

	(void)state;
	assert_int_equal(vu_mount_options_add(&o, "ro,noatime,loop,x-gvfs-show,uid=5"), 0);
	assert_int_equal(o.flags, MS_RDONLY | MS_NOATIME);
	assert_true(o.ignored_loop);
	assert_int_equal(vu_mount_options_add(&o, "rw,atime,a=b\\,ro,offset=0x200,nofail"), 0);
	assert_int_equal(o.flags, 0);
	assert_true(o.read_write);
	assert_int_equal(o.offset, 512);
	assert_string_equal(vu_buf_text(&o.data), "uid=5,a=b\\,ro,offset=0x200");
	assert_int_equal(vu_mount_options_add(&o, "offset=-1"), -EINVAL);
	assert_int_equal(vu_mount_options_add(&o, "offset="), -EINVAL);
	assert_int_equal(vu_mount_options_add(&o, "rbind,nosuid"), 0);
	assert_int_equal(o.flags, MS_BIND | MS_REC | MS_NOSUID);
	assert_int_equal(vu_mount_options_add(&o, ""), 0);
}

static void test_no_view(void **state)
{
	VU_CLEANUP(mount_list) struct vu_mount_list list = { 0 };

	(void)state;
	assert_int_equal(vu_mount_list_view(&list), 0);
	assert_int_equal(list.n, 0);
	assert_int_equal(vu_mount_list_all(&list), 0);
	assert_true(list.n > 0);
	assert_non_null(list.line[0].target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ext),	cmocka_unit_test(test_magics),
		cmocka_unit_test(test_sources), cmocka_unit_test(test_options),
		cmocka_unit_test(test_no_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
