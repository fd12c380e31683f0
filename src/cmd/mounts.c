/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounting, and the list of mounts.
 *
 * A mount is a plain mount(2): the agent in this process catches it, as it does for mount(8). The
 * view's own mounts are read from the view image that the agent has mapped (abi/view.h): in
 * /proc/self/mounts they stand among the host's.
 */
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "abi/view.h"
#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"
#include "cmd/guess.h"
#include "cmd/mounts.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

/* Options that are flags of mount(2): `name` clears and then sets. */
static const struct flag_option {
	const char *name;
	unsigned long clear, set;
} flag_options[] = {
	{ "defaults", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS, 0 },
	{ "ro", 0, MS_RDONLY },
	{ "rw", MS_RDONLY, 0 },
	{ "suid", MS_NOSUID, 0 },
	{ "nosuid", 0, MS_NOSUID },
	{ "dev", MS_NODEV, 0 },
	{ "nodev", 0, MS_NODEV },
	{ "exec", MS_NOEXEC, 0 },
	{ "noexec", 0, MS_NOEXEC },
	{ "async", MS_SYNCHRONOUS, 0 },
	{ "sync", 0, MS_SYNCHRONOUS },
	{ "dirsync", 0, MS_DIRSYNC },
	{ "atime", MS_NOATIME, 0 },
	{ "noatime", 0, MS_NOATIME },
	{ "diratime", MS_NODIRATIME, 0 },
	{ "nodiratime", 0, MS_NODIRATIME },
	{ "relatime", 0, MS_RELATIME },
	{ "norelatime", MS_RELATIME, 0 },
	{ "strictatime", 0, MS_STRICTATIME },
	{ "nostrictatime", MS_STRICTATIME, 0 },
	{ "lazytime", 0, MS_LAZYTIME },
	{ "nolazytime", MS_LAZYTIME, 0 },
	{ "symfollow", MS_NOSYMFOLLOW, 0 },
	{ "nosymfollow", 0, MS_NOSYMFOLLOW },
	{ "iversion", 0, MS_I_VERSION },
	{ "noiversion", MS_I_VERSION, 0 },
	{ "silent", 0, MS_SILENT },
	{ "loud", MS_SILENT, 0 },
	{ "mand", 0, MS_MANDLOCK },
	{ "nomand", MS_MANDLOCK, 0 },
	{ "remount", 0, MS_REMOUNT },
	{ "bind", 0, MS_BIND },
	{ "rbind", 0, MS_BIND | MS_REC },
	{ "move", 0, MS_MOVE },
	{ "private", 0, MS_PRIVATE },
	{ "rprivate", 0, MS_PRIVATE | MS_REC },
	{ "shared", 0, MS_SHARED },
	{ "rshared", 0, MS_SHARED | MS_REC },
	{ "slave", 0, MS_SLAVE },
	{ "rslave", 0, MS_SLAVE | MS_REC },
	{ "unbindable", 0, MS_UNBINDABLE },
	{ "runbindable", 0, MS_UNBINDABLE | MS_REC },
};

/* Options that speak to mount(8) and /etc/fstab, not to a file system. */
static const char *const dropped_options[] = { "auto",	  "noauto",  "user",  "nouser",
					       "users",	  "nousers", "owner", "group",
					       "_netdev", "nofail",  "loop",  "comment" };

void vu_cleanup_mount_options(void *p)
{
	struct vu_mount_options *o = p;

	vu_buf_free(&o->data);
}

static bool apply_flag(struct vu_mount_options *o, const char *item)
{
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(flag_options); i++) {
		if (strcmp(flag_options[i].name, item))
			continue;
		o->flags &= ~flag_options[i].clear;
		o->flags |= flag_options[i].set;
		if (flag_options[i].clear & MS_RDONLY)
			o->read_write = item[0] == 'r';
		return true;
	}
	return false;
}

static bool is_dropped(const char *item)
{
	size_t i, len = strcspn(item, "=");

	if (vu_str_starts(item, "x-") || vu_str_starts(item, "X-"))
		return true;
	for (i = 0; i < VU_ARRAY_SIZE(dropped_options); i++)
		if (strlen(dropped_options[i]) == len && !memcmp(dropped_options[i], item, len))
			return true;
	return false;
}

