/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Control files of modules: requests of vu-files, and the module's functions that answer them. They are called
 * in the server's own thread and do not block; what may block (opening a program) vu-files does.
 */
#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/files.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/files.h"
#include "umvu/modules.h"
#include "umvu/view.h"

struct vu_files {
	struct vu_files_init init;
	struct vu_io io;
};

/* What comes in: one at a time. */
struct request {
	struct vu_files_request head;
	char data[VU_FILES_DATA + 1]; /* with a NUL behind it */
};

struct access {
	struct viewos_access a;
	const struct vu_files *f;
	struct vu_buf text;  /* what the module tells, or the path of a program that it wants */
	bool asked;	     /* the program has been looked for */
	int program, result; /* ... the descriptor, -1 none (any more); 0 or -errno */
};

static struct access *of(struct viewos_access *a)
{
	return vu_container_of(a, struct access, a);
}

static int host_text(struct viewos_access *a, const void *text, size_t size)
{
	int res = vu_buf_add(&of(a)->text, text, size);

	return res == -EMSGSIZE ? -EFBIG : res;
}

static int host_program(struct viewos_access *a, const char *path)
{
	struct access *x = of(a);

	if (!x->asked) {
		vu_buf_addstr(&x->text, path);
		return x->text.error ? x->text.error : -EAGAIN;
	}
	if (x->result < 0)
		return x->result;
	return x->program < 0 ? -EBADF :
				vu_session_place_fd(x->f->init.session, vu_steal_fd(&x->program));
}

static int host_changed(struct viewos_view *view)
{
	return vu_view_publish((struct vu_view *)view);
}

void vu_files_host(struct viewos_host *host)
{
	host->access_text = host_text;
	host->access_program = host_program;
	host->view_changed = host_changed;
}

/* The caller's view if it has the module, else the one that the mount is for. */
static struct vu_view *find_view(const struct vu_files *f, uint32_t number, void **state)
{
	struct vu_view *v = number ? vu_view_by_number(f->init.session, number) : NULL;

	if (v && v->owner)
		v = v->owner;
	if (v && vu_modules_state(v, f->init.mod, state) == 0)
		return v;
	v = *f->init.owner;
	return v && vu_modules_state(v, f->init.mod, state) == 0 ? v : NULL;
}

/* Call the module's function. The answer's result. */
static int call(const struct vu_files *f, const struct request *rq, struct access *x,
		struct viewos_node *node)
{
	const struct viewos_files *t = f->init.table;
	void *context = f->init.mod->context;
	uint64_t id = rq->head.id;

	switch (rq->head.op) {
	case VU_FILES_LOOKUP:
		return VIEWOS_HAS(t, lookup) && t->lookup ?
			       t->lookup(context, &x->a, id, rq->data, node) :
			       -EOPNOTSUPP;
	case VU_FILES_STAT:
		return VIEWOS_HAS(t, stat) && t->stat ? t->stat(context, &x->a, id, node) :
							-EOPNOTSUPP;
	case VU_FILES_LIST:
		return VIEWOS_HAS(t, list) && t->list ?
			       t->list(context, &x->a, id, rq->head.offset, node) :
			       -EOPNOTSUPP;
	case VU_FILES_READ:
		return VIEWOS_HAS(t, read) && t->read ? t->read(context, &x->a, id) : -EINVAL;
	case VU_FILES_WRITE:
		return VIEWOS_HAS(t, write) && t->write ? t->write(context, &x->a, id, rq->data,
								   rq->head.len, rq->head.offset) :
							  -EINVAL;
	default:
		return -EINVAL;
	}
}

static void answer(struct vu_files *f, int result, const struct viewos_node *node,
		   const struct vu_buf *text)
{
	struct vu_files_reply head = { .magic = VU_FILES_MAGIC,
				       .result = result,
				       .mode = node->mode,
				       .id = node->id,
				       .time = node->time,
				       .len = (uint32_t)text->len };
	struct iovec iov[2] = { { &head, sizeof(head) }, { text->data, text->len } };

	if (vu_fd_send(f->io.fd, iov, text->len ? 2 : 1, NULL, 0) < 0)
		vu_log_warn("files", "a reply to vu-files was lost");
}

static void serve(struct vu_files *f, const struct request *rq, int *program)
{
	struct viewos_node node = { .size = sizeof(node) };
	struct access x = {
		.a = { .size = sizeof(x.a) },
		.f = f,
		.text = { .max = VU_FILES_DATA },
		.asked = rq->head.flags & VU_FILES_PROGRAM,
		.result = rq->head.program,
		.program = vu_steal_fd(program),
	};
	struct vu_view *v = find_view(f, rq->head.view, &x.a.state);
	int res;

	x.a.view = (struct viewos_view *)v;
	res = v ? call(f, rq, &x, &node) : -EIO;
	if (res >= 0 && x.text.error)
		res = x.text.error == -EMSGSIZE ? -EFBIG : x.text.error;
	if (res < 0 && res != -EAGAIN)
		vu_buf_free(&x.text);
	if (res == 0 && rq->head.op == VU_FILES_LIST) {
		node.name[sizeof(node.name) - 1] = '\0';
		vu_buf_addstr(&x.text, node.name);
	}
	answer(f, res, &node, &x.text);
	vu_buf_free(&x.text);
	vu_fd_close(&x.program);
}

/* A message of `n` bytes: is it a request? */
static bool is_valid(const struct request *rq, ssize_t n)
{
	const struct vu_files_request *h = &rq->head;

	return n >= (ssize_t)sizeof(*h) && h->magic == VU_FILES_MAGIC && h->op < VU_FILES_N_OPS &&
	       h->len == (size_t)n - sizeof(*h) && h->len <= VU_FILES_DATA;
}

static void hang_up(struct vu_files *f)
{
	int fd = f->io.fd;

	vu_io_del(&f->init.session->loop, &f->io);
	vu_fd_close(&fd);
}

static void on_request(struct vu_io *io, uint32_t events)
{
	struct vu_files *f = vu_container_of(io, struct vu_files, io);
	VU_CLEANUP(free) struct request *rq = malloc(sizeof(*rq));
	VU_CLEANUP(fd) int program = -1;
	size_t n_fds = 0;
	ssize_t n;

	(void)events;
	n = rq ? vu_fd_recv(io->fd, rq, sizeof(*rq) - 1, &program, 1, &n_fds) : -ENOMEM;
	if (n == -EAGAIN)
		return;
	if (!n_fds)
		program = -1;
	if (n <= 0 || !is_valid(rq, n)) {
		if (n)
			vu_log_warn("files", "vu-files has sent what is no request");
		hang_up(f);
		return;
	}
	rq->data[rq->head.len] = '\0';
	serve(f, rq, &program);
}

int vu_files_new(const struct vu_files_init *init, struct vu_files **out, int *sock)
{
	struct vu_files *f = calloc(1, sizeof(*f));
	int pair[2], res;

	if (!f)
		return -ENOMEM;
	f->init = *init;
	f->io.fd = -1;
	vu_module_get(init->mod);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		res = -errno;
		vu_files_free(f);
		return res;
	}
	vu_fd_nonblock(pair[0], true);
	res = vu_io_add(&init->session->loop, &f->io, pair[0], EPOLLIN, on_request);
	if (res < 0) {
		close(pair[0]);
		close(pair[1]);
		vu_files_free(f);
		return res;
	}
	*out = f;
	*sock = pair[1];
	return 0;
}

void vu_files_free(struct vu_files *f)
{
	if (!f)
		return;
	hang_up(f);
	vu_module_put(f->init.mod);
	free(f);
}
