/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: test/unit/agent_shim.c src/agent/path.c src/agent/walk.c src/agent/place.c src/agent/tree.c src/agent/procexe.c src/agent/lines.c src/agent/view.c src/agent/guest.c src/agent/known.c src/agent/unmask.c */
/*
 * The resolver and what is handed to it: names at the end of readable memory, of all lengths, of random
 * bytes; links that never end; mount tables that make no sense. Then what it says beside the name:
 * mount points, missing names, links of /proc. The mounts here are plain directories.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/path.h"
#include "agent_shim.h"

#define NO_SUCH_MOUNT 0x7fffffff /* a kernel's id that nothing has */

static struct vu_scratch scratch;
static struct vu_call call = { .s = &scratch };
static struct vu_path *const p = &scratch.path[0];
static char base[64], name[2 * PATH_MAX];

bool vu_special_name(const char *s, size_t len)
{
	return len == 3 && !memcmp(s, "exe", 3);
}

static const char *at(const char *rest)
{
	static char names[4][PATH_MAX];
	static int next;
	char *s = names[next++ % 4];

	snprintf(s, PATH_MAX, "%s%s", base, rest);
	return s;
}

static long resolve(const char *path, uint32_t how)
{
	return vu_resolve(&call, AT_FDCWD, (unsigned long)path, how, p);
}

static uint32_t add_mount(const char *source, const char *target, uint32_t flags)
{
	uint32_t id = shim_mount_add(0, at(target), open(at(source), O_PATH | O_CLOEXEC), flags);

	shim_mount(id)->mnt_id = NO_SUCH_MOUNT;
	return id;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(base, "/tmp/vu-input-XXXXXX");
	assert_non_null(mkdtemp(base));
	assert_int_equal(chdir(base), 0);
	assert_int_equal(mkdir("mnt", 0755), 0);
	assert_int_equal(mkdir("source", 0755), 0);
	assert_int_equal(mkdir("source/dir", 0755), 0);
	assert_int_equal(close(open("source/file", O_CREAT | O_WRONLY, 0644)), 0);
	assert_int_equal(symlink("mnt/new", "to-new"), 0);
	assert_int_equal(symlink("mnt", "to-mnt"), 0);
	shim_view_init();
	add_mount("/source", "/mnt", 0);
	add_mount("/source", "/ghost", VU_MOUNT_GHOST);
	add_mount("/source/file", "/file", VU_MOUNT_FILE | VU_MOUNT_GHOST);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	snprintf(name, sizeof(name), "rm -rf %s", base);
	return system(name);
}

