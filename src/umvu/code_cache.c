/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cache of lists of sites. A file is named by the identity of the program that it is for, and holds the
 * identity again, a checksum over it and the list, which has one of its own. Whatever is not as
 * expected is treated as if it were not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/scan.h"
#include "base/fd.h"
#include "base/str.h"
#include "umvu/code_cache.h"

#define CACHE_MAGIC 0x43435556u /* "VUCC" */

struct cache_head {
	uint32_t magic, version;
	uint64_t dev, ino, size, mtime_ns, ctime_ns;
	uint64_t sum; /* of what is in front of it and what follows it */
};

static uint64_t sum_of(const struct cache_head *h, const void *list, size_t len)
{
	return vu_scan_sum(h, offsetof(struct cache_head, sum)) ^ ~vu_scan_sum(list, len);
}

static struct cache_head head_for(const struct vu_code_file *id)
{
	return (struct cache_head){ .magic = CACHE_MAGIC,
				    .version = VU_SCAN_VERSION,
				    .dev = id->dev,
				    .ino = id->ino,
				    .size = id->size,
				    .mtime_ns = id->mtime_ns,
				    .ctime_ns = id->ctime_ns };
}

static void name_for(const struct vu_code_file *id, char *name, size_t size)
{
	snprintf(name, size, "%llx-%llx-%llx-%llx-%llx", (unsigned long long)id->dev,
		 (unsigned long long)id->ino, (unsigned long long)id->size,
		 (unsigned long long)id->mtime_ns, (unsigned long long)id->ctime_ns);
}

/* Make and open a folder in `dir`, which is closed. */
static int enter(int dir, const char *name)
{
	int fd;

	if (dir < 0)
		return dir;
	mkdirat(dir, name, 0700); /* if it fails so does what follows, unless it is there */
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

/* Only the user's own folder is trusted. */
static int own(int dir)
{
	struct stat st;

	if (dir < 0)
		return dir;
	if (fstat(dir, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return dir;
	close(dir);
	return -EPERM;
}

int vu_code_cache_open(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int dir;

	if (cache && cache[0] == '/') {
		dir = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return -errno;
	} else {
		if (!home || home[0] != '/')
			return -ENOENT;
		dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return -errno;
		dir = enter(dir, ".cache");
	}
	return own(enter(enter(dir, "viewos"), "code"));
}

int vu_code_cache_load(int dir, const struct vu_code_file *id, struct vu_buf *list)
{
	struct cache_head want = head_for(id), have;
	VU_CLEANUP(free) char *text = NULL;
	VU_CLEANUP(fd) int fd = -1;
	char name[128];
	size_t len;
	int res;

	name_for(id, name, sizeof(name));
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	res = vu_fd_read_all(fd, sizeof(have) + VU_SCAN_MAX, &text, &len);
	if (res < 0)
		return res;
	if (len < sizeof(have))
		return -EPROTO;
	memcpy(&have, text, sizeof(have));
	len -= sizeof(have);
	want.sum = sum_of(&want, text + sizeof(have), len);
	if (memcmp(&have, &want, sizeof(have)) != 0)
		return -EPROTO;
	return vu_buf_add(list, text + sizeof(have), len);
}

int vu_code_cache_begin(int dir, const char *name, mode_t mode, char temporary[VU_CACHE_NAME])
{
	int fd;

	snprintf(temporary, VU_CACHE_NAME, ".%.220s.%d", name, (int)getpid());
	unlinkat(dir, temporary, 0);
	fd = openat(dir, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

int vu_code_cache_end(int dir, const char *name, const char *temporary, int res)
{
	if (!res && renameat(dir, temporary, dir, name) < 0)
		res = -errno;
	if (res < 0)
		unlinkat(dir, temporary, 0);
	return res;
}

int vu_code_cache_save(int dir, const struct vu_code_file *id, const void *list, size_t len)
{
	struct cache_head head = head_for(id);
	char name[128], temporary[VU_CACHE_NAME];
	int fd, res;

	head.sum = sum_of(&head, list, len);
	name_for(id, name, sizeof(name));
	fd = vu_code_cache_begin(dir, name, 0600, temporary);
	if (fd < 0)
		return fd;
	res = vu_fd_write(fd, &head, sizeof(head));
	if (!res)
		res = vu_fd_write(fd, list, len);
	if (close(fd) < 0 && !res)
		res = -errno;
	return vu_code_cache_end(dir, name, temporary, res);
}
