/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors: passing them, truncated messages, reading files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"

static int pair[2];

static int setup(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int teardown(void **state)
{
	(void)state;
	vu_fd_close(&pair[0]);
	vu_fd_close(&pair[1]);
	return 0;
}

/* The lowest free descriptor: the same before and after if nothing leaks. */
static int lowest(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static ssize_t send_text(const char *text, const int *fds, size_t n)
{
	struct iovec iov[2] = { { (char *)text, 1 }, { (char *)text + 1, strlen(text + 1) } };

	return vu_fd_send(pair[0], iov, 2, fds, n);
}

static void test_message(void **state)
{
	char buf[16];
	size_t n = 9;

	(void)state;
	assert_int_equal(send_text("hello", NULL, 0), 5);
	assert_int_equal(vu_fd_recv(pair[1], buf, sizeof(buf), NULL, 0, &n), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(n, 0);
	vu_fd_close(&pair[0]);
	assert_int_equal(vu_fd_recv(pair[1], buf, sizeof(buf), NULL, 0, NULL), 0);
}

static void test_closed_peer(void **state)
{
	(void)state;
	vu_fd_close(&pair[1]);
	assert_int_equal(send_text("hello", NULL, 0), -EPIPE); /* and no SIGPIPE */
}

static void test_descriptors(void **state)
{
	int p[2], fds[2], before;
	char buf[4];
	size_t n;

	(void)state;
	assert_int_equal(pipe(p), 0);
	before = lowest();
	assert_int_equal(send_text("x", p, 2), 1);
	assert_int_equal(vu_fd_recv(pair[1], buf, sizeof(buf), fds, 2, &n), 1);
	assert_int_equal(n, 2);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(vu_fd_write(fds[1], "abc", 3), 0);
	assert_int_equal(vu_fd_read(p[0], buf, 3), 3);
	assert_memory_equal(buf, "abc", 3);
	vu_fd_close(&fds[0]);
	vu_fd_close(&fds[1]);
	assert_int_equal(fds[0], -1);
	assert_int_equal(lowest(), before);
	close(p[0]);
	close(p[1]);
}

/* Descriptors that we may not have: said, and none is kept. */
static void test_no_number_left(void **state)
{
	int fds[3] = { 0, 1, 2 }, got[3], before = lowest();
	struct rlimit had, few;
	char buf[4];
	size_t n;

	(void)state;
	assert_int_equal(send_text("x", fds, 3), 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &had), 0);
	few = had;
	few.rlim_cur = (rlim_t)before + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(vu_fd_recv(pair[1], buf, sizeof(buf), got, 3, &n), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &had), 0);
	assert_int_equal(n, 0);
	assert_int_equal(lowest(), before);
}

static void test_too_much(void **state)
{
	int fds[VU_FD_MAX + 1] = { 0 }, got[VU_FD_MAX], before = lowest();
	char buf[4];
	size_t n;

	(void)state;
	assert_int_equal(send_text("hello", fds, 2), 5);
	assert_int_equal(vu_fd_recv(pair[1], buf, sizeof(buf), got, 2, &n), -EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(lowest(), before);
	assert_int_equal(send_text("x", fds, 3), 1);
	assert_int_equal(vu_fd_recv(pair[1], buf, sizeof(buf), got, 1, &n), -EMSGSIZE);
	assert_int_equal(lowest(), before);
	assert_int_equal(send_text("x", fds, 1), 1);
	assert_int_equal(vu_fd_recv(pair[1], buf, sizeof(buf), NULL, 0, NULL), -EMSGSIZE);
	assert_int_equal(lowest(), before);
	assert_int_equal(send_text("x", fds, VU_FD_MAX + 1), -EINVAL);
	assert_int_equal(send_text("x", fds, VU_FD_MAX), 1);
	assert_int_equal(vu_fd_recv(pair[1], buf, sizeof(buf), got, VU_FD_MAX, &n), 1);
	assert_int_equal(n, VU_FD_MAX);
	while (n--)
		close(got[n]);
	assert_int_equal(lowest(), before);
}

static void test_flags(void **state)
{
	int copy;

	(void)state;
	assert_int_equal(vu_fd_cloexec(pair[0], false), 0);
	assert_int_equal(fcntl(pair[0], F_GETFD), 0);
	assert_int_equal(vu_fd_cloexec(pair[0], true), 0);
	assert_int_equal(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(vu_fd_nonblock(pair[0], true), 0);
	assert_int_equal(vu_fd_recv(pair[0], &copy, 1, NULL, 0, NULL), -EAGAIN);
	assert_int_equal(vu_fd_nonblock(pair[0], false), 0);
	assert_int_equal(fcntl(pair[0], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(vu_fd_cloexec(-1, true), -EBADF);
	copy = vu_fd_dup(pair[0], 50);
	assert_true(copy >= 50);
	assert_int_equal(fcntl(copy, F_GETFD), FD_CLOEXEC);
	vu_fd_close(&copy);
	assert_int_equal(vu_fd_dup(-1, 0), -EBADF);
}

static void test_files(void **state)
{
	char name[] = "/tmp/fd_test.XXXXXX", big[5000];
	VU_CLEANUP(free) char *text = NULL, *none = NULL;
	int fd = mkstemp(name);
	size_t len;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(vu_file_read(name, 0, &none, &len), 0);
	assert_string_equal(none, "");
	assert_int_equal(vu_fd_write(fd, big, sizeof(big)), 0);
	close(fd);
	assert_int_equal(vu_file_read(name, 4999, &text, &len), -EFBIG);
	assert_int_equal(vu_file_read(name, 5000, &text, &len), 0);
	assert_int_equal(len, 5000);
	assert_int_equal(strlen(text), 5000);
	unlink(name);
	assert_int_equal(vu_file_read(name, 1, &text, &len), -ENOENT);
	assert_int_equal(vu_fd_write(-1, "x", 1), -EBADF);
	assert_int_equal(vu_fd_read(-1, big, 1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_number_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_much, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
