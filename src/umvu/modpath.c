/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where modules are looked for: the folders of $VU_MODULE_PATH, then our own. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "umvu/modules.h"

#define VARIABLE "VU_MODULE_PATH"

bool vu_modpath_name(const char *name)
{
	size_t n;

	for (n = 0; name[n]; n++)
		if (!isalnum((unsigned char)name[n]) && name[n] != '_' && name[n] != '-')
			return false;
	return n > 0 && n < 64;
}

void vu_modpath_text(const struct vu_session *s, char *text, size_t size)
{
	const char *extra = getenv(VARIABLE);

	snprintf(text, size, "%s%s%s", extra ? extra : "", extra && *extra ? ":" : "",
		 s->paths.modules);
}

int vu_modpath_anchor(void)
{
	const char *at = getenv(VARIABLE), *end;
	VU_CLEANUP(free) char *cwd = getcwd(NULL, 0);
	VU_CLEANUP(buf) struct vu_buf b = { 0 };

	for (; at; at = *end ? end + 1 : NULL) {
		end = strchrnul(at, ':');
		if (end > at && *at != '/' && cwd)
			vu_buf_printf(&b, "%s/", cwd);
		vu_buf_printf(&b, "%.*s%s", (int)(end - at), at, *end ? ":" : "");
	}
	if (b.error || !b.len)
		return b.error;
	return setenv(VARIABLE, vu_buf_text(&b), 1) < 0 ? -errno : 0;
}

int vu_modpath_find(const struct vu_session *s, const char *name, char **path)
{
	char text[8192], *at = text, *folder;

	vu_modpath_text(s, text, sizeof(text));
	while ((folder = strsep(&at, ":"))) {
		if (!*folder)
			continue;
		if (asprintf(path, "%s/%s.so", folder, name) < 0)
			return -ENOMEM;
		if (access(*path, F_OK) == 0)
			return 0;
		free(*path);
		*path = NULL;
	}
	return -ENOENT;
}

int vu_modpath_for_type(const struct vu_session *s, const char *type, char name[64])
{
	size_t len = strcspn(type, ".");
	char *path;
	int res;

	/* The types of FUSE itself: any daemon. */
	if (!strcmp(type, "fuse") || !strcmp(type, "fuseblk") || vu_str_starts(type, "fuse."))
		return vu_str_copy(name, 64, "vufuse");
	for (len = len < 63 ? len : 63; len; len--) {
		memcpy(name, type, len);
		name[len] = '\0';
		if (!vu_modpath_name(name))
			continue;
		res = vu_modpath_find(s, name, &path);
		if (res == -ENOENT)
			continue;
		if (!res)
			free(path);
		return res;
	}
	return -ENOENT;
}
