/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patched code in the server: runs of pages, patching, lists and their cache. */
/* sources: src/umvu/code_plan.c src/umvu/code_cache.c src/umvu/code_copy.c */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "umvu/code_cache.h"
#include "umvu/code_copy.h"
#include "umvu/code_plan.h"

#define PAGE VU_CODE_PAGE
#define LIST 4711 /* sum of a list of sites */

static struct vu_scan_site site(uint64_t offset, unsigned int kind, unsigned int length)
{
	return (struct vu_scan_site){
		.offset = offset, .number = 2, .kind = (uint8_t)kind, .length = (uint8_t)length
	};
}

static struct vu_scan_head head_of(size_t n)
{
	return (struct vu_scan_head){ .n_sites = (uint32_t)n };
}

static size_t plan(struct vu_code_file *f, uint64_t size, const struct vu_scan_site *sites,
		   size_t n)
{
	const struct vu_scan_head head = head_of(n);

	return vu_code_plan(f, size, &head, sites);
}

static size_t patch(const struct vu_code_file *f, unsigned char *pages,
		    const struct vu_scan_site *sites, size_t n)
{
	const struct vu_scan_head head = head_of(n);

	return vu_code_patch(f, pages, &head, sites);
}

/* --- runs ---------------------------------------------------------------------------------------- */

static void expect_runs(const struct vu_code_file *f, const struct vu_code_run *want, size_t n)
{
	size_t i;

	assert_int_equal(f->n_runs, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(f->run[i].file_page, want[i].file_page);
		assert_int_equal(f->run[i].n_pages, want[i].n_pages);
	}
}

static void test_runs(void **state)
{
	static const struct vu_code_run two[] = { { 3, 2 }, { 400, 1 } };
	static const struct vu_code_run near[] = { { 3, 18 } };
	const struct vu_scan_site far_apart[] = {
		site(3 * PAGE, VU_SITE_NR, 7),
		site(4 * PAGE - 2, VU_SITE_NR, 7), /* on two pages */
		site(400 * PAGE, VU_SITE_NR, 7),
	};
	const struct vu_scan_site close[] = { site(3 * PAGE, VU_SITE_NR, 7),
					      site(20 * PAGE, VU_SITE_NR, 7) };
	struct vu_code_file f = { 0 };

	(void)state;
	assert_int_equal(plan(&f, 500 * PAGE, far_apart, 3), 3);
	expect_runs(&f, two, 2);
	assert_int_equal(plan(&f, 500 * PAGE, close, 2), 18);
	expect_runs(&f, near, 1);
	assert_int_equal(plan(&f, 500 * PAGE, close, 0), 0);
	assert_int_equal(f.n_runs, 0);
	/* The file ends within the last site. */
	assert_int_equal(plan(&f, 400 * PAGE + 6, far_apart, 3), 2);
	expect_runs(&f, two, 1);
}

/* Too many: the nearest are joined. */
static void test_most_runs(void **state)
{
	struct vu_scan_site sites[VU_CODE_RUNS + 2];
	struct vu_code_file f = { 0 };
	size_t i, pages;
	uint64_t at = 0;

	(void)state;
	for (i = 0; i < VU_ARRAY_SIZE(sites); i++) {
		at += i == 4 ? 20 : i == 7 ? 30 : 1000;
		sites[i] = site(at * PAGE, VU_SITE_NR, 7);
	}
	pages = plan(&f, UINT32_MAX, sites, VU_ARRAY_SIZE(sites));
	assert_int_equal(f.n_runs, VU_CODE_RUNS);
	assert_int_equal(pages, VU_CODE_RUNS + 20 + 30);
	assert_int_equal(f.run[3].n_pages, 21);
	assert_int_equal(f.run[5].n_pages, 31);
	assert_int_equal(vu_code_pages(&f), pages);
}

/* --- patching ------------------------------------------------------------------------------------ */

struct sample {
	const char *what;
	unsigned int kind, length;
	const char *before, *after; /* NULL: left as it is */
};

#define SLOT(n) "\xff\x14\x25" n
#define NR2	SLOT("\x10\x10\x00\x7e") /* of number 2 */
#define ANY	SLOT("\xe8\x1f\x00\x7e")
#define CPUID	SLOT("\xe0\x1f\x00\x7e")
#define F000	SLOT("\xf0\x1f\x00\x7e")
#define F001	SLOT("\xf8\x1f\x00\x7e")

