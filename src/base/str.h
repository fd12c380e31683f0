/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scope cleanup, string helpers, and comma separated option lists ("ro,offset=512,path=a\,b"). */
#ifndef VU_BASE_STR_H
#define VU_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * VU_CLEANUP(free) char *p = NULL;  is released when p goes out of scope: `free` for malloc'ed memory,
 * `fd` for a descriptor (-1 none), `file` for a FILE *, `dir` for a DIR *. Another kind K is added by
 * defining `void vu_cleanup_K(void *p)`, which gets the variable's address.
 */
#define VU_CLEANUP(kind) __attribute__((cleanup(vu_cleanup_##kind)))

void vu_cleanup_free(void *p);
void vu_cleanup_fd(void *p);
void vu_cleanup_file(void *p);
void vu_cleanup_dir(void *p);

/* The value of pointer variable *p, which is NULL afterwards: hands over what VU_CLEANUP guards. */
#define vu_steal(p)                                 \
	({                                          \
		__typeof__(*(p)) vu_stolen_ = *(p); \
		*(p) = NULL;                        \
		vu_stolen_;                         \
	})

/* The same for a descriptor, which is -1 afterwards. */
static inline int vu_steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define VU_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Whether two strings are equal; NULL equals NULL only. */
bool vu_str_eq(const char *a, const char *b);

/* Whether `s` begins with `prefix`. */
bool vu_str_starts(const char *s, const char *prefix);

/* Whether `s` ends with `suffix`. */
bool vu_str_ends(const char *s, const char *suffix);

/* Copy `src` with its NUL into dst[size]. 0, or -ENAMETOOLONG and dst is "" (if size > 0). */
int vu_str_copy(char *dst, size_t size, const char *src);

/*
 * Read a whole string as an unsigned number in `base` (0: as in C). 0 and *out, or -EINVAL (empty,
 * sign, space, other characters), -ERANGE (above max); *out is unchanged then.
 */
int vu_str_to_u64(const char *s, int base, uint64_t max, uint64_t *out);

/* malloc'ed copy of the first `len` bytes of `s`, NUL-terminated; NULL without memory. */
char *vu_str_ndup(const char *s, size_t len);

/*
 * Go through a comma separated list. *at is where to go on, initially the list; the next item (as
 * written, escapes and all) and its length, or NULL at the end. A comma after a backslash does not
 * separate. Empty items are skipped.
 */
const char *vu_comma_next(const char **at, size_t *len);

/* malloc'ed copy of an item with "\," as "," and "\\" as "\"; NULL without memory. */
char *vu_comma_unescape(const char *item, size_t len);

/* malloc'ed copy of `text` with "," and "\" escaped by a backslash; NULL without memory. */
char *vu_comma_escape(const char *text);

/*
 * Call fn(ctx, key, value) for each item of `list`, unescaped and split at the first '='; value is NULL
 * without one. Both live during the call only. Stops at the first result other than 0 and returns it;
 * -ENOMEM without memory, 0 at the end.
 */
int vu_comma_each(const char *list, int (*fn)(void *ctx, const char *key, const char *value),
		  void *ctx);

#endif
