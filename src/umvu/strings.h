/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of strings such as argv and environ. */
#ifndef VU_UMVU_STRINGS_H
#define VU_UMVU_STRINGS_H

#include <stddef.h>

/* A growing list of strings, NULL-terminated where it is not empty. */
struct vu_strings {
	char **list;
	size_t n;
};

/* Add a copy. 0 or -ENOMEM. */
int vu_strings_add(struct vu_strings *s, const char *text);
void vu_strings_free(struct vu_strings *s);

/* "NAME=VALUE" in a list like environ: replaced or added. 0 or -ENOMEM. */
int vu_strings_setenv(struct vu_strings *s, const char *name, const char *value);
const char *vu_strings_getenv(const struct vu_strings *s, const char *name);

#endif
