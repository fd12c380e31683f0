/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bounds-checked access to foreign bytes (struct vu_reader) and a growable text or byte buffer
 * (struct vu_buf). Both keep their first error, so that a run of calls needs one check at the end.
 */
#ifndef VU_BASE_BUF_H
#define VU_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads within [start, end) and never outside; does not own the bytes. */
struct vu_reader {
	const unsigned char *start, *at, *end;
	int error; /* 0, or -ENODATA once something was asked for that is not there */
};

void vu_reader_init(struct vu_reader *r, const void *data, size_t len);

/* Bytes that are left; 0 after an error. */
size_t vu_reader_left(const struct vu_reader *r);

/* Go to `offset` from the start. 0 or -ENODATA. */
int vu_reader_seek(struct vu_reader *r, size_t offset);

/* The next `len` bytes in place, or NULL. */
const void *vu_reader_bytes(struct vu_reader *r, size_t len);

/* Copy the next `len` bytes to `to`. 0 or -ENODATA; `to` is zeroed on error. */
int vu_reader_copy(struct vu_reader *r, void *to, size_t len);

/* The next NUL-terminated string in place, or NULL where no NUL is left. */
const char *vu_reader_str(struct vu_reader *r);

/* The next number: as the machine stores it, little endian, big endian; 0 on error. */
uint8_t vu_reader_u8(struct vu_reader *r);
uint16_t vu_reader_u16(struct vu_reader *r);
uint32_t vu_reader_u32(struct vu_reader *r);
uint64_t vu_reader_u64(struct vu_reader *r);
uint16_t vu_reader_le16(struct vu_reader *r);
uint32_t vu_reader_le32(struct vu_reader *r);
uint64_t vu_reader_le64(struct vu_reader *r);
uint32_t vu_reader_be32(struct vu_reader *r);

/*
 * Grows by malloc. {0} is an empty one. data[len] is always NUL where data is not NULL; after an error
 * nothing more is added.
 */
struct vu_buf {
	char *data;
	size_t len, cap;
	size_t max; /* most bytes it may hold; 0: no limit */
	int error;  /* 0, -ENOMEM, or -EMSGSIZE (max) */
};

/* Release the memory; the buffer is empty and usable afterwards, with `max` as before. */
void vu_buf_free(struct vu_buf *b);

/* For VU_CLEANUP(buf). */
void vu_cleanup_buf(void *p);

/* Each adds at the end and returns 0 or the buffer's error. */
int vu_buf_add(struct vu_buf *b, const void *data, size_t len);
int vu_buf_puts(struct vu_buf *b, const char *s);   /* without its NUL */
int vu_buf_addstr(struct vu_buf *b, const char *s); /* with its NUL */
int vu_buf_putc(struct vu_buf *b, char c);
int vu_buf_printf(struct vu_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
int vu_buf_vprintf(struct vu_buf *b, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Add `s` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
int vu_buf_json(struct vu_buf *b, const char *s);

/* The text so far, "" if there is none; valid until the buffer changes. */
const char *vu_buf_text(const struct vu_buf *b);

/* Hand the bytes over (to be freed); the buffer is empty afterwards. NULL after an error. */
char *vu_buf_steal(struct vu_buf *b);

#endif
