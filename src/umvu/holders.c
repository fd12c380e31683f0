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
#include "base/str.h"
#include "realm/names.h"
#include "umvu/holders.h"
#include "umvu/stack_sockets.h"

#define FDINFO_MAX  4096
#define NAMED	    8 /* users that are named */
#define STUCK_LOOKS 50
#define STUCK_US    4000

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

bool vu_holders_is_driver(uint64_t session, pid_t pid)
{
	char tag[VU_NAME_MAX];
	const char *needles[1] = { tag };

	vu_needle_driver(tag, session, 0);
	return vu_proc_maps(pid, needles, 1) > 0 || each_fd(pid, fd_is_fuse, NULL);
}

struct drivers {
	const struct vu_holders *h;
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

static int visit_driver(void *ctx, pid_t pid)
{
	struct drivers *d = ctx;
	size_t n = d->h->n_mounts;
	struct vu_proc p;
	long found;

	if (pid == getpid() || pid == d->h->server || pid == d->h->realm)
		return 0;
	found = vu_proc_maps(pid, d->needles, n + 1);
	if (found <= 0)
		return 0;
	if (!(found & ((1L << n) - 1)) && !each_fd(pid, fd_serves, (void *)d->h))
		return 0;
	if (vu_proc_stat(pid, &p) == 0 && p.state != 'Z')
		add_driver(d, &p.id);
	return 0;
}

size_t vu_holders_drivers(const struct vu_holders *h, struct vu_proc_id *list, size_t max)
{
	struct drivers d = { .h = h, .list = list, .max = max };
	size_t i, k;

	for (i = 0; i < h->n_mounts; i++) {
		const struct vu_mount *m = h->mounts[i];

		vu_needle_driver(d.tags[i], h->session, m->id);
		d.needles[i] = d.tags[i];
		for (k = 0; k < m->n_daemons; k++) {
			struct vu_proc p;

			if (vu_proc_stat(m->daemons[k].pid, &p) == 0 && p.state != 'Z' &&
			    p.id.start == m->daemons[k].start)
				add_driver(&d, &p.id);
		}
	}
	d.needles[h->n_mounts] = "/memfd:vu-";
	vu_proc_each(visit_driver, &d);
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

/* Whether the text of a /proc/PID/maps has a mapping of device `dev`: "from-to perms offset maj:min ino". */
static bool maps_device(pid_t pid, uint64_t dev)
{
	char needle[32];
	const char *needles[1] = { needle };

	snprintf(needle, sizeof(needle), " %02x:%02x ", major(dev), minor(dev));
	return vu_proc_maps(pid, needles, 1) > 0;
}

static bool uses(const struct user *u, pid_t pid, bool look_at_maps)
{
	return link_in_mount(u, pid, "cwd") || link_in_mount(u, pid, "root") ||
	       link_in_mount(u, pid, "exe") || each_fd(pid, fd_in_mount, (void *)u) ||
	       (look_at_maps && maps_device(pid, u->b->dev)) ||
	       (u->sockets.n && each_fd(pid, fd_is_socket, (void *)u));
}

/*
 * Does a process wait for a daemon that may never answer? Its memory may be locked then: reading its maps would wait,
 * too. Most waits are over in a moment.
 */
static bool is_stuck(pid_t pid, struct vu_proc *p)
{
	int i;

	for (i = 0; p->state == 'D' && i < STUCK_LOOKS; i++) {
		usleep(STUCK_US);
		if (vu_proc_stat(pid, p) < 0)
			return false;
	}
	return p->state == 'D';
}

static int visit_user(void *ctx, pid_t pid)
{
	struct user *u = ctx;
	const char *needles[2] = { u->view, u->cover };
	struct vu_proc p;
	bool stuck;

	if (pid == getpid() || pid == u->b->h.server || pid == u->b->h.realm || pid == u->b->maker)
		return 0;
	if (vu_proc_stat(pid, &p) < 0)
		return 0;
	stuck = is_stuck(pid, &p);
	if (!stuck && u->b->view && vu_proc_maps(pid, needles, 2) <= 0)
		return 0;
	if (!uses(u, pid, !stuck))
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
	vu_needle_cover(u.cover, b->h.session, b->view);
	if (b->maker)
		vu_sockets_read(&u.sockets, b->maker);
	vu_proc_each(visit_user, &u);
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
