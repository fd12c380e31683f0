/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other processes, as /proc tells about them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"

#define NEEDLE_MAX 128
#define DEPTH_MAX  100

int vu_proc_parse_stat(const char *text, struct vu_proc *p)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned long long start;
	size_t len;
	int pid, ppid;

	/* The name may hold anything, parentheses too: it ends at the last one. */
	if (!open || !close || close < open || sscanf(text, "%d", &pid) != 1)
		return -EINVAL;
	if (sscanf(close + 1,
		   " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &p->state, &ppid, &start) != 3)
		return -EINVAL;
	len = (size_t)(close - open) - 1;
	if (len >= sizeof(p->comm))
		len = sizeof(p->comm) - 1;
	memcpy(p->comm, open + 1, len);
	p->comm[len] = '\0';
	p->id.pid = pid;
	p->id.start = start;
	p->ppid = ppid;
	return 0;
}

/* The beginning of a file of the process, with a NUL. 0 or -ESRCH. */
static int read_text(pid_t pid, const char *file, char *text, size_t size)
{
	char name[40];
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, file);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ESRCH;
	n = vu_fd_read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	return 0;
}

int vu_proc_stat(pid_t pid, struct vu_proc *p)
{
	char text[1024];

	if (read_text(pid, "stat", text, sizeof(text)) < 0)
		return -ESRCH;
	return vu_proc_parse_stat(text, p);
}

pid_t vu_proc_parent(pid_t pid)
{
	char text[1024];
	const char *state, *parent;

	/* Its name comes first, in which a newline is not shown as one. */
	if (read_text(pid, "status", text, sizeof(text)) < 0)
		return -ESRCH;
	state = strstr(text, "\nState:\t");
	parent = strstr(text, "\nPPid:\t");
	return state && parent && state[8] != 'Z' ? atoi(parent + 7) : -ESRCH;
}

bool vu_proc_descends(pid_t pid, pid_t ancestor)
{
	int depth;

	for (depth = 0; depth < DEPTH_MAX && pid > 1; depth++) {
		if (pid == ancestor)
			return true;
		pid = vu_proc_parent(pid);
	}
	return false;
}

int vu_proc_each(int (*fn)(void *ctx, pid_t pid), void *ctx)
{
	VU_CLEANUP(dir) DIR *d = opendir("/proc");
	struct dirent *e;
	uint64_t pid;
	int res = 0;

	if (!d)
		return -errno;
	while (!res && (e = readdir(d)))
		if (vu_str_to_u64(e->d_name, 10, INT32_MAX, &pid) == 0)
			res = fn(ctx, (pid_t)pid);
	return res;
}

/* Texts found in len bytes. */
static long find_needles(const char *text, size_t len, const char *const *needles, size_t n)
{
	long found = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (memmem(text, len, needles[i], strlen(needles[i])))
			found |= 1L << i;
	return found;
}

long vu_proc_maps(pid_t pid, const char *const *needles, size_t n)
{
	char name[40], text[NEEDLE_MAX + 16384];
	VU_CLEANUP(fd) int fd = -1;
	size_t kept = 0;
	long found = 0;
	ssize_t got;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* Each piece is searched together with the end of the one before it. */
	while ((got = read(fd, text + kept, sizeof(text) - kept)) > 0) {
		kept += (size_t)got;
		found |= find_needles(text, kept, needles, n);
		if (kept > NEEDLE_MAX) {
			memmove(text, text + kept - NEEDLE_MAX, NEEDLE_MAX);
			kept = NEEDLE_MAX;
		}
	}
	return got < 0 && !found ? -errno : found;
}

int vu_proc_open(const struct vu_proc_id *id)
{
	VU_CLEANUP(fd) int fd = (int)syscall(SYS_pidfd_open, id->pid, 0);
	struct vu_proc now;

	if (fd < 0)
		return -errno;
	if (vu_proc_stat(id->pid, &now) < 0 || now.id.start != id->start)
		return -ESRCH;
	return vu_steal_fd(&fd);
}

int vu_proc_signal(int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

struct children {
	pid_t parent;
	pid_t *list;
	size_t n, max;
};

static int add_child(void *ctx, pid_t pid)
{
	struct children *c = ctx;

	if (vu_proc_parent(pid) != c->parent)
		return 0;
	if (c->n < c->max)
		c->list[c->n] = pid;
	c->n++;
	return 0;
}

/* The kernel's own list, of our own children: complete, because only we could take one out of it. */
static int own_children(struct children *c)
{
	VU_CLEANUP(free) char *text = NULL;
	char name[64], *at, *word;
	uint64_t pid;
	int res;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", (int)c->parent, (int)c->parent);
	res = vu_file_read(name, 1 << 20, &text, NULL);
	if (res < 0)
		return res;
	at = text;
	while ((word = strsep(&at, " \n")))
		if (*word && vu_str_to_u64(word, 10, INT32_MAX, &pid) == 0)
			add_child(c, (pid_t)pid);
	return 0;
}

ssize_t vu_proc_children(pid_t parent, pid_t *list, size_t max)
{
	struct children c = { parent, list, 0, max };
	int res;

	/* Not all kernels have it (CONFIG_PROC_CHILDREN). */
	if (parent == getpid() && own_children(&c) == 0)
		return (ssize_t)c.n;
	c.n = 0;
	res = vu_proc_each(add_child, &c);
	return res < 0 ? res : (ssize_t)c.n;
}
