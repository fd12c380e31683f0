/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of nodes.h: four hash tables that grow. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuse/nodes.h"

#define FIRST_SIZE 256

static uint64_t mix(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15u;
	return key ^ key >> 32;
}

static uint64_t hash_name(uint64_t parent, const char *name)
{
	uint64_t h = mix(parent);

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	return mix(h);
}

/* ---- one table -------------------------------------------------------------------------------- */

static struct vu_list *bucket(const struct vu_table *t, uint64_t hash)
{
	return &t->buckets[hash & (t->size - 1)];
}

static int resize(struct vu_table *t, size_t size, uint64_t (*hash_of)(struct vu_list *l))
{
	struct vu_table bigger = { .size = size, .n = t->n };
	struct vu_list *l;
	size_t i;

	bigger.buckets = calloc(size, sizeof(*bigger.buckets));
	if (!bigger.buckets)
		return -ENOMEM;
	for (i = 0; i < size; i++)
		vu_list_init(&bigger.buckets[i]);
	for (i = 0; i < t->size; i++)
		while (!vu_list_empty(&t->buckets[i])) {
			l = t->buckets[i].next;
			vu_list_del(l);
			vu_list_add(bucket(&bigger, hash_of(l)), l);
		}
	free(t->buckets);
	*t = bigger;
	return 0;
}

static void put(struct vu_table *t, struct vu_list *l, uint64_t (*hash_of)(struct vu_list *l))
{
	/* Without memory for more it is slower. */
	if (t->n >= 2 * t->size)
		(void)resize(t, 2 * t->size, hash_of);
	vu_list_add(bucket(t, hash_of(l)), l);
	t->n++;
}

static uint64_t id_hash(struct vu_list *l)
{
	return mix(vu_list_entry(l, struct vu_node, by_id)->id);
}

static uint64_t ino_hash(struct vu_list *l)
{
	return mix(vu_list_entry(l, struct vu_node, by_ino)->ino);
}

static uint64_t daemon_hash(struct vu_list *l)
{
	return mix(vu_list_entry(l, struct vu_name, by_id)->id);
}

static uint64_t name_hash(struct vu_list *l)
{
	const struct vu_name *n = vu_list_entry(l, struct vu_name, by_name);

	return hash_name(n->parent, n->name);
}

/* ---- look up ---------------------------------------------------------------------------------- */

struct vu_node *vu_node_find(struct vu_nodes *t, uint64_t id)
{
	struct vu_node *node;

	vu_list_for_each(node, bucket(&t->ids, mix(id)), by_id)
		if (node->id == id)
			return node;
	return NULL;
}

struct vu_name *vu_name_find(struct vu_nodes *t, uint64_t parent, const char *name)
{
	struct vu_name *n;

	vu_list_for_each(n, bucket(&t->names, hash_name(parent, name)), by_name)
		if (n->parent == parent && !strcmp(n->name, name))
			return n;
	return NULL;
}

/* The node that a file of the daemon's belongs to, by one of its names. */
static struct vu_node *find_daemon(struct vu_nodes *t, uint64_t id)
{
	struct vu_name *n;

	vu_list_for_each(n, bucket(&t->daemons, mix(id)), by_id)
		if (n->id == id && !vu_list_empty(&n->node->by_id))
			return n->node;
	return NULL;
}

struct vu_name *vu_node_name(struct vu_node *node, const struct vu_name *but)
{
	const struct vu_list *skip = but ? &but->of : NULL;
	struct vu_name *n, *res = NULL;

	vu_list_for_each(n, &node->names, of)
		if (n->name && !n->leaving && &n->of != skip &&
		    (!res || (res->hidden && !n->hidden)))
			res = n;
	return res;
}

/* A file without a name may be gone, and its number another one's. */
static struct vu_node *find_ino(struct vu_nodes *t, const struct vu_entry *e)
{
	struct vu_node *node;

	if (!e->unify || e->nlink < 2 || S_ISDIR(e->mode))
		return NULL;
	vu_list_for_each(node, bucket(&t->inos, mix(e->ino)), by_ino)
		if (node->ino == e->ino && !((node->mode ^ e->mode) & S_IFMT) &&
		    vu_node_name(node, NULL))
			return node;
	return NULL;
}

/* ---- change ----------------------------------------------------------------------------------- */

static struct vu_node *add_node(struct vu_nodes *t, const struct vu_entry *e)
{
	struct vu_node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->id = e->id;
	node->ino = e->ino;
	node->generation = e->generation;
	node->mode = e->mode;
	vu_list_init(&node->names);
	vu_list_init(&node->left);
	put(&t->ids, &node->by_id, id_hash);
	put(&t->inos, &node->by_ino, ino_hash);
	return node;
}

static struct vu_name *add_name(struct vu_nodes *t, struct vu_node *node, uint64_t id,
				uint64_t parent, const char *name)
{
	struct vu_name *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->node = node;
	n->id = id;
	vu_list_init(&n->by_name);
	vu_list_init(&n->hiding);
	put(&t->daemons, &n->by_id, daemon_hash);
	vu_list_add_tail(&node->names, &n->of);
	if (vu_name_move(t, n, parent, name)) {
		vu_name_free(t, n);
		return NULL;
	}
	return n;
}

