/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as text: two lower-case hexadecimal digits a byte. */
#include <errno.h>

#include "base/hex.h"

void vu_hex_encode(const void *data, size_t len, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (; len; len--, p++) {
		*text++ = digits[*p >> 4];
		*text++ = digits[*p & 15];
	}
	*text = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -EINVAL;
}

ssize_t vu_hex_decode(const char *text, void *data, size_t max)
{
	unsigned char *to = data;
	size_t n;
	int hi, lo;

	for (n = 0; text[0]; n++, text += 2) {
		hi = digit(text[0]);
		lo = hi < 0 ? -EINVAL : digit(text[1]); /* text[1] may be the NUL, but exists */
		if (lo < 0)
			return -EINVAL;
		if (n == max)
			return -EMSGSIZE;
		to[n] = (unsigned char)(hi << 4 | lo);
	}
	return (ssize_t)n;
}
