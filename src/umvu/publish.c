/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing a view image: the new table goes into the area that is not in use, then the sequence number
 * is raised, which puts it in use. A reader that is still in the area that we write started before the
 * last publishing, and will see that the number has changed. We may be killed anywhere in this.
 */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "umvu/publish.h"

/* Where strings are put: within the area, whose last byte stays NUL. */
struct strings {
	char *area;
	size_t used;
	int error;
};

static uint32_t put(struct strings *s, const char *text)
{
	size_t len = strlen(text) + 1;
	uint32_t at = (uint32_t)s->used;

	if (s->error || len > VU_VIEW_AREA_SIZE - 1 - s->used) {
		s->error = -ENOSPC;
		return 0;
	}
	memcpy(s->area + at, text, len);
	s->used += len;
	return at;
}

static uint32_t put_bytes(struct strings *s, const unsigned char *bytes, size_t n)
{
	uint32_t at = (uint32_t)s->used;

	if (s->error || n > VU_VIEW_AREA_SIZE - 1 - s->used) {
		s->error = -ENOSPC;
		return 0;
	}
	if (bytes)
		memcpy(s->area + at, bytes, n);
	else
		memset(s->area + at, 0xff, n);
	s->used += n;
	return at;
}

static void fill_execs(struct vu_view_exec *to, const struct vu_publish *p, struct strings *s)
{
	size_t i;

	for (i = 0; i < p->n_execs; i++) {
		const struct vu_publish_exec *from = &p->execs[i];
		uint32_t size = from->extension ? 0 : from->size;

		to[i] = (struct vu_view_exec){
			.flags = from->flags,
			.offset = from->offset,
			.size = size,
			.magic = put_bytes(s, from->magic, size),
			.mask = put_bytes(s, from->mask, size),
			.extension = put(s, from->extension ? from->extension : ""),
			.interp = put(s, from->interp),
			.fd = from->fd,
		};
	}
}

static void fill_index(struct vu_view_index *index, const struct vu_publish *p)
{
	size_t i;

	memset(index, 0, sizeof(*index));
	for (i = 0; i < p->n_mounts; i++) {
		const char *name = strrchr(p->mounts[i].path, '/');
		uint32_t bit;

		name = name ? name + 1 : p->mounts[i].path;
		if (!*name) {
			index->flags |= VU_INDEX_ROOT;
			continue;
		}
		bit = vu_name_bit(name, strlen(name));
		index->names[bit / 64] |= 1ull << bit % 64;
	}
}

static int fill_area(struct vu_view_area *area, const struct vu_publish *p)
{
	struct vu_view_mount *to = (void *)(area + 1);
	struct strings s = { .area = (char *)area };
	size_t room = VU_VIEW_AREA_SIZE - sizeof(*area) - sizeof(*to), i;

	if (p->n_mounts > room / sizeof(*to))
		return -ENOSPC;
	room -= p->n_mounts * sizeof(*to);
	if (p->n_execs > room / sizeof(struct vu_view_exec))
		return -ENOSPC;
	s.used = sizeof(*area) + p->n_mounts * sizeof(*to) +
		 p->n_execs * sizeof(struct vu_view_exec);
	for (i = 0; i < p->n_mounts; i++) {
		const struct vu_publish_mount *from = &p->mounts[i];

		to[i] = from->m;
		to[i].path = put(&s, from->path);
		to[i].path_len = (uint32_t)strlen(from->path);
		to[i].type = put(&s, from->type);
		to[i].source = put(&s, from->source);
		to[i].options = put(&s, from->options);
		to[i].super = put(&s, from->super);
	}
	fill_execs((void *)(to + p->n_mounts), p, &s);
	area->n_execs = (uint32_t)p->n_execs;
	area->n_mounts = (uint32_t)p->n_mounts;
	area->size = (uint32_t)s.used;
	return s.error;
}

static void copy_text(char *to, size_t size, const char *text)
{
	size_t len = text ? strnlen(text, size - 1) : 0;

	if (len)
		memcpy(to, text, len);
	memset(to + len, 0, size - len);
}

/* The fields of uname(2): what nobody has set is the host's. */
static void fill_uts(struct vu_view_area *area, const struct vu_publish *p)
{
	struct utsname host;
	const char *own[6];
	size_t i;

	memset(&host, 0, sizeof(host));
	uname(&host);
	own[0] = host.sysname;
	own[1] = host.nodename;
	own[2] = host.release;
	own[3] = host.version;
	own[4] = host.machine;
	own[5] = host.domainname;
	for (i = 0; i < 6; i++)
		copy_text(area->uts[i], sizeof(area->uts[i]), p->uts[i] ? p->uts[i] : own[i]);
}

static uint32_t classes_of(const struct vu_publish *p)
{
	uint32_t classes = p->classes;
	size_t i;

	if (p->n_mounts)
		classes |= VU_TOUCH_PATHS;
	if (p->n_execs)
		classes |= VU_TOUCH_EXEC;
	for (i = 0; i < p->n_mounts; i++) {
		if (p->mounts[i].m.flags & VU_MOUNT_GHOST)
			classes |= VU_TOUCH_GHOST;
		if (p->mounts[i].m.flags & VU_MOUNT_STACK)
			classes |= VU_TOUCH_NET;
	}
	return classes;
}

int vu_publish(struct vu_view_head *head, const struct vu_publish *p)
{
	uint32_t next = head->seq + 1, classes = classes_of(p);
	struct vu_view_area *area = (void *)vu_view_area(head, next);
	int res;

	/* Who sees anything of what follows sees the present number, too. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	res = fill_area(area, p);
	if (res < 0)
		return res;
	fill_index(&head->index[next & 1], p);
	area->classes = classes;
	copy_text(area->name, sizeof(area->name), p->name);
	if (classes & VU_TOUCH_UTS)
		fill_uts(area, p);
	head->debug = p->debug;
	/* A class is on as long as a table may be read that has something of it. */
	__atomic_store_n(&head->classes, head->classes | classes, __ATOMIC_RELAXED);
	__atomic_store_n(&head->seq, next, __ATOMIC_RELEASE);
	__atomic_store_n(&head->classes, classes, __ATOMIC_RELEASE);
	return 0;
}
