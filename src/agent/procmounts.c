/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/mounts, mountinfo, mountstats: the kernel's text, then a line for each mount of the view in
 * the kernel's format (fs/proc_namespace.c), so that what reads them finds the view's mounts last, as
 * the latest.
 */
#include <asm/unistd_64.h>
#include <linux/fcntl.h>

#include "agent/procfs.h"

#define SEEK_SET_ 0
#define SEEK_CUR_ 1

/* Blanks and the like as \ooo, as mangle() of the kernel does. */
static void put_escaped(struct vu_text *t, const char *s, const char *special)
{
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;
		char octal[4] = { '\\', (char)('0' + (ch >> 6)), (char)('0' + (ch >> 3 & 7)),
				  (char)('0' + (ch & 7)) };

		if (vu_strchr(special, *s))
			vu_put(t, octal, sizeof(octal));
		else
			vu_put(t, s, 1);
	}
}

static void put_path(struct vu_text *t, const struct vu_view_area *a, const struct vu_view_mount *m)
{
	put_escaped(t, vu_view_str(a, m->path), " \t\n\\");
}

static void put_type(struct vu_text *t, const struct vu_view_area *a, const struct vu_view_mount *m)
{
	put_escaped(t, vu_view_str(a, m->type), " \t\n\\#");
}

static void put_source(struct vu_text *t, const struct vu_view_area *a,
		       const struct vu_view_mount *m)
{
	const char *s = vu_view_str(a, m->source);

	put_escaped(t, *s ? s : "none", " \t\n\\#");
}

static bool mounts_line(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	const char *super = vu_view_str(a, m->super);
	struct vu_text *t = ctx;

	if (m->flags & VU_MOUNT_HIDDEN)
		return false;
	put_source(t, a, m);
	vu_puts(t, " ");
	put_path(t, a, m);
	vu_puts(t, " ");
	put_type(t, a, m);
	vu_puts(t, " ");
	vu_puts(t, vu_view_str(a, m->options));
	/* "rw" or "ro" stands in front of both lists, and is shown once. */
	if ((!vu_strncmp(super, "rw", 2) || !vu_strncmp(super, "ro", 2)) &&
	    (super[2] == ',' || !super[2]))
		super += 2;
	else if (*super)
		vu_puts(t, ",");
	vu_puts(t, super);
	vu_puts(t, " 0 0\n");
	return false;
}

/* The kernel's id of the mount that the mount point of m is on. */
static unsigned long parent_id(struct vu_text *t, const struct vu_view_area *a,
			       const struct vu_view_mount *m)
{
	char *dir = t->c->s->tmp[1], *slash;
	struct vu_view_mount parent;
	struct statx sx;

	if (m->parent && vu_mount_by_id(m->parent, &parent))
		return parent.mnt_id;
	vu_strlcpy(dir, vu_view_str(a, m->path), VU_PATH_MAX);
	while (vu_stat_place(AT_FDCWD, *dir ? dir : "/", AT_SYMLINK_NOFOLLOW, &sx) < 0) {
		slash = vu_strrchr(dir, '/');
		if (!slash)
			return 0;
		*slash = 0;
	}
	return sx.stx_mnt_id;
}

static bool mountinfo_line(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	struct vu_text *t = ctx;

	if (m->flags & VU_MOUNT_HIDDEN)
		return false;
	vu_put_num(t, m->mnt_id);
	vu_puts(t, " ");
	vu_put_num(t, parent_id(t, a, m));
	vu_puts(t, " ");
	vu_put_num(t, (m->dev >> 8 & 0xfff) | (m->dev >> 32 & ~0xfffull));
	vu_puts(t, ":");
	vu_put_num(t, (m->dev & 0xff) | (m->dev >> 12 & 0xffffff00));
	vu_puts(t, " / ");
	put_path(t, a, m);
	vu_puts(t, " ");
	vu_puts(t, vu_view_str(a, m->options));
	vu_puts(t, " - ");
	put_type(t, a, m);
	vu_puts(t, " ");
	put_source(t, a, m);
	vu_puts(t, " ");
	vu_puts(t, vu_view_str(a, m->super));
	vu_puts(t, "\n");
	return false;
}

static bool mountstats_line(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	struct vu_text *t = ctx;

	if (m->flags & VU_MOUNT_HIDDEN)
		return false;
	vu_puts(t, "device ");
	put_source(t, a, m);
	vu_puts(t, " mounted on ");
	put_path(t, a, m);
	vu_puts(t, " with fstype ");
	put_type(t, a, m);
	vu_puts(t, "\n");
	return false;
}

/* The kernel's text, then the lines of one publishing. */
static void put_table(struct vu_text *t, vu_mount_fn *line)
{
	long end;

	vu_put_native(t);
	vu_flush(t);
	end = vu_sys(__NR_lseek, t->fd, 0, SEEK_CUR_);
	while (!t->error && !vu_mount_each(line, t)) {
		t->used = 0;
		t->error = vu_sys(__NR_ftruncate, t->fd, end);
		vu_sys(__NR_lseek, t->fd, end, SEEK_SET_);
	}
}

void vu_text_mounts(struct vu_text *t)
{
	put_table(t, mounts_line);
}

void vu_text_mountinfo(struct vu_text *t)
{
	put_table(t, mountinfo_line);
}

void vu_text_mountstats(struct vu_text *t)
{
	put_table(t, mountstats_line);
}
