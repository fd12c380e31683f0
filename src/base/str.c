/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scope cleanup, string helpers, and comma separated option lists. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

void vu_cleanup_free(void *p)
{
	free(*(void **)p);
}

/* Keeps errno, so that a guarded descriptor may go out of scope between a call and its check. */
void vu_cleanup_fd(void *p)
{
	int fd = *(int *)p, saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

void vu_cleanup_file(void *p)
{
	FILE *f = *(FILE **)p;
	int saved = errno;

	if (f)
		fclose(f);
	errno = saved;
}

void vu_cleanup_dir(void *p)
{
	DIR *d = *(DIR **)p;
	int saved = errno;

	if (d)
		closedir(d);
	errno = saved;
}

bool vu_str_eq(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool vu_str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool vu_str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && !memcmp(s + n - k, suffix, k);
}

int vu_str_copy(char *dst, size_t size, const char *src)
{
	size_t n = strlen(src);

	if (n >= size) {
		if (size)
			dst[0] = '\0';
		return -ENAMETOOLONG;
	}
	memcpy(dst, src, n + 1);
	return 0;
}

int vu_str_to_u64(const char *s, int base, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (!isalnum((unsigned char)s[0])) /* strtoull would take spaces and signs */
		return -EINVAL;
	errno = 0;
	value = strtoull(s, &end, base);
	if (*end || end == s)
		return -EINVAL;
	if (errno == ERANGE || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

char *vu_str_ndup(const char *s, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

const char *vu_comma_next(const char **at, size_t *len)
{
	const char *start = *at, *p;

	while (*start == ',')
		start++;
	for (p = start; *p && *p != ','; p++)
		if (*p == '\\' && p[1])
			p++;
	*at = p;
	*len = (size_t)(p - start);
	return *len ? start : NULL;
}

char *vu_comma_unescape(const char *item, size_t len)
{
	char *text = malloc(len + 1), *to = text;
	size_t i;

	if (!text)
		return NULL;
	for (i = 0; i < len; i++) {
		if (item[i] == '\\' && i + 1 < len && (item[i + 1] == ',' || item[i + 1] == '\\'))
			i++;
		*to++ = item[i];
	}
	*to = '\0';
	return text;
}

char *vu_comma_escape(const char *text)
{
	char *escaped = malloc(2 * strlen(text) + 1), *to = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		if (*text == ',' || *text == '\\')
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '\0';
	return escaped;
}

int vu_comma_each(const char *list, int (*fn)(void *ctx, const char *key, const char *value),
		  void *ctx)
{
	const char *item;
	size_t len;
	int res = 0;

	while (!res && (item = vu_comma_next(&list, &len))) {
		VU_CLEANUP(free) char *key = vu_comma_unescape(item, len);
		char *value;

		if (!key)
			return -ENOMEM;
		value = strchr(key, '=');
		if (value)
			*value++ = '\0';
		res = fn(ctx, key, value);
	}
	return res;
}
