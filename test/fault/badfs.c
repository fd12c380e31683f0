/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * badfs: a FUSE daemon that fails in a chosen way.
 *
 *   badfs MODE TARGET
 *
 * serve      it serves; but see below
 * no-init    it mounts and then never reads a request
 * no-root    it answers to the kernel's INIT, but tells nothing of its root
 * no-close   it serves, but lets nobody close a file
 * no-end     it serves, and does not end when it is unmounted
 * helper     it serves and ends, but has a child that does not
 * refuse     it says why it cannot mount, in two lines, and exits with 3
 * quit       it mounts, says why it cannot serve, and exits with 4
 * crash      it mounts and is killed by SIGSEGV
 *
 * What it serves: "file" with the text "data\n"; "pit", which nobody ever gets something out of; "sink", which
 * nobody ever gets something into; and whoever looks for a name that begins with "hang" waits for ever.
 */
#define FUSE_USE_VERSION 35

#define _GNU_SOURCE /* close_range */
#include <errno.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOT = FUSE_ROOT_ID, FILE_INO, PIT, SINK, N_INOS };

static const char *const names[N_INOS] = { [FILE_INO] = "file", [PIT] = "pit", [SINK] = "sink" };
static const char text[] = "data\n";
static bool no_root, no_close;

static void fill(fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = ino == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644;
	st->st_nlink = ino == ROOT ? 2 : 1;
	st->st_size = ino == ROOT ? 0 : sizeof(text) - 1;
	st->st_uid = getuid();
	st->st_gid = getgid();
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .ino = 0 };
	fuse_ino_t ino;

	(void)parent;
	if (!strncmp(name, "hang", 4))
		return; /* never answered */
	for (ino = FILE_INO; ino < N_INOS; ino++)
		if (!strcmp(name, names[ino]))
			e.ino = ino;
	if (!e.ino) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill(e.ino, &e.attr);
	fuse_reply_entry(req, &e);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (no_root)
		return;
	fill(ino, &st);
	fuse_reply_attr(req, &st, 0);
}

static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	(void)attr;
	(void)to_set;
	do_getattr(req, ino, fi);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	size_t left = off < (off_t)sizeof(text) - 1 ? sizeof(text) - 1 - (size_t)off : 0;

	(void)fi;
	if (ino != PIT)
		fuse_reply_buf(req, text + off, left < size ? left : size);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	(void)buf;
	(void)off;
	(void)fi;
	if (ino != SINK)
		fuse_reply_write(req, size);
}

static void do_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	if (!no_close)
		fuse_reply_err(req, ENOSYS); /* the kernel asks no more */
}

static void do_readdir(fuse_req_t req, fuse_ino_t parent, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	char buf[512];
	size_t used = 0;
	struct stat st;
	fuse_ino_t ino;

	(void)parent;
	(void)size;
	(void)fi;
	for (ino = FILE_INO; !off && ino < N_INOS; ino++) {
		fill(ino, &st);
		used += fuse_add_direntry(req, buf + used, sizeof(buf) - used, names[ino], &st,
					  (off_t)ino);
	}
	fuse_reply_buf(req, buf, used);
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = do_lookup,
	.getattr = do_getattr,
	.setattr = do_setattr,
	.read = do_read,
	.write = do_write,
	.flush = do_flush,
	.readdir = do_readdir,
};

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void start_helper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		close_range(0, ~0u, 0);
		sleep_for_ever();
	}
}

static void fail_after_mount(const char *mode)
{
	if (!strcmp(mode, "no-init"))
		sleep_for_ever();
	if (!strcmp(mode, "helper"))
		start_helper();
	if (!strcmp(mode, "crash"))
		raise(SIGSEGV);
	if (strcmp(mode, "quit") != 0)
		return;
	fprintf(stderr, "badfs: cannot serve, although it is mounted\n");
	_exit(4);
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	const char *mode = argc == 3 ? argv[1] : "";
	struct fuse_session *s;

	if (argc != 3)
		return 2;
	if (!strcmp(mode, "refuse")) {
		fprintf(stderr, "badfs: no superblock\nbadfs: giving up\n");
		return 3;
	}
	no_root = !strcmp(mode, "no-root");
	no_close = !strcmp(mode, "no-close");
	s = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (!s || fuse_session_mount(s, argv[2]) < 0)
		return 1;
	fail_after_mount(mode);
	fuse_session_loop(s);
	if (!strcmp(mode, "no-end"))
		sleep_for_ever();
	fuse_session_unmount(s);
	fuse_session_destroy(s);
	return 0;
}
