/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What type of mount a source wants: from its name or from the magic numbers in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "cmd/guess.h"

/* Bytes at a fixed place that tell the type. The first row that matches wins. */
static const struct magic {
	uint32_t offset;
	uint32_t len;
	const char *bytes;
	struct vu_guess guess;
} magics[] = {
	{ 0, 4, "hsqs", { "vufusesquashfs", "squashfs" } },
	{ 32769, 5, "CD001", { "vufuseiso9660", "iso9660" } },
	{ 3, 8, "EXFAT   ", { "vufuseexfat", "exfat" } },
	{ 3, 8, "NTFS    ", { "vufusentfs", "ntfs" } },
	{ 82, 8, "FAT32   ", { "vufusevfat", "vfat" } },
	{ 54, 8, "FAT16   ", { "vufusevfat", "vfat" } },
	{ 54, 8, "FAT12   ", { "vufusevfat", "vfat" } },
	{ 54, 8, "FAT     ", { "vufusevfat", "vfat" } },
	{ 0, 4, "PK\003\004", { "vufusearchive", "zip archive" } },
	{ 0, 4, "PK\005\006", { "vufusearchive", "empty zip archive" } },
	{ 0, 6, "7z\xbc\xaf\x27\x1c", { "vufusearchive", "7z archive" } },
	{ 0, 6, "Rar!\x1a\x07", { "vufusearchive", "rar archive" } },
	{ 0, 5, "07070", { "vufusearchive", "cpio archive" } },
	{ 257, 5, "ustar", { "vufusearchive", "tar archive" } },
	{ 0, 2, "\x1f\x8b", { "vufusearchive", "gzip archive" } },
	{ 0,
	  6,
	  "\xfd"
	  "7zXZ\0",
	  { "vufusearchive", "xz archive" } },
	{ 0, 4, "\x28\xb5\x2f\xfd", { "vufusearchive", "zstd archive" } },
	{ 0, 3, "BZh", { "vufusearchive", "bzip2 archive" } },
	{ 0, 4, "QFI\xfb", { NULL, "a qcow2 disk" } },
	{ 512, 8, "EFI PART", { NULL, "a partitioned disk" } },
	{ 510, 2, "\x55\xaa", { NULL, "a partitioned disk" } },
};

static bool has_bytes(const void *data, size_t len, const struct magic *m)
{
	struct vu_reader r;
	const void *p;

	vu_reader_init(&r, data, len);
	vu_reader_seek(&r, m->offset);
	p = vu_reader_bytes(&r, m->len);
	return p && !memcmp(p, m->bytes, m->len);
}

/*
 * ext2, ext3 and ext4 differ by the features in the superblock only: ext4 is what has one that the
 * older drivers do not know (the same distinction as blkid's).
 */
static const char *ext_type(const void *data, size_t len)
{
	const uint32_t has_journal = 0x4, old_incompat = 0x2 | 0x4 | 0x10, old_ro = 0x1 | 0x2 | 0x4;
	uint32_t compat, incompat, ro_compat;
	struct vu_reader r;

	vu_reader_init(&r, data, len);
	vu_reader_seek(&r, 1024 + 0x38);
	if (vu_reader_le16(&r) != 0xef53)
		return NULL;
	vu_reader_seek(&r, 1024 + 0x5c);
	compat = vu_reader_le32(&r);
	incompat = vu_reader_le32(&r);
	ro_compat = vu_reader_le32(&r);
	if ((incompat & ~old_incompat) || (ro_compat & ~old_ro))
		return "vufuseext4";
	return compat & has_journal ? "vufuseext3" : "vufuseext2";
}

struct vu_guess vu_guess_bytes(const void *data, size_t len)
{
	const char *ext = ext_type(data, len);
	size_t i;

	if (ext)
		return (struct vu_guess){ ext, ext + strlen("vufuse") };
	for (i = 0; i < VU_ARRAY_SIZE(magics); i++)
		if (has_bytes(data, len, &magics[i]))
			return magics[i].guess;
	return (struct vu_guess){ NULL, NULL };
}

/* Whether `source` is of the form [user@]host:[path] and not a path with a colon in it. */
static bool is_remote(const char *source)
{
	const char *colon = strchr(source, ':'), *slash = strchr(source, '/');

	return colon && colon != source && (!slash || colon < slash) && access(source, F_OK) < 0;
}

int vu_guess_source(const char *source, uint64_t offset, struct vu_guess *guess)
{
	VU_CLEANUP(fd) int fd = -1;
	VU_CLEANUP(free) char *data = NULL;
	struct stat st;
	ssize_t n;

	*guess = (struct vu_guess){ NULL, NULL };
	if (is_remote(source)) {
		*guess = (struct vu_guess){ "vufusesshfs", "a remote directory" };
		return 0;
	}
	/* O_NONBLOCK: do not wait for the writer of a named pipe. */
	fd = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		guess->what = "a directory";
		return 0;
	}
	data = malloc(VU_GUESS_BYTES);
	if (!data)
		return -ENOMEM;
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return -errno;
	n = vu_fd_read(fd, data, VU_GUESS_BYTES);
	if (n < 0)
		return (int)n;
	*guess = vu_guess_bytes(data, (size_t)n);
	return 0;
}