static const struct sample patches[] = {
	{ "eax", VU_SITE_NR, 7, "\xb8\x02\0\0\0\x0f\x05", NR2 },
	{ "rax", VU_SITE_NR, 9, "\x48\xc7\xc0\x02\0\0\0\x0f\x05", NR2 "\x66\x90" },
	{ "between", VU_SITE_NR, 9, "\xb8\x02\0\0\0\x89\xd7\x0f\x05", "\x89\xd7" NR2 },
	{ "between, rax", VU_SITE_NR, 11, "\x48\xc7\xc0\x02\0\0\0\x89\xd7\x0f\x05",
	  "\x89\xd7" NR2 "\x66\x90" },
	{ "-4096", VU_SITE_F000, 8, "\x0f\x05\x48\x3d\x00\xf0\xff\xff", F000 "\x90" },
	{ "-4095", VU_SITE_F001, 8, "\x0f\x05\x48\x3d\x01\xf0\xff\xff", F001 "\x90" },
	{ "between", VU_SITE_F001, 11, "\x0f\x05\x48\x89\xc2\x48\x3d\x01\xf0\xff\xff",
	  F001 "\x48\x89\xc2\x90" },
	{ "another number", VU_SITE_NR, 7, "\xb8\x03\0\0\0\x0f\x05", NULL },
	{ "no mov", VU_SITE_NR, 7, "\xb9\x02\0\0\0\x0f\x05", NULL },
	{ "no syscall", VU_SITE_NR, 7, "\xb8\x02\0\0\0\x0f\x0b", NULL },
	{ "rax in too few bytes", VU_SITE_NR, 8, "\x48\xc7\xc0\x02\0\0\x0f\x05", NULL },
	{ "no compare", VU_SITE_F000, 8, "\x0f\x05\x48\x3d\x01\xf0\xff\xff", NULL },
	{ "too short to compare", VU_SITE_F000, 7, "\x0f\x05\x48\x3d\x01\xf0\xff", NULL },
};

static void test_patches(void **state)
{
	unsigned char pages[PAGE], want[PAGE];
	struct vu_code_file f = { .n_runs = 1, .run = { { 5, 1 } } };
	size_t i;

	(void)state;
	for (i = 0; i < VU_ARRAY_SIZE(patches); i++) {
		const struct sample *p = &patches[i];
		struct vu_scan_site s = site(5 * PAGE + 100, p->kind, p->length);

		memset(pages, 0xaa, sizeof(pages));
		memcpy(pages + 100, p->before, p->length);
		memcpy(want, pages, sizeof(want));
		if (p->after)
			memcpy(want + 100, p->after, p->length);
		assert_int_equal(patch(&f, pages, &s, 1), p->after != NULL);
		if (memcmp(pages, want, sizeof(pages)) != 0)
			fail_msg("%s, %u bytes", p->what, p->length);
	}
}

/* Sites of several runs, one over the end of a page; one in no run. */
static void test_patch_runs(void **state)
{
	static const unsigned char open[] = { 0xb8, 2, 0, 0, 0, 0x0f, 0x05 };
	const struct vu_scan_site sites[] = { site(PAGE, VU_SITE_NR, 7),
					      site(11 * PAGE - 3, VU_SITE_NR, 7),
					      site(90 * PAGE, VU_SITE_NR, 7) };
	struct vu_code_file f = { .n_runs = 2, .run = { { 1, 1 }, { 10, 2 } } };
	VU_CLEANUP(free) unsigned char *pages = calloc(3, PAGE);

	(void)state;
	memcpy(pages, open, sizeof(open));
	memcpy(pages + 2 * PAGE - 3, open, sizeof(open));
	assert_int_equal(patch(&f, pages, sites, 3), 2);
	assert_memory_equal(pages, NR2, 7);
	assert_memory_equal(pages + 2 * PAGE - 3, NR2, 7);
}

/* --- stubs --------------------------------------------------------------------------------------- */

#define DOWN "\x48\x8d\x64\x24\x80"
#define UP   "\x48\x8d\xa4\x24\x80\0\0\0"

