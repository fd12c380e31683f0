/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inotify on a directory and on a file: events of this process and of a child, in order; errors. */
#include "guest.h"
#include <sys/inotify.h>

static const struct {
	uint32_t bit;
	const char *name;
} bits[] = {
	{ IN_CREATE, "create" },	   { IN_DELETE, "delete" },
	{ IN_MOVED_FROM, "moved-from" },   { IN_MOVED_TO, "moved-to" },
	{ IN_CLOSE_WRITE, "close-write" }, { IN_MODIFY, "modify" },
	{ IN_ATTRIB, "attrib" },	   { IN_DELETE_SELF, "delete-self" },
	{ IN_MOVE_SELF, "move-self" },	   { IN_OPEN, "open" },
	{ IN_ISDIR, "directory" },	   { IN_IGNORED, "ignored" },
	{ IN_UNMOUNT, "unmount" },	   { IN_Q_OVERFLOW, "overflow" },
};

static void drain(int fd, const char *what)
{
	char buf[8192] __attribute__((aligned(8)));
	ssize_t n, pos;
	size_t i;

	say("%s\n", what);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (pos = 0; pos < n;) {
			struct inotify_event *ev = (struct inotify_event *)(buf + pos);

			say("  %d", ev->wd);
			for (i = 0; i < ARRAY_SIZE(bits); i++)
				if (ev->mask & bits[i].bit)
					say(" %s", bits[i].name);
			say(" %s\n", ev->len ? ev->name : "-");
			pos += sizeof(*ev) + ev->len;
		}
	}
}

int main(void)
{
	const uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE | IN_ATTRIB |
			      IN_DELETE_SELF | IN_MOVE_SELF;
	pid_t pid;
	int fd;

	close_extra_fds();
	umask(022);
	MUST(mkdir("dir", 0755));
	write_text("file", "x", 0644);
	MUST(symlink("dir", "link"));
	fd = MUST(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	SHOW(inotify_add_watch(fd, "dir", mask));
	SHOW(inotify_add_watch(fd, "file", IN_MODIFY | IN_OPEN | IN_ATTRIB | IN_DELETE_SELF));
	SHOW(inotify_add_watch(fd, "link", mask | IN_DONT_FOLLOW));
	SHOW(inotify_add_watch(fd, "link/", mask));
	SHOW(inotify_add_watch(fd, "file", IN_OPEN | IN_ONLYDIR));
	SHOW(inotify_add_watch(fd, "missing", mask));
	SHOW(inotify_add_watch(fd, "", mask));
	SHOW(inotify_add_watch(fd, "dir", 0));
	SHOW(inotify_add_watch(fd, "dir", mask | IN_MASK_CREATE));
	SHOW(inotify_add_watch(99, "dir", mask));
	SHOW(inotify_add_watch(1, "dir", mask));
	SHOW(syscall(SYS_inotify_add_watch, fd, NULL, mask));
	drain(fd, "nothing yet");
	write_text("dir/new", "x", 0644);
	MUST(mkdir("dir/sub", 0755));
	MUST(rename("dir/new", "dir/sub/moved"));
	MUST(rename("dir/sub/moved", "dir/back"));
	MUST(link("dir/back", "dir/hard"));
	MUST(unlink("link/hard"));
	MUST(rmdir("dir/sub"));
	drain(fd, "in the directory");
	MUST(close(MUST(open("file", O_RDONLY))));
	MUST(truncate("file", 0));
	MUST(chmod("file", 0600));
	drain(fd, "the file");
	pid = MUST(fork());
	if (pid == 0) {
		MUST(mkdir("dir/by-child", 0755));
		execl("/bin/sh", "sh", "-c", "echo x > dir/by-shell", NULL);
		_exit(1);
	}
	reap(pid, "child");
	drain(fd, "by others");
	MUST(unlink("dir/by-shell"));
	MUST(unlink("dir/back"));
	MUST(rmdir("dir/by-child"));
	MUST(rename("dir", "dir2"));
	MUST(rmdir("dir2"));
	drain(fd, "renamed and removed");
	SHOW(inotify_rm_watch(fd, 1));
	SHOW(inotify_rm_watch(fd, 2));
	drain(fd, "the end");
	return 0;
}
