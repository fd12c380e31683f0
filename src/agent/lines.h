/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the text files of /proc. */
#ifndef VU_AGENT_LINES_H
#define VU_AGENT_LINES_H

#include "agent/agent.h"

/* Lines of an open file, in a buffer of the user's. */
struct vu_lines {
	int fd;
	char *buf;
	size_t size, from, to; /* bytes from..to of buf are read and not yet given */
};

/* The next line, NUL-terminated, without its newline; NULL at the end. Too long ones come in pieces. */
char *vu_next_line(struct vu_lines *l);
/* Takes a number (lower-case digits of `base`, 10 or 16) off the front of *s. */
uint64_t vu_parse_num(const char **s, unsigned int base);

/* What a line of /proc/PID/maps says; perms and path point into it (path: "" if it has none). */
struct vu_mapping {
	uint64_t from, to, offset, inode, major, minor;
	const char *perms; /* 4 bytes */
	const char *path;
};
void vu_parse_mapping(const char *s, struct vu_mapping *m);
/* The mount of the view that a mapped file is in, found by its device (the first of several). */
bool vu_mapping_mount(const struct vu_mapping *map, struct vu_view_mount *m);

#endif