/* The pad is the end of the file's third page, the sites are in the first. */
static void test_stubs(void **state)
{
	static const unsigned char before[] =
		"\x8b\x38\xb8\x02\0\0\0\x0f\x05\x0f\x05\x89\xc7\x85\xc0";
	static const unsigned char faulting[] =
		"\x8b\x38\xb8\x02\0\0\0\xf4\x05\xf4\x05\x89\xc7\x85\xc0";
	struct vu_scan_site sites[] = { site(0x10, VU_SCAN_STUB, 9),
					site(0x19, VU_SCAN_STUB_RED, 6),
					site(0x800, VU_SCAN_STUB, 6) };
	struct vu_scan_head head = { .n_sites = 3, .pad = 3 * PAGE - 64, .pad_size = 64 };
	VU_CLEANUP(free) unsigned char *pages = calloc(3, PAGE);
	const unsigned char *pad = pages + 3 * PAGE - 64;
	struct vu_code_file f = { 0 };

	(void)state;
	sites[0].syscall = 7;
	assert_int_equal(vu_code_plan(&f, 3 * PAGE, &head, sites), 3);
	memcpy(pages + 0x10, before, sizeof(before) - 1);
	/* The third has no syscall. */
	assert_int_equal(vu_code_patch(&f, pages, &head, sites), 2);
	assert_memory_equal(pages + 0x10, "\xe9\xab\x2f\0\0\x90\x90\x90\x90", 9);
	assert_memory_equal(pad, "\x8b\x38\xb8\x02\0\0\0" ANY "\xe9\x46\xd0\xff\xff", 19);
	assert_memory_equal(pages + 0x19, "\xe9\xb5\x2f\0\0\x90", 6);
	/* The other begins at its syscall: the stub tells where. */
	assert_memory_equal(pad + 19,
			    DOWN ANY "\x0f\x1f\x80\x3a\xd0\xff\xff" UP "\x89\xc7\x85\xc0\xe9", 32);
	/* Without room left they fault. */
	memcpy(pages + 0x10, before, sizeof(before) - 1);
	head.pad += 48;
	head.pad_size = 16;
	assert_int_equal(vu_code_patch(&f, pages, &head, sites), 2);
	assert_memory_equal(pages + 0x10, faulting, sizeof(faulting) - 1);
}

/* cpuid gets what room calls leave, and is left as it is without. */
static void test_cpuid(void **state)
{
	static const unsigned char leaf4[] = "\xb8\x04\0\0\0\x31\xc9\x0f\xa2";
	struct vu_scan_site sites[] = { site(0x10, VU_SCAN_STUB, 9), site(0x19, VU_SCAN_STUB, 6) };
	struct vu_scan_head head = { .n_sites = 2, .pad = 3 * PAGE - 64, .pad_size = 64 };
	VU_CLEANUP(free) unsigned char *pages = calloc(3, PAGE);
	struct vu_code_file f = { 0 };

	(void)state;
	sites[0].number = VU_SCAN_CPUID;
	sites[0].syscall = 7;
	assert_int_equal(vu_code_plan(&f, 3 * PAGE, &head, sites), 3);
	memcpy(pages + 0x10, leaf4, 9);
	memcpy(pages + 0x19, "\x0f\x05\x89\xc7\x85\xc0", 6);
	assert_int_equal(vu_code_patch(&f, pages, &head, sites), 2);
	assert_memory_equal(pages + 3 * PAGE - 64, ANY, 7); /* of the call */
	assert_int_equal(pages[0x10], 0xe9);
	assert_memory_equal(pages + 3 * PAGE - 64 + 23,
			    "\xb8\x04\0\0\0\x31\xc9" CPUID "\xe9\x2f\xd0\xff\xff", 19);
	memcpy(pages + 0x10, leaf4, 9);
	memcpy(pages + 0x19, "\x0f\x05\x89\xc7\x85\xc0", 6);
	head.pad += 32;
	head.pad_size = 32;
	assert_int_equal(vu_code_patch(&f, pages, &head, sites), 2);
	assert_int_equal(pages[0x19], 0xe9);
	assert_memory_equal(pages + 0x10, leaf4, 9);
	/* Another instruction is there. */
	memset(pages + 0x10, 0x90, 9);
	head.pad_size = 64;
	head.pad -= 32;
	vu_code_patch(&f, pages, &head, sites);
	assert_int_equal(pages[0x10], 0x90);
}

