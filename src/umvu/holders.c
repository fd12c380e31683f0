/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which processes serve a mount, and which use it.
 *
 * Users are found by the number of the mount: the kernel shows it for each descriptor in
 * /proc/PID/fdinfo, and for working directory, root and program after these have been opened with
 * O_PATH, which asks no driver. Mapped memory shows the device number only; that is exact for FUSE,
 * where each connection has its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/look.h"
#include "base/str.h"
#include "realm/names.h"
#include "umvu/holders.h"
#include "umvu/stack_sockets.h"

#define FDINFO_MAX 4096
#define NAMED	   8 /* users that are named */

/* The number after `key` (such as "mnt_id:") in a /proc/PID/fdinfo file. 0 or -ENOENT. */
static int fdinfo_number(const char *name, const char *key, uint64_t *value)
{
	VU_CLEANUP(fd) int fd = open(name, O_RDONLY | O_CLOEXEC);
	char text[FDINFO_MAX];
	const char *at;
	ssize_t n;

	if (fd < 0)
		return -ENOENT;
	n = vu_fd_read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -ENOENT;
	text[n] = '\0';
	at = strstr(text, key);
	if (!at)
		return -ENOENT;
	*value = strtoull(at + strlen(key), NULL, 10);
	return 0;
}

/* Call fn for each descriptor number of a process until it returns other than 0. */
static int each_fd(pid_t pid, int (*fn)(void *ctx, pid_t pid, const char *fd), void *ctx)
{
	VU_CLEANUP(dir) DIR *d = NULL;
	struct dirent *e;
	char name[40];
	int res = 0;

	snprintf(name, sizeof(name), "/proc/%d/fd", (int)pid);
	d = opendir(name);
	while (d && !res && (e = readdir(d)))
		if (e->d_name[0] != '.')
			res = fn(ctx, pid, e->d_name);
	return res;
}

static bool is_fuse_device(pid_t pid, const char *fd)
{
	char name[64], target[16];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/fd/%.12s", (int)pid, fd);
	n = readlink(name, target, sizeof(target));
	/* The second where the realm that it was opened in has gone, with its mount of /dev. */
	return (n == 9 && !memcmp(target, "/dev/fuse", 9)) ||
	       (n == 5 && !memcmp(target, "/fuse", 5));
}

/* Stop at a descriptor of /dev/fuse that serves one of the mounts. */
static int fd_serves(void *ctx, pid_t pid, const char *fd)
{
	const struct vu_holders *h = ctx;
	uint64_t connection;
	char name[64];
	size_t i;

	if (!is_fuse_device(pid, fd))
		return 0;
	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%.12s", (int)pid, fd);
	if (fdinfo_number(name, "fuse_connection:", &connection) < 0)
		return 0; /* before Linux 6.17 */
	for (i = 0; i < h->n_mounts; i++)
		if (h->mounts[i]->dev == connection)
			return 1;
	return 0;
}

static int fd_is_fuse(void *ctx, pid_t pid, const char *fd)
{
	(void)ctx;
	return is_fuse_device(pid, fd);
}

static long look_for_driver(const void *tag, pid_t pid)
{
	const char *const needles[1] = { tag };

	return vu_proc_maps(pid, needles, 1) > 0 || each_fd(pid, fd_is_fuse, NULL);
}

bool vu_holders_is_driver(uint64_t session, pid_t pid)
{
	char tag[VU_NAME_MAX];

	vu_needle_driver(tag, session, 0);
	return vu_look_at(pid, look_for_driver, tag) > 0;
}

struct drivers {
	const struct vu_holders *h;
	bool connected;
	char tags[VU_HOLDERS_MOUNTS][VU_NAME_MAX];
	const char *needles[VU_HOLDERS_MOUNTS + 1]; /* the last: any image of ours */
	struct vu_proc_id *list;
	size_t n, max;
};

static void add_driver(struct drivers *d, const struct vu_proc_id *id)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->list[i].pid == id->pid)
			return;
	if (d->n < d->max)
		d->list[d->n++] = *id;
}

static long look_for_drivers(const void *arg, pid_t pid)
{
	const struct drivers *d = arg;
	size_t n = d->h->n_mounts;
	long found = vu_proc_maps(pid, d->needles, n + 1);

	if (found <= 0)
		return 0;
	return (found & ((1L << n) - 1)) || (d->connected && each_fd(pid, fd_serves, (void *)d->h));
}

static int visit_driver(void *ctx, pid_t pid, long serves)
{
	struct drivers *d = ctx;
	struct vu_proc p;

	if (pid == getpid() || pid == d->h->server || pid == d->h->realm || serves <= 0)
		return 0;
	if (vu_proc_stat(pid, &p) == 0 && p.state != 'Z')
		add_driver(d, &p.id);
	return 0;
}

static void add_living(struct drivers *d, const struct vu_proc_id *id)
{
	struct vu_proc p;

	if (vu_proc_stat(id->pid, &p) == 0 && p.state != 'Z' && p.id.start == id->start)
		add_driver(d, &p.id);
}

