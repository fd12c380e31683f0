/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control files of vubinfmt, as its command reads and writes them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cmd/formats.h"
#include "cmd/mounts.h"

#define TEXT_MAX 65536

static void free_format(struct vu_format_text *f)
{
	free(f->name);
	free(f->interpreter);
	free(f->flags);
	free(f->extension);
	free(f->magic);
	free(f->mask);
}

void vu_cleanup_format_list(void *p)
{
	struct vu_format_list *list = p;
	size_t i;

	for (i = 0; i < list->n; i++)
		free_format(&list->format[i]);
	free(list->format);
	*list = (struct vu_format_list){ 0 };
}

int vu_formats_folder(char **folder)
{
	VU_CLEANUP(mount_list) struct vu_mount_list list = { 0 };
	int res = vu_mount_list_view(&list);
	size_t i;

	for (i = list.n; !res && i > 0; i--) {
		if (strcmp(list.line[i - 1].type, "vubinfmt"))
			continue;
		*folder = strdup(list.line[i - 1].target);
		return *folder ? 0 : -ENOMEM;
	}
	return res ? res : -ENOENT;
}

/* "KEY VALUE": the field that KEY is. */
static char **field_of(struct vu_format_text *f, const char *line, size_t key)
{
	const struct {
		const char *key;
		char **field;
	} fields[] = {
		{ "interpreter", &f->interpreter },
		{ "flags:", &f->flags },
		{ "extension", &f->extension },
		{ "magic", &f->magic },
		{ "mask", &f->mask },
	};
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(fields); i++)
		if (strlen(fields[i].key) == key && !memcmp(fields[i].key, line, key))
			return fields[i].field;
	return NULL;
}

static int parse_line(char *line, struct vu_format_text *f)
{
	size_t key = strcspn(line, " ");
	char **field;

	if (!line[key])
		return 0;
	if (key == 6 && !memcmp(line, "offset", 6)) {
		f->offset = strtoul(line + key, NULL, 10);
		return 0;
	}
	field = field_of(f, line, key);
	if (!field || *field)
		return 0; /* what is new we do not know */
	line += key + 1;
	if (field == &f->extension && *line == '.')
		line++;
	*field = strdup(line);
	return *field ? 0 : -ENOMEM;
}

int vu_format_parse(char *text, struct vu_format_text *f)
{
	char *line = strsep(&text, "\n");
	int res = 0;

	f->enabled = line && !strcmp(line, "enabled");
	while (!res && (line = strsep(&text, "\n")))
		res = parse_line(line, f);
	if (!res && (!f->interpreter || !f->flags || (!f->extension && !f->magic)))
		res = -EINVAL;
	return res;
}

static int read_format(const char *folder, const char *name, struct vu_format_text *f)
{
	VU_CLEANUP(free) char *path = NULL, *text = NULL;
	int res;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	res = vu_file_read(path, TEXT_MAX, &text, NULL);
	if (res < 0)
		return res;
	f->name = strdup(name);
	return f->name ? vu_format_parse(text, f) : -ENOMEM;
}

static int add(struct vu_format_list *list, const char *folder, const char *name)
{
	struct vu_format_text *grown, f = { 0 };
	int res = read_format(folder, name, &f);

	grown = res ? NULL : realloc(list->format, (list->n + 1) * sizeof(*grown));
	if (!grown) {
		free_format(&f);
		/* One that has gone meanwhile is none. */
		return res == -ENOENT ? 0 : res ? res : -ENOMEM;
	}
	list->format = grown;
	list->format[list->n++] = f;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vu_format_text *)a)->name,
		      ((const struct vu_format_text *)b)->name);
}

int vu_formats_read(const char *folder, struct vu_format_list *list)
{
	VU_CLEANUP(dir) DIR *d = opendir(folder);
	VU_CLEANUP(free) char *path = NULL, *status = NULL;
	struct dirent *e;
	int res;

	if (!d)
		return -errno;
	if (asprintf(&path, "%s/status", folder) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	res = vu_file_read(path, TEXT_MAX, &status, NULL);
	if (res < 0)
		return res;
	list->enabled = vu_str_starts(status, "enabled");
	while (!res && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    strcmp(e->d_name, "status") && strcmp(e->d_name, "register"))
			res = add(list, folder, e->d_name);
	if (list->n)
		qsort(list->format, list->n, sizeof(list->format[0]), by_name);
	return res;
}

int vu_formats_write(const char *folder, const char *name, const char *text)
{
	VU_CLEANUP(free) char *path = NULL;
	VU_CLEANUP(fd) int fd = -1;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}
