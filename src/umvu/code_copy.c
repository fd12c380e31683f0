/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "abi/scan.h"
#include "base/fd.h"
#include "base/str.h"
#include "umvu/code_cache.h"
#include "umvu/code_copy.h"
#include "umvu/code_plan.h"

#define STAMP_MAGIC 0x50435556u /* "VUCP" */
#define BOOT_FILE   "/proc/sys/kernel/random/boot_id"
#define BOOT_SIZE   36
#define FOLDER_MAX  (1024ull << 20) /* bytes that copies may take */
#define CHUNK	    (256u << 10)

struct stamp {
	uint32_t magic, version;
	uint64_t dev, ino, size, mtime_ns, ctime_ns; /* the file */
	uint64_t list;				     /* sum of its sites */
	uint64_t copy_ino, copy_size, copy_ctime_ns;
	uint64_t runs; /* sum of the runs and what is in them */
	uint32_t n_sites, zero;
	char boot[BOOT_SIZE + 4]; /* when that was last known to be so */
	uint64_t sum;		  /* of what is in front of it */
};

/* Read once: it does not change while we run. NULL: it is not to be had. */
static const char *boot_id(void)
{
	static char id[BOOT_SIZE];
	VU_CLEANUP(fd) int fd = -1;

	if (id[0])
		return id;
	fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || vu_fd_read(fd, id, BOOT_SIZE) != BOOT_SIZE)
		id[0] = '\0';
	return id[0] ? id : NULL;
}

/* As vu_scan_sum(), by words: there is much to be read. */
static uint64_t add_pages(uint64_t sum, const unsigned char *pages, size_t n_pages)
{
	uint64_t word;
	size_t i;

	for (i = 0; i < n_pages * VU_CODE_PAGE; i += sizeof(word)) {
		memcpy(&word, pages + i, sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
		sum ^= sum >> 32;
	}
	return sum;
}

static uint64_t sum_of_runs(const struct vu_code_file *f, const unsigned char *pages)
{
	uint64_t sum = vu_scan_sum(f->run, f->n_runs * sizeof(f->run[0]));

	return add_pages(sum, pages, vu_code_pages(f));
}

static struct stamp stamp_for(const struct vu_code_file *f, uint64_t list)
{
	return (struct stamp){ .magic = STAMP_MAGIC,
			       .version = VU_SCAN_VERSION,
			       .dev = f->dev,
			       .ino = f->ino,
			       .size = f->size,
			       .mtime_ns = f->mtime_ns,
			       .ctime_ns = f->ctime_ns,
			       .list = list };
}

/* Names by the identity: of the stamp, and of the copy, in front of which the file's own stands for people. */
static void names_for(const struct stamp *s, const char *path, char *stamp, char *copy)
{
	unsigned long long key = vu_scan_sum(s, offsetof(struct stamp, list));
	const char *slash = strrchr(path, '/');

	snprintf(stamp, VU_CACHE_NAME, "%016llx.stamp", key);
	snprintf(copy, VU_CACHE_NAME, "%.200s.%016llx", slash ? slash + 1 : path, key);
}

static int read_stamp(int dir, const char *name, const struct stamp *want, struct stamp *s)
{
	VU_CLEANUP(fd) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (vu_fd_read(fd, s, sizeof(*s)) != sizeof(*s) ||
	    memcmp(s, want, offsetof(struct stamp, copy_ino)) != 0 ||
	    s->sum != vu_scan_sum(s, offsetof(struct stamp, sum)))
		return -EPROTO;
	return 0;
}

static int write_stamp(int dir, const char *name, struct stamp *s)
{
	char temporary[VU_CACHE_NAME];
	VU_CLEANUP(fd) int fd = vu_code_cache_begin(dir, name, 0600, temporary);

	if (fd < 0)
		return fd;
	s->sum = vu_scan_sum(s, offsetof(struct stamp, sum));
	return vu_code_cache_end(dir, name, temporary, vu_fd_write(fd, s, sizeof(*s)));
}

bool vu_code_copy_allowed(int dir)
{
	struct statvfs fs;

	return fstatvfs(dir, &fs) == 0 && !(fs.f_flag & ST_NOEXEC);
}

/* --- using one ----------------------------------------------------------------------------------- */

static bool is_stamped(int fd, const struct stamp *s)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_ino == s->copy_ino &&
	       (uint64_t)st.st_size == s->copy_size && vu_code_ns(&st.st_ctim) == s->copy_ctime_ns;
}

/* After another start of the machine: are the runs as they were written? Then it is stamped anew. */
static bool is_whole(int dir, const char *name, int fd, const struct vu_code_file *f,
		     struct stamp *s, const char *boot)
{
	VU_CLEANUP(free) unsigned char *pages = vu_code_read(fd, f);

	if (!pages || sum_of_runs(f, pages) != s->runs)
		return false;
	memcpy(s->boot, boot, BOOT_SIZE);
	write_stamp(dir, name, s);
	return true;
}

