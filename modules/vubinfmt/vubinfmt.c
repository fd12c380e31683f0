/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vubinfmt: executable formats of one's own, by the interface of the kernel's binfmt_misc.
 *
 * A mount of type vubinfmt shows the control files: register, status, and one for each format. What is written
 * there changes the rules of the view that the writing process is in; the agent obeys them in execve.
 * Formats belong to the view, not to the mount: they stay when it is unmounted, and a view that begins as
 * a copy of another has copies of its formats.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "viewos/module.h"

#include "format.h"

#define TYPE	    "vubinfmt"
#define ID_REGISTER 2u
#define ID_STATUS   3u
#define ID_ENTRIES  16u /* first of the formats */

struct vubinfmt {
	const struct viewos_host *host;
	uint64_t next_id;
};

/* An interpreter that flag F has opened; shared by copies of its format in other views. */
struct program {
	unsigned int refs;
	int fd;
};

struct entry {
	struct entry *next; /* newest first */
	uint64_t id;
	int64_t time;
	struct binfmt *format;
	struct program *program; /* NULL: looked for in each execve */
};

/* What a view has. */
struct formats {
	struct entry *first;
	size_t n;
	bool disabled;
	const struct entry **rules; /* those in force, in their order: room for all */
	size_t n_rules;
	int64_t time;
};

static void put_program(struct program *p)
{
	if (!p || --p->refs)
		return;
	close(p->fd);
	free(p);
}

static void free_entry(struct entry *e)
{
	put_program(e->program);
	free(e->format);
	free(e);
}

/* Which rules are in force. There is room: it grows when an entry is added. */
static void gather(struct formats *v)
{
	const struct entry *e;

	v->n_rules = 0;
	for (e = v->first; e && !v->disabled; e = e->next)
		if (!e->format->disabled)
			v->rules[v->n_rules++] = e;
}

