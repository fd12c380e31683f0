/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The realm's mounts, made and changed within its namespaces.
 *
 * All are detached: they hang in no tree and vanish when the last descriptor of theirs is closed, so
 * that nothing is left behind whoever is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "realm/fs.h"

/* A file and a directory that every system has, which the realm covers with a mount for a moment. */
static const char some_dir[] = "/proc", some_file[] = "/proc/version";

/* What the kernel has to say about the context `fs`: "e fuse: Bad value for 'fd'". */
static void fs_message(int fs, char *text)
{
	ssize_t n = read(fs, text, VU_REALM_TEXT - 1);

	if (n < 2 || text[1] != ' ') {
		text[0] = '\0';
		return;
	}
	memmove(text, text + 2, (size_t)n - 2);
	text[n - 2] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

int vu_fs_fuse_open(int flags, char *text)
{
	int fd = open("/dev/fuse", (flags & (O_ACCMODE | O_NONBLOCK)) | O_CLOEXEC | O_NOCTTY);
	int res = fd < 0 ? -errno : fd;

	if (fd < 0)
		snprintf(text, VU_REALM_TEXT, "/dev/fuse: %s (see 'umvu --check')",
			 strerror(errno));
	return res;
}

static int config(int fs, unsigned int cmd, const char *key, const char *value)
{
	return fsconfig(fs, cmd, key, value, 0) < 0 ? -errno : 0;
}

/* The mount of a context that has been created, detached. */
static int mount_of(int fs, uint64_t attr)
{
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)attr);

	return fd < 0 ? -errno : fd;
}

/* Give all parameters of `m` to the context. */
static int fuse_parameters(int fs, const struct vu_realm_fuse *m, int dev)
{
	const struct {
		const char *key;
		unsigned int value;
		int base;
		bool set;
	} numbers[] = {
		{ "fd", (unsigned int)dev, 10, true },
		{ "rootmode", m->rootmode, 8, true },
		{ "user_id", m->user_id, 10, true },
		{ "group_id", m->group_id, 10, true },
		{ "max_read", m->max_read, 10, m->max_read != 0 },
	};
	char value[24];
	size_t i;
	int res = config(fs, FSCONFIG_SET_STRING, "source", m->source);

	if (!res && m->subtype[0])
		res = config(fs, FSCONFIG_SET_STRING, "subtype", m->subtype);
	for (i = 0; !res && i < VU_ARRAY_SIZE(numbers); i++) {
		if (!numbers[i].set)
			continue;
		snprintf(value, sizeof(value), numbers[i].base == 8 ? "%o" : "%u",
			 numbers[i].value);
		res = config(fs, FSCONFIG_SET_STRING, numbers[i].key, value);
	}
	if (!res && m->default_permissions)
		res = config(fs, FSCONFIG_SET_FLAG, "default_permissions", NULL);
	if (!res && m->rdonly)
		res = config(fs, FSCONFIG_SET_FLAG, "ro", NULL);
	return res;
}

int vu_fs_fuse_mount(const struct vu_realm_fuse *m, int dev, char *text)
{
	VU_CLEANUP(fd) int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	int res;

	if (fs < 0) {
		res = -errno;
		snprintf(text, VU_REALM_TEXT,
			 "the kernel mounts no FUSE here (see 'umvu --check')");
		return res;
	}
	res = fuse_parameters(fs, m, dev);
	if (!res)
		res = config(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
	if (!res)
		res = mount_of(fs, m->attr);
	if (res < 0)
		fs_message(fs, text);
	return res;
}

/*
 * A detached mount of a new file in the tmpfs whose root is `root`. open_tree() clones only what is in
 * the caller's mount namespace (before Linux 6.15), so the tmpfs is attached for a moment.
 */
static int cover_file(int root)
{
	VU_CLEANUP(fd) int file = openat(root, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int res;

	if (file < 0 || move_mount(root, "", AT_FDCWD, some_dir, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	res = open_tree(root, "file", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (res < 0)
		res = -errno;
	umount2(some_dir, MNT_DETACH);
	return res;
}

/* A detached mount of an empty tmpfs for names, not for data. */
static int new_tmpfs(char *text)
{
	VU_CLEANUP(fd) int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int res;

	if (fs < 0) {
		res = -errno;
		snprintf(text, VU_REALM_TEXT,
			 "the kernel mounts no tmpfs here (see 'umvu --check')");
		return res;
	}
	res = config(fs, FSCONFIG_SET_STRING, "size", "64k");
	if (!res)
		res = config(fs, FSCONFIG_SET_STRING, "mode", "0755");
	if (!res)
		res = config(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
	if (!res)
		res = mount_of(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (res < 0)
		fs_message(fs, text);
	return res;
}

int vu_fs_cover(int is_file, char *text)
{
	VU_CLEANUP(fd) int root = -1;
	int res = new_tmpfs(text);

	if (res < 0)
		return res;
	root = res;
	return is_file ? cover_file(root) : vu_steal_fd(&root);
}

int vu_fs_tmpfs(void)
{
	char text[VU_REALM_TEXT];

	return new_tmpfs(text);
}

/* By the control file system, which belongs to the mounter but is not mounted everywhere. */
static int abort_by_file(int mount)
{
	VU_CLEANUP(fd) int fd = -1;
	struct statx st;
	char name[64];

	if (statx(mount, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return -errno;
	/* The connection's number is the device number of its super block (fs/fuse/control.c). */
	snprintf(name, sizeof(name), "/sys/fs/fuse/connections/%u/abort",
		 (unsigned int)makedev(st.stx_dev_major, st.stx_dev_minor));
	fd = open(name, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : vu_fd_write(fd, "1", 1);
}

/*
 * umount2(MNT_FORCE) is what aborts a connection (umount(2)), and it wants the mount attached. The
 * mount itself is attached, not a clone of it, which older kernels refuse. Busy it always is, because
 * umvu holds it; the abort comes before that check.
 */
int vu_fs_abort(int mount, char *text)
{
	const char *place = some_dir;
	int res = move_mount(mount, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);

	if (res < 0 && errno == ENOTDIR) {
		place = some_file;
		res = move_mount(mount, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);
	}
	if (res == 0) {
		umount2(place, MNT_FORCE);
		umount2(place, MNT_DETACH);
		return 0;
	}
	res = abort_by_file(mount);
	if (res < 0)
		snprintf(text, VU_REALM_TEXT, "the connection to the driver cannot be aborted");
	return res;
}

int vu_fs_setattr(int mount, uint64_t set, uint64_t clear, char *text)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };
	int res;

	if (mount_setattr(mount, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0)
		return 0;
	res = -errno;
	snprintf(text, VU_REALM_TEXT, "the mount's flags cannot be changed");
	return res;
}