/* A page with an unreadable one behind it: a string that ends where it ends. */
static char *at_page_end(const char *s, size_t n)
{
	static char *page;

	if (!page) {
		page = mmap(NULL, 8192 + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		assert_true(page != MAP_FAILED);
		assert_int_equal(mprotect(page + 8192, 4096, PROT_NONE), 0);
	}
	memcpy(page + 8192 - n, s, n);
	return page + 8192 - n;
}

static void test_page_end(void **state)
{
	const char *path = at("/mnt/file");

	(void)state;
	assert_int_equal(resolve(at_page_end(path, strlen(path) + 1), VU_FOLLOW), 0);
	assert_int_equal(p->mount, 1);
	assert_int_equal(resolve(at_page_end(path, strlen(path)), VU_FOLLOW), -EFAULT);
	assert_true(p->flags & VU_PATH_NATIVE);
	assert_string_equal(p->real, "");
	assert_int_equal(resolve(NULL, VU_FOLLOW), -EFAULT);
	assert_int_equal(resolve((char *)-1l, VU_FOLLOW), -EFAULT);
	assert_int_equal(resolve((char *)0x800000000000ul, VU_FOLLOW), -EFAULT);
}

static void test_lengths(void **state)
{
	(void)state;
	memset(name, '/', sizeof(name));
	memcpy(name, at("/mnt"), strlen(at("/mnt")));
	for (size_t n = 4000; n < 4200; n++) {
		name[n] = 0;
		memcpy(name + n - 4, "file", 4);
		assert_int_equal(resolve(at_page_end(name, n + 1), VU_FOLLOW),
				 n < PATH_MAX ? 0 : -ENAMETOOLONG);
		if (n < PATH_MAX)
			assert_int_equal(access(p->real, F_OK), 0);
		memcpy(name + n - 4, "/////", 5);
	}
	assert_int_equal(resolve("", VU_FOLLOW), -ENOENT);
	assert_int_equal(resolve("", VU_FOLLOW | VU_EMPTY_OK | VU_WANT_VIRT), 0);
	assert_string_equal(p->virt, base);
}

static void expect_root(const char *path, uint32_t how, uint32_t mount, const char *end)
{
	snprintf(name, sizeof(name), "/proc/%d/fd/%d%s", getpid(), shim_mount(mount)->fd, end);
	assert_int_equal(resolve(path, how), 0);
	assert_int_equal(p->mount, mount);
	assert_string_equal(p->real, name);
	assert_int_equal(p->dirfd, AT_FDCWD);
	assert_int_equal(p->flags & (VU_PATH_ROOT | VU_PATH_NATIVE), VU_PATH_ROOT);
}

static void test_mount_points(void **state)
{
	(void)state;
	expect_root("mnt", VU_FOLLOW, 1, "/");
	expect_root("mnt", VU_PARENT, 1, "/");
	expect_root("mnt/", 0, 1, "/");
	expect_root("mnt/.", VU_FOLLOW, 1, "/.");
	expect_root("./mnt//dir/..", VU_FOLLOW, 1, "/");
	expect_root("to-mnt", VU_FOLLOW, 1, "/");
	expect_root("to-mnt/", VU_FOLLOW, 1, "/");
	expect_root("ghost", VU_PARENT, 2, "/");
	expect_root(at("/ghost"), VU_FOLLOW, 2, "/");
	expect_root("file", VU_FOLLOW, 3, "");
	expect_root("file", 0, 3, "");
	expect_root("file/", 0, 3, "/");
	assert_int_equal(resolve("to-mnt", 0), 0);
	assert_true(p->flags & VU_PATH_NATIVE);
	assert_int_equal(resolve("mnt/../mnt/../source", VU_FOLLOW), 0);
	assert_string_equal(p->virt, at("/source"));
	assert_int_equal(p->mount, 0);
	assert_false(p->flags & VU_PATH_NATIVE);
	assert_int_equal(resolve("nope/ghost", VU_FOLLOW), -ENOENT);
	assert_int_equal(resolve("file/x", VU_FOLLOW), -ENOTDIR);
	assert_int_equal(resolve("file/..", VU_FOLLOW), -ENOTDIR);
}

static void test_missing(void **state)
{
	(void)state;
	assert_int_equal(resolve("mnt/new", VU_FOLLOW), -ENOENT);
	assert_int_equal(resolve("mnt/new", VU_FOLLOW | VU_CREATE), 0);
	assert_true(p->flags & VU_PATH_MISSING);
	assert_string_equal(p->virt, at("/mnt/new"));
	assert_int_equal(resolve("to-new", VU_FOLLOW | VU_CREATE), 0);
	assert_int_equal(p->mount, 1);
	assert_string_equal(p->virt, at("/mnt/new"));
	snprintf(name, sizeof(name), "/proc/%d/fd/%d/new", getpid(), shim_mount(1)->fd);
	assert_string_equal(p->real, name);
	/* The rest is left for the kernel to fail at. */
	assert_int_equal(resolve("mnt/new/../x/", VU_FOLLOW), -ENOENT);
	strcat(name, "/../x/");
	assert_string_equal(p->real, name);
}

static void test_own_exe(void **state)
{
	static const char *const names[] = { "/proc/self/exe", "/proc/thread-self/exe",
					     "../proc/self/exe" };
	uint32_t classes[] = { 0, VU_TOUCH_PATHS };
	char self[PATH_MAX] = "";

	(void)state;
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	shim_loader(self);
	agent_process.start_code = (uint64_t)test_own_exe; /* the program is what is mapped there */
	assert_int_equal(chdir("/tmp"), 0);
	for (size_t k = 0; k < 2; k++) {
		shim_classes(classes[k]);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(resolve(names[i], VU_FOLLOW | VU_SPECIAL), 0);
			if (!(p->flags & VU_PATH_SELF_EXE))
				fail_msg("%s: %s %s %x", names[i], p->virt, p->real, p->flags);
			assert_false(p->flags & VU_PATH_NATIVE);
			assert_string_equal(p->virt, self);
			assert_string_equal(p->real, self);
			assert_int_equal(resolve(names[i], VU_SPECIAL), 0);
			assert_true(p->flags & VU_PATH_NATIVE);
			assert_int_equal(vu_exe_pid(p->virt), getpid());
		}
	}
	assert_int_equal(chdir(base), 0);
}

