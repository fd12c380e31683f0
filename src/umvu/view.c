/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Views: making them, their mount tables, what of them is published. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "realm/names.h"
#include "umvu/code.h"
#include "umvu/conn.h"
#include "umvu/driver.h"
#include "umvu/fscontext.h"
#include "umvu/image.h"
#include "umvu/modules.h"
#include "umvu/publish.h"
#include "umvu/readers.h"
#include "umvu/stack.h"
#include "umvu/tree.h"
#include "umvu/view.h"

#define OPTIONS_MAX 1024

/* The entries that `v` shows: its owner's, without the mount that its driver is for, and its own. */
static bool shows(const struct vu_view *v, const struct vu_entry *e)
{
	return !v->driver || e->mount != vu_driver_mount(v->driver);
}

static int count(const struct vu_view *v)
{
	struct vu_entry *e;
	int n = 0;

	if (v->owner)
		n += count(v->owner);
	vu_list_for_each(e, &v->entries, node)
		n += e->mount->stack ? 1 + (int)e->mount->stack->n_files : 1;
	return n;
}

/* What a mount's flags are in this view. */
static uint32_t flags_of(const struct vu_entry *e)
{
	const struct vu_mount *m = e->mount;
	uint32_t flags = m->flags | e->flags;

	if (m->stack)
		flags |= m->stack->host ? 0 : VU_MOUNT_STACK;
	else if (!m->driver && !(e->flags & VU_MOUNT_HIDDEN))
		flags |= VU_MOUNT_DAEMON;
	return flags;
}

/* What is published of an entry; options and super (OPTIONS_MAX bytes) hold its texts. */
static void describe(const struct vu_entry *e, struct vu_publish_mount *p, char *options,
		     char *super)
{
	const struct vu_mount *m = e->mount;

	vu_mount_options(m->attr, options, OPTIONS_MAX);
	snprintf(super, OPTIONS_MAX, "%s%s%s", m->flags & VU_MOUNT_RDONLY ? "ro" : "rw",
		 m->super[0] ? "," : "", m->super);
	*p = (struct vu_publish_mount){
		.m = { .id = m->id,
		       .parent = e->parent,
		       .mnt_id = m->mnt_id,
		       .dev = m->dev,
		       .fd = m->fd,
		       .flags = flags_of(e),
		       .maker = m->stack ? m->stack->maker : 0,
		       .maker_fd = m->stack ? m->stack->maker_fd : -1 },
		.path = e->path,
		.type = m->type,
		.source = m->source,
		.options = options,
		.super = super,
	};
}

/* What those whose stack it is find in the file system. */
static size_t gather_files(const struct vu_mount *m, struct vu_publish_mount *list, size_t n)
{
	size_t i;

	for (i = 0; m->stack && i < m->stack->n_files; i++) {
		const struct vu_stack_file *f = &m->stack->files[i];

		list[n++] = (struct vu_publish_mount){
			.m = { .id = f->id,
			       .parent = m->id,
			       .mnt_id = f->mnt_id,
			       .dev = f->dev,
			       .fd = f->fd,
			       .flags = f->flags },
			.path = f->path,
			.type = m->type,
			.source = m->source,
			.options = "rw",
			.super = "rw",
		};
	}
	return n;
}

static size_t gather(const struct vu_view *from, const struct vu_view *v,
		     struct vu_publish_mount *list, char (*texts)[2][OPTIONS_MAX], size_t n)
{
	struct vu_entry *e;

	vu_list_for_each(e, &from->entries, node) {
		if (!shows(v, e))
			continue;
		describe(e, &list[n], texts[n][0], texts[n][1]);
		n = gather_files(e->mount, list, n + 1);
	}
	return n;
}

/* Publish one view. */
static int publish(struct vu_view *v)
{
	const struct vu_view *base = v->owner ? v->owner : v;
	size_t n = (size_t)count(v) + 1;
	VU_CLEANUP(free) struct vu_publish_mount *list = calloc(n, sizeof(*list));
	VU_CLEANUP(free) void *texts = calloc(n, 2 * OPTIONS_MAX);
	VU_CLEANUP(free) struct vu_publish_exec *execs = NULL;
	struct vu_publish p = { .mounts = list, .name = v->name };

	if (!list || !texts || vu_modules_execs(base, &execs, &p.n_execs) < 0)
		return -ENOMEM;
	p.execs = execs;
	if (vu_log_has("agent"))
		p.debug |= VU_DEBUG_LOG;
	if (v->stats)
		p.debug |= VU_DEBUG_STATS;
	if (v->owner)
		p.n_mounts = gather(v->owner, v, list, texts, 0);
	p.n_mounts = gather(v, v, list, texts, p.n_mounts);
	vu_modules_rules(base, &p);
	return vu_publish(v->head, &p);
}

