/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: test/unit/agent_shim.c src/agent/path.c src/agent/walk.c src/agent/place.c src/agent/tree.c src/agent/procexe.c src/agent/procfs.c src/agent/procmounts.c src/agent/procself.c src/agent/lines.c src/agent/getdents.c src/agent/view.c src/agent/guest.c src/agent/known.c src/agent/unmask.c */
/* Files of /proc and listings of directories as the agent makes them. */
#define _GNU_SOURCE
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
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/handlers.h"
#include "agent/ids.h"
#include "agent/open.h"
#include "agent/trap.h"
#include "agent_shim.h"

static struct vu_scratch scratch;
static struct vu_regs regs;
static struct vu_thread thread;
static struct vu_call call = { .s = &scratch, .regs = &regs, .thread = &thread };
static struct vu_path *const p = &scratch.path[0];
static char base[64], text[1 << 20];
static const struct vu_cred *cred;

const struct vu_cred *vu_cred_get(void)
{
	return cred;
}

size_t vu_status_line(const struct vu_cred *c, const char *key, char *out, size_t size)
{
	return strncmp(key, "Uid:", 4) ? 0 : (size_t)snprintf(out, size, "Uid:\t%u\n", c->uid);
}

static char *at(const char *rest)
{
	static char names[4][256];
	static int next;
	char *s = names[next++ % 4];

	snprintf(s, 256, "%s%s", base, rest);
	return s;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(base, "/tmp/vu-texts-XXXXXX");
	assert_non_null(mkdtemp(base));
	assert_int_equal(mkdir(at("/source"), 0755), 0);
	assert_int_equal(mkdir(at("/a b"), 0755), 0);
	shim_view_init();
	shim_mount_add(0, at("/a b"), open(at("/source"), O_PATH), 0);
	shim_mount_add(1, at("/a b/inner"), open(at("/source"), O_PATH), VU_MOUNT_GHOST);
	shim_mount_add(0, at("/ghost"), open(at("/source"), O_PATH), VU_MOUNT_GHOST);
	shim_mount_add(0, at("/cover"), open(at("/source"), O_PATH), VU_MOUNT_HIDDEN);
	for (uint32_t id = 1; id <= 4; id++) {
		shim_mount(id)->mnt_id = 1000000 + id;
		shim_mount(id)->dev = makedev(300, 70000 + id);
	}
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

/* Opens a name as sys_open() does; what is in it goes to text. */
static long open_text(const char *name, uint64_t flags)
{
	size_t n = 0;
	ssize_t got;
	long fd, native;

	assert_int_equal(
		vu_resolve(&call, AT_FDCWD, (unsigned long)name, VU_FOLLOW | VU_SPECIAL, p), 0);
	native = open(name, (int)flags);
	fd = vu_proc_open(&call, p, (int)native, flags);
	text[0] = 0;
	if (fd < 0) {
		close((int)native);
		return fd;
	}
	assert_int_equal(fd, native);
	while ((got = read((int)fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
	return fd;
}

static const char *last_lines(int n)
{
	char *s = text + strlen(text);

	while (s > text && (s[-1] != '\n' || !s[0] || --n > 0))
		s--;
	return s;
}

static void test_mounts(void **state)
{
	static const char *const names[] = { "/proc/self/mounts", "/proc/mounts",
					     "/proc/thread-self/mounts" };
	char want[1024];

	(void)state;
	snprintf(want, sizeof(want),
		 "a\\040source %s/a\\040b vutest rw,relatime 0 0\n"
		 "a\\040source %s/a\\040b/inner vutest rw,relatime 0 0\n"
		 "a\\040source %s/ghost vutest rw,relatime 0 0\n",
		 base, base, base);
	for (size_t i = 0; i < 3; i++) {
		long fd = open_text(names[i], 0);

		assert_true(fd >= 0);
		assert_string_equal(last_lines(3), want);
		assert_int_equal(write((int)fd, "x", 1), -1);
		assert_int_equal(fcntl((int)fd, F_GETFD), 0);
		close((int)fd);
	}
}

static void test_mountinfo(void **state)
{
	char want[1024];
	struct statx sx;
	long fd;

	(void)state;
	assert_int_equal(statx(AT_FDCWD, base, 0, STATX_MNT_ID, &sx), 0);
	snprintf(
		want, sizeof(want),
		"1000001 %llu 300:70001 / %s/a\\040b rw,relatime - vutest a\\040source rw\n"
		"1000002 1000001 300:70002 / %s/a\\040b/inner rw,relatime - vutest a\\040source rw\n"
		"1000003 %llu 300:70003 / %s/ghost rw,relatime - vutest a\\040source rw\n",
		(unsigned long long)sx.stx_mnt_id, base, base, (unsigned long long)sx.stx_mnt_id,
		base);
	fd = open_text("/proc/self/mountinfo", O_CLOEXEC);
	assert_true(fd >= 0);
	assert_string_equal(last_lines(3), want);
	assert_int_equal(fcntl((int)fd, F_GETFD), FD_CLOEXEC);
	close((int)fd);
}

static void test_not_mine(void **state)
{
	(void)state;
	assert_int_equal(open_text("/proc/self/mounts", O_WRONLY), VU_NOT_MINE);
	assert_int_equal(open_text("/proc/1/status", 0), VU_NOT_MINE);
	assert_int_equal(open_text("/proc/1/mounts", 0), VU_NOT_MINE);
	assert_int_equal(open_text("/proc/self/stat", 0), VU_NOT_MINE);
	assert_int_equal(open_text("/etc/passwd", 0), VU_NOT_MINE);
}

static void expect_line(const char *line)
{
	char *s = strstr(text, line);

	if (!s || (s != text && s[-1] != '\n'))
		fail_msg("no '%s' in %s", line, text);
}

static void test_status(void **state)
{
	struct vu_cred root = { .uid = 4711 };
	long fd;

	(void)state;
	regs.sigmask = 0x1234;
	thread.kept_blocked = VU_SIGSYS_BIT | VU_SIGBIT(VU_SIGSEGV);
	agent_process.kept[0].handler = 4096;
	agent_process.no_new_privs = true;
	cred = &root;
	fd = open_text("/proc/self/status", 0);
	assert_true(fd >= 0);
	close((int)fd);
	expect_line("NoNewPrivs:\t1\n");
	expect_line("Seccomp:\t0\nSeccomp_filters:\t0\n");
	expect_line("Uid:\t4711\n");
	expect_line("SigBlk:\t0000000040001634\n");
	assert_non_null(strstr(text, "SigCgt:\t"));
	assert_true(strtoul(strstr(text, "SigCgt:\t") + 8, NULL, 16) & VU_SIGSYS_BIT);
	expect_line("voluntary_ctxt_switches:");
	cred = NULL;
	thread.kept_blocked = 0;
	agent_process.kept[0].handler = 0;
}

static void test_maps(void **state)
{
	char line[64];
	long fd;

	(void)state;
	fd = open_text("/proc/self/maps", 0);
	assert_true(fd >= 0);
	close((int)fd);
	snprintf(line, sizeof(line), "%lx-", VU_VIEW_ADDR);
	assert_null(strstr(text, line));
	assert_non_null(strstr(text, "proc_texts_test"));
	assert_non_null(strstr(text, "[stack]"));
}

/* How often `name` comes in a pass over the directory with buffers of `size`; rewinds in between. */
static int count(int fd, long nr, const char *name, size_t size, unsigned int *entries)
{
	static char buf[65536];
	int found = 0;
	long n;

	*entries = 0;
	for (;;) {
		call.nr = nr;
		call.arg[0] = (unsigned long)fd;
		call.arg[1] = (unsigned long)buf;
		call.arg[2] = size;
		n = sys_getdents(&call);
		assert_true(n >= 0);
		if (!n)
			break;
		for (long i = 0; i < n;) {
			unsigned short len;

			memcpy(&len, buf + i + 16, 2);
			assert_true(len && i + len <= n);
			found += !strcmp(buf + i + (nr == SYS_getdents ? 18 : 19), name);
			++*entries;
			i += len;
		}
	}
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return found;
}

static void test_ghosts(void **state)
{
	static const size_t sizes[] = { 400, 1000, 32768 };
	unsigned int n;
	char name[64];
	int fd;

	(void)state;
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "/file-%d", i);
		close(open(at(name), O_CREAT | O_WRONLY, 0644));
	}
	fd = open(base, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < 3; i++)
		for (int k = 0; k < 2; k++) {
			assert_int_equal(count(fd, k ? SYS_getdents : SYS_getdents64, "ghost",
					       sizes[i], &n),
					 1);
			assert_int_equal(n, 2 + 2 + 1 + 50);
		}
	assert_int_equal(mkdir(at("/ghost"), 0755), 0);
	assert_int_equal(count(fd, SYS_getdents64, "ghost", 32768, &n), 1);
	assert_int_equal(n, 2 + 2 + 1 + 50);
	assert_int_equal(rmdir(at("/ghost")), 0);
	close(fd);
	fd = open(at("/source"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(count(fd, SYS_getdents64, "ghost", 32768, &n), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts),	 cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_not_mine), cmocka_unit_test(test_status),
		cmocka_unit_test(test_maps),	 cmocka_unit_test(test_ghosts),
	};

	return cmocka_run_group_tests_name("proc_texts", tests, set_up, tear_down);
}
