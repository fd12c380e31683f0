/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chains of 39, 40 and 41 symbolic links, loops, links in the middle of names. */
/* variants: static musl */
/* fsmode: mount */
#include "guest.h"

/*
 * The kernel counts the links of a look-up twice if it has to begin it anew (when something is renamed at that moment),
 * and then finds too many: a chain that is too long is so each time.
 */
#define STEADY(expr)                                                \
	({                                                          \
		long ret_;                                          \
		int tries_ = 0;                                     \
                                                                    \
		do                                                  \
			ret_ = (expr);                              \
		while (ret_ < 0 && errno == ELOOP && ++tries_ < 5); \
		ret_;                                               \
	})

static void try(const char *path)
{
	struct stat st;
	char buf[PATH_MAX];
	int fd;

	fd = (int)STEADY(open(path, O_RDONLY));
	showf_ok(fd, "open(%s)", path);
	if (fd >= 0)
		close(fd);
	showf_ok(STEADY(open(path, O_RDONLY | O_NOFOLLOW)), "open(%s, O_NOFOLLOW)", path);
	showf_ok(STEADY(stat(path, &st)), "stat(%s)", path);
	showf_ok(STEADY(lstat(path, &st)), "lstat(%s)", path);
	showf_ok(STEADY(access(path, F_OK)), "access(%s)", path);
	showf(STEADY(truncate(path, 3)), "truncate(%s)", path);
	showf_ok(readlink(path, buf, sizeof(buf)), "readlink(%s)", path);
}

int main(void)
{
	char name[40], target[40], path[500];
	struct stat st;
	int i;

	close_extra_fds();
	write_text("link0", "content", 0644);
	for (i = 1; i <= 45; i++) {
		snprintf(name, sizeof(name), "link%d", i);
		snprintf(target, sizeof(target), "link%d", i - 1);
		MUST(symlink(target, name));
	}
	try("link1");
	try("link39");
	try("link40");
	try("link41");

	/* The count is over the whole name, not for each component. */
	MUST(mkdir("dir", 0755));
	MUST(symlink("../link0", "dir/to-file"));
	MUST(symlink(".", "here"));
	for (i = 38; i <= 41; i++) {
		int n;

		path[0] = '\0';
		for (n = 0; n < i; n++)
			strcat(path, "here/");
		strcat(path, "link0");
		showf(STEADY(stat(path, &st)), "%d links in directories", i);
		strcpy(strrchr(path, '/'), "/dir/to-file");
		showf(STEADY(stat(path, &st)), "%d links and one more", i);
		strcpy(strrchr(path, '/') - 3, "here");
		showf(STEADY(lstat(path, &st)), "%d links, the last one not followed", i);
	}

	MUST(symlink("self", "self"));
	MUST(symlink("pong", "ping"));
	MUST(symlink("ping", "pong"));
	MUST(symlink("down/x", "down"));
	try("self");
	SHOW_OK(stat("self/x", &st));
	SHOW_OK(lstat("self/", &st));
	SHOW_OK(stat("ping", &st));
	SHOW_OK(stat("down", &st));
	SHOW_FD(open("ping", O_WRONLY | O_CREAT, 0644));
	SHOW_FD(open("self", O_WRONLY | O_CREAT | O_EXCL, 0644));
	SHOW(mkdir("self", 0755));
	SHOW(rmdir("self"));
	SHOW(unlink("self/x"));
	SHOW(rename("ping", "pong2"));
	SHOW(chdir("pong2"));
	SHOW(unlink("self"));
	return 0;
}
