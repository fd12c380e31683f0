/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* statx: masks, flags, empty names; it agrees with stat, lstat, fstat. */
/* fsmode: mount */
#include "guest.h"
#include <sys/sysmacros.h>

static int same(const struct statx *x, const struct stat *s)
{
	return x->stx_ino == s->st_ino && x->stx_mode == s->st_mode &&
	       x->stx_size == (uint64_t)s->st_size && x->stx_nlink == s->st_nlink &&
	       x->stx_uid == s->st_uid && x->stx_gid == s->st_gid &&
	       makedev(x->stx_dev_major, x->stx_dev_minor) == s->st_dev &&
	       makedev(x->stx_rdev_major, x->stx_rdev_minor) == s->st_rdev &&
	       x->stx_mtime.tv_sec == s->st_mtim.tv_sec &&
	       x->stx_mtime.tv_nsec == s->st_mtim.tv_nsec &&
	       x->stx_blocks == (uint64_t)s->st_blocks && x->stx_blksize == s->st_blksize;
}

static void compare(const char *path)
{
	struct statx x;
	struct stat s;
	int a = statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &x);
	int b = stat(path, &s);

	say("%s: stat %s\n", path, a || b ? errname(errno) : yes(same(&x, &s)));
	a = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &x);
	b = lstat(path, &s);
	say("%s: lstat %s\n", path, a || b ? errname(errno) : yes(same(&x, &s)));
}

static long raw(int dfd, const char *path, int flags, unsigned int mask)
{
	struct statx x;

	return syscall(SYS_statx, dfd, path, flags, mask, &x);
}

int main(void)
{
	struct statx x;
	struct stat s;
	int fd, dir, opath, p[2];

	close_extra_fds();
	umask(022);
	MUST(mkdir("dir", 0755));
	write_text("dir/file", "12345", 0644);
	MUST(symlink("dir/file", "link"));
	MUST(symlink("missing", "dangling"));
	MUST(link("dir/file", "hard"));
	MUST(mkfifo("fifo", 0600));
	fd = MUST(open("dir/file", O_RDONLY));
	dir = MUST(open("dir", O_RDONLY));
	opath = MUST(open("link", O_PATH | O_NOFOLLOW));
	MUST(pipe(p));

	compare("dir/file");
	compare("link");
	compare("dangling");
	compare("hard");
	compare("fifo");
	compare("dir");
	compare(".");
	compare("..");
	compare("/");
	compare("/dev/null");
	compare("/proc/self/status");
	compare("/proc/self/exe");
	compare("missing");

	memset(&x, 0xff, sizeof(x));
	SHOW(statx(AT_FDCWD, "link", 0, STATX_BASIC_STATS, &x));
	say("mask has all asked for: %s, size %llu, links %u, mode %o\n",
	    yes((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS),
	    (unsigned long long)x.stx_size, x.stx_nlink, x.stx_mode);
	SHOW(statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_SIZE, &x));
	say("a link: %s, size %llu\n", yes(S_ISLNK(x.stx_mode)), (unsigned long long)x.stx_size);
	SHOW(statx(dir, "file", 0, 0, &x));
	SHOW(statx(dir, "../hard", 0, STATX_ALL, &x));
	SHOW(statx(dir, "", 0, STATX_BASIC_STATS, &x));
	SHOW(statx(dir, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
	MUST(fstat(dir, &s));
	say("same: %s\n", yes(same(&x, &s)));
	SHOW(statx(opath, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
	say("a link: %s\n", yes(S_ISLNK(x.stx_mode)));
	SHOW(statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &x));
	SHOW(statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &x));
	SHOW(statx(p[0], "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
	say("a pipe: %s\n", yes(S_ISFIFO(x.stx_mode)));
	SHOW(statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
	say("a directory: %s\n", yes(S_ISDIR(x.stx_mode)));
	SHOW(statx(fd, "file", 0, STATX_BASIC_STATS, &x));
	SHOW(statx(99, "file", 0, STATX_BASIC_STATS, &x));
	SHOW(statx(99, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
	SHOW(statx(AT_FDCWD, "dir/file/x", 0, STATX_BASIC_STATS, &x));
	SHOW(raw(AT_FDCWD, "link", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_BASIC_STATS));
	SHOW(raw(AT_FDCWD, "link", 0x40000000, STATX_BASIC_STATS));
	SHOW(raw(AT_FDCWD, "link", 0, 0x80000000));
	SHOW(raw(AT_FDCWD, "link", AT_NO_AUTOMOUNT, 0x7fffffff));
	SHOW(syscall(SYS_statx, AT_FDCWD, "link", 0, STATX_ALL, NULL));
	SHOW(syscall(SYS_statx, AT_FDCWD, NULL, 0, STATX_ALL, &x));
	return 0;
}
