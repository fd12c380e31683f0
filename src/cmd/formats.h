/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control files of vubinfmt, as its command reads and writes them. */
#ifndef VU_CMD_FORMATS_H
#define VU_CMD_FORMATS_H

#include <stdbool.h>
#include <stddef.h>

#define VU_FORMATS_FOLDER "/proc/sys/fs/binfmt_misc"

/* What the file of a format shows. */
struct vu_format_text {
	char *name, *interpreter, *flags;
	char *extension;    /* NULL: by magic */
	char *magic, *mask; /* hexadecimal; NULL: none */
	unsigned long offset;
	bool enabled;
};

/* {0} is an empty one. */
struct vu_format_list {
	struct vu_format_text *format; /* sorted by name */
	size_t n;
	bool enabled; /* all of them */
};

/* For VU_CLEANUP(format_list). */
void vu_cleanup_format_list(void *p);

/* Where the view has mounted them, to be freed: 0, -ENOENT if nowhere, or -errno. */
int vu_formats_folder(char **folder);

/* Read all formats. 0 or -errno. */
int vu_formats_read(const char *folder, struct vu_format_list *list);

/* Take apart the text of a format, which is changed and stays in use. 0, or -EINVAL. */
int vu_format_parse(char *text, struct vu_format_text *f);

/* Write `text` to control file `name` in one call. 0 or -errno. */
int vu_formats_write(const char *folder, const char *name, const char *text);

#endif
