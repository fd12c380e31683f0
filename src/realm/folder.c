/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The temporary folder of a session. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "realm/folder.h"

/* Where it may be, the best first; NULL or not absolute: not there. */
enum { N_PARENTS = 5 };

static const char *parent(int i)
{
	const char *const parents[N_PARENTS] = { getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"),
						 "/tmp", "/dev/shm", "/var/tmp" };

	return parents[i] && parents[i][0] == '/' ? parents[i] : NULL;
}

static int name(uint64_t session, const char *in, char *path, size_t size)
{
	int n = in ? snprintf(path, size, "%s/umvu-%016" PRIx64, in, session) : (int)size;

	return n < (int)size ? 0 : -ENAMETOOLONG;
}

/* Nobody else makes such a name by accident, and one that is made on purpose is not taken. */
static int make(const char *path)
{
	int fd;

	if (mkdir(path, 0700) < 0)
		return -errno;
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		fd = -errno;
		rmdir(path);
	}
	return fd;
}

int vu_folder_make(uint64_t session, char *path, size_t size)
{
	int fd = -ENOENT, i;

	for (i = 0; i < N_PARENTS && fd < 0; i++)
		if (name(session, parent(i), path, size) == 0)
			fd = make(path);
	return fd;
}

void vu_folder_clear(uint64_t session)
{
	char path[PATH_MAX], sock[PATH_MAX + sizeof(VU_FOLDER_SOCKET) + 1];
	int i;

	for (i = 0; i < N_PARENTS; i++) {
		if (name(session, parent(i), path, sizeof(path)) < 0)
			continue;
		snprintf(sock, sizeof(sock), "%s/" VU_FOLDER_SOCKET, path);
		unlink(sock);
		rmdir(path);
	}
}
