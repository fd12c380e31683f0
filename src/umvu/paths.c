/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the parts of View OS lie. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
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

int vu_paths_find(struct vu_paths *p)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		return -errno;
	exe[n] = '\0';
	if (!cut(exe) || !cut(exe))
		return -ENOENT;
	n = snprintf(p->lib, sizeof(p->lib), "%s/lib/vu", exe);
	if (n >= (ssize_t)sizeof(p->lib))
		return -ENAMETOOLONG;
	snprintf(p->loader, sizeof(p->loader), "%s/vu-loader", p->lib);
	snprintf(p->files, sizeof(p->files), "%s/vu-files", p->lib);
	snprintf(p->scan, sizeof(p->scan), "%s/vu-scan", p->lib);
	snprintf(p->init, sizeof(p->init), "%s/vu-init", p->lib);
	snprintf(p->lazy, sizeof(p->lazy), "%s/vu-fuse-lazy.so", p->lib);
	snprintf(p->modules, sizeof(p->modules), "%s/modules", p->lib);
	return 0;
}
