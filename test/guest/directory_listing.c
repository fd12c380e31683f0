/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* getdents64: many names, small buffers, rewinding, types, removed and new names while reading. */
/* fsmode: mount */
#include "guest.h"
#include <dirent.h>

struct raw_dirent {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

/* Counts the names with the given size of buffer; checks each against lstat. */
static void count(const char *path, size_t size)
{
	static char buf[65536];
	int fd = MUST(open(path, O_RDONLY | O_DIRECTORY));
	long n, total = 0, bad = 0;
	int dots = 0;

	while ((n = syscall(SYS_getdents64, fd, buf, size)) > 0) {
		long pos;

		for (pos = 0; pos < n;) {
			struct raw_dirent *d = (struct raw_dirent *)(buf + pos);
			struct stat st;

			pos += d->reclen;
			if (!strcmp(d->name, ".") || !strcmp(d->name, "..")) {
				dots++;
				continue;
			}
			total++;
			if (fstatat(fd, d->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			    (d->type != DT_UNKNOWN && d->type != IFTODT(st.st_mode)))
				bad++;
		}
	}
	if (n < 0)
		say("size %zu: %s\n", size, errname(errno));
	else
		say("size %zu: %ld names, %d dots, %ld not as lstat says\n", size, total, dots,
		    bad);
	close(fd);
}

int main(void)
{
	char name[300];
	struct dirent *d, **list;
	DIR *dir;
	int i, n, fd;

	close_extra_fds();
	MUST(mkdir("dir", 0755));
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "dir/name-%03d", i);
		write_text(name, "x", 0644);
	}
	MUST(mkdir("dir/sub", 0755));
	MUST(symlink("x", "dir/link"));
	MUST(mkfifo("dir/fifo", 0644));
	strcpy(name, "dir/");
	memset(name + 4, 'l', 255);
	name[259] = '\0';
	write_text(name, "x", 0644);
	count("dir", 32768);
	count("dir", 1024);
	count("dir", 300);
	count("dir", 200);
	count("dir", 16);
	count("dir", 0);
	count("dir/sub", 32768);
	fd = MUST(open("dir/name-000", O_RDONLY));
	SHOW(syscall(SYS_getdents64, fd, name, sizeof(name)));
	close(fd);
	fd = MUST(open("dir", O_PATH));
	SHOW(syscall(SYS_getdents64, fd, name, sizeof(name)));
	close(fd);
	SHOW(syscall(SYS_getdents64, 99, name, sizeof(name)));
	fd = MUST(open("dir", O_RDONLY));
	SHOW(syscall(SYS_getdents64, fd, NULL, 4096));
	SHOW(syscall(SYS_getdents64, fd, (void *)16, 4096));
	close(fd);

	n = scandir("dir", &list, NULL, alphasort);
	say("scandir: %d, %s, %s, %s, last %s\n", n, list[0]->d_name, list[1]->d_name,
	    list[2]->d_name, list[n - 1]->d_name);
	dir = opendir("dir");
	for (i = 0; i < 10; i++)
		readdir(dir);
	rewinddir(dir);
	for (n = 0; (d = readdir(dir)); n++)
		if (!strncmp(d->d_name, "name-", 5))
			unlinkat(dirfd(dir), d->d_name, 0);
	say("while removing: %d\n", n);
	closedir(dir);
	count("dir", 32768);
	return 0;
}
