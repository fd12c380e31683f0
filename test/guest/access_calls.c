/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* access, faccessat, faccessat2, chmod, fchmodat, fchmodat2 and chown with their flags. */
/* fsmode: mount */
#include "guest.h"

static unsigned int mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

static long faccessat2(int dfd, const char *path, int mode, int flags)
{
	return syscall(SYS_faccessat2, dfd, path, mode, flags);
}

static long fchmodat2(int dfd, const char *path, mode_t mode, int flags)
{
	return syscall(SYS_fchmodat2, dfd, path, mode, flags);
}

int main(void)
{
	int fd, opath;

	close_extra_fds();
	umask(022);
	MUST(mkdir("dir", 0755));
	write_text("file", "x", 0640);
	write_text("script", "x", 0755);
	write_text("none", "x", 0);
	MUST(symlink("file", "link"));
	MUST(symlink("missing", "dangling"));
	fd = MUST(open("file", O_RDONLY));
	opath = MUST(open("none", O_PATH));

	SHOW(access("file", F_OK));
	SHOW(access("file", R_OK | W_OK));
	SHOW(access("file", X_OK));
	SHOW(access("script", R_OK | W_OK | X_OK));
	SHOW(access("none", F_OK));
	SHOW(access("none", R_OK));
	SHOW(access("dir", X_OK));
	SHOW(access("file", 8));
	SHOW(access("file", -1));
	SHOW(access("dangling", F_OK));
	SHOW(access("/proc/version", W_OK));
	SHOW(faccessat2(AT_FDCWD, "file", R_OK, 0));
	SHOW(faccessat2(AT_FDCWD, "file", R_OK, AT_EACCESS));
	SHOW(faccessat2(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	SHOW(faccessat2(AT_FDCWD, "dangling", F_OK, 0));
	SHOW(faccessat2(AT_FDCWD, "dangling", R_OK | W_OK | X_OK, AT_SYMLINK_NOFOLLOW));
	SHOW(faccessat2(fd, "", R_OK, AT_EMPTY_PATH));
	SHOW(faccessat2(fd, "", X_OK, AT_EMPTY_PATH));
	SHOW(faccessat2(opath, "", F_OK, AT_EMPTY_PATH));
	SHOW(faccessat2(opath, "", R_OK, AT_EMPTY_PATH));
	SHOW(faccessat2(AT_FDCWD, "", R_OK, AT_EMPTY_PATH));
	SHOW(faccessat2(fd, "", R_OK, 0));
	SHOW(faccessat2(99, "", R_OK, AT_EMPTY_PATH));
	SHOW(faccessat2(AT_FDCWD, "file", R_OK, 0x8000));
	SHOW(faccessat2(AT_FDCWD, "file", 8, 0));
	SHOW(faccessat(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	/* The older call has no flags: what is in the register does not count. */
	SHOW(syscall(SYS_faccessat, AT_FDCWD, "file", R_OK, 0xffff));

	SHOW(chmod("file", 0600));
	say("mode %o\n", mode_of("file"));
	SHOW(chmod("link", 0644));
	say("mode %o\n", mode_of("file"));
	SHOW(chmod("dangling", 0644));
	SHOW(chmod("file", 0104711));
	say("mode %o\n", mode_of("file"));
	SHOW(chmod("dir", 01777));
	say("mode %o\n", mode_of("dir"));
	SHOW(fchmod(fd, 0640));
	SHOW(fchmod(opath, 0640));
	SHOW(fchmod(99, 0640));
	SHOW(fchmodat(AT_FDCWD, "file", 0600, 0));
	SHOW(syscall(SYS_fchmodat, AT_FDCWD, "file", 0611, 0xffff));
	say("mode %o\n", mode_of("file"));
	if (fchmodat2(AT_FDCWD, "file", 0600, 0) == 0 || errno != ENOSYS) {
		say("mode %o\n", mode_of("file"));
		SHOW(fchmodat2(AT_FDCWD, "link", 0604, 0));
		say("mode %o\n", mode_of("file"));
		SHOW(fchmodat2(AT_FDCWD, "link", 0600, AT_SYMLINK_NOFOLLOW));
		SHOW(fchmodat2(AT_FDCWD, "file", 0622, AT_SYMLINK_NOFOLLOW));
		SHOW(fchmodat2(fd, "", 0633, AT_EMPTY_PATH));
		SHOW(fchmodat2(opath, "", 0600, AT_EMPTY_PATH));
		SHOW(fchmodat2(fd, "", 0600, 0));
		SHOW(fchmodat2(AT_FDCWD, "file", 0600, AT_SYMLINK_FOLLOW));
		say("modes %o %o\n", mode_of("file"), mode_of("none"));
	}

	/* To one's own ids is allowed to everybody. */
	SHOW(chown("file", getuid(), getgid()));
	SHOW(chown("file", -1, -1));
	SHOW(lchown("dangling", getuid(), getgid()));
	SHOW(chown("dangling", -1, -1));
	SHOW(fchown(fd, -1, getgid()));
	SHOW(fchown(opath, -1, -1));
	SHOW(fchownat(fd, "", -1, -1, AT_EMPTY_PATH));
	SHOW(fchownat(opath, "", -1, -1, AT_EMPTY_PATH));
	SHOW(fchownat(AT_FDCWD, "dangling", -1, -1, AT_SYMLINK_NOFOLLOW));
	SHOW(fchownat(AT_FDCWD, "file", -1, -1, 0x8000));
	return 0;
}
