/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* O_TMPFILE and its linking into a directory; creat; modes and umask; open's odd flags. */
#include "guest.h"

static void mode_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		say("%s: %s\n", path, errname(errno));
	else
		say("%s: mode %04o links %lu\n", path, (unsigned int)st.st_mode & 07777,
		    (unsigned long)st.st_nlink);
}

int main(void)
{
	char link[50];
	struct stat st;
	int fd;

	close_extra_fds();
	umask(027);
	SHOW_FD(creat("by-creat", 0666));
	mode_of("by-creat");
	SHOW_FD(open("sticky", O_WRONLY | O_CREAT, 07777));
	mode_of("sticky");
	SHOW(mkdir("dir", 07777));
	mode_of("dir");
	SHOW(mknod("node", S_IFREG | 0666, 0));
	mode_of("node");
	SHOW(mknod("fifo", S_IFIFO | 0666, 0));
	mode_of("fifo");
	umask(0);
	SHOW_FD(open("open-mask", O_WRONLY | O_CREAT, 0666));
	mode_of("open-mask");
	SHOW_FD(open("unreadable", O_RDWR | O_CREAT, 0));
	mode_of("unreadable");
	SHOW_FD(open("unreadable", O_RDONLY));

	fd = open(".", O_TMPFILE | O_RDWR, 0640);
	if (fd < 0) {
		say("O_TMPFILE: %s\n", errname(errno));
		return 0;
	}
	MUST(fstat(fd, &st));
	say("O_TMPFILE: mode %o links %lu\n", (unsigned int)st.st_mode & 07777,
	    (unsigned long)st.st_nlink);
	SHOW(write(fd, "content", 7));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	SHOW(linkat(AT_FDCWD, link, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
	mode_of("linked");
	MUST(stat("linked", &st));
	say("size %ld\n", (long)st.st_size);
	close(fd);
	fd = MUST(open(".", O_TMPFILE | O_RDWR | O_EXCL, 0640));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	SHOW(linkat(AT_FDCWD, link, AT_FDCWD, "linked2", AT_SYMLINK_FOLLOW));
	close(fd);
	SHOW_FD(open(".", O_TMPFILE | O_RDONLY, 0640));
	SHOW_FD(open("by-creat", O_TMPFILE | O_RDWR, 0640));
	SHOW_FD(open("missing", O_TMPFILE | O_RDWR, 0640));
	SHOW_FD(open("by-creat", O_RDONLY | 0x40000000));
	SHOW_FD(open("dir", O_RDONLY | O_CREAT, 0644));
	return 0;
}
