/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /proc/self/fd, /dev/fd, /dev/stdin as names: opened anew, with their own rights and offsets. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"
#include <dirent.h>

static char buf[200];

static void read_from(const char *path)
{
	ssize_t n = read_whole(path, buf, sizeof(buf));

	say("%s: %s\n", path, n < 0 ? errname(errno) : buf);
}

static void list(const char *path)
{
	int seen[1100] = { 0 }, i;
	struct dirent *d;
	DIR *dir = opendir(path);

	if (!dir) {
		say("%s: %s\n", path, errname(errno));
		return;
	}
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.' && atoi(d->d_name) != dirfd(dir))
			seen[atoi(d->d_name) % 1100]++;
	closedir(dir);
	say("%s:", path);
	for (i = 0; i < 1100; i++)
		if (seen[i])
			say(" %d%s", i, seen[i] > 1 ? " twice" : "");
	say("\n");
}

int main(void)
{
	struct stat a, b;
	char c;
	int fd, wr, dir, p[2];
	int i;

	close_extra_fds();
	umask(022);
	write_text("file", "content", 0644);
	write_text("none", "secret", 0600);
	MUST(mkdir("dir", 0755));
	write_text("dir/inner", "inside", 0644);
	fd = MUST(dup2(MUST(open("file", O_RDONLY)), 20));
	wr = MUST(dup2(MUST(open("none", O_WRONLY)), 21));
	dir = MUST(dup2(MUST(open("dir", O_PATH)), 22));
	close(3);
	close(4);
	close(5);
	MUST(chmod("none", 0));

	MUST(read(fd, &c, 1));
	read_from("/proc/self/fd/20");
	read_from("/dev/fd/20");
	MUST(read(fd, &c, 1));
	say("the first one's offset is its own: %c\n", c);
	SHOW_FD(open("/proc/self/fd/20", O_WRONLY));
	SHOW_FD(open("/proc/self/fd/21", O_RDONLY));
	SHOW_FD(open("/proc/self/fd/20", O_RDONLY | O_NOFOLLOW));
	SHOW_FD(open("/proc/self/fd/20", O_PATH | O_NOFOLLOW));
	SHOW_FD(open("/proc/self/fd/20/", O_RDONLY));
	SHOW_FD(open("/proc/self/fd/22/", O_RDONLY));
	read_from("/proc/self/fd/22/inner");
	read_from("/dev/fd/22/../file");
	read_from("/proc/self/cwd/dir/inner");
	read_from("/proc/thread-self/fd/22/inner");
	read_from("/proc/self/root/proc/self/fd/20");
	read_from("/proc/self/fd/99");
	SHOW_FD(open("/proc/self/fd/-1", O_RDONLY));
	SHOW_FD(open("/proc/self/fd/020", O_RDONLY));
	SHOW_FD(open("/proc/self/fd/20x", O_RDONLY));
	SHOW(stat("/proc/self/fd/20", &a));
	SHOW(fstat(fd, &b));
	say("same file: %s\n", yes(a.st_ino == b.st_ino && a.st_dev == b.st_dev));
	SHOW(lstat("/proc/self/fd/20", &a));
	say("link mode %o, write one %o\n", (unsigned int)a.st_mode & 0777,
	    lstat("/proc/self/fd/21", &b) ? 0 : (unsigned int)b.st_mode & 0777);
	SHOW(access("/proc/self/fd/20", R_OK));
	SHOW(chmod("/proc/self/fd/20", 0600));
	SHOW(truncate("/proc/self/fd/20", 3));
	read_from("file");
	SHOW(unlink("/proc/self/fd/20"));
	SHOW(rename("/proc/self/fd/20", "x"));
	SHOW(unlink("file"));
	read_from("/proc/self/fd/20");
	SHOW(stat("/proc/self/fd/20", &a));
	say("links %lu\n", (unsigned long)a.st_nlink);

	MUST(pipe(p));
	MUST(write(p[1], "from the pipe", 13));
	snprintf(buf, sizeof(buf), "/dev/fd/%d", p[0]);
	i = MUST(open(buf, O_RDONLY));
	close(p[1]);
	memset(buf, 0, sizeof(buf));
	SHOW(read(i, buf, 100));
	say("%s\n", buf);
	close(i);
	close(p[0]);

	list("/proc/self/fd");
	list("/dev/fd");
	for (i = 0; i < 200; i++) {
		access("missing", F_OK);
		close(open("none", O_RDONLY));
		close(open("dir/inner", O_RDONLY));
		if (!getcwd(buf, sizeof(buf)))
			break;
	}
	list("/proc/self/fd");
	list("/proc/self/fdinfo");
	(void)wr;
	(void)dir;
	return 0;
}
