/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as text: two lower-case hexadecimal digits a byte. */
#ifndef VU_BASE_HEX_H
#define VU_BASE_HEX_H

#include <stddef.h>
#include <sys/types.h>

/* Write 2 * len digits and a NUL to `text`, which has room for 2 * len + 1 characters. */
void vu_hex_encode(const void *data, size_t len, char *text);

/*
 * Decode all of `text` into data[max]. The number of bytes, or -EINVAL (odd length, anything but
 * 0-9 and a-f), -EMSGSIZE (more than max bytes); data may be partly written then.
 */
ssize_t vu_hex_decode(const char *text, void *data, size_t max);

#endif