int vu_view_publish(struct vu_view *v)
{
	struct vu_view *cover;
	int res = publish(v), other;

	vu_list_for_each(cover, &v->covers, covered) {
		other = publish(cover);
		if (!res)
			res = other;
	}
	return res;
}

static void fill_head(struct vu_view *v)
{
	struct vu_session *s = v->session;

	v->head->magic = VU_VIEW_MAGIC;
	v->head->abi = VU_ABI_VERSION;
	v->head->session = s->id;
	v->head->view = v->number;
	v->head->server = s->pid;
	v->head->rpc_fd = v->rpc_fd;
	v->head->view_fd = v->fd;
	v->head->loader_fd = s->loader_fd;
	v->head->loader_dev = s->loader_dev;
	v->head->loader_ino = s->loader_ino;
	v->head->flags = VU_VIEW_STARTING;
	vu_code_fill(s, v->head);
	vu_tree_fill(v);
	vu_readers_add(v);
}

/* The image, and the number that the socket will have. */
static int open_view(struct vu_view *v, const char *image)
{
	int fd = vu_image_new(image, &v->head);

	if (fd < 0)
		return fd;
	v->fd = vu_session_place_fd(v->session, fd);
	if (v->fd < 0)
		return v->fd;
	fd = vu_fd_dup(v->fd, 3);
	v->rpc_fd = fd < 0 ? fd : vu_session_place_fd(v->session, fd);
	if (v->rpc_fd < 0)
		return v->rpc_fd;
	fill_head(v);
	return 0;
}

int vu_view_serve(struct vu_view *v)
{
	VU_CLEANUP(fd) int path = -1;
	int sock = vu_image_socket(v->session->id, &path), res = 0;

	if (sock < 0)
		return sock;
	if (dup3(path, v->rpc_fd, O_CLOEXEC) < 0)
		res = -errno;
	if (!res)
		res = vu_conn_listen(v, sock);
	if (res < 0) {
		close(sock);
		return res;
	}
	__atomic_and_fetch(&v->head->flags, ~VU_VIEW_STARTING, __ATOMIC_RELEASE);
	return 0;
}

static struct vu_view *alloc_view(struct vu_session *s)
{
	struct vu_view *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->session = s;
	v->fd = -1;
	v->rpc_fd = -1;
	v->listen.fd = -1;
	v->number = s->next_view++;
	vu_timer_init(&v->pause);
	vu_list_init(&v->entries);
	vu_list_init(&v->uses);
	vu_list_init(&v->contexts);
	vu_list_init(&v->covered);
	vu_list_init(&v->covers);
	vu_list_add_tail(&s->views, &v->node);
	return v;
}

static struct vu_entry *new_entry(struct vu_mount *m, uint32_t parent, const char *path,
				  uint32_t flags)
{
	struct vu_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->path = strdup(path);
	if (!e->path) {
		free(e);
		return NULL;
	}
	e->mount = vu_mount_get(m);
	e->parent = parent;
	e->flags = flags;
	return e;
}

/* Take the entry away; its reference is the caller's. */
static struct vu_mount *drop_entry(struct vu_entry *e)
{
	struct vu_mount *m = e->mount;

	vu_list_del(&e->node);
	free(e->path);
	free(e);
	return m;
}

static int copy_entries(struct vu_view *v, const struct vu_view *parent)
{
	struct vu_entry *e, *copy;

	vu_list_for_each(e, &parent->entries, node) {
		copy = new_entry(e->mount, e->parent, e->path, e->flags);
		if (!copy)
			return -ENOMEM;
		vu_list_add_tail(&v->entries, &copy->node);
	}
	return vu_modules_copy(v, parent);
}

int vu_view_new(struct vu_session *s, const struct vu_view *parent, const char *name, bool stats,
		struct vu_view **out)
{
	struct vu_view *v = alloc_view(s);
	char image[VU_NAME_MAX];
	int res = v ? 0 : -ENOMEM;

