/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking umvu's server, one request at a time, and what the server cannot do because it may block. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "files/ask.h"

/* One request and its reply. */
static int exchange(int sock, struct vu_files_request *rq, const void *data, size_t len, int fd,
		    struct vu_answer *a)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the socket's */
	struct iovec iov[2] = { { rq, sizeof(*rq) }, { (void *)data, len } };
	ssize_t n;

	rq->magic = VU_FILES_MAGIC;
	rq->len = (uint32_t)len;
	pthread_mutex_lock(&lock);
	n = vu_fd_send(sock, iov, len ? 2 : 1, &fd, fd >= 0);
	if (n >= 0)
		n = vu_fd_recv(sock, a, sizeof(*a) - 1, NULL, 0, NULL);
	pthread_mutex_unlock(&lock);
	if (n < (ssize_t)sizeof(a->head) || a->head.magic != VU_FILES_MAGIC ||
	    a->head.len != (size_t)n - sizeof(a->head))
		return -EIO;
	a->data[a->head.len] = '\0';
	return a->head.result;
}

int vu_files_ask(int sock, struct vu_files_request *rq, const void *data, size_t len,
		 struct vu_answer *a)
{
	VU_CLEANUP(fd) int fd = -1;
	int res = exchange(sock, rq, data, len, -1, a);

	if (res != -EAGAIN)
		return res;
	fd = vu_files_open_program(a->data);
	rq->flags |= VU_FILES_PROGRAM;
	rq->program = fd < 0 ? fd : 0;
	res = exchange(sock, rq, data, len, fd, a);
	return res == -EAGAIN ? -EIO : res;
}

int vu_files_open_program(const char *path)
{
	VU_CLEANUP(fd) int fd = open(path, O_PATH | O_CLOEXEC);
	struct statvfs fs;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC)))
		return -EACCES;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -errno;
	return vu_steal_fd(&fd);
}

/* The view's number in a line of /proc/PID/maps: the image of a view, or of a driver's with its owner. */
static uint32_t view_in(const char *line, uint64_t session)
{
	static const char *const kinds[] = { "view", "cover" };
	char needle[64];
	const char *at;
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(kinds); i++) {
		snprintf(needle, sizeof(needle), "/memfd:vu-%s-%016" PRIx64 "-", kinds[i], session);
		at = strstr(line, needle);
		if (at)
			return (uint32_t)strtoul(at + strlen(needle), NULL, 10);
	}
	return 0;
}

uint32_t vu_files_view_of(uint64_t session, pid_t pid)
{
	char name[32], *line = NULL;
	uint32_t view = 0;
	size_t size = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	f = fopen(name, "re");
	if (!f)
		return 0;
	while (!view && getline(&line, &size, f) > 0)
		view = view_in(line, session);
	free(line);
	fclose(f);
	return view;
}