int vu_code_copy_open(int dir, struct vu_code_file *f, uint64_t list, const char *path)
{
	char name[VU_CACHE_NAME], copy[VU_CACHE_NAME];
	struct stamp want = stamp_for(f, list), s;
	const char *boot = boot_id();
	VU_CLEANUP(fd) int fd = -1;
	int res;

	names_for(&want, path, name, copy);
	res = read_stamp(dir, name, &want, &s);
	if (res < 0)
		return res;
	fd = openat(dir, copy, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!is_stamped(fd, &s) || !boot)
		return -ESTALE;
	if (memcmp(s.boot, boot, BOOT_SIZE) != 0 && !is_whole(dir, name, fd, f, &s, boot))
		return -EIO;
	f->n_sites = s.n_sites;
	return vu_steal_fd(&fd);
}

/* --- making one ---------------------------------------------------------------------------------- */

struct entry {
	char name[VU_CACHE_NAME];
	uint64_t size, used;
};

static int by_use(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->used > y->used) - (x->used < y->used);
}

/* The files of the folder; their number. */
static size_t list_folder(int dir, struct entry **list, uint64_t *total)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	VU_CLEANUP(dir) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0, room = 0;
	struct dirent *e;
	struct stat st;

	*total = 0;
	while (d && (e = readdir(d))) {
		if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (n == room) {
			struct entry *more = realloc(*list, (room += 256) * sizeof(**list));

			if (!more)
				break;
			*list = more;
		}
		snprintf((*list)[n].name, VU_CACHE_NAME, "%s", e->d_name);
		(*list)[n].size = (uint64_t)st.st_blocks * 512;
		(*list)[n].used = vu_code_ns(&st.st_atim) > vu_code_ns(&st.st_mtim) ?
					  vu_code_ns(&st.st_atim) :
					  vu_code_ns(&st.st_mtim);
		*total += (*list)[n++].size;
	}
	return n;
}

/* Remove what has not been used for long, if the folder takes too much: what is in use by a session stays with it. */
static void make_room(int dir)
{
	VU_CLEANUP(free) struct entry *list = NULL;
	uint64_t total;
	size_t n = list_folder(dir, &list, &total), i;

	if (total <= FOLDER_MAX)
		return;
	qsort(list, n, sizeof(*list), by_use);
	for (i = 0; i < n && total > FOLDER_MAX / 2; i++)
		if (unlinkat(dir, list[i].name, 0) == 0)
			total -= list[i].size;
}

/* Bytes of the file from `from` to `to`, as they are. */
static int copy_range(int out, int in, uint64_t from, uint64_t to)
{
	VU_CLEANUP(free) unsigned char *buf = malloc(CHUNK);
	size_t want;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	for (; from < to; from += (uint64_t)n) {
		want = to - from < CHUNK ? (size_t)(to - from) : CHUNK;
		n = pread(in, buf, want, (off_t)from);
		if (n <= 0)
			return n ? -errno : -EIO;
		if (pwrite(out, buf, (size_t)n, (off_t)from) != n)
			return -EIO;
	}
	return 0;
}

/* Each page is written once, so that none is ever on the disk without its patches. */
static int fill(int out, int in, const struct vu_code_file *f, const unsigned char *pages)
{
	uint64_t at = 0, from;
	int res = 0;
	uint32_t i;

	for (i = 0; !res && i < f->n_runs; i++) {
		const struct vu_code_run *r = &f->run[i];
		size_t size = (size_t)r->n_pages * VU_CODE_PAGE;

		from = (uint64_t)r->file_page * VU_CODE_PAGE;
		res = copy_range(out, in, at, from);
		if (!res && pwrite(out, pages, size, (off_t)from) != (ssize_t)size)
			res = -EIO;
		pages += size;
		at = from + size;
	}
	return res || at >= f->size ? res : copy_range(out, in, at, f->size);
}

int vu_code_copy_save(int dir, int fd, const struct vu_code_file *f, uint64_t list,
		      const char *path, const unsigned char *pages)
{
	char name[VU_CACHE_NAME], copy[VU_CACHE_NAME], temporary[VU_CACHE_NAME];
	struct stamp s = stamp_for(f, list);
	const char *boot = boot_id();
	VU_CLEANUP(fd) int out = -1;
	struct stat st;
	int res;

	if (!boot)
		return -ENOENT;
	memcpy(s.boot, boot, BOOT_SIZE);
	make_room(dir);
	names_for(&s, path, name, copy);
	/* Guests with other ids open it by the server's descriptor. */
	out = vu_code_cache_begin(dir, copy, 0644, temporary);
	if (out < 0)
		return out;
	res = fchmod(out, 0644) < 0 ? -errno : fill(out, fd, f, pages);
	res = vu_code_cache_end(dir, copy, temporary, res);
	if (!res && fstat(out, &st) < 0)
		res = -errno;
	if (res < 0)
		return res;
	s.copy_ino = st.st_ino;
	s.copy_size = (uint64_t)st.st_size;
	s.copy_ctime_ns = vu_code_ns(&st.st_ctim);
	s.runs = sum_of_runs(f, pages);
	s.n_sites = f->n_sites;
	return write_stamp(dir, name, &s);
}
