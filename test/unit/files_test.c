/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: src/umvu/files.c */
/* Control files: the server's answers to vu-files, to good requests and to anything else that comes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/files.h"
#include "base/fd.h"
#include "base/log.h"
#include "umvu/files.h"
#include "umvu/modules.h"
#include "umvu/view.h"

static struct vu_session session;
static struct vu_view view = { .session = &session, .number = 7 };
static struct vu_view *owner = &view;
static struct vu_mod mod;
static struct viewos_host host;
static struct vu_files *files;
static struct vu_io *served; /* the server's end; NULL: it has hung up */
static int ours;
static int state_of_view, published;

/* What files.c calls. */
int vu_io_add(struct vu_loop *l, struct vu_io *io, int fd, uint32_t events,
	      void (*fn)(struct vu_io *io, uint32_t events))
{
	(void)l;
	(void)events;
	io->fd = fd;
	io->fn = fn;
	served = io;
	return 0;
}

void vu_io_del(struct vu_loop *l, struct vu_io *io)
{
	(void)l;
	io->fd = -1;
	served = NULL;
}

struct vu_view *vu_view_by_number(struct vu_session *s, uint32_t number)
{
	(void)s;
	return number == 7 ? &view : NULL;
}

int vu_modules_state(const struct vu_view *v, const struct vu_mod *m, void **state)
{
	assert_ptr_equal(m, &mod);
	*state = &state_of_view;
	return v == &view ? 0 : -ENOENT;
}

int vu_view_publish(struct vu_view *v)
{
	assert_ptr_equal(v, &view);
	return published++;
}

int vu_session_place_fd(struct vu_session *s, int fd)
{
	(void)s;
	return fd;
}

struct vu_mod *vu_module_get(struct vu_mod *m)
{
	return m;
}

void vu_module_put(struct vu_mod *m)
{
	(void)m;
}

/* The module: what it is asked, it tells. */
static int lookup(void *context, struct viewos_access *a, uint64_t dir, const char *name,
		  struct viewos_node *node)
{
	(void)context;
	assert_ptr_equal(a->state, &state_of_view);
	node->id = dir + strlen(name);
	node->mode = S_IFREG | 0640;
	node->time = 5;
	return 0;
}

static int list(void *context, struct viewos_access *a, uint64_t dir, uint64_t index,
		struct viewos_node *node)
{
	(void)context;
	(void)a;
	(void)dir;
	memset(node->name, 'n', sizeof(node->name)); /* without an end */
	return index ? -ENOENT : 0;
}

static int read_file(void *context, struct viewos_access *a, uint64_t id)
{
	char text[1000];

	(void)context;
	memset(text, 't', sizeof(text));
	for (; id >= sizeof(text); id -= sizeof(text))
		if (host.access_text(a, text, sizeof(text)))
			return 0; /* it is told by the answer */
	return host.access_text(a, text, id);
}

/* The number of bytes, or for id 9 a program. */
static int write_file(void *context, struct viewos_access *a, uint64_t id, const char *data,
		      size_t size, uint64_t offset)
{
	int fd;

	(void)context;
	(void)offset;
	assert_int_equal(data[size], 0);
	if (id != 9)
		return (int)size;
	fd = host.access_program(a, data);
	if (fd < 0)
		return fd;
	close(fd);
	assert_int_equal(host.access_program(a, data), -EBADF);
	host.view_changed(a->view);
	return (int)size;
}

static const struct viewos_files table = { .size = sizeof(table),
					   .lookup = lookup,
					   .list = list,
					   .read = read_file,
					   .write = write_file };

