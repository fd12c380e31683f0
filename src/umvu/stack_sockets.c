/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of a network stack, from the tables in /proc/PID/net. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "umvu/stack_sockets.h"

/* The tables, and which field of a line is the inode number. */
static const struct {
	const char *name;
	int field;
} tables[] = {
	{ "tcp", 9 },	  { "tcp6", 9 },     { "udp", 9 },     { "udp6", 9 },
	{ "udplite", 9 }, { "udplite6", 9 }, { "raw", 9 },     { "raw6", 9 },
	{ "icmp", 9 },	  { "icmp6", 9 },    { "netlink", 9 }, { "packet", 8 },
};

static void add(struct vu_sockets *s, uint64_t inode)
{
	uint64_t *more;

	if (s->n == s->max) {
		more = realloc(s->inodes, (s->max + 256) * sizeof(*more));
		if (!more)
			return;
		s->inodes = more;
		s->max += 256;
	}
	s->inodes[s->n++] = inode;
}

static void read_line(struct vu_sockets *s, char *line, int field)
{
	char *word = NULL, *end;
	uint64_t inode;
	int i = -1;

	while (i < field && (word = strsep(&line, " \t\n")))
		i += *word != '\0';
	inode = word ? strtoull(word, &end, 10) : 0;
	if (inode && !*end)
		add(s, inode);
}

static void read_table(struct vu_sockets *s, pid_t maker, const char *name, int field)
{
	VU_CLEANUP(file) FILE *f = NULL;
	char path[64], line[512];

	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)maker, name);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		read_line(s, line, field);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void vu_sockets_read(struct vu_sockets *s, pid_t maker)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < VU_ARRAY_SIZE(tables); i++)
		read_table(s, maker, tables[i].name, tables[i].field);
	if (s->n)
		qsort(s->inodes, s->n, sizeof(s->inodes[0]), compare);
}

void vu_sockets_free(struct vu_sockets *s)
{
	free(s->inodes);
}

bool vu_sockets_has(const struct vu_sockets *s, uint64_t inode)
{
	return s->n && bsearch(&inode, s->inodes, s->n, sizeof(inode), compare);
}