/* Add one item, which is as the user wrote it: data is handed on with its escapes. */
static int add_option(struct vu_mount_options *o, const char *item)
{
	if (apply_flag(o, item))
		return 0;
	if (is_dropped(item)) {
		if (!strcmp(item, "loop"))
			o->ignored_loop = true;
		return 0;
	}
	if (vu_str_starts(item, "offset=") &&
	    vu_str_to_u64(item + strlen("offset="), 0, INT64_MAX, &o->offset) < 0)
		return -EINVAL;
	if (o->data.len)
		vu_buf_putc(&o->data, ',');
	return vu_buf_puts(&o->data, item);
}

int vu_mount_options_add(struct vu_mount_options *o, const char *text)
{
	const char *item;
	size_t len;
	int res = 0;

	while (!res && (item = vu_comma_next(&text, &len))) {
		VU_CLEANUP(free) char *copy = vu_str_ndup(item, len);

		res = copy ? add_option(o, copy) : -ENOMEM;
	}
	return res;
}

static int guess_type(const char *who, const char *source, const struct vu_mount_options *o,
		      bool verbose, const char **type)
{
	struct vu_guess guess;
	int res = vu_guess_source(source, o->offset, &guess);

	if (res < 0) {
		fprintf(stderr, "%s: '%s': %s\n", who, source, strerror(-res));
		return res;
	}
	if (!guess.type) {
		fprintf(stderr, "%s: '%s': type not recognised%s%s: give it with -t\n", who, source,
			guess.what ? ", it is " : "", guess.what ? guess.what : "");
		if (vu_str_eq(guess.what, "a partitioned disk"))
			vu_hint("'fdisk -l %s' tells where a partition begins: -o offset=BYTES",
				source);
		return -EINVAL;
	}
	if (verbose)
		printf("%s: '%s' is %s: using -t %s\n", who, source, guess.what, guess.type);
	*type = guess.type;
	return 0;
}

/*
 * Whether a module of the view may serve the type: modules are loaded by types that begin with their
 * names, and those of FUSE itself are vufuse's. True where that cannot be found out.
 */
static bool may_be_known(const char *type)
{
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	const char *line;
	size_t len;

	if (vu_str_starts(type, "fuse") || vu_client_simple(VU_RPC_MODULE_LIST, NULL, &reply) < 0)
		return true;
	for (line = reply.text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		len = strcspn(line, "\t\n");
		if (len && !strncmp(line, type, len))
			return true;
	}
	return false;
}

static void mount_hints(int error, const char *type, const char *source, const char *target)
{
	char *slash;

	if ((error == ENODEV || error == EPERM) && type && !may_be_known(type))
		vu_hint("no module knows the type '%s'", type);
	else if (error == ENOENT && source[0] == '/' && access(source, F_OK) < 0)
		vu_hint("'%s' does not exist", source);
	else if (error == ENOENT && access(target, F_OK) < 0) {
		VU_CLEANUP(free) char *parent = strdup(target);

		slash = parent ? strrchr(parent, '/') : NULL;
		if (slash && slash != parent) {
			*slash = '\0';
			if (access(parent, F_OK) < 0)
				vu_hint("'%s' does not exist", parent);
		}
	}
}

int vu_mount(const char *who, const char *type, const char *source, const char *target,
	     const struct vu_mount_options *o, bool verbose)
{
	const unsigned long no_type = MS_REMOUNT | MS_BIND | MS_MOVE | MS_PRIVATE | MS_SHARED |
				      MS_SLAVE | MS_UNBINDABLE;
	VU_CLEANUP(free) char *absolute = NULL;
	int res;

	if (vu_str_eq(type, "auto") || vu_str_eq(type, ""))
		type = NULL;
	if (!type && !(o->flags & no_type)) {
		res = guess_type(who, source, o, verbose, &type);
		if (res < 0)
			return res;
	}
	/* As mount(8) does: the table of mounts shall name the source whatever the cwd. */
	absolute = realpath(source, NULL);
	if (absolute)
		source = absolute;
	if (mount(source, target, type, o->flags, o->data.len ? o->data.data : NULL) < 0) {
		res = -errno;
		fprintf(stderr, "%s: '%s': %s\n", who, target, strerror(-res));
		mount_hints(-res, type, source, target);
		return res;
	}
	if (verbose)
		printf("%s: %s mounted on %s\n", who, source, target);
	return 0;
}

