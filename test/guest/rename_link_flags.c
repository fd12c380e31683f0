/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* renameat2 with NOREPLACE and EXCHANGE, linkat flags, symlinkat, mknodat. */
#include "guest.h"

#define NOREPLACE 1
#define EXCHANGE  2
#define WHITEOUT  4

static int renameat2_raw(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void content(const char *path)
{
	char buf[100];
	ssize_t n = read_whole(path, buf, sizeof(buf));

	say("  %s: %s\n", path, n < 0 ? errname(errno) : buf);
}

int main(void)
{
	struct stat st;
	char name[40];
	int dir, fd;

	close_extra_fds();
	umask(022);
	MUST(mkdir("dir", 0755));
	MUST(mkdir("dir/sub", 0755));
	write_text("a", "content a", 0644);
	write_text("b", "content b", 0644);
	MUST(symlink("a", "link"));
	MUST(symlink("missing", "dangling"));
	dir = MUST(open("dir", O_PATH));

	SHOW(renameat2_raw("a", "b", NOREPLACE));
	SHOW(renameat2_raw("a", "link", NOREPLACE));
	SHOW(renameat2_raw("a", "dangling", NOREPLACE));
	SHOW(renameat2_raw("a", "c", NOREPLACE));
	content("c");
	SHOW(renameat2_raw("c", "a", NOREPLACE));
	SHOW(renameat2_raw("a", "b", EXCHANGE));
	content("a");
	content("b");
	SHOW(renameat2_raw("a", "dir", EXCHANGE));
	content("dir");
	SHOW(stat("a/sub", &st));
	SHOW(renameat2_raw("dir", "a", EXCHANGE));
	SHOW(renameat2_raw("a", "link", EXCHANGE));
	content("a");
	content("link");
	SHOW(renameat2_raw("a", "link", EXCHANGE));
	SHOW(renameat2_raw("a", "missing", EXCHANGE));
	SHOW(renameat2_raw("missing", "a", EXCHANGE));
	SHOW(renameat2_raw("dir", "dir/sub", EXCHANGE));
	SHOW(renameat2_raw("a", "b", NOREPLACE | EXCHANGE));
	SHOW(renameat2_raw("a", "b", EXCHANGE | WHITEOUT));
	SHOW(renameat2_raw("a", "b", 8));
	SHOW(renameat2_raw("a", "a", 0));
	SHOW(renameat2_raw("a", "a", NOREPLACE));
	SHOW(syscall(SYS_renameat2, AT_FDCWD, "a", dir, "moved", 0));
	content("dir/moved");
	SHOW(syscall(SYS_renameat2, dir, "moved", AT_FDCWD, "a", 0));
	SHOW(syscall(SYS_renameat2, dir, "sub", dir, "sub2", 0));
	SHOW(syscall(SYS_renameat2, 99, "sub", dir, "sub2", 0));
	SHOW(syscall(SYS_renameat2, dir, "sub2", 99, "sub", 0));
	SHOW(rename("a", "dir"));
	SHOW(rename("dir", "a"));
	SHOW(rename("a", "/proc/self/x"));

	SHOW(linkat(AT_FDCWD, "a", dir, "hard", 0));
	MUST(stat("a", &st));
	say("links %lu\n", (unsigned long)st.st_nlink);
	SHOW(rename("a", "dir/hard"));
	SHOW(access("a", F_OK));
	SHOW(link("a", "dir/hard"));
	SHOW(link("missing", "x"));
	SHOW(link("dir", "x"));
	SHOW(link("a", "missing/x"));
	SHOW(link("link", "hard-link"));
	MUST(lstat("hard-link", &st));
	say("a link: %s\n", yes(S_ISLNK(st.st_mode)));
	SHOW(linkat(AT_FDCWD, "link", AT_FDCWD, "hard-target", AT_SYMLINK_FOLLOW));
	MUST(lstat("hard-target", &st));
	say("a link: %s\n", yes(S_ISLNK(st.st_mode)));
	SHOW(linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", AT_SYMLINK_FOLLOW));
	SHOW(linkat(AT_FDCWD, "dangling", AT_FDCWD, "hard-dangling", 0));
	SHOW(linkat(AT_FDCWD, "a", AT_FDCWD, "x", 0x8000));
	SHOW(linkat(AT_FDCWD, "", AT_FDCWD, "x", 0));
	SHOW(linkat(99, "a", AT_FDCWD, "x", 0));
	fd = MUST(open("a", O_RDONLY));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	SHOW(linkat(AT_FDCWD, name, AT_FDCWD, "by-proc", AT_SYMLINK_FOLLOW));
	content("by-proc");
	SHOW(linkat(AT_FDCWD, name, AT_FDCWD, "by-proc2", 0));

	SHOW(symlinkat("some where", dir, "sym"));
	SHOW_OK(fstatat(dir, "sym", &st, AT_SYMLINK_NOFOLLOW));
	say("size %ld\n", (long)st.st_size);
	SHOW(symlinkat("x", dir, "sym"));
	SHOW(symlinkat("x", 99, "sym"));
	SHOW(symlinkat("x", fd, "sym"));
	SHOW(symlinkat("x", dir, "no/sym"));
	SHOW(mknodat(dir, "fifo", S_IFIFO | 0644, 0));
	SHOW(mknodat(dir, "fifo", S_IFIFO | 0644, 0));
	SHOW(mknodat(dir, "socket", S_IFSOCK | 0644, 0));
	SHOW(mknodat(dir, "plain", 0644, 0));
	SHOW(mknodat(dir, "dir", S_IFDIR | 0644, 0));
	SHOW(mknodat(dir, "link", S_IFLNK | 0644, 0));
	SHOW(mkfifoat(99, "fifo", 0644));
	return 0;
}
