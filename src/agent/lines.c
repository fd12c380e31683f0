/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the text files of /proc. */
#include <asm/unistd_64.h>

#include "agent/lines.h"

char *vu_next_line(struct vu_lines *l)
{
	for (;;) {
		char *line = l->buf + l->from;
		long n;

		for (size_t i = l->from; i < l->to; i++) {
			if (l->buf[i] != '\n')
				continue;
			l->buf[i] = 0;
			l->from = i + 1;
			return line;
		}
		memmove(l->buf, line, l->to - l->from);
		l->to -= l->from;
		l->from = 0;
		n = l->to + 1 < l->size ?
			    vu_sys(__NR_read, l->fd, l->buf + l->to, l->size - 1 - l->to) :
			    0;
		if (n <= 0) {
			if (!l->to)
				return NULL;
			l->buf[l->to] = 0;
			l->from = l->to = 0;
			return l->buf;
		}
		l->to += (size_t)n;
	}
}

uint64_t vu_parse_num(const char **s, unsigned int base)
{
	uint64_t n = 0;

	for (;; (*s)++) {
		unsigned int digit = 99;

		if (**s >= '0' && **s <= '9')
			digit = (unsigned int)(**s - '0');
		else if (**s >= 'a' && **s <= 'f')
			digit = (unsigned int)(**s - 'a' + 10);
		if (digit >= base)
			return n;
		n = n * base + digit;
	}
}
