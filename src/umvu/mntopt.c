/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments of mount(2). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/str.h"
#include "umvu/mntopt.h"

/* Options that a kernel takes and that change nothing here. */
static const char *const ignored_fuse[] = { "fd",	  "user_id", "group_id", "allow_other",
					    "allow_root", "blksize", "source",	 "rw" };

static bool in_list(const char *const *list, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

static int fuse_option(void *ctx, const char *key, const char *value)
{
	struct vu_fuse_data *d = ctx;
	uint64_t n;

	if (!strcmp(key, "rootmode")) {
		if (!value || vu_str_to_u64(value, 8, 0177777, &n) < 0)
			return -EINVAL;
		d->rootmode = (uint32_t)n;
		return 0;
	}
	if (!strcmp(key, "max_read")) {
		if (!value || vu_str_to_u64(value, 10, UINT32_MAX, &n) < 0)
			return -EINVAL;
		d->max_read = (uint32_t)n;
		return 0;
	}
	if (!strcmp(key, "subtype"))
		return value && vu_str_copy(d->subtype, sizeof(d->subtype), value) == 0 ? 0 :
											  -EINVAL;
	if (!strcmp(key, "default_permissions"))
		d->default_permissions = true;
	else if (!strcmp(key, "ro"))
		d->rdonly = true;
	else if (!in_list(ignored_fuse, VU_ARRAY_SIZE(ignored_fuse), key))
		return -EINVAL;
	return 0;
}

int vu_fuse_data_parse(const char *data, struct vu_fuse_data *out)
{
	int res;

	memset(out, 0, sizeof(*out));
	res = vu_comma_each(data, fuse_option, out);
	if (!res && !(out->rootmode & S_IFMT))
		res = -EINVAL;
	return res;
}

uint64_t vu_mount_attr(uint64_t ms)
{
	static const struct {
		uint64_t ms, attr;
	} bits[] = {
		{ MS_RDONLY, MOUNT_ATTR_RDONLY },	  { MS_NOSUID, MOUNT_ATTR_NOSUID },
		{ MS_NODEV, MOUNT_ATTR_NODEV },		  { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	};
	uint64_t attr = 0;
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(bits); i++)
		if (ms & bits[i].ms)
			attr |= bits[i].attr;
	/* Access times are one choice of three (mount_setattr(2)); relatime is 0. */
	if (ms & MS_NOATIME)
		attr |= MOUNT_ATTR_NOATIME;
	else if (ms & MS_STRICTATIME)
		attr |= MOUNT_ATTR_STRICTATIME;
	return attr;
}

bool vu_mount_is_change(uint64_t ms)
{
	return ms & (MS_BIND | MS_MOVE | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE);
}

/* Words of fstab(5) and mount(8) that no file system knows. */
static const char *const ignored_mount[] = {
	"loop",	       "auto",		"noauto",   "user",	  "nouser",   "users",
	"nofail",      "_netdev",	"owner",    "group",	  "defaults", "async",
	"suid",	       "nosuid",	"dev",	    "nodev",	  "exec",     "noexec",
	"relatime",    "noatime",	"atime",    "nodiratime", "diratime", "norelatime",
	"strictatime", "nostrictatime", "lazytime", "nolazytime", "silent",   "loud",
};

struct cleaning {
	struct vu_buf to;
	bool *rdonly;
};

static int keep_option(void *ctx, const char *key, const char *value)
{
	struct cleaning *c = ctx;
	VU_CLEANUP(free) char *escaped_key = vu_comma_escape(key);
	VU_CLEANUP(free) char *escaped = value ? vu_comma_escape(value) : NULL;

	if (!escaped_key || (value && !escaped))
		return -ENOMEM;
	if (!strcmp(key, "ro") || !strcmp(key, "rw")) {
		*c->rdonly = key[1] == 'o';
		return 0;
	}
	if (in_list(ignored_mount, VU_ARRAY_SIZE(ignored_mount), key) || vu_str_starts(key, "x-") ||
	    vu_str_starts(key, "X-"))
		return 0;
	return vu_buf_printf(&c->to, "%s%s%s%s", c->to.len ? "," : "", escaped_key,
			     value ? "=" : "", value ? escaped : "");
}

char *vu_mount_clean_options(const char *options, bool *rdonly)
{
	struct cleaning c = { .rdonly = rdonly };

	if (vu_comma_each(options, keep_option, &c) < 0) {
		vu_buf_free(&c.to);
		return NULL;
	}
	return vu_buf_steal(&c.to);
}

bool vu_path_beneath(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n && folder[n - 1] == '/')
		n--;
	return !strncmp(path, folder, n) && (path[n] == '/' || !path[n]);
}
