/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of /proc that tell about the view: mounts, mountinfo, mountstats; status, maps, smaps and numa_maps.
 *
 * When one is opened for reading, its text is made at once from the kernel's and put into a memfd, whose
 * descriptor the guest gets in the place of the kernel's: it can be read, sought, passed on, mapped. It is a snapshot: a program that
 * keeps it open and reads again sees the same text again.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/memfd.h>

#include "agent/open.h"
#include "agent/procfs.h"

#define OF_GUESTS 0x1u /* of every guest of the view, else of the caller only */

static const struct proc_file {
	const char *name;
	uint32_t classes; /* made if the view touches one of them; 0: always */
	uint32_t flags;
	vu_text_fn *make;
} files[] = {
	{ "mounts", VU_TOUCH_PATHS, OF_GUESTS, vu_text_mounts },
	{ "mountinfo", VU_TOUCH_PATHS, OF_GUESTS, vu_text_mountinfo },
	{ "mountstats", VU_TOUCH_PATHS, OF_GUESTS, vu_text_mountstats },
	{ "status", 0, 0, vu_text_status },
	{ "maps", 0, OF_GUESTS, vu_text_maps },
	{ "smaps", 0, OF_GUESTS, vu_text_smaps },
	{ "numa_maps", 0, OF_GUESTS, vu_text_numa_maps },
};

static bool is_on(const struct proc_file *f)
{
	return !agent_process.viewless && (!f->classes || vu_touches(f->classes));
}

bool vu_special_name(const char *name, size_t len)
{
	if ((len == 3 && (!memcmp(name, "exe", 3) || !memcmp(name, "mem", 3))) ||
	    (len == 4 && !memcmp(name, "fuse", 4)))
		return true;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!vu_strncmp(files[i].name, name, len) && !files[i].name[len])
			return is_on(&files[i]);
	return false;
}

void vu_flush(struct vu_text *t)
{
	size_t at = 0;

	while (at < t->used && !t->error) {
		long n = vu_sys(__NR_write, t->fd, t->buf + at, t->used - at);

		if (n < 0)
			t->error = n;
		else
			at += (size_t)n;
	}
	t->written += t->used;
	t->used = 0;
}

void vu_put(struct vu_text *t, const char *s, size_t n)
{
	while (n) {
		size_t part = t->size - t->used;

		if (part > n)
			part = n;
		memcpy(t->buf + t->used, s, part);
		t->used += part;
		s += part;
		n -= part;
		if (t->used == t->size)
			vu_flush(t);
	}
}

void vu_puts(struct vu_text *t, const char *s)
{
	vu_put(t, s, vu_strlen(s));
}

void vu_put_num(struct vu_text *t, unsigned long n)
{
	char digits[24];

	vu_put(t, digits, vu_utoa(digits, n));
}

void vu_put_native(struct vu_text *t)
{
	long n;

	while ((n = vu_sys(__NR_read, t->native, t->line_buf, t->line_size)) > 0)
		vu_put(t, t->line_buf, (size_t)n);
	if (n < 0)
		t->error = n;
}

/* A number at the front of a path's rest, "123/..."; 0: there is none. */
static int take_pid(const char **s)
{
	uint64_t n = vu_parse_num(s, 10);

	if (!n || n >= 1u << 30 || **s != '/')
		return 0;
	(*s)++;
	return (int)n;
}

/* What a canonical path says of a process or thread: the rest of it; NULL: nothing. */
static const char *of_process(const char *virt, int *pid, int *tid)
{
	const char *s = virt;

	if (vu_strncmp(s, "/proc/", 6))
		return NULL;
	s += 6;
	*tid = *pid = take_pid(&s);
	if (*pid && !vu_strncmp(s, "task/", 5)) {
		s += 5;
		*tid = take_pid(&s);
	}
	return *tid ? s : NULL;
}

/* The row for a canonical path, and whose file it is. */
static const struct proc_file *find_file(const char *virt, int *pid, int *tid)
{
	const char *s = of_process(virt, pid, tid);

	if (!s)
		return NULL;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!vu_strcmp(s, files[i].name))
			return is_on(&files[i]) ? &files[i] : NULL;
	return NULL;
}

