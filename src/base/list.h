/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Intrusive doubly linked lists. A head and its links have the same type; an empty head points to
 * itself. A list owns nothing.
 */
#ifndef VU_BASE_LIST_H
#define VU_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct vu_list {
	struct vu_list *next, *prev;
};

#define VU_LIST_INIT(name)       \
	{                        \
		&(name), &(name) \
	}

/* The struct of type `type` whose member `member` is at `ptr`. */
#define vu_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Make `l` an empty head, or a link that is in no list. */
static inline void vu_list_init(struct vu_list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool vu_list_empty(const struct vu_list *head)
{
	return head->next == head;
}

/* Put `item`, which is in no list, right before `place` (of a head: at the end). */
static inline void vu_list_add_before(struct vu_list *place, struct vu_list *item)
{
	item->prev = place->prev;
	item->next = place;
	place->prev->next = item;
	place->prev = item;
}

static inline void vu_list_add(struct vu_list *head, struct vu_list *item)
{
	vu_list_add_before(head->next, item);
}

static inline void vu_list_add_tail(struct vu_list *head, struct vu_list *item)
{
	vu_list_add_before(head, item);
}

/* Take `item` out of its list; harmless if it is in none. */
static inline void vu_list_del(struct vu_list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	vu_list_init(item);
}

#define vu_list_entry(ptr, type, member) vu_container_of(ptr, type, member)

/* Go through a list whose entries are not removed meanwhile. */
#define vu_list_for_each(pos, head, member)                                                       \
	for (pos = vu_list_entry((head)->next, __typeof__(*pos), member); &pos->member != (head); \
	     pos = vu_list_entry(pos->member.next, __typeof__(*pos), member))

/* The same where the body may remove `pos` (and nothing else); `tmp` has the type of `pos`. */
#define vu_list_for_each_safe(pos, tmp, head, member)                        \
	for (pos = vu_list_entry((head)->next, __typeof__(*pos), member),    \
	    tmp = vu_list_entry(pos->member.next, __typeof__(*pos), member); \
	     &pos->member != (head);                                         \
	     pos = tmp, tmp = vu_list_entry(tmp->member.next, __typeof__(*tmp), member))

#endif