size_t vu_holders_drivers(const struct vu_holders *h, bool connected, struct vu_proc_id *list,
			  size_t n, size_t max)
{
	struct drivers d = { .h = h, .connected = connected, .list = list, .max = max };
	size_t i, k;

	for (i = 0; i < n; i++)
		add_living(&d, &list[i]); /* not beyond what has been read */
	for (i = 0; i < h->n_mounts; i++) {
		const struct vu_mount *m = h->mounts[i];

		vu_needle_driver(d.tags[i], h->session, m->id);
		d.needles[i] = d.tags[i];
		for (k = 0; k < m->n_daemons; k++)
			add_living(&d, &m->daemons[k]);
	}
	d.needles[h->n_mounts] = "/memfd:vu-";
	vu_look_each(look_for_drivers, &d, visit_driver, &d);
	return d.n;
}

struct user {
	const struct vu_busy *b;
	char view[VU_NAME_MAX], cover[VU_NAME_MAX];
	struct vu_sockets sockets; /* of the stack */
	struct vu_buf text;
	unsigned int n;
};

static int fd_in_mount(void *ctx, pid_t pid, const char *fd)
{
	const struct user *u = ctx;
	uint64_t mnt_id;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%.12s", (int)pid, fd);
	return fdinfo_number(name, "mnt_id:", &mnt_id) == 0 && mnt_id == u->b->mnt_id;
}

static int fd_is_socket(void *ctx, pid_t pid, const char *fd)
{
	const struct user *u = ctx;
	char name[64], text[64], *end;
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/%d/fd/%.12s", (int)pid, fd);
	n = readlink(name, text, sizeof(text) - 1);
	if (n < 8 || memcmp(text, "socket:[", 8) != 0)
		return 0;
	text[n] = '\0';
	return vu_sockets_has(&u->sockets, strtoull(text + 8, &end, 10));
}

/* cwd, root, exe. */
static bool link_in_mount(const struct user *u, pid_t pid, const char *which)
{
	VU_CLEANUP(fd) int fd = -1;
	uint64_t mnt_id;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, which);
	fd = open(name, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	return fdinfo_number(name, "mnt_id:", &mnt_id) == 0 && mnt_id == u->b->mnt_id;
}

enum { VIEW, COVER, DEVICE, N_NEEDLES };

static long look_for_user(const void *arg, pid_t pid)
{
	const struct user *u = arg;
	/* As a line of maps has it: "from-to perms offset maj:min ino". */
	char device[32];
	const char *const needles[N_NEEDLES] = { u->view, u->cover, device };
	long found;

	snprintf(device, sizeof(device), " %02x:%02x ", major(u->b->dev), minor(u->b->dev));
	found = vu_proc_maps(pid, needles, N_NEEDLES);
	if (u->b->view && (found < 0 || !(found & (1L << VIEW | 1L << COVER))))
		return 0;
	return link_in_mount(u, pid, "cwd") || link_in_mount(u, pid, "root") ||
	       link_in_mount(u, pid, "exe") || each_fd(pid, fd_in_mount, (void *)u) ||
	       (found > 0 && (found & 1L << DEVICE)) ||
	       (u->sockets.n && each_fd(pid, fd_is_socket, (void *)u));
}

static int visit_user(void *ctx, pid_t pid, long uses)
{
	struct user *u = ctx;
	struct vu_proc p;

	if (pid == getpid() || pid == u->b->h.server || pid == u->b->h.realm || pid == u->b->maker)
		return 0;
	if (uses <= 0 || vu_proc_stat(pid, &p) < 0)
		return 0;
	if (u->b->maker && p.ppid == u->b->maker)
		return 0; /* a client of the stack's own */
	if (++u->n <= NAMED)
		vu_buf_printf(&u->text, "%s%d (%s)", u->n > 1 ? ", " : "", (int)pid, p.comm);
	return 0;
}

int vu_holders_busy(const struct vu_busy *b, int out)
{
	struct user u = { .b = b };

	vu_needle_view(u.view, b->h.session, b->view);
	vu_needle_cover(u.cover, b->h.session, b->view, 0);
	if (b->maker)
		vu_sockets_read(&u.sockets, b->maker);
	vu_look_each(look_for_user, &u, visit_user, &u);
	vu_sockets_free(&u.sockets);
	if (u.n > NAMED)
		vu_buf_puts(&u.text, ", ...");
	vu_fd_write(out, vu_buf_text(&u.text), u.text.len);
	vu_buf_free(&u.text);
	return u.n ? 1 : 0;
}

struct own {
	uint64_t mnt_id;
	int root;
};

static int fd_lies_in(void *ctx, pid_t pid, const char *fd)
{
	const struct own *own = ctx;
	char name[64];
	uint64_t id;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%.12s", (int)pid, fd);
	return atoi(fd) != own->root && fdinfo_number(name, "mnt_id:", &id) == 0 &&
	       id == own->mnt_id;
}

bool vu_holders_self(uint64_t mnt_id, int root)
{
	struct own own = { mnt_id, root };

	return each_fd(getpid(), fd_lies_in, &own) == 1;
}