/* Has `pid` the caller's view image mapped? */
static bool is_in_view(struct vu_call *c, int pid)
{
	struct vu_lines l = { .buf = c->s->msg, .size = sizeof(c->s->msg) };
	char name[64];
	struct statx sx;
	bool found = false;
	char *line, *path;

	vu_session_name(name, sizeof(name), agent_process.ref.view_fd);
	if (vu_stat_place(VU_AT_FDCWD, name, 0, &sx) < 0)
		return false;
	vu_strlcpy(name, "/proc/", sizeof(name));
	vu_append_num(name, sizeof(name), (unsigned long)pid);
	vu_append(name, sizeof(name), "/maps");
	l.fd = (int)vu_sys(__NR_openat, VU_AT_FDCWD, name, VU_O_CLOEXEC, 0);
	if (l.fd < 0)
		return false;
	while (!found && (line = vu_next_line(&l))) {
		struct vu_mapping m;

		vu_parse_mapping(line, &m);
		path = (char *)m.path;
		found = m.inode == sx.stx_ino && !vu_strncmp(path, "/memfd:vu-view", 14);
	}
	vu_sys(__NR_close, l.fd);
	return found;
}

static bool is_shown(struct vu_call *c, const struct proc_file *f, int pid)
{
	return vu_is_own_pid(pid) || ((f->flags & OF_GUESTS) && is_in_view(c, pid));
}

/* A memfd that shows where it stands for by its name. */
static long new_file(const char *virt)
{
	char name[200];

	vu_strlcpy(name, VU_PROC_MEMFD, sizeof(name));
	vu_append(name, sizeof(name), virt);
	return vu_sys(__NR_memfd_create, name, MFD_CLOEXEC);
}

/* A description of memfd `fd` that can only be read, from the start. */
static long reopen(int fd, uint64_t flags)
{
	char name[40];

	vu_strlcpy(name, "/proc/self/fd/", sizeof(name));
	vu_append_num(name, sizeof(name), (unsigned long)fd);
	vu_sys(__NR_fchmod, fd, 0444);
	return vu_sys(__NR_openat, VU_AT_FDCWD, name, VU_O_CLOEXEC | (flags & VU_O_NONBLOCK), 0);
}

/* Makes the text from the kernel's in `native`. A descriptor of it or -errno. */
static long make(struct vu_call *c, const struct proc_file *f, struct vu_path *p, int native,
		 int tid, uint64_t flags)
{
	struct vu_text t = {
		.c = c,
		.native = native,
		.tid = tid,
		.line_buf = c->s->msg,
		.line_size = sizeof(c->s->msg),
		.buf = c->s->tmp[0],
		.size = sizeof(c->s->tmp[0]),
	};
	long r;

	t.fd = (int)new_file(p->virt);
	if (t.fd < 0)
		return t.fd;
	f->make(&t);
	vu_flush(&t);
	r = t.error ? t.error : reopen(t.fd, flags);
	vu_sys(__NR_close, t.fd);
	return r;
}

long vu_proc_open(struct vu_call *c, struct vu_path *p, int fd, uint64_t flags)
{
	const struct proc_file *f;
	int pid, tid;
	long text, r;

	if (flags & VU_O_ACCMODE)
		return VU_NOT_MINE;
	f = find_file(p->virt, &pid, &tid);
	if (!f || !is_shown(c, f, pid))
		return VU_NOT_MINE;
	text = make(c, f, p, fd, tid, flags);
	if (text < 0) {
		vu_sys(__NR_close, fd);
		return text;
	}
	r = vu_sys(__NR_dup3, text, fd, flags & VU_O_CLOEXEC);
	vu_sys(__NR_close, text);
	return r;
}

int vu_proc_mem_of(struct vu_call *c, const char *virt)
{
	int pid, tid;
	const char *s = of_process(virt, &pid, &tid);

	return s && !vu_strcmp(s, "mem") && (vu_is_own_pid(pid) || is_in_view(c, pid)) ? pid : 0;
}
