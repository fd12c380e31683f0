/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/view.h"
#include "base/fd.h"
#include "base/str.h"
#include "realm/fs.h"
#include "realm/tree.h"

/*
 * Guests see the folder read-only: what they still do to a mount that has just been taken out fails. Mount points
 * are made and removed by `writer`, another mount of the same file system.
 */
static int root = -1, writer = -1;

/* An empty file system, mounted at `place`, and read-only if another mount of it is wanted in *again. */
static int mount_at(int dirfd, const char *place, int *again)
{
	struct mount_attr rdonly = { .attr_set = MOUNT_ATTR_RDONLY };
	VU_CLEANUP(fd) int fd = vu_fs_tmpfs();

	if (fd < 0)
		return fd;
	if (move_mount(fd, "", dirfd, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	if (!again)
		return vu_steal_fd(&fd);
	*again = open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (*again < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &rdonly, sizeof(rdonly)) < 0)
		return -errno;
	return vu_steal_fd(&fd);
}

static int make(void)
{
	VU_CLEANUP(fd) int top = mount_at(AT_FDCWD, "/", NULL);
	VU_CLEANUP(fd) int folder = -1;

	if (top < 0)
		return top;
	if (mkdirat(top, VU_TREE_FOLDER, 0755) < 0)
		return -errno;
	folder = mount_at(top, VU_TREE_FOLDER, &writer);
	if (folder < 0)
		return folder;
	root = vu_steal_fd(&top);
	return 0;
}

int vu_tree_open(void)
{
	int res = root < 0 ? make() : 0;

	if (res < 0) {
		vu_fd_close(&writer);
		return res;
	}
	res = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return res < 0 ? -errno : res;
}

static void name_of(uint32_t id, char name[16])
{
	snprintf(name, 16, "%u", id);
}

static void remove_place(const char *name)
{
	if (unlinkat(writer, name, AT_REMOVEDIR) < 0)
		unlinkat(writer, name, 0);
}

/* A mount point: nobody may do anything with it. */
static int make_place(int mount, const char *name)
{
	struct statx sx;
	int res;

	/* Of a FUSE mount's root the kernel knows the type: the daemon is not asked. */
	if (statx(mount, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &sx) < 0)
		return -errno;
	if (S_ISDIR(sx.stx_mode))
		res = mkdirat(writer, name, 0);
	else
		res = mknodat(writer, name, S_IFREG, 0);
	return res < 0 ? -errno : 0;
}

int vu_tree_attach(int mount, uint32_t id)
{
	char name[16], path[sizeof(VU_TREE_FOLDER) + 16];
	int res;

	if (root < 0)
		return -ESTALE;
	name_of(id, name);
	snprintf(path, sizeof(path), "%s/%s", VU_TREE_FOLDER, name);
	res = make_place(mount, name);
	if (!res && move_mount(mount, "", root, path, MOVE_MOUNT_F_EMPTY_PATH) < 0) {
		res = -errno;
		remove_place(name);
	}
	return res;
}

static int unmount(uint32_t id, int flags)
{
	char path[64];

	if (root < 0)
		return -ESTALE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s/%u", root, VU_TREE_FOLDER, id);
	return umount2(path, flags | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

int vu_tree_detach(uint32_t id)
{
	int res = unmount(id, MNT_DETACH);
	char name[16];

	if (!res) {
		name_of(id, name);
		remove_place(name);
	}
	return res;
}

int vu_tree_abort(uint32_t id)
{
	int res = unmount(id, MNT_FORCE);

	/* umvu holds the mount, so that it is busy and stays; the abort comes before that check. */
	return res == -EBUSY ? 0 : res;
}
