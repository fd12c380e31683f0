/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the server wants to know of a client's process. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "umvu/clients.h"

#define ENVIRON_MAX (1 << 20)

static int copy_own(struct vu_strings *env)
{
	char **e;
	int res = 0;

	for (e = environ; !res && e && *e; e++)
		res = vu_strings_add(env, *e);
	return res;
}

int vu_client_environ(pid_t pid, struct vu_strings *env)
{
	VU_CLEANUP(free) char *text = NULL;
	struct vu_reader r;
	const char *item;
	char name[40];
	size_t len;
	int res = 0;

	snprintf(name, sizeof(name), "/proc/%d/environ", (int)pid);
	if (pid <= 0 || vu_file_read(name, ENVIRON_MAX, &text, &len) < 0 || !len)
		return copy_own(env);
	vu_reader_init(&r, text, len + 1); /* there is a NUL after the last byte */
	while (!res && vu_reader_left(&r) && (item = vu_reader_str(&r)))
		if (strchr(item, '='))
			res = vu_strings_add(env, item);
	return res;
}

/* All processes, to look for descendants among. */
struct crowd {
	struct member {
		pid_t pid, parent;
	} * p;
	size_t n, max;
};

static int join(void *ctx, pid_t pid)
{
	struct crowd *c = ctx;
	struct member *more;

	if (c->n == c->max) {
		more = realloc(c->p, (c->max + 256) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		c->p = more;
		c->max += 256;
	}
	c->p[c->n] = (struct member){ pid, vu_proc_parent(pid) };
	if (c->p[c->n].parent >= 0)
		c->n++;
	return 0;
}

static size_t add_member(pid_t pid, struct vu_proc_id *list, size_t n)
{
	struct vu_proc p;

	if (vu_proc_stat(pid, &p) < 0)
		return n;
	list[n] = p.id;
	return n + 1;
}

size_t vu_client_family(pid_t pid, struct vu_proc_id *list, size_t max)
{
	struct crowd c = { NULL, 0, 0 };
	size_t n = 0, i, at;

	vu_proc_each(join, &c);
	for (i = 0; i < c.n && n < max; i++)
		if (c.p[i].pid == pid)
			n = add_member(pid, list, n);
	/* Breadth first: the children of those that are in the list. */
	for (at = 0; at < n; at++)
		for (i = 0; i < c.n && n < max; i++)
			if (c.p[i].parent == list[at].pid)
				n = add_member(c.p[i].pid, list, n);
	free(c.p);
	return n;
}