static void test_return(void **state)
{
	struct vu_scan_site sites[] = { site(0x10, VU_SCAN_RETURN, VU_SCAN_RETURN_LENGTH) };
	struct vu_scan_head head = { .n_sites = 1 };
	VU_CLEANUP(free) unsigned char *pages = calloc(1, PAGE);
	struct vu_code_file f = { 0 };

	(void)state;
	assert_int_equal(vu_code_plan(&f, PAGE, &head, sites), 1);
	assert_int_equal(vu_code_patch(&f, pages, &head, sites), 0);
	memcpy(pages + 0x10, "\x0f\x05\xc3", 3);
	assert_int_equal(vu_code_patch(&f, pages, &head, sites), 1);
	assert_memory_equal(pages + 0x10, "\xeb\x01\xc3" ANY "\x0f\x1f\x80\xf6\xff\xff\xff\xc3",
			    18);
}

/* --- lists --------------------------------------------------------------------------------------- */

struct list {
	struct vu_scan_head head;
	struct vu_scan_site sites[3];
};

static struct list make_list(void)
{
	struct list l = { .head = { VU_SCAN_MAGIC, VU_SCAN_VERSION, 3, 5, 0, 0, 0, 0 },
			  .sites = { site(8, VU_SITE_NR, 7), site(15, VU_SITE_F001, 8),
				     site(PAGE, VU_SITE_NR, 9) } };

	l.head.sum = vu_scan_list_sum(&l.head, l.sites);
	return l;
}

static int read_list(struct list *l, bool sum)
{
	const struct vu_scan_head *head;
	const struct vu_scan_site *sites;

	if (sum)
		l->head.sum = vu_scan_list_sum(&l->head, l->sites);
	return vu_code_list(l, sizeof(*l), &head, &sites);
}

static void test_lists(void **state)
{
	const struct vu_scan_head *head;
	const struct vu_scan_site *sites;
	struct list l = make_list();
	size_t i;

	(void)state;
	assert_int_equal(read_list(&l, false), 0);
	for (i = 0; i < sizeof(l); i++) {
		l = make_list();
		((unsigned char *)&l)[i] ^= 0x40;
		assert_int_equal(read_list(&l, false), -EPROTO);
		assert_int_equal(vu_code_list(&l, i, &head, &sites), -EPROTO);
	}
	l = make_list();
	l.sites[1].offset = 14; /* overlap */
	assert_int_equal(read_list(&l, true), -EPROTO);
	l = make_list();
	l.sites[2].length = 4;
	assert_int_equal(read_list(&l, true), -EPROTO);
	l = make_list();
	l.sites[2].kind = VU_SCAN_FAULT; /* but too long */
	assert_int_equal(read_list(&l, true), -EPROTO);
	l.sites[2].length = 2;
	assert_int_equal(read_list(&l, true), 0);
	l = make_list();
	l.sites[2].kind = VU_SCAN_RETURN + 1;
	assert_int_equal(read_list(&l, true), -EPROTO);
	l = make_list();
	l.sites[2].offset = UINT64_MAX - 3;
	assert_int_equal(read_list(&l, true), -EPROTO);
}

