/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* utimensat and its older forms, truncate, statfs, sync by names and by descriptors. */
/* fsmode: mount */
#include "guest.h"
#include <sys/statfs.h>
#include <sys/time.h>
#include <utime.h>

static void times_of(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		say("  %s: %s\n", path, errname(errno));
	else
		say("  %s: %ld %ld\n", path, (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec);
}

static void size_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		say("  %s: %s\n", path, errname(errno));
	else
		say("  %s: size %ld\n", path, (long)st.st_size);
}

int main(void)
{
	struct timespec t[2] = { { 1000, 0 }, { 2000, 0 } };
	struct timespec omit[2] = { { 0, UTIME_OMIT }, { 3000, 0 } };
	struct timespec bad[2] = { { 0, 1000000000 }, { 0, 0 } };
	struct timespec both[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	struct timeval tv[2] = { { 4000, 0 }, { 5000, 0 } };
	struct utimbuf ut = { 6000, 7000 };
	struct statfs sfs, sfs2;
	int fd, ro, opath;

	close_extra_fds();
	umask(022);
	write_text("file", "0123456789", 0644);
	MUST(mkdir("dir", 0755));
	MUST(symlink("file", "link"));
	MUST(symlink("missing", "dangling"));
	fd = MUST(open("file", O_RDWR));
	ro = MUST(open("file", O_RDONLY));
	opath = MUST(open("file", O_PATH));

	SHOW(utimensat(AT_FDCWD, "file", t, 0));
	times_of("file");
	SHOW(utimensat(AT_FDCWD, "file", omit, 0));
	times_of("file");
	SHOW(utimensat(AT_FDCWD, "link", t, AT_SYMLINK_NOFOLLOW));
	times_of("link");
	times_of("file");
	SHOW(utimensat(AT_FDCWD, "link", t, 0));
	times_of("file");
	SHOW(utimensat(AT_FDCWD, "dangling", t, 0));
	SHOW(utimensat(AT_FDCWD, "file", bad, 0));
	SHOW(utimensat(AT_FDCWD, "missing", t, 0));
	SHOW(utimensat(AT_FDCWD, "missing", both, 0));
	SHOW(utimensat(AT_FDCWD, "file", t, 0x8000));
	SHOW(syscall(SYS_utimensat, AT_FDCWD, NULL, t, 0));
	SHOW(syscall(SYS_utimensat, fd, NULL, omit, 0));
	times_of("file");
	SHOW(syscall(SYS_utimensat, 99, NULL, t, 0));
	SHOW(syscall(SYS_utimensat, fd, "", t, 0));
	SHOW(syscall(SYS_utimensat, fd, "x", t, 0));
	SHOW(futimens(ro, t));
	SHOW(futimens(opath, t));
	times_of("file");
	SHOW(utimes("link", tv));
	times_of("file");
	SHOW(lutimes("link", tv));
	times_of("link");
	SHOW(utime("file", &ut));
	times_of("file");
	SHOW(futimesat(AT_FDCWD, "dir", tv));
	times_of("dir");
	SHOW(utimensat(AT_FDCWD, "file", NULL, 0));

	SHOW(truncate("file", 5));
	size_of("file");
	SHOW(truncate("link", 20));
	size_of("file");
	SHOW(truncate("dangling", 0));
	SHOW(truncate("dir", 0));
	SHOW(truncate("file", -1));
	SHOW(ftruncate(fd, 3));
	SHOW(ftruncate(ro, 3));
	SHOW(ftruncate(opath, 3));
	SHOW(ftruncate(99, 3));
	size_of("file");
	SHOW(truncate("file/x", 3));

	SHOW(statfs("file", &sfs));
	SHOW(fstatfs(fd, &sfs2));
	say("same file system: %s\n",
	    yes(sfs.f_type == sfs2.f_type && sfs.f_blocks == sfs2.f_blocks));
	SHOW(fstatfs(opath, &sfs2));
	SHOW(statfs("missing", &sfs));
	SHOW(statfs("dangling", &sfs));
	SHOW(statfs("/proc", &sfs));
	say("type of /proc %#lx\n", (long)sfs.f_type);
	SHOW(syscall(SYS_statfs, "file", NULL));
	SHOW(fsync(fd));
	SHOW(fdatasync(ro));
	SHOW(fsync(opath));
	SHOW(syncfs(fd));
	return 0;
}
