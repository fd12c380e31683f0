/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A view's image file and socket. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "realm/folder.h"
#include "umvu/image.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

/* Linux before 6.3 does not know MFD_NOEXEC_SEAL; later ones may insist on it (vm.memfd_noexec). */
int vu_image_memory(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

int vu_image_new(const char *name, struct vu_view_head **head)
{
	VU_CLEANUP(fd) int fd = vu_image_memory(name);
	int res;

	if (fd < 0)
		return fd;
	if (ftruncate(fd, VU_VIEW_SIZE) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	res = vu_image_map(fd, head);
	return res < 0 ? res : vu_steal_fd(&fd);
}

int vu_image_map(int fd, struct vu_view_head **head)
{
	void *map = mmap(NULL, VU_VIEW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int res;

	if (map == MAP_FAILED)
		return -errno;
	if (madvise(map, VU_VIEW_SIZE, MADV_DONTFORK) < 0) {
		res = -errno;
		munmap(map, VU_VIEW_SIZE);
		return res;
	}
	*head = map;
	return 0;
}

int vu_image_stats(int fd, const struct vu_stats **stats)
{
	void *map = mmap(NULL, sizeof(**stats), PROT_READ, MAP_SHARED, fd, VU_VIEW_STATS);

	if (map == MAP_FAILED)
		return -errno;
	*stats = map;
	return 0;
}

void vu_image_unmap(struct vu_view_head *head)
{
	if (head)
		munmap(head, VU_VIEW_SIZE);
}

/* Bind `sock` in folder `dir`, and open what came to be. */
static int bind_in(int dir, int sock)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	/* By descriptor, since the folder's path may be longer than an address. */
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" VU_FOLDER_SOCKET, dir);
	if (bind(sock, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	fd = openat(dir, VU_FOLDER_SOCKET, O_PATH | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	unlinkat(dir, VU_FOLDER_SOCKET, 0);
	return fd;
}

int vu_image_socket(uint64_t session, int *path_fd)
{
	VU_CLEANUP(fd)
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	VU_CLEANUP(fd) int dir = -1;
	char path[PATH_MAX];
	int fd;

	if (sock < 0)
		return -errno;
	dir = vu_folder_make(session, path, sizeof(path));
	if (dir < 0)
		return dir;
	fd = bind_in(dir, sock);
	rmdir(path);
	if (fd < 0)
		return fd;
	if (listen(sock, SOMAXCONN) < 0) {
		fd = -errno;
		return fd;
	}
	*path_fd = fd;
	return vu_steal_fd(&sock);
}