/* --- cache --------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/vu-code-test-XXXXXX";
static const struct vu_code_file id = {
	.dev = 1, .ino = 2, .size = 3, .mtime_ns = 4, .ctime_ns = 5
};

static int load(int dir, const struct vu_code_file *of, char *text, size_t size)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	int res = vu_code_cache_load(dir, of, &b);

	snprintf(text, size, "%s", vu_buf_text(&b));
	return res;
}

static void test_cache(void **state)
{
	const char *file = "1-2-3-4-5";
	struct vu_code_file other = id;
	char text[64], byte;
	int dir, fd;
	off_t i;

	(void)state;
	setenv("XDG_CACHE_HOME", folder, 1);
	dir = vu_code_cache_open();
	assert_true(dir >= 0);
	assert_int_equal(load(dir, &id, text, sizeof(text)), -ENOENT);
	assert_int_equal(vu_code_cache_save(dir, &id, "list", 4), 0);
	assert_int_equal(vu_code_cache_save(dir, &id, "a list", 6), 0);
	assert_int_equal(load(dir, &id, text, sizeof(text)), 0);
	assert_string_equal(text, "a list");
	other.ctime_ns++;
	assert_int_equal(load(dir, &other, text, sizeof(text)), -ENOENT);
	assert_int_equal(renameat(dir, file, dir, "1-2-3-4-6"), 0);
	assert_int_equal(load(dir, &other, text, sizeof(text)), -EPROTO); /* another's */
	assert_int_equal(renameat(dir, "1-2-3-4-6", dir, file), 0);
	/* Any byte that has changed, and any that is missing. */
	fd = openat(dir, file, O_RDWR | O_CLOEXEC);
	for (i = 0; pread(fd, &byte, 1, i) == 1; i++) {
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
		assert_int_equal(load(dir, &id, text, sizeof(text)), -EPROTO);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
	}
	assert_int_equal(load(dir, &id, text, sizeof(text)), 0);
	while (i--) {
		assert_int_equal(ftruncate(fd, i), 0);
		assert_int_equal(load(dir, &id, text, sizeof(text)), -EPROTO);
	}
	close(fd);
	unlinkat(dir, file, 0);
	assert_int_equal(mkdirat(dir, file, 0700), 0); /* what is no file */
	assert_true(load(dir, &id, text, sizeof(text)) < 0);
	assert_true(vu_code_cache_save(dir, &id, "a list", 6) < 0);
	unlinkat(dir, file, AT_REMOVEDIR);
	close(dir);
}

