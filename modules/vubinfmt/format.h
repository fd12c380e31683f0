/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Formats of binfmt_misc as text: lines for "register", what an entry shows, commands. As the kernel's
 * Documentation/admin-guide/binfmt-misc.rst says; where that is silent, as the kernel was seen to do
 * (test/system/helpers/binfmt_lines.py compares).
 */
#ifndef VUBINFMT_FORMAT_H
#define VUBINFMT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#define BINFMT_HEAD	256  /* bytes of a program that can be compared */
#define BINFMT_LINE_MIN 11   /* the shortest line that may be a format */
#define BINFMT_LINE_MAX 1920 /* the longest that is looked at */
#define BINFMT_SHOWN	4096 /* room for what an entry shows */

#define BINFMT_ARGV0	   0x1u /* P */
#define BINFMT_OPEN	   0x2u /* O */
#define BINFMT_CREDENTIALS 0x4u /* C, which means O, too */
#define BINFMT_FIX	   0x8u /* F */

struct binfmt {
	char *name, *interpreter;
	char *extension; /* NULL: by magic */
	unsigned int flags;
	unsigned int offset, size;
	unsigned char *magic, *mask; /* `size` bytes; mask NULL: none was given */
	bool disabled;
	size_t text_size;
	char text[]; /* what the pointers lead to */
};

/* A line as it is written to "register". 0 and *f, to be freed by free(); -EINVAL; -ENOMEM. */
int binfmt_parse(const char *line, size_t len, struct binfmt **f);

/* A copy, to be freed by free(); NULL: no memory. */
struct binfmt *binfmt_copy(const struct binfmt *f);

/* The text of an entry; its length (without a NUL). */
size_t binfmt_show(const struct binfmt *f, char text[BINFMT_SHOWN]);

enum binfmt_command { BINFMT_NOTHING, BINFMT_DISABLE, BINFMT_ENABLE, BINFMT_REMOVE };

/* What is written to an entry or to "status": an enum binfmt_command, or -EINVAL. */
int binfmt_command(const char *data, size_t len);

#endif
