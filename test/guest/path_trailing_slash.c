/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trailing slashes, "." and "..", doubled slashes in the last component of each call. */
/* variants: musl */
/* fsmode: mount */
#include "guest.h"

int main(void)
{
	struct stat st;
	char buf[100];

	close_extra_fds();
	umask(022);
	MUST(mkdir("dir", 0755));
	write_text("file", "x", 0644);
	MUST(symlink("dir", "link"));
	MUST(symlink("file", "flink"));

	SHOW_OK(stat("dir/", &st));
	SHOW_OK(stat("dir//", &st));
	SHOW_OK(stat("dir/.//.", &st));
	SHOW_OK(stat("file/", &st));
	SHOW_OK(stat("file/.", &st));
	SHOW_OK(stat("file/..", &st));
	SHOW_OK(stat("./file", &st));
	SHOW_OK(stat(".//file", &st));
	SHOW_OK(stat("missing/..", &st));
	SHOW_OK(stat("dir/../file", &st));
	SHOW(lstat("link/", &st));
	say("lstat with a slash sees a directory: %s\n", yes(S_ISDIR(st.st_mode)));
	SHOW(lstat("link/.", &st));
	say("directory: %s\n", yes(S_ISDIR(st.st_mode)));
	SHOW(lstat("link", &st));
	say("link: %s\n", yes(S_ISLNK(st.st_mode)));
	SHOW_OK(lstat("flink/", &st));
	SHOW_OK(readlink("link/", buf, sizeof(buf)));
	SHOW_OK(readlink("link", buf, sizeof(buf)));
	SHOW_OK(readlink("flink/", buf, sizeof(buf)));
	SHOW_OK(readlink("dir", buf, sizeof(buf)));

	SHOW(mkdir("new/", 0755));
	SHOW(mkdir("new2//", 0755));
	SHOW(mkdir("new3/.", 0755));
	SHOW(mkdir("dir/..", 0755));
	SHOW(mkdir(".", 0755));
	SHOW(mkdir("/", 0755));
	SHOW(mkdir("file/", 0755));
	SHOW(mkdir("file/x", 0755));
	SHOW(mkdir("link/", 0755));
	SHOW(mkdir("", 0755));
	SHOW(rmdir("new/"));
	SHOW(rmdir("new2/."));
	SHOW(rmdir("new2/.."));
	SHOW(rmdir("new2//"));
	SHOW(rmdir("link"));
	SHOW(rmdir("link/"));
	SHOW(rmdir("file"));
	SHOW(rmdir("."));
	SHOW(rmdir(".."));
	SHOW(unlink("file/"));
	SHOW(unlink("file/."));
	SHOW(unlink("dir"));
	SHOW(unlink("dir/"));
	SHOW(unlink("dir/."));
	SHOW(unlink("link/"));
	SHOW(unlink("missing/"));
	SHOW(symlink("x", "newlink/"));
	SHOW(symlink("", "newlink"));
	SHOW(symlink("x", ""));
	SHOW(link("file", "hard/"));
	SHOW(link("file/", "hard"));
	SHOW(mknod("fifo/", S_IFIFO | 0644, 0));
	SHOW(rename("file", "renamed/"));
	SHOW(rename("file/", "renamed"));
	SHOW(rename("dir", "dir2/"));
	SHOW(rename("dir2/", "dir"));
	SHOW(rename("dir", "dir/below"));
	SHOW(rename("dir/.", "dir3"));
	SHOW(rename("dir", "link/.."));
	SHOW(rename(".", "dir3"));
	SHOW(rename("dir/..", "dir3"));
	SHOW(rename("link/", "dir3"));
	SHOW(rename("file", "dir"));
	SHOW(rename("dir", "file"));
	SHOW(rename("", "file"));
	SHOW(rename("file", ""));
	SHOW(truncate("file/", 0));
	SHOW(chmod("file/", 0600));
	SHOW(chmod("dir/", 0700));
	SHOW(access("file/", F_OK));
	SHOW(chdir("file/"));
	SHOW(chdir("link/"));
	SHOW_FD(open("made/", O_WRONLY | O_CREAT, 0644));
	return 0;
}
