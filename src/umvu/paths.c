/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the parts of View OS lie. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "umvu/paths.h"

/* Cut the last component off; false if there is none. */
static bool cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

enum { N_PARTS = 6 };

static void list_parts(struct vu_paths *p, char **parts[N_PARTS])
{
	char **const list[N_PARTS] = { &p->loader, &p->init, &p->files,
				       &p->scan,   &p->lazy, &p->modules };

	memcpy(parts, list, sizeof(list));
}

int vu_paths_find(struct vu_paths *p)
{
	static const char *const names[N_PARTS] = { "vu-loader", "vu-init",	    "vu-files",
						    "vu-scan",	 "vu-fuse-lazy.so", "modules" };
	char exe[PATH_MAX], **parts[N_PARTS];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int i;

	memset(p, 0, sizeof(*p));
	if (n < 0)
		return -errno;
	exe[n] = '\0';
	if (!cut(exe) || !cut(exe))
		return -ENOENT;
	if (strlen(exe) > PATH_MAX - sizeof("/lib/vu/vu-fuse-lazy.so"))
		return -ENAMETOOLONG;
	list_parts(p, parts);
	for (i = 0; i < N_PARTS; i++) {
		if (asprintf(parts[i], "%s/lib/vu/%s", exe, names[i]) < 0) {
			*parts[i] = NULL;
			vu_paths_free(p);
			return -ENOMEM;
		}
	}
	return 0;
}

void vu_paths_free(struct vu_paths *p)
{
	char **parts[N_PARTS];
	int i;

	list_parts(p, parts);
	for (i = 0; i < N_PARTS; i++) {
		free(*parts[i]);
		*parts[i] = NULL;
	}
}
