/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of lazy.c. */
#include <stdlib.h>
#include <string.h>

#include "fuse/handles.h"

static struct vu_list *bucket(struct vu_list *table, uint64_t key)
{
	/* Nodes and numbers are counters, pointers or inode numbers: all bits are to count. */
	return &table[(key * 0x9e3779b97f4a7c15u) >> 56];
}

static void init_call(struct vu_call *c, enum vu_call_kind kind, struct vu_handle *h)
{
	vu_list_init(&c->node);
	vu_list_init(&c->hash);
	c->kind = kind;
	c->handle = h;
}

void vu_handles_init(struct vu_handles *t)
{
	size_t i;

	memset(t, 0, sizeof(*t));
	vu_list_init(&t->order);
	vu_list_init(&t->closing);
	for (i = 0; i < VU_HANDLE_BUCKETS; i++) {
		vu_list_init(&t->nodes[i]);
		vu_list_init(&t->calls[i]);
	}
}

static void free_handles(struct vu_handles *t, struct vu_list *list)
{
	struct vu_handle *h, *tmp;
	struct vu_call *c, *next;

	vu_list_for_each_safe(h, tmp, list, order) {
		vu_list_for_each_safe(c, next, &h->kept, node)
			vu_call_free(c);
		vu_handle_free(t, h);
	}
}

void vu_handles_free(struct vu_handles *t)
{
	struct vu_call *c, *tmp;
	size_t i;

	free_handles(t, &t->order);
	free_handles(t, &t->closing);
	for (i = 0; i < VU_HANDLE_BUCKETS; i++)
		vu_list_for_each_safe(c, tmp, &t->calls[i], hash)
			vu_call_free(c);
}

struct vu_handle *vu_handle_find(struct vu_handles *t, uint64_t node, bool write)
{
	struct vu_handle *h;

	vu_list_for_each(h, bucket(t->nodes, node), hash) {
		if (h->node != node || (write && !h->write))
			continue;
		vu_list_del(&h->order);
		vu_list_add_tail(&t->order, &h->order);
		return h;
	}
	return NULL;
}

struct vu_handle *vu_handle_new(struct vu_handles *t, uint64_t node, bool dir, bool write)
{
	struct vu_handle *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->node = h->id = node;
	h->dir = dir;
	h->write = write;
	vu_list_init(&h->kept);
	init_call(&h->call, VU_CALL_OPEN, h);
	h->call.msg = (unsigned char *)h->own;
	vu_list_add(bucket(t->nodes, node), &h->hash);
	vu_list_init(&h->order);
	vu_list_add_tail(&t->order, &h->order);
	t->n++;
	return h;
}

void vu_handle_hide(struct vu_handles *t, struct vu_handle *h)
{
	if (h->closing)
		return;
	h->closing = true;
	h->number = ++t->closed;
	vu_list_del(&h->hash);
	vu_list_del(&h->order);
	vu_list_add_tail(&t->closing, &h->order);
	t->n--;
}

void vu_handle_free(struct vu_handles *t, struct vu_handle *h)
{
	vu_handle_hide(t, h);
	vu_list_del(&h->order);
	vu_list_del(&h->call.node);
	vu_list_del(&h->call.hash);
	free(h);
}

struct vu_handle *vu_handle_oldest(struct vu_handles *t)
{
	struct vu_handle *h;

	vu_list_for_each(h, &t->order, order)
		if (!h->users && h->opened)
			return h;
	return NULL;
}

struct vu_call *vu_call_new(enum vu_call_kind kind, struct vu_handle *h, const void *msg,
			    size_t len)
{
	struct vu_call *c = calloc(1, sizeof(*c) + len);

	if (!c)
		return NULL;
	init_call(c, kind, h);
	c->msg = (unsigned char *)(c + 1);
	c->len = len;
	if (len && msg)
		memcpy(c->msg, msg, len);
	return c;
}

void vu_call_free(struct vu_call *c)
{
	vu_list_del(&c->node);
	vu_list_del(&c->hash);
	/* Our own are parts of their handles. */
	if (c->kind != VU_CALL_OPEN && c->kind != VU_CALL_RELEASE)
		free(c);
}

void vu_call_begin(struct vu_handles *t, struct vu_call *c)
{
	vu_list_add(bucket(t->calls, c->unique), &c->hash);
}

struct vu_call *vu_call_find(struct vu_handles *t, uint64_t unique)
{
	struct vu_call *c;

	vu_list_for_each(c, bucket(t->calls, unique), hash)
		if (c->unique == unique)
			return c;
	return NULL;
}