static void quiet(void *ctx, enum vu_log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static int setup(void **state)
{
	struct vu_files_init init = {
		.session = &session, .mod = &mod, .table = &table, .owner = &owner
	};

	(void)state;
	vu_files_host(&host);
	assert_int_equal(vu_files_new(&init, &files, &ours), 0);
	return vu_fd_nonblock(ours, true);
}

static int teardown(void **state)
{
	(void)state;
	vu_files_free(files);
	close(ours);
	return 0;
}

static struct {
	struct vu_files_reply head;
	char data[VU_FILES_DATA + 1];
} answer;

/* Send bytes, have them served. Length of the answer, or -errno. */
static ssize_t send_bytes(const void *bytes, size_t n, int fd)
{
	struct iovec iov = { (void *)bytes, n };

	assert_true(vu_fd_send(ours, &iov, 1, &fd, fd >= 0) >= 0);
	served->fn(served, 0);
	return vu_fd_recv(ours, &answer, sizeof(answer), NULL, 0, NULL);
}

static int ask(struct vu_files_request rq, const void *data, size_t len, int fd)
{
	static char bytes[sizeof(rq) + VU_FILES_DATA];
	ssize_t n;

	rq.magic = VU_FILES_MAGIC;
	rq.len = (uint32_t)len;
	memcpy(bytes, &rq, sizeof(rq));
	memcpy(bytes + sizeof(rq), data, len);
	n = send_bytes(bytes, sizeof(rq) + len, fd);
	assert_int_equal(n, sizeof(answer.head) + answer.head.len);
	assert_int_equal(answer.head.magic, VU_FILES_MAGIC);
	return answer.head.result;
}

#define ASK(...) ask((struct vu_files_request){ __VA_ARGS__ }, "", 0, -1)

static void test_answers(void **state)
{
	(void)state;
	assert_int_equal(ask((struct vu_files_request){ .op = VU_FILES_LOOKUP, .view = 7, .id = 3 },
			     "name", 4, -1),
			 0);
	assert_int_equal(answer.head.id, 7);
	assert_int_equal(answer.head.mode, S_IFREG | 0640);
	assert_int_equal(answer.head.time, 5);
	assert_int_equal(ASK(.op = VU_FILES_STAT), -EOPNOTSUPP); /* the module has none */
	assert_int_equal(ASK(.op = VU_FILES_LIST), 0);
	assert_int_equal(answer.head.len, VIEWOS_NAME_MAX + 1);
	assert_int_equal(answer.data[VIEWOS_NAME_MAX], 0);
	assert_int_equal(ASK(.op = VU_FILES_LIST, .offset = 1), -ENOENT);
	assert_int_equal(answer.head.len, 0);
	assert_int_equal(ASK(.op = VU_FILES_READ, .id = 12345), 0);
	assert_int_equal(answer.head.len, 12345);
	assert_int_equal(ASK(.op = VU_FILES_READ, .id = VU_FILES_DATA), 0);
	assert_int_equal(ASK(.op = VU_FILES_READ, .id = VU_FILES_DATA + 1), -EFBIG);
	assert_int_equal(answer.head.len, 0);
}

static void test_program(void **state)
{
	struct vu_files_request rq = { .op = VU_FILES_WRITE, .id = 9 };

	(void)state;
	published = 0;
	assert_int_equal(ask(rq, "/a/path", 7, -1), -EAGAIN);
	assert_string_equal(answer.data, "/a/path");
	rq.flags = VU_FILES_PROGRAM;
	rq.program = -EACCES;
	assert_int_equal(ask(rq, "/a/path", 7, -1), -EACCES);
	rq.program = 0;
	assert_int_equal(ask(rq, "/a/path", 7, -1), -EBADF); /* none has come */
	assert_int_equal(published, 0);
	assert_int_equal(ask(rq, "/a/path", 7, STDIN_FILENO), 7);
	assert_int_equal(published, 1);
}

static void test_no_view(void **state)
{
	(void)state;
	owner = NULL;
	assert_int_equal(ASK(.op = VU_FILES_READ, .view = 8, .id = 1), -EIO);
	assert_int_equal(ASK(.op = VU_FILES_READ, .view = 7, .id = 1), 0);
	owner = &view;
}

/* Whatever comes: an answer, or the server hangs up. */
static void test_hostile(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct vu_files_request rq = { .magic = VU_FILES_MAGIC, .view = 7 };
		unsigned char bytes[sizeof(rq) + 64];
		size_t n = sizeof(rq), k;

		memset(bytes, 'x', sizeof(bytes));
		for (k = 0; k < 4; k++) {
			seed = seed * 1664525u + 1013904223u;
			((unsigned char *)&rq)[(seed >> 8) % sizeof(rq)] =
				(unsigned char)(seed >> 24);
		}
		if (i % 2)
			rq.magic = VU_FILES_MAGIC;
		if (i % 3)
			rq.len = (seed >> 16) % 64;
		memcpy(bytes, &rq, sizeof(rq));
		n += i % 5 ? rq.len % 64 : (seed >> 10) % 64;
		send_bytes(bytes, i % 7 ? n : n % sizeof(rq) + 1, i % 11 ? -1 : STDIN_FILENO);
		if (!served) {
			teardown(NULL);
			setup(NULL);
		}
	}
}

static void test_end(void **state)
{
	(void)state;
	close(ours);
	served->fn(served, 0);
	assert_null(served);
	ours = -1;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_view, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
	};

	vu_log_to(quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
