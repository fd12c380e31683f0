/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of execution, as umvu has published them for the modules of the view (vubinfmt). They are only
 * compared with what execve has read anyway. Their meaning is that of the kernel's
 * Documentation/admin-guide/binfmt-misc.
 */
#include <asm/errno.h>

#include "agent/formats.h"

static bool has_magic(const struct vu_view_area *a, const struct vu_view_exec *r,
		      const unsigned char *head)
{
	const unsigned char *magic, *mask;
	uint32_t offset = r->offset, size = r->size;

	magic = vu_view_bytes(a, r->magic, size);
	mask = vu_view_bytes(a, r->mask, size);
	if (!magic || !mask || size > VU_EXEC_HEAD || offset > VU_EXEC_HEAD - size)
		return false;
	for (uint32_t i = 0; i < size; i++)
		if ((magic[i] ^ head[offset + i]) & mask[i])
			return false;
	return true;
}

/* What follows the last '.' of the whole path. */
static bool has_extension(const struct vu_view_area *a, const struct vu_view_exec *r,
			  const char *name)
{
	const char *dot = vu_strrchr(name, '.');

	return dot && !vu_strcmp(dot + 1, vu_view_str(a, r->extension));
}

/* The first rule of an area that fits, or NULL. */
static const struct vu_view_exec *find(const struct vu_view_area *a, const unsigned char *head,
				       const char *name)
{
	const struct vu_view_exec *list;
	uint32_t n;

	list = vu_view_execs(a, &n);
	for (uint32_t i = 0; i < n; i++)
		if (list[i].flags & VU_RULE_EXTENSION ? has_extension(a, &list[i], name) :
							has_magic(a, &list[i], head))
			return &list[i];
	return NULL;
}

long vu_format_find(const unsigned char *head, const char *name, struct vu_format *f, char *interp,
		    size_t room)
{
	const struct vu_view_area *a;
	const struct vu_view_exec *r;
	uint32_t seq;
	size_t n;

	if (!vu_touches(VU_TOUCH_EXEC))
		return 0;
	do {
		a = vu_view_begin(vu_view(), &seq);
		r = find(a, head, name);
		n = 1;
		if (r && f)
			*f = (struct vu_format){ r->flags, r->fd };
		if (r && interp)
			n = vu_strlcpy(interp, vu_view_str(a, r->interp), room) + 1;
	} while (vu_view_retry(vu_view(), seq));
	if (r && interp && n > room)
		return -ENOMEM;
	return r ? (long)n : 0;
}