/* A file of five pages and a half, of which the second and the last are runs. */
static int make_file(int dir, struct vu_code_file *f, unsigned char *pages)
{
	int fd = openat(dir, "original", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	unsigned char byte;
	uint64_t i;

	*f = id;
	f->size = 5 * PAGE + PAGE / 2;
	f->n_runs = 2;
	f->run[0] = (struct vu_code_run){ 1, 1 };
	f->run[1] = (struct vu_code_run){ 5, 1 };
	f->n_sites = 7;
	for (i = 0; i < f->size; i++) {
		byte = (unsigned char)(i % 251);
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
	}
	memset(pages, 0xaa, PAGE);
	memset(pages + PAGE, 0xbb, PAGE);
	return fd;
}

static int open_copy(int dir, struct vu_code_file *f)
{
	f->n_sites = 0;
	return vu_code_copy_open(dir, f, LIST, "/some/where/libx.so");
}

/* The names that are made of the file's and its identity. */
static void find_names(int dir, char *stamp, char *copy)
{
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;

	*stamp = *copy = '\0';
	while ((e = readdir(d))) {
		if (strstr(e->d_name, ".stamp"))
			strcpy(stamp, e->d_name);
		else if (!strncmp(e->d_name, "libx.so.", 8))
			strcpy(copy, e->d_name);
	}
	closedir(d);
}

static void change(int dir, const char *name, off_t at)
{
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	unsigned char byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void test_copies(void **state)
{
	unsigned char pages[2 * PAGE], *got;
	char stamp[256], copy[256];
	struct vu_code_file f, other;
	int dir, fd, in;
	struct stat st;

	(void)state;
	setenv("XDG_CACHE_HOME", folder, 1);
	dir = vu_code_cache_open();
	assert_true(dir >= 0);
	in = make_file(dir, &f, pages);
	assert_int_equal(open_copy(dir, &f), -ENOENT);
	f.n_sites = 7;
	assert_int_equal(vu_code_copy_save(dir, in, &f, LIST, "/a/libx.so", pages), 0);
	fd = open_copy(dir, &f);
	assert_true(fd >= 0);
	assert_int_equal(f.n_sites, 7);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 6 * PAGE);
	got = vu_code_read(fd, &f);
	assert_memory_equal(got, pages, sizeof(pages));
	free(got);
	f.run[0].file_page = 2;
	got = vu_code_read(fd, &f);
	assert_int_equal(got[10], (2 * PAGE + 10) % 251);
	free(got);
	f.run[0].file_page = 1;
	close(fd);
	/* Of another version of the file, or by another list, there is none, */
	assert_int_equal(vu_code_copy_open(dir, &f, LIST + 1, "/a/libx.so"), -EPROTO);
	other = f;
	other.mtime_ns++;
	assert_int_equal(open_copy(dir, &other), -ENOENT);
	find_names(dir, stamp, copy);
	/* nor if anybody has written to the copy, or to the stamp. */
	change(dir, copy, 3 * PAGE);
	assert_int_equal(open_copy(dir, &f), -ESTALE);
	f.n_sites = 7;
	assert_int_equal(vu_code_copy_save(dir, in, &f, LIST, "/b/libx.so", pages), 0);
	change(dir, stamp, 98);
	assert_int_equal(open_copy(dir, &f), -EPROTO);
	change(dir, stamp, 98);
	fd = open_copy(dir, &f);
	assert_true(fd >= 0);
	close(fd);
	unlinkat(dir, copy, 0);
	assert_int_equal(open_copy(dir, &f), -ENOENT);
	unlinkat(dir, stamp, 0);
	unlinkat(dir, "original", 0);
	close(in);
	close(dir);
}

/* Since another start of the machine the runs are what counts. */
static void test_copies_after_a_crash(void **state)
{
	const off_t boot_at = 96; /* in the stamp, whose sum is in its last 8 bytes */
	unsigned char pages[2 * PAGE], text[256];
	char stamp[256], copy[256];
	struct vu_code_file f;
	int dir, fd, in, round;
	uint64_t sum;
	ssize_t n;

	(void)state;
	setenv("XDG_CACHE_HOME", folder, 1);
	dir = vu_code_cache_open();
	in = make_file(dir, &f, pages);
	for (round = 0; round < 2; round++) {
		f.n_sites = 7;
		pages[0] ^= (unsigned char)round; /* as if not all had come to the disk */
		assert_int_equal(vu_code_copy_save(dir, in, &f, LIST, "/a/libx.so", pages), 0);
		find_names(dir, stamp, copy);
		fd = openat(dir, stamp, O_RDWR | O_CLOEXEC);
		n = read(fd, text, sizeof(text));
		assert_true(n > boot_at + 36);
		assert_int_equal(text[boot_at + 8], '-');
		memset(text + boot_at, 'x', 36);
		if (round)
			text[80] ^= 1; /* the sum of the runs */
		sum = vu_scan_sum(text, (uint64_t)n - 8);
		memcpy(text + n - 8, &sum, 8);
		assert_int_equal(pwrite(fd, text, (size_t)n, 0), n);
		close(fd);
		fd = open_copy(dir, &f);
		assert_int_equal(fd >= 0, !round);
		if (fd >= 0)
			close(fd);
	}
	unlinkat(dir, stamp, 0);
	unlinkat(dir, copy, 0);
	unlinkat(dir, "original", 0);
	close(in);
	close(dir);
}

static void test_cache_folder(void **state)
{
	char path[128];
	struct stat st;
	int dir;

	(void)state;
	snprintf(path, sizeof(path), "%s/home", folder);
	setenv("XDG_CACHE_HOME", "not/absolute", 1);
	setenv("HOME", path, 1);
	assert_int_equal(vu_code_cache_open(), -ENOENT);
	assert_int_equal(mkdir(path, 0700), 0);
	dir = vu_code_cache_open();
	assert_true(dir >= 0);
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(fchmod(dir, 0777), 0); /* others could put lists there */
	assert_int_equal(vu_code_cache_open(), -EPERM);
	close(dir);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	assert_int_equal(vu_code_cache_open(), -ENOENT);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const parts[] = { "viewos/code",
					     "viewos",
					     "home/.cache/viewos/code",
					     "home/.cache/viewos",
					     "home/.cache",
					     "home",
					     "" };
	char path[128];
	size_t i;

	(void)state;
	for (i = 0; i < VU_ARRAY_SIZE(parts); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, parts[i]);
		rmdir(path);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),	cmocka_unit_test(test_most_runs),
		cmocka_unit_test(test_patches), cmocka_unit_test(test_patch_runs),
		cmocka_unit_test(test_stubs),	cmocka_unit_test(test_lists),
		cmocka_unit_test(test_cpuid),	cmocka_unit_test(test_return),
		cmocka_unit_test(test_cache),	cmocka_unit_test(test_cache_folder),
		cmocka_unit_test(test_copies),	cmocka_unit_test(test_copies_after_a_crash),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