struct vu_name *vu_nodes_enter(struct vu_nodes *t, const struct vu_entry *e)
{
	struct vu_name *n = vu_name_find(t, e->parent, e->name);
	struct vu_node *node;

	if (!n || n->id != e->id || vu_list_empty(&n->node->by_id)) {
		node = find_daemon(t, e->id);
		if (!node)
			node = find_ino(t, e);
		if (!node)
			node = add_node(t, e);
		if (!node)
			return NULL;
		n = add_name(t, node, e->id, e->parent, e->name);
		if (!n) {
			if (vu_list_empty(&node->names))
				vu_node_free(t, node);
			return NULL;
		}
	}
	n->count++;
	n->node->count++;
	return n;
}

struct vu_name *vu_nodes_hide(struct vu_nodes *t, struct vu_node *node, struct vu_node *dir,
			      uint64_t id, const char *name)
{
	struct vu_name *n = add_name(t, node, id, dir->id, name);

	if (!n)
		return NULL;
	n->count = 1;
	n->hidden = true;
	n->dir = dir;
	dir->pins++;
	node->hidden++;
	return n;
}

void vu_name_drop(struct vu_name *n)
{
	vu_list_del(&n->by_name);
	free(n->name);
	n->name = NULL;
	if (!n->hidden)
		return;
	n->hidden = false;
	n->node->hidden--;
	n->dir->pins--;
	n->dir = NULL;
	vu_list_del(&n->hiding);
}

int vu_name_move(struct vu_nodes *t, struct vu_name *n, uint64_t parent, const char *name)
{
	struct vu_name *old = vu_name_find(t, parent, name);
	char *copy = strdup(name);

	if (old && old != n)
		vu_name_drop(old);
	vu_list_del(&n->by_name);
	free(n->name);
	n->name = copy;
	n->parent = parent;
	if (!copy)
		return -ENOMEM;
	/* There are not more names than nodes of the daemon's. */
	if (t->names.size < t->daemons.size)
		(void)resize(&t->names, t->daemons.size, name_hash);
	vu_list_add(bucket(&t->names, name_hash(&n->by_name)), &n->by_name);
	return 0;
}

void vu_node_hide(struct vu_node *node)
{
	vu_list_del(&node->by_id);
	vu_list_del(&node->by_ino);
}

void vu_name_free(struct vu_nodes *t, struct vu_name *n)
{
	if (n->name)
		vu_name_drop(n);
	vu_list_del(&n->by_id);
	vu_list_del(&n->of);
	t->daemons.n--;
	free(n);
}

void vu_node_free(struct vu_nodes *t, struct vu_node *node)
{
	struct vu_name *n, *tmp;

	vu_list_for_each_safe(n, tmp, &node->names, of)
		vu_name_free(t, n);
	vu_node_hide(node);
	vu_list_del(&node->left);
	t->ids.n--;
	t->inos.n--;
	free(node);
}

void vu_nodes_uncount(struct vu_nodes *t, struct vu_name *n)
{
	struct vu_node *node = n->node;

	node->count--;
	if (--n->count || n->users)
		return;
	vu_name_free(t, n);
	if (vu_list_empty(&node->names))
		vu_node_free(t, node);
}

/* ---- begin and end ---------------------------------------------------------------------------- */

int vu_nodes_init(struct vu_nodes *t)
{
	const struct vu_entry root = { .id = FUSE_ROOT_ID, .mode = S_IFDIR, .name = "/" };

	memset(t, 0, sizeof(*t));
	if (resize(&t->ids, FIRST_SIZE, id_hash) || resize(&t->inos, FIRST_SIZE, ino_hash) ||
	    resize(&t->daemons, FIRST_SIZE, daemon_hash) ||
	    resize(&t->names, FIRST_SIZE, name_hash) || !vu_nodes_enter(t, &root)) {
		vu_nodes_free(t);
		return -ENOMEM;
	}
	return 0;
}

/* All names are in the table of the daemon's numbers, also those whose nodes nobody finds. */
void vu_nodes_free(struct vu_nodes *t)
{
	struct vu_name *n;
	size_t i;

	/* A hidden name's directory may go before it. */
	for (i = 0; t->daemons.buckets && i < t->daemons.size; i++)
		vu_list_for_each(n, &t->daemons.buckets[i], by_id)
			n->hidden = false;
	for (i = 0; t->daemons.buckets && i < t->daemons.size; i++)
		while (!vu_list_empty(&t->daemons.buckets[i]))
			vu_node_free(t, vu_list_entry(t->daemons.buckets[i].next, struct vu_name,
						      by_id)
						->node);
	free(t->ids.buckets);
	free(t->inos.buckets);
	free(t->daemons.buckets);
	free(t->names.buckets);
	memset(t, 0, sizeof(*t));
}
