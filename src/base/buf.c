/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounds-checked reader and growable buffer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void vu_reader_init(struct vu_reader *r, const void *data, size_t len)
{
	r->start = data;
	r->at = data;
	r->end = r->start + len;
	r->error = 0;
}

size_t vu_reader_left(const struct vu_reader *r)
{
	return r->error ? 0 : (size_t)(r->end - r->at);
}

int vu_reader_seek(struct vu_reader *r, size_t offset)
{
	if (!r->error && offset > (size_t)(r->end - r->start))
		r->error = -ENODATA;
	if (!r->error)
		r->at = r->start + offset;
	return r->error;
}

const void *vu_reader_bytes(struct vu_reader *r, size_t len)
{
	const void *here = r->at;

	if (!r->error && len > (size_t)(r->end - r->at))
		r->error = -ENODATA;
	if (r->error)
		return NULL;
	r->at += len;
	return here;
}

int vu_reader_copy(struct vu_reader *r, void *to, size_t len)
{
	const void *from = vu_reader_bytes(r, len);

	if (from && len)
		memcpy(to, from, len);
	else if (len)
		memset(to, 0, len);
	return r->error;
}

const char *vu_reader_str(struct vu_reader *r)
{
	size_t left = vu_reader_left(r);
	const unsigned char *nul = left ? memchr(r->at, '\0', left) : NULL;

	if (!nul) {
		if (!r->error)
			r->error = -ENODATA;
		return NULL;
	}
	return vu_reader_bytes(r, (size_t)(nul - r->at) + 1);
}

uint8_t vu_reader_u8(struct vu_reader *r)
{
	uint8_t n;

	vu_reader_copy(r, &n, sizeof(n));
	return n;
}

uint16_t vu_reader_u16(struct vu_reader *r)
{
	uint16_t n;

	vu_reader_copy(r, &n, sizeof(n));
	return n;
}

uint32_t vu_reader_u32(struct vu_reader *r)
{
	uint32_t n;

	vu_reader_copy(r, &n, sizeof(n));
	return n;
}

uint64_t vu_reader_u64(struct vu_reader *r)
{
	uint64_t n;

	vu_reader_copy(r, &n, sizeof(n));
	return n;
}

static uint64_t little_endian(struct vu_reader *r, unsigned int size)
{
	const unsigned char *p = vu_reader_bytes(r, size);
	uint64_t n = 0;

	while (p && size--)
		n = n << 8 | p[size];
	return n;
}

uint16_t vu_reader_le16(struct vu_reader *r)
{
	return (uint16_t)little_endian(r, 2);
}

uint32_t vu_reader_le32(struct vu_reader *r)
{
	return (uint32_t)little_endian(r, 4);
}

uint64_t vu_reader_le64(struct vu_reader *r)
{
	return little_endian(r, 8);
}

uint32_t vu_reader_be32(struct vu_reader *r)
{
	return __builtin_bswap32(vu_reader_le32(r));
}

void vu_buf_free(struct vu_buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = 0;
	b->cap = 0;
	b->error = 0;
}

void vu_cleanup_buf(void *p)
{
	vu_buf_free(p);
}

/* Make room for `more` bytes and a NUL. */
static int reserve(struct vu_buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 64;
	char *data;

	if (b->error)
		return b->error;
	if (b->max && more > b->max - b->len)
		return b->error = -EMSGSIZE;
	if (more > SIZE_MAX / 2 - b->len - 1)
		return b->error = -ENOMEM;
	while (cap < b->len + more + 1)
		cap *= 2;
	if (cap == b->cap)
		return 0;
	data = realloc(b->data, cap);
	if (!data)
		return b->error = -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

int vu_buf_add(struct vu_buf *b, const void *data, size_t len)
{
	if (reserve(b, len) < 0)
		return b->error;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int vu_buf_puts(struct vu_buf *b, const char *s)
{
	return vu_buf_add(b, s, strlen(s));
}

int vu_buf_addstr(struct vu_buf *b, const char *s)
{
	return vu_buf_add(b, s, strlen(s) + 1);
}

int vu_buf_putc(struct vu_buf *b, char c)
{
	return vu_buf_add(b, &c, 1);
}

int vu_buf_vprintf(struct vu_buf *b, const char *format, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0 && !b->error)
		b->error = -EINVAL;
	if (b->error || reserve(b, (size_t)n) < 0)
		return b->error;
	vsnprintf(b->data + b->len, (size_t)n + 1, format, ap);
	b->len += (size_t)n;
	return 0;
}

int vu_buf_printf(struct vu_buf *b, const char *format, ...)
{
	va_list ap;
	int res;

	va_start(ap, format);
	res = vu_buf_vprintf(b, format, ap);
	va_end(ap);
	return res;
}

/* Bytes of the well-formed UTF-8 sequence that `s` begins with (Unicode 15, table 3-7), or 0. */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	size_t i;

	if (s[0] > 0xf4)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

int vu_buf_json(struct vu_buf *b, const char *s)
{
	size_t n;

	vu_buf_putc(b, '"');
	for (; *s; s += n ? n : 1) {
		n = utf8_length((const unsigned char *)s);
		if (!n)
			vu_buf_puts(b, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			vu_buf_printf(b, "\\%c", *s);
		else if (n == 1 && ((unsigned char)*s < 0x20 || *s == 0x7f))
			vu_buf_printf(b, "\\u%04x", (unsigned int)*s);
		else
			vu_buf_add(b, s, n);
	}
	return vu_buf_putc(b, '"');
}

const char *vu_buf_text(const struct vu_buf *b)
{
	return b->data ? b->data : "";
}

char *vu_buf_steal(struct vu_buf *b)
{
	char *data = NULL;

	if (!b->error && reserve(b, 0) == 0) {
		b->data[b->len] = '\0';
		data = b->data;
		b->data = NULL;
	}
	vu_buf_free(b);
	return data;
}