/* Takes *e. 0 or -ENOMEM. */
static int add(struct formats *v, struct entry *e)
{
	const struct entry **rules = realloc(v->rules, (v->n + 1) * sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	v->rules = rules;
	v->n++;
	e->next = v->first;
	v->first = e;
	gather(v);
	return 0;
}

/* Takes it out; it stays the caller's. */
static void cut(struct formats *v, struct entry *e)
{
	struct entry **at;

	for (at = &v->first; *at != e; at = &(*at)->next)
		;
	*at = e->next;
	v->n--;
	gather(v);
}

static struct entry *by_id(const struct formats *v, uint64_t id)
{
	struct entry *e;

	for (e = v->first; e && e->id != id; e = e->next)
		;
	return e;
}

static struct entry *by_name(const struct formats *v, const char *name)
{
	struct entry *e;

	for (e = v->first; e && strcmp(e->format->name, name); e = e->next)
		;
	return e;
}

/* ---- files ---- */

static const struct {
	uint64_t id;
	const char *name;
	uint32_t mode;
} fixed[] = {
	{ ID_STATUS, "status", S_IFREG | 0644 },
	{ ID_REGISTER, "register", S_IFREG | 0200 },
};
#define N_FIXED (sizeof(fixed) / sizeof(fixed[0]))

static void fill_fixed(const struct formats *v, size_t i, struct viewos_node *node)
{
	node->id = fixed[i].id;
	node->mode = fixed[i].mode;
	node->time = v->time;
	strcpy(node->name, fixed[i].name);
}

static void fill_entry(const struct entry *e, struct viewos_node *node)
{
	node->id = e->id;
	node->mode = S_IFREG | 0644;
	node->time = e->time;
	strcpy(node->name, e->format->name);
}

static int lookup(void *context, struct viewos_access *a, uint64_t dir, const char *name,
		  struct viewos_node *node)
{
	const struct formats *v = a->state;
	const struct entry *e;
	size_t i;

	(void)context;
	(void)dir; /* there is one only */
	for (i = 0; i < N_FIXED; i++) {
		if (!strcmp(fixed[i].name, name)) {
			fill_fixed(v, i, node);
			return 0;
		}
	}
	e = by_name(v, name);
	if (!e)
		return -ENOENT;
	fill_entry(e, node);
	return 0;
}

static int list(void *context, struct viewos_access *a, uint64_t dir, uint64_t index,
		struct viewos_node *node)
{
	const struct formats *v = a->state;
	const struct entry *e;

	(void)context;
	(void)dir;
	if (index < N_FIXED) {
		fill_fixed(v, index, node);
		return 0;
	}
	index -= N_FIXED;
	for (e = v->first; e && index; e = e->next)
		index--;
	if (!e)
		return -ENOENT;
	fill_entry(e, node);
	return 0;
}

static int stat_file(void *context, struct viewos_access *a, uint64_t id, struct viewos_node *node)
{
	const struct formats *v = a->state;
	const struct entry *e;
	size_t i;

	(void)context;
	if (id == VIEWOS_FILES_ROOT) {
		node->id = id;
		node->mode = S_IFDIR | 0755;
		node->time = v->time;
		return 0;
	}
	for (i = 0; i < N_FIXED; i++) {
		if (fixed[i].id == id) {
			fill_fixed(v, i, node);
			return 0;
		}
	}
	e = by_id(v, id);
	if (!e)
		return -ENOENT;
	fill_entry(e, node);
	return 0;
}

static int read_file(void *context, struct viewos_access *a, uint64_t id)
{
	const struct vubinfmt *x = context;
	const struct formats *v = a->state;
	const struct entry *e;
	char text[BINFMT_SHOWN];

	if (id == ID_REGISTER)
		return -EINVAL;
	if (id == ID_STATUS)
		return x->host->access_text(a, v->disabled ? "disabled\n" : "enabled\n",
					    v->disabled ? 9 : 8);
	e = by_id(v, id);
	return e ? x->host->access_text(a, text, binfmt_show(e->format, text)) : -ENOENT;
}

/* The program that flag F wants. 0 and *p; -EAGAIN; or -errno. */
static int fix_program(const struct vubinfmt *x, struct viewos_access *a, const struct binfmt *f,
		       struct program **p)
{
	int fd = x->host->access_program(a, f->interpreter);

	if (fd < 0)
		return fd;
	*p = malloc(sizeof(**p));
	if (!*p) {
		close(fd);
		return -ENOMEM;
	}
	(*p)->refs = 1;
	(*p)->fd = fd;
	return 0;
}

static bool is_taken(const struct formats *v, const char *name)
{
	size_t i;

	for (i = 0; i < N_FIXED; i++)
		if (!strcmp(fixed[i].name, name))
			return true;
	return by_name(v, name) != NULL;
}

/* Put a new entry in force, or leave all as it was. */
static int enter(const struct vubinfmt *x, struct viewos_access *a, struct entry *e)
{
	struct formats *v = a->state;
	int res;

	if (strlen(e->format->name) > VIEWOS_NAME_MAX)
		return -ENAMETOOLONG;
	if (is_taken(v, e->format->name))
		return -EEXIST;
	res = add(v, e);
	if (res)
		return res;
	res = x->host->view_changed(a->view);
	if (res < 0)
		cut(v, e);
	return res < 0 ? res : 0;
}

static int register_line(struct vubinfmt *x, struct viewos_access *a, const char *data, size_t size)
{
	struct entry *e = calloc(1, sizeof(*e));
	int res = e ? binfmt_parse(data, size, &e->format) : -ENOMEM;

	if (!res && (e->format->flags & BINFMT_FIX))
		res = fix_program(x, a, e->format, &e->program);
	if (!res) {
		e->id = x->next_id++;
		e->time = time(NULL);
		res = enter(x, a, e);
	}
	if (!res)
		return (int)size;
	if (e)
		free_entry(e);
	return res;
}

static int obey_entry(const struct vubinfmt *x, struct viewos_access *a, struct entry *e,
		      enum binfmt_command command)
{
	struct formats *v = a->state;

	if (command == BINFMT_REMOVE) {
		cut(v, e);
		x->host->view_changed(a->view); /* there are fewer */
		free_entry(e);
		return 0;
	}
	if (command == BINFMT_NOTHING || e->format->disabled == (command == BINFMT_DISABLE))
		return 0;
	e->format->disabled = command == BINFMT_DISABLE;
	gather(v);
	return x->host->view_changed(a->view);
}

static int obey_status(const struct vubinfmt *x, struct viewos_access *a,
		       enum binfmt_command command)
{
	struct formats *v = a->state;
	struct entry *old = v->first, *e;
	int res;

	if (command == BINFMT_NOTHING)
		return 0;
	if (command != BINFMT_REMOVE) {
		v->disabled = command == BINFMT_DISABLE;
		gather(v);
		return x->host->view_changed(a->view);
	}
	v->first = NULL;
	v->n = 0;
	gather(v);
	res = x->host->view_changed(a->view);
	while ((e = old)) {
		old = e->next;
		free_entry(e);
	}
	return res;
}

static int write_file(void *context, struct viewos_access *a, uint64_t id, const char *data,
		      size_t size, uint64_t offset)
{
	struct vubinfmt *x = context;
	struct entry *e = NULL;
	int command, res = 0;

	(void)offset;
	if (id == ID_REGISTER)
		return register_line(x, a, data, size);
	command = binfmt_command(data, size);
	if (command < 0)
		return command;
	e = by_id(a->state, id);
	if (id == ID_STATUS)
		res = obey_status(x, a, command);
	else if (e) /* one that has been removed while it was open does nothing more */
		res = obey_entry(x, a, e, command);
	return res < 0 ? res : (int)size;
}

static const struct viewos_files files = {
	.size = sizeof(files),
	.lookup = lookup,
	.stat = stat_file,
	.list = list,
	.read = read_file,
	.write = write_file,
};

/* ---- the module ---- */

static int vubinfmt_init(const struct viewos_host *host, void **context)
{
	struct vubinfmt *x;

	if (!VIEWOS_HAS(host, access_program))
		return -ENOSYS;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->host = host;
	x->next_id = ID_ENTRIES;
	*context = x;
	return 0;
}

static void vubinfmt_fini(void *context)
{
	free(context);
}

static int vubinfmt_type(void *context, const char *type)
{
	(void)context;
	return !strcmp(type, TYPE);
}

static int vubinfmt_driver(void *context, const struct viewos_mount *mount, struct viewos_driver *d)
{
	const struct vubinfmt *x = context;

	if (mount->flags & VIEWOS_MOUNT_FILE)
		return -ENOTDIR;
	if (mount->options[0]) {
		x->host->driver_say(d, "%s: unknown option '%s'", mount->type, mount->options);
		return -EINVAL;
	}
	return x->host->driver_files(d, &files);
}

static void vubinfmt_view_free(void *context, void *state)
{
	struct formats *v = state;
	struct entry *e;

	(void)context;
	while ((e = v->first)) {
		v->first = e->next;
		free_entry(e);
	}
	free(v->rules);
	free(v);
}

/* A copy of an entry with an id of its own: it is another file. NULL: no memory. */
static struct entry *copy_entry(struct vubinfmt *x, const struct entry *e)
{
	struct entry *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return NULL;
	copy->format = binfmt_copy(e->format);
	if (!copy->format) {
		free(copy);
		return NULL;
	}
	copy->id = x->next_id++;
	copy->time = e->time;
	copy->program = e->program;
	if (copy->program)
		copy->program->refs++;
	return copy;
}

static int copy_entries(struct vubinfmt *x, struct formats *v, const struct formats *parent)
{
	struct entry **end = &v->first;
	const struct entry *e;

	v->disabled = parent->disabled;
	v->rules = calloc(parent->n + 1, sizeof(v->rules[0]));
	if (!v->rules)
		return -ENOMEM;
	for (e = parent->first; e; e = e->next) {
		*end = copy_entry(x, e);
		if (!*end)
			return -ENOMEM;
		end = &(*end)->next;
		v->n++;
	}
	gather(v);
	return 0;
}

static int vubinfmt_view_new(void *context, struct viewos_view *view, void *parent, void **state)
{
	struct formats *v = calloc(1, sizeof(*v));
	int res;

	(void)view;
	if (!v)
		return -ENOMEM;
	v->time = time(NULL);
	res = parent ? copy_entries(context, v, parent) : 0;
	if (res)
		vubinfmt_view_free(context, v);
	else
		*state = v;
	return res;
}

static int vubinfmt_exec_rule(void *context, void *state, size_t index,
			      struct viewos_exec_rule *rule)
{
	const struct formats *v = state;
	const struct entry *e;
	const struct binfmt *f;

	(void)context;
	if (index >= v->n_rules)
		return 0;
	e = v->rules[index];
	f = e->format;
	rule->flags = (f->flags & BINFMT_ARGV0 ? VIEWOS_EXEC_ARGV0 : 0) |
		      (f->flags & BINFMT_OPEN ? VIEWOS_EXEC_OPEN : 0);
	rule->extension = f->extension;
	rule->offset = f->offset;
	rule->length = f->size;
	rule->magic = f->magic;
	rule->mask = f->mask;
	rule->interpreter = f->interpreter;
	rule->interpreter_fd = e->program ? e->program->fd : -1;
	return 1;
}

const struct viewos_module viewos_module = {
	.abi = VIEWOS_ABI,
	.size = sizeof(viewos_module),
	.name = "vubinfmt",
	.description = "executable formats, as binfmt_misc",
	.init = vubinfmt_init,
	.fini = vubinfmt_fini,
	.type = vubinfmt_type,
	.driver = vubinfmt_driver,
	.view_new = vubinfmt_view_new,
	.view_free = vubinfmt_view_free,
	.exec_rule = vubinfmt_exec_rule,
};
