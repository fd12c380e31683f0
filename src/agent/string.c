/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few string functions that the agent needs, without libc. */
#include "agent/agent.h"

size_t vu_strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int vu_strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int vu_strncmp(const char *a, const char *b, size_t n)
{
	while (n && *a && *a == *b) {
		a++;
		b++;
		n--;
	}
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *vu_strchr(const char *s, int ch)
{
	for (; *s; s++)
		if (*s == (char)ch)
			return (char *)s;
	return ch ? NULL : (char *)s;
}

char *vu_strrchr(const char *s, int ch)
{
	const char *last = NULL;

	for (; *s; s++)
		if (*s == (char)ch)
			last = s;
	return (char *)last;
}

size_t vu_strlcpy(char *dst, const char *src, size_t size)
{
	size_t n = vu_strlen(src), m = n < size ? n : size - 1;

	if (size) {
		memcpy(dst, src, m);
		dst[m] = 0;
	}
	return n;
}

size_t vu_utoa(char *dst, unsigned long n)
{
	char digits[20];
	size_t i = 0, len = 0;

	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (i)
		dst[len++] = digits[--i];
	dst[len] = 0;
	return len;
}

bool vu_append(char *buf, size_t size, const char *s)
{
	size_t at = vu_strlen(buf);

	return vu_strlcpy(buf + at, s, size - at) < size - at;
}

bool vu_append_num(char *buf, size_t size, unsigned long n)
{
	char digits[24];

	vu_utoa(digits, n);
	return vu_append(buf, size, digits);
}

void *memcpy(void *dst, const void *src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int ch, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(ch) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
