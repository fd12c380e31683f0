/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations: STACK_SET, STACK_LIST, STACK_DIAL. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "umvu/ops.h"
#include "umvu/stack.h"
#include "umvu/view.h"

static struct vu_view *users_view(const struct vu_conn *c)
{
	return c->view->owner ? c->view->owner : c->view;
}

/* What is on top at `path`. */
static const struct vu_entry *find(const struct vu_view *v, const char *path)
{
	const struct vu_entry *e, *found = NULL;

	vu_list_for_each(e, &v->entries, node)
		if (!(e->flags & VU_MOUNT_HIDDEN) && !strcmp(e->path, path))
			found = e;
	return found;
}

/* The id of the stack at `path`, 0: the host's; or -errno. */
static int64_t id_of(const struct vu_view *v, const char *path)
{
	const struct vu_entry *e;

	if (!path[0])
		return 0;
	e = find(v, path);
	if (!e)
		return -ENOENT;
	if (!e->mount->stack)
		return -ENOTSOCK;
	return e->mount->stack->host ? 0 : (int64_t)e->mount->id;
}

/* Leave word for a process (abi/stack.h). */
static void post(struct vu_view_head *head, const struct vu_proc *p, uint32_t families, uint32_t id)
{
	uint32_t serial = head->stack_serial + 1;
	struct vu_stack_set *set = &head->stack_sets[serial % VU_STACK_SETS];

	__atomic_store_n(&set->serial, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	set->pid = p->id.pid;
	set->start = p->id.start;
	set->families = families;
	set->stack = id;
	__atomic_store_n(&set->serial, serial, __ATOMIC_RELEASE);
	__atomic_store_n(&head->stack_serial, serial, __ATOMIC_RELEASE);
}

void vu_op_stack_set(struct vu_conn *c, struct vu_rpc_in *in)
{
	int64_t id = id_of(users_view(c), in->str[0]);
	struct vu_proc p;

	if (id < 0)
		vu_conn_result(c, (int)id, NULL);
	else if (!in->head.b || (in->head.b & ~(uint64_t)VU_FAMILIES_ALL))
		vu_conn_result(c, -EINVAL, NULL);
	else if (in->head.a > INT32_MAX || vu_proc_stat((pid_t)in->head.a, &p) < 0)
		vu_conn_result(c, -ESRCH, NULL);
	else {
		post(c->view->head, &p, (uint32_t)in->head.b, (uint32_t)id);
		vu_conn_result(c, 0, NULL);
	}
}

/* A connection to the maker, which has room in its queue or is busy: nobody waits for it. */
static int dial(const struct vu_stack *st)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	VU_CLEANUP(fd)
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", st->maker_fd);
	if (sock < 0 || connect(sock, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	vu_fd_nonblock(sock, false);
	return vu_steal_fd(&sock);
}

void vu_op_stack_dial(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_entry *e = vu_view_entry(c->view, (uint32_t)in->head.a);
	VU_CLEANUP(fd) int sock = -1;
	struct vu_conn_reply r = { .result = -ENOTSOCK };

	if (e && e->mount->stack && !e->mount->stack->host) {
		sock = dial(e->mount->stack);
		r.result = sock < 0 ? sock : 0;
		r.fd = sock < 0 ? 0 : sock;
	}
	vu_conn_answer(c, &r);
}

void vu_op_stack_list(struct vu_conn *c, struct vu_rpc_in *in)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	const struct vu_entry *e;
	char interfaces[256];

	(void)in;
	vu_list_for_each(e, &users_view(c)->entries, node) {
		const struct vu_mount *m = e->mount;

		if (!m->stack || (e->flags & VU_MOUNT_HIDDEN))
			continue;
		vu_stack_interfaces(m->stack, interfaces, sizeof(interfaces));
		vu_buf_printf(&b, "%s\t%s\t%s\t%s\t%u\t%s\n", e->path, m->type, m->source, m->super,
			      m->stack->host ? 0 : m->id, interfaces);
	}
	vu_conn_result(c, b.error, vu_buf_text(&b));
}
