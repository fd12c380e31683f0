/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY, O_PATH, O_TRUNC in their combinations on all kinds. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"

static const struct {
	int flags;
	const char *name;
} flags[] = {
	{ O_RDONLY, "O_RDONLY" },
	{ O_WRONLY, "O_WRONLY" },
	{ O_RDWR | O_TRUNC, "O_RDWR|O_TRUNC" },
	{ O_RDONLY | O_DIRECTORY, "O_DIRECTORY" },
	{ O_RDONLY | O_NOFOLLOW, "O_NOFOLLOW" },
	{ O_RDONLY | O_NOFOLLOW | O_DIRECTORY, "O_NOFOLLOW|O_DIRECTORY" },
	{ O_PATH, "O_PATH" },
	{ O_PATH | O_NOFOLLOW, "O_PATH|O_NOFOLLOW" },
	{ O_PATH | O_DIRECTORY, "O_PATH|O_DIRECTORY" },
	{ O_PATH | O_CREAT | O_TRUNC, "O_PATH|O_CREAT|O_TRUNC" },
	{ O_WRONLY | O_CREAT, "O_CREAT" },
	{ O_WRONLY | O_CREAT | O_EXCL, "O_CREAT|O_EXCL" },
	{ O_WRONLY | O_CREAT | O_NOFOLLOW, "O_CREAT|O_NOFOLLOW" },
};

static const char *kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return errname(errno);
	return S_ISREG(st.st_mode)  ? "file" :
	       S_ISDIR(st.st_mode)  ? "directory" :
	       S_ISLNK(st.st_mode)  ? "link" :
	       S_ISFIFO(st.st_mode) ? "fifo" :
				      "other";
}

static void prepare(void)
{
	unlink("missing");
	unlink("target");
	unlink("dir/target");
	unlink("readonly");
	unlink("noaccess");
	MUST(chmod(".", 0755));
	chmod("file", 0644);
	write_text("file", "content", 0644);
	write_text("readonly", "content", 0444);
	write_text("noaccess", "content", 0);
}

int main(void)
{
	static const char *const names[] = {
		"file",
		"file/",
		"file/.",
		"dir",
		"dir/",
		"dir/.",
		"missing",
		"missing/",
		"missing/x",
		"link-file",
		"link-file/",
		"link-dir",
		"link-dir/",
		"dangling",
		"dangling/",
		"dangling-dir",
		"dangling-into-dir",
		"dangling-slash",
		"readonly",
		"noaccess",
		"fifo",
		".",
		"..",
		"",
	};
	struct stat st;
	size_t i, k;
	char c;
	int fd;

	close_extra_fds();
	umask(022);
	MUST(mkdir("dir", 0755));
	MUST(symlink("file", "link-file"));
	MUST(symlink("dir", "link-dir"));
	MUST(symlink("target", "dangling"));
	MUST(symlink("no/target", "dangling-dir"));
	MUST(symlink("dir/target", "dangling-into-dir"));
	MUST(symlink("target/", "dangling-slash"));
	MUST(mkfifo("fifo", 0644));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (k = 0; k < ARRAY_SIZE(flags); k++) {
			prepare();
			errno = 0;
			fd = open(names[i], flags[k].flags | O_NONBLOCK, 0640);
			if (fd < 0) {
				showf(fd, "open(\"%s\", %s)", names[i], flags[k].name);
				continue;
			}
			fstat(fd, &st);
			say("open(\"%s\", %s): %s", names[i], flags[k].name, kind(fd));
			if (S_ISREG(st.st_mode))
				say(" %04o size %ld", (unsigned int)st.st_mode & 07777,
				    (long)st.st_size);
			if (access("target", F_OK) == 0)
				say(", made target");
			if (access("dir/target", F_OK) == 0)
				say(", made dir/target");
			say("\n");
			close(fd);
		}
	}
	prepare();
	fd = MUST(open("file", O_PATH));
	SHOW(read(fd, &c, 1));
	SHOW(write(fd, &c, 1));
	SHOW(fchmod(fd, 0600));
	SHOW(ftruncate(fd, 0));
	SHOW_OK(fstat(fd, &st));
	SHOW(fcntl(fd, F_GETFL) & O_PATH);
	SHOW(fchdir(fd));
	close(fd);
	fd = MUST(open("file", O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
	say("F_GETFL has O_APPEND %s, O_RDWR %s, O_CLOEXEC %s; F_GETFD %d\n",
	    yes(fcntl(fd, F_GETFL) & O_APPEND), yes((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR),
	    yes(fcntl(fd, F_GETFL) & O_CLOEXEC), fcntl(fd, F_GETFD));
	return 0;
}
