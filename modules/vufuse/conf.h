/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of drivers, as read from vufuse.conf (which describes the format). */
#ifndef VUFUSE_CONF_H
#define VUFUSE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#define VUFUSE_EXITS 24

/* What is given to the program instead of a mount option. */
struct vufuse_option {
	char *name, *text;
};

struct vufuse_exit {
	int status; /* -1: all others */
	int error;
};

/* A section. Lists of words are one string, with blanks between. */
struct vufuse_entry {
	struct vufuse_entry *next; /* the one before it in the file */
	char *types, *program, *args;
	char *package, *ro, *rw, *writes; /* NULL: not given */
	char *kind, *opens;
	struct vufuse_option *options;
	size_t n_options;
	struct vufuse_exit exits[VUFUSE_EXITS];
	size_t n_exits;
};

/* All sections, the last one first. {0} is an empty table. */
struct vufuse_conf {
	struct vufuse_entry *entries;
};

/* Gets "FILE:LINE: what is wrong". */
typedef void vufuse_report(void *ctx, const char *text);

/*
 * Add the sections of a file to the table; `file` is its name for messages. Sections with errors are
 * reported and left out. Returns the number of errors or -ENOMEM.
 */
int vufuse_conf_parse(struct vufuse_conf *conf, const char *text, size_t len, const char *file,
		      vufuse_report *report, void *ctx);
void vufuse_conf_free(struct vufuse_conf *conf);

/*
 * The section that counts for a type, or NULL. *name gets what a "*" stands for (a part of type, or ""),
 * and is never a path.
 */
const struct vufuse_entry *vufuse_conf_find(const struct vufuse_conf *conf, const char *type,
					    const char **name);

/*
 * The next word of a list: from *at, which moves on; its length. 0 at the end.
 */
size_t vufuse_word(const char **at, const char **word);

#endif