static void test_off(void **state)
{
	(void)state;
	shim_classes(0);
	assert_int_equal(resolve((char *)1, VU_FOLLOW), 0);
	assert_true(p->flags & VU_PATH_NATIVE);
	assert_string_equal(p->real, "");
	shim_classes(VU_TOUCH_PATHS);
}

/* Links whose bodies leave a long rest each: what waits outgrows the buffer, or is resolved. */
static void test_long_links(void **state)
{
	char body[PATH_MAX], link[32];

	(void)state;
	assert_int_equal(symlink("mnt", "long0"), 0);
	for (int i = 1; i < 12; i++) {
		snprintf(body, sizeof(body), "long%d", i - 1);
		while (strlen(body) < 2000)
			strcat(body, "/.");
		snprintf(link, sizeof(link), "long%d", i);
		assert_int_equal(symlink(body, link), 0);
	}
	for (int i = 0; i < 12; i++) {
		long r;

		snprintf(link, sizeof(link), "long%d/file", i);
		r = resolve(link, VU_FOLLOW);
		if (r)
			assert_int_equal(r, -ENAMETOOLONG);
		else
			assert_string_equal(p->virt, at("/mnt/file"));
		assert_int_equal(i < 3 ? r : 0, 0);
	}
}

static void random_name(char *s)
{
	static const char *const parts[] = { "/",     "/",    "..",	".",	  "mnt", "ghost",
					     "file",  "dir",  "to-mnt", "to-new", "a",	 "\xff",
					     "long3", "proc", "self",	"fd",	  "cwd", "exe" };
	size_t n = (size_t)random() % (random() % 8 ? 60 : 4200), len = 0;

	while (len < n) {
		const char *part = parts[(size_t)random() % (sizeof(parts) / sizeof(parts[0]))];

		strcpy(s + len, part);
		len += strlen(part);
	}
	s[len] = 0;
}

static void fuzz(int rounds)
{
	while (rounds--) {
		uint32_t how = (uint32_t)random() & (VU_FOLLOW | VU_EMPTY_OK | VU_CREATE |
						     VU_PARENT | VU_WANT_VIRT | VU_SPECIAL);
		size_t n;
		long r;

		random_name(name);
		if (random() % 4 == 0) {
			memmove(name + strlen(base), name, strlen(name) + 1);
			memcpy(name, base, strlen(base));
		}
		n = strlen(name) + 1;
		r = resolve(at_page_end(name, n < 8192 ? n : 8192), how);
		assert_true(r <= 0 && r > -4096);
		assert_true(strlen(p->virt) < sizeof(p->virt) && strlen(p->real) < sizeof(p->real));
		if (!r && (p->flags & VU_PATH_NATIVE) && p->real[0])
			assert_string_equal(p->real, name);
		if (!r && *p->virt)
			assert_int_equal(*p->virt, '/');
		vu_path_put(p);
	}
}

static void test_random(void **state)
{
	(void)state;
	srandom(7);
	fuzz(30000);
}

/* Tables as they may be read while they are written, or by a server gone mad. */
static void test_bad_tables(void **state)
{
	static struct vu_view_mount was[3];

	(void)state;
	memcpy(was, shim_mount(1), sizeof(was));
	for (int i = 0; i < 300; i++) {
		unsigned char *bytes = (unsigned char *)shim_mount(1);

		memcpy(bytes, was, sizeof(was));
		for (int k = 0; k < 6; k++)
			bytes[(size_t)random() % sizeof(was)] = (unsigned char)random();
		for (uint32_t id = 1; id <= 3; id++) /* no cycles: umvu's mounts have a beginning */
			shim_mount(id)->parent %= id;
		fuzz(20);
	}
	memcpy(shim_mount(1), was, sizeof(was));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_end),     cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_mount_points), cmocka_unit_test(test_missing),
		cmocka_unit_test(test_own_exe),	     cmocka_unit_test(test_off),
		cmocka_unit_test(test_long_links),   cmocka_unit_test(test_random),
		cmocka_unit_test(test_bad_tables),
	};

	return cmocka_run_group_tests_name("path_input", tests, set_up, tear_down);
}
