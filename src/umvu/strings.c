/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of strings such as argv and environ. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "umvu/strings.h"

/* Takes `text`. */
static int add_owned(struct vu_strings *s, char *text)
{
	char **list = text ? realloc(s->list, (s->n + 2) * sizeof(*list)) : NULL;

	if (!list) {
		free(text);
		return -ENOMEM;
	}
	s->list = list;
	list[s->n++] = text;
	list[s->n] = NULL;
	return 0;
}

int vu_strings_add(struct vu_strings *s, const char *text)
{
	return add_owned(s, strdup(text));
}

void vu_strings_free(struct vu_strings *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->list[i]);
	free(s->list);
	s->list = NULL;
	s->n = 0;
}

static char **find_env(const struct vu_strings *s, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < s->n; i++)
		if (!strncmp(s->list[i], name, len) && s->list[i][len] == '=')
			return &s->list[i];
	return NULL;
}

int vu_strings_setenv(struct vu_strings *s, const char *name, const char *value)
{
	char **old = find_env(s, name), *text;

	if (asprintf(&text, "%s=%s", name, value) < 0)
		return -ENOMEM;
	if (!old)
		return add_owned(s, text);
	free(*old);
	*old = text;
	return 0;
}

const char *vu_strings_getenv(const struct vu_strings *s, const char *name)
{
	char **found = find_env(s, name);

	return found ? *found + strlen(name) + 1 : NULL;
}
