/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* readlink: short buffers, no NUL written, empty names with a descriptor, links of /proc. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"

static char top[PATH_MAX];

static void show_proc(const char *link)
{
	char buf[PATH_MAX + 50];
	ssize_t n = readlink(link, buf, sizeof(buf) - 1);

	if (n < 0) {
		say("%s: %s\n", link, errname(errno));
		return;
	}
	buf[n] = '\0';
	if (!strncmp(buf, top, strlen(top)))
		say("%s: TOP%s\n", link, buf + strlen(top));
	else
		say("%s: %s\n", link, buf);
}

static void show_fd(const char *what, int fd)
{
	char link[40], number[80];
	char buf[PATH_MAX + 50];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = '\0';
	if (n < 0)
		say("%s: %s\n", what, errname(errno));
	else if (!strncmp(buf, top, strlen(top)))
		say("%s: TOP%s\n", what, buf + strlen(top));
	else if (sscanf(buf, "%60[a-z]:[", number) == 1 && strchr(buf, '['))
		say("%s: %s:[...]\n", what, number);
	else
		say("%s: %s\n", what, buf);
}

int main(void)
{
	char buf[PATH_MAX], *edge;
	int fd, p[2];
	size_t i;

	close_extra_fds();
	MUST(getcwd(top, sizeof(top)) ? 0 : -1);
	MUST(symlink("target/of the link", "link"));
	MUST(mkdir("dir", 0755));
	write_text("dir/file", "x", 0644);

	memset(buf, '#', sizeof(buf));
	for (i = 1; i <= 20; i++) {
		memset(buf, '#', 30);
		showf(readlink("link", buf, i), "readlink into %zu", i);
		say("  %.24s\n", buf);
	}
	SHOW(readlink("link", buf, 0));
	SHOW(syscall(SYS_readlink, "link", buf, -1));
	SHOW(syscall(SYS_readlink, "link", buf, 1UL << 32 | 5));
	edge = edge_new(1);
	SHOW(readlink("link", edge - 18, 100));
	SHOW(readlink("link", edge - 17, 17));
	SHOW(readlink("link", edge - 17, 100));
	SHOW(syscall(SYS_readlink, "link", NULL, 100));
	SHOW(readlink("dir", buf, sizeof(buf)));
	SHOW(readlink("missing", buf, sizeof(buf)));
	SHOW(readlink("", buf, sizeof(buf)));

	fd = MUST(open("link", O_PATH | O_NOFOLLOW));
	memset(buf, '#', 30);
	SHOW(readlinkat(fd, "", buf, sizeof(buf)));
	say("%.20s\n", buf);
	SHOW(readlinkat(AT_FDCWD, "", buf, sizeof(buf)));
	SHOW(readlinkat(99, "", buf, sizeof(buf)));
	close(fd);
	fd = MUST(open("dir", O_PATH));
	SHOW(readlinkat(fd, "", buf, sizeof(buf)));
	SHOW(readlinkat(fd, "../link", buf, sizeof(buf)));
	show_fd("O_PATH directory", fd);
	close(fd);
	fd = MUST(open("dir/file", O_RDWR));
	show_fd("file", fd);
	SHOW(readlinkat(fd, "", buf, sizeof(buf)));
	MUST(rename("dir/file", "dir/other"));
	show_fd("renamed", fd);
	MUST(unlink("dir/other"));
	show_fd("removed", fd);
	close(fd);
	fd = MUST(open("/", O_PATH));
	show_fd("root", fd);
	close(fd);
	fd = MUST(open("/dev/null", O_RDWR));
	show_fd("null", fd);
	close(fd);
	MUST(pipe(p));
	show_fd("pipe", p[0]);
	fd = MUST(memfd_create("name", 0));
	show_fd("memfd", fd);
	show_fd("closed", 99);
	show_proc("/proc/self/cwd");
	show_proc("/proc/self/root");
	show_proc("/proc/self/fd");
	show_proc("/proc/thread-self/cwd");
	show_proc("/proc/self/cwd/dir");
	show_proc("/proc/self/cwd/link");
	show_proc("/dev/fd");
	show_proc("/dev/stdin");
	show_proc("/proc/mounts");
	MUST(chdir("dir"));
	show_proc("/proc/self/cwd");
	snprintf(buf, sizeof(buf), "/proc/%d/cwd", getpid());
	say("by number: ");
	top[0] = '\0';
	say("%s\n", readlink(buf, top, sizeof(top)) > 4 ? strrchr(top, '/') : "wrong");
	/* No NUL is written, and nothing else behind the text. */
	memset(buf, 0, sizeof(buf));
	MUST(readlink("/proc/self/exe", buf, sizeof(buf) - 1));
	say("exe: %s\n", strrchr(buf, '/'));
	return 0;
}