void vu_cleanup_mount_list(void *p)
{
	struct vu_mount_list *list = p;
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->line[i].source);
		free(list->line[i].target);
		free(list->line[i].type);
		free(list->line[i].options);
	}
	free(list->line);
	*list = (struct vu_mount_list){ NULL, 0 };
}

/* Add a line with copies of the strings; takes `take_options`. 0 or -ENOMEM. */
static int add_line(struct vu_mount_list *list, const char *source, const char *target,
		    const char *type, char *take_options)
{
	struct vu_mount_line *line, *more;

	more = realloc(list->line, (list->n + 1) * sizeof(*more));
	if (!more) {
		free(take_options);
		return -ENOMEM;
	}
	list->line = more;
	line = &list->line[list->n++];
	line->source = strdup(source);
	line->target = strdup(target);
	line->type = strdup(type);
	line->options = take_options;
	return line->source && line->target && line->type && line->options ? 0 : -ENOMEM;
}

int vu_mount_list_all(struct vu_mount_list *list)
{
	FILE *table = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	int res = 0;

	if (!table)
		return -errno;
	while (!res && (entry = getmntent(table)))
		res = add_line(list, entry->mnt_fsname, entry->mnt_dir, entry->mnt_type,
			       strdup(entry->mnt_opts));
	endmntent(table);
	return res;
}

/* The view image if there is one in this process. */
static const struct vu_view_head *view_image(void)
{
	const struct vu_view_head *view = (const void *)VU_VIEW_ADDR;
	unsigned char resident[1];

	/* mincore(2) tells whether anything is mapped there, without touching it. */
	if (mincore((void *)VU_VIEW_ADDR, VU_VIEW_HEAD_SIZE, resident) < 0)
		return NULL;
	return view->magic == VU_VIEW_MAGIC && view->abi == VU_ABI_VERSION ? view : NULL;
}

/* A copy of the view's tables that is whole: see abi/view.h for the protocol. NULL without memory. */
static struct vu_view_area *copy_tables(const struct vu_view_head *view)
{
	struct vu_view_area *copy = malloc(VU_VIEW_AREA_SIZE);
	uint32_t seq;

	if (!copy)
		return NULL;
	do
		memcpy(copy, vu_view_begin(view, &seq), VU_VIEW_AREA_SIZE);
	while (vu_view_retry(view, seq));
	return copy;
}

/* Options as /proc/mounts shows them: of the mount, then the super block's without its "ro" or "rw". */
static char *all_options(const struct vu_view_area *tables, const struct vu_view_mount *m)
{
	const char *options = vu_view_str(tables, m->options),
		   *super = vu_view_str(tables, m->super);
	struct vu_buf b = { 0 };

	vu_buf_puts(&b, *options ? options : m->flags & VU_MOUNT_RDONLY ? "ro" : "rw");
	if (vu_str_starts(super, "rw") || vu_str_starts(super, "ro"))
		super += 2;
	else if (*super)
		vu_buf_putc(&b, ',');
	vu_buf_puts(&b, super);
	return vu_buf_steal(&b);
}

int vu_mount_list_view(struct vu_mount_list *list)
{
	const struct vu_view_head *view = view_image();
	VU_CLEANUP(free) struct vu_view_area *tables = NULL;
	const struct vu_view_mount *m;
	uint32_t n, i;
	int res = 0;

	if (!view)
		return 0;
	tables = copy_tables(view);
	if (!tables)
		return -ENOMEM;
	m = vu_view_mounts(tables, &n);
	for (i = 0; i < n && !res; i++, m++)
		if (!(m->flags & VU_MOUNT_HIDDEN))
			res = add_line(list, vu_view_str(tables, m->source),
				       vu_view_str(tables, m->path), vu_view_str(tables, m->type),
				       all_options(tables, m));
	return res;
}
