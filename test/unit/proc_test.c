/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other processes: /proc/PID/stat with nasty names, maps, pidfds, children. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/look.h"
#include "base/proc.h"

#define REST " S 7 3 3 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 1 2 3\n"

static void test_parse(void **state)
{
	struct vu_proc p;

	(void)state;
	assert_int_equal(vu_proc_parse_stat("42 (a b) c) (" REST, &p), -EINVAL);
	assert_int_equal(vu_proc_parse_stat("42 (a) S (b)" REST, &p), 0);
	assert_int_equal(p.id.pid, 42);
	assert_int_equal(p.ppid, 7);
	assert_int_equal(p.id.start, 12345);
	assert_string_equal(p.comm, "a) S (b");
	assert_int_equal(vu_proc_parse_stat("42 (a very long name of a thing)" REST, &p), 0);
	assert_int_equal(strlen(p.comm), 16);
	assert_int_equal(vu_proc_parse_stat("", &p), -EINVAL);
	assert_int_equal(vu_proc_parse_stat("42 (", &p), -EINVAL);
	assert_int_equal(vu_proc_parse_stat(")(", &p), -EINVAL);
	assert_int_equal(vu_proc_parse_stat("42 (x) S", &p), -EINVAL);
}

static void test_self(void **state)
{
	static const char *const needles[] = { "[stack]", "no such thing", "[vdso]" };
	struct vu_proc p;

	(void)state;
	assert_int_equal(vu_proc_stat(getpid(), &p), 0);
	assert_int_equal(p.ppid, getppid());
	assert_int_equal(vu_proc_maps(getpid(), needles, 3), 5);
	assert_int_equal(vu_proc_stat(0x7ffffffe, &p), -ESRCH);
	assert_int_equal(vu_proc_maps(0x7ffffffe, needles, 3), -ESRCH);
}

static void test_child(void **state)
{
	struct vu_proc_id wrong;
	struct vu_proc p;
	pid_t list[8], pid = fork();
	int fd;

	(void)state;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(vu_proc_children(getpid(), list, 8), 1);
	assert_int_equal(list[0], pid);
	assert_int_equal(vu_proc_parent(pid), getpid());
	assert_int_equal(vu_proc_stat(pid, &p), 0);
	assert_true(vu_proc_descends(pid, getpid()));
	assert_true(vu_proc_descends(pid, pid));
	assert_false(vu_proc_descends(getpid(), pid));
	assert_false(vu_proc_descends(-1, getpid()));
	wrong = p.id;
	wrong.start++;
	assert_int_equal(vu_proc_open(&wrong), -ESRCH);
	fd = vu_proc_open(&p.id);
	assert_true(fd >= 0);
	assert_int_equal(vu_proc_signal(fd, SIGKILL), 0);
	while (vu_proc_parent(pid) > 0)
		usleep(1000);
	assert_int_equal(vu_proc_children(getpid(), list, 8), 0); /* no zombies */
	waitpid(pid, NULL, 0);
	assert_int_equal(vu_proc_signal(fd, SIGKILL), -ESRCH);
	close(fd);
	assert_int_equal(vu_proc_children(getpid(), list, 8), 0);
}

static long look(const void *arg, pid_t pid)
{
	(void)arg;
	if (pid == getppid())
		kill(getpid(), SIGKILL);
	usleep(300000);
	return pid;
}

/* A child that only sleeps is waited for; one that was killed is told of. */
static void test_look(void **state)
{
	pid_t other = getppid();

	(void)state;
	assert_int_equal(vu_look_at(other, look, NULL), other);
	assert_int_equal(vu_look_at(getpid(), look, NULL), -EIO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