	if (!v)
		return res;
	v->stats = stats;
	if (vu_str_copy(v->name, sizeof(v->name), name) < 0)
		res = -ENAMETOOLONG;
	vu_name_view(image, s->id, v->number);
	if (!res)
		res = open_view(v, image);
	/* A driver that starts a umvu gets what its owner has. */
	if (!res && parent)
		res = copy_entries(v, parent->owner ? parent->owner : parent);
	if (!res)
		res = vu_view_publish(v);
	if (res < 0) {
		vu_view_free(v);
		return res;
	}
	*out = v;
	return 0;
}

int vu_view_new_cover(struct vu_view *owner, struct vu_driver *driver, struct vu_view **out)
{
	struct vu_view *v = alloc_view(owner->session);
	char image[VU_NAME_MAX];
	int res;

	if (!v)
		return -ENOMEM;
	v->owner = owner;
	v->driver = driver;
	vu_list_add(&owner->covers, &v->covered);
	memcpy(v->name, owner->name, sizeof(v->name));
	vu_name_cover(image, owner->session->id, owner->number, v->number);
	res = open_view(v, image);
	if (!res)
		res = vu_view_publish(v);
	if (!res)
		res = vu_view_serve(v);
	if (res < 0) {
		vu_view_free(v);
		return res;
	}
	*out = v;
	return 0;
}

void vu_view_free(struct vu_view *v)
{
	struct vu_entry *e, *tmp;
	struct vu_mount *m;
	int fd = v->listen.fd;

	VU_BUG_ON(!vu_list_empty(&v->covers));
	vu_conn_drop_view(v);
	vu_io_del(&v->session->loop, &v->listen);
	vu_fd_close(&fd);
	vu_timer_del(&v->pause);
	vu_fscontext_drop_view(v);
	vu_list_for_each_safe(e, tmp, &v->entries, node) {
		/* What is left here is a cover, or a copy's: no driver waits for it. */
		m = drop_entry(e);
		if (vu_mount_put(m))
			vu_mount_free(m);
	}
	vu_modules_drop_view(v);
	vu_list_del(&v->covered);
	vu_list_del(&v->node);
	vu_readers_del(v);
	vu_image_unmap(v->head);
	vu_fd_close(&v->rpc_fd);
	vu_fd_close(&v->fd);
	free(v);
}

struct vu_session_ref vu_view_ref(const struct vu_view *v)
{
	return (struct vu_session_ref){
		.session = v->session->id,
		.server = v->session->pid,
		.view_fd = v->fd,
		.rpc_fd = v->rpc_fd,
		.loader_fd = v->session->loader_fd,
	};
}

struct vu_view *vu_view_by_number(struct vu_session *s, uint32_t number)
{
	struct vu_view *v;

	vu_list_for_each(v, &s->views, node)
		if (v->number == number)
			return v;
	return NULL;
}

struct vu_entry *vu_view_entry(const struct vu_view *v, uint32_t id)
{
	struct vu_entry *e;

	vu_list_for_each(e, &v->entries, node)
		if (e->mount->id == id)
			return e;
	return v->owner ? vu_view_entry(v->owner, id) : NULL;
}

struct vu_entry *vu_view_entry_in(const struct vu_view *v, uint32_t id)
{
	struct vu_entry *e;

	vu_list_for_each(e, &v->entries, node)
		if (e->parent == id)
			return e;
	return NULL;
}

uint32_t vu_view_top(const struct vu_view *v, uint32_t parent, const char *path)
{
	struct vu_entry *e;
	bool found = true;

	while (found) {
		found = false;
		vu_list_for_each(e, &v->entries, node) {
			if (e->parent == parent && !strcmp(e->path, path)) {
				parent = e->mount->id;
				found = true;
				break;
			}
		}
	}
	return parent;
}

int vu_view_add(struct vu_view *v, struct vu_mount *m, uint32_t parent, const char *path,
		uint32_t flags)
{
	struct vu_entry *e = new_entry(m, parent, path, flags);
	int res;

	if (!e)
		return -ENOMEM;
	vu_list_add_tail(&v->entries, &e->node);
	res = vu_view_publish(v);
	if (res < 0) {
		vu_mount_put(drop_entry(e));
		vu_view_publish(v);
	}
	return res;
}

struct vu_mount *vu_view_take(struct vu_view *v, struct vu_entry *e)
{
	struct vu_mount *m = drop_entry(e);

	vu_view_publish(v);
	return m;
}
