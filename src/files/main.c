/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vu-files: serves a mount of a module's control files.
 *
 *	vu-files MOUNTPOINT SESSION
 *
 * umvu starts it as the driver of such a mount: a FUSE daemon, and a guest, as all drivers. It knows
 * nothing of its files, but asks the server over the socket that it finds as descriptor 3, and keeps nothing: neither
 * it nor the kernel caches. Who asks is in a view; which one, the caller's process tells, and for files
 * that are open, the process that has opened them. Requests are served by threads: one that has to wait,
 * for a file system that hangs or a process that does, holds up no other.
 */
#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "files/ask.h"

#define SOCKET 3

struct server {
	uint64_t session;
	struct timespec start;
};

/* A directory that is open: its entries in the form that the kernel wants them in. */
struct listing {
	struct vu_buf entries;
};

static const struct server *server_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static uint32_t caller_view(fuse_req_t req)
{
	return vu_files_view_of(server_of(req)->session, fuse_req_ctx(req)->pid);
}

/* As files that are open remember it. */
static uint32_t view_of(fuse_req_t req, const struct fuse_file_info *fi)
{
	return fi ? (uint32_t)fi->fh : caller_view(req);
}

static struct stat attributes(const struct server *s, uint64_t id, uint32_t mode, int64_t time)
{
	struct timespec made = s->start;

	if (time)
		made = (struct timespec){ .tv_sec = time };
	return (struct stat){
		.st_ino = id,
		.st_mode = mode,
		.st_nlink = S_ISDIR(mode) ? 2 : 1,
		.st_uid = getuid(),
		.st_gid = getgid(),
		.st_blksize = 4096,
		.st_atim = made,
		.st_mtim = made,
		.st_ctim = made,
	};
}

/* Ask; the answer is to be freed. NULL: there is none, and the request has been answered with an error. */
static struct vu_answer *ask(fuse_req_t req, struct vu_files_request *rq, const void *data,
			     size_t len)
{
	struct vu_answer *a = malloc(sizeof(*a));
	int res = a ? vu_files_ask(SOCKET, rq, data, len, a) : -ENOMEM;

	if (res >= 0)
		return a;
	free(a);
	fuse_reply_err(req, -res);
	return NULL;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct vu_files_request rq = { .op = VU_FILES_LOOKUP,
				       .id = parent,
				       .view = caller_view(req) };
	VU_CLEANUP(free) struct vu_answer *a = ask(req, &rq, name, strlen(name));
	struct fuse_entry_param e = { 0 };

	if (!a)
		return;
	e.ino = a->head.id;
	e.attr = attributes(server_of(req), a->head.id, a->head.mode, a->head.time);
	fuse_reply_entry(req, &e);
}

/* Of a file that has been removed there is no more to say than that: who asks has it open. */
static void reply_removed(fuse_req_t req, fuse_ino_t ino)
{
	struct stat st = attributes(server_of(req), ino, S_IFREG | 0644, 0);

	st.st_nlink = 0;
	fuse_reply_attr(req, &st, 0);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vu_files_request rq = { .op = VU_FILES_STAT, .id = ino, .view = view_of(req, fi) };
	VU_CLEANUP(free) struct vu_answer *a = malloc(sizeof(*a));
	int res = a ? vu_files_ask(SOCKET, &rq, NULL, 0, a) : -ENOMEM;
	struct stat st;

	if (res == -ENOENT) {
		reply_removed(req, ino);
		return;
	}
	if (res < 0) {
		fuse_reply_err(req, -res);
		return;
	}
	st = attributes(server_of(req), ino, a->head.mode, a->head.time);
	fuse_reply_attr(req, &st, 0);
}

/* Truncating does nothing, and the rest nobody may. */
static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	(void)attr;
	if (!(to_set & FUSE_SET_ATTR_SIZE) ||
	    (to_set & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)))
		fuse_reply_err(req, EPERM);
	else
		do_getattr(req, ino, fi);
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->fh = caller_view(req);
	fi->direct_io = 1;
	fuse_reply_open(req, fi);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct vu_files_request rq = { .op = VU_FILES_READ, .id = ino, .view = view_of(req, fi) };
	VU_CLEANUP(free) struct vu_answer *a = ask(req, &rq, NULL, 0);
	size_t at = (size_t)off, n;

	if (!a)
		return;
	n = at < a->head.len ? a->head.len - at : 0;
	fuse_reply_buf(req, n ? a->data + at : NULL, n < size ? n : size);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	struct vu_files_request rq = {
		.op = VU_FILES_WRITE, .id = ino, .offset = (uint64_t)off, .view = view_of(req, fi)
	};
	VU_CLEANUP(free) struct vu_answer *a = NULL;

	if (size > VU_FILES_DATA)
		size = VU_FILES_DATA;
	a = ask(req, &rq, data, size);
	if (a)
		fuse_reply_write(req, (size_t)a->head.result);
}

/* Add an entry to a listing. False: no memory. */
static bool add_entry(fuse_req_t req, struct listing *l, const char *name, uint64_t id,
		      uint32_t mode)
{
	size_t size = fuse_add_direntry(req, NULL, 0, name, NULL, 0);
	struct stat st = { .st_ino = id, .st_mode = mode };
	VU_CLEANUP(free) char *entry = malloc(size);

	if (!entry)
		return false;
	fuse_add_direntry(req, entry, size, name, &st, (off_t)(l->entries.len + size));
	return vu_buf_add(&l->entries, entry, size) == 0;
}

/* All entries of a directory. 0 or -errno. */
static int list(fuse_req_t req, fuse_ino_t ino, struct listing *l)
{
	struct vu_files_request rq = { .op = VU_FILES_LIST, .id = ino, .view = caller_view(req) };
	VU_CLEANUP(free) struct vu_answer *a = malloc(sizeof(*a));
	int res = 0;

	if (!a || !add_entry(req, l, ".", ino, S_IFDIR) ||
	    !add_entry(req, l, "..", FUSE_ROOT_ID, S_IFDIR))
		return -ENOMEM;
	while (!res) {
		res = vu_files_ask(SOCKET, &rq, NULL, 0, a);
		if (res >= 0 && !add_entry(req, l, a->data, a->head.id, a->head.mode))
			res = -ENOMEM;
		rq.offset++;
	}
	return res == -ENOENT ? 0 : res;
}

static void do_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct listing *l = calloc(1, sizeof(*l));
	int res = l ? list(req, ino, l) : -ENOMEM;

	if (!res) {
		fi->fh = (uintptr_t)l;
		fuse_reply_open(req, fi);
		return;
	}
	if (l)
		vu_buf_free(&l->entries);
	free(l);
	fuse_reply_err(req, -res);
}

/* Offsets are those of the listing; only whole entries are passed on. */
static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	const struct listing *l = (const void *)(uintptr_t)fi->fh;
	size_t at = (size_t)off, end = at, n;

	(void)ino;
	while (end < l->entries.len) {
		n = FUSE_DIRENT_SIZE((const struct fuse_dirent *)(l->entries.data + end));
		if (end + n - at > size)
			break;
		end += n;
	}
	fuse_reply_buf(req, end > at ? l->entries.data + at : NULL, end > at ? end - at : 0);
}

static void do_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct listing *l = (void *)(uintptr_t)fi->fh;

	(void)ino;
	vu_buf_free(&l->entries);
	free(l);
	fuse_reply_err(req, 0);
}

/* What nobody may: in the words of the kernel's own file systems of this kind. */

static void do_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t dev)
{
	(void)parent, (void)name, (void)mode, (void)dev;
	fuse_reply_err(req, EACCES);
}

static void do_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
		      struct fuse_file_info *fi)
{
	(void)parent, (void)name, (void)mode, (void)fi;
	fuse_reply_err(req, EACCES);
}

static void do_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent, (void)name, (void)mode;
	fuse_reply_err(req, EPERM);
}

static void do_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	(void)parent, (void)name;
	fuse_reply_err(req, EPERM);
}

static void do_symlink(fuse_req_t req, const char *to, fuse_ino_t parent, const char *name)
{
	(void)to, (void)parent, (void)name;
	fuse_reply_err(req, EPERM);
}

static void do_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	(void)ino, (void)parent, (void)name;
	fuse_reply_err(req, EPERM);
}

static void do_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to_parent,
		      const char *to, unsigned int flags)
{
	(void)parent, (void)name, (void)to_parent, (void)to, (void)flags;
	fuse_reply_err(req, EPERM);
}

static void do_init(void *server, struct fuse_conn_info *conn)
{
	(void)server;
	if (conn->max_write > VU_FILES_DATA)
		conn->max_write = VU_FILES_DATA;
}

static const struct fuse_lowlevel_ops operations = {
	.init = do_init,
	.lookup = do_lookup,
	.getattr = do_getattr,
	.setattr = do_setattr,
	.open = do_open,
	.read = do_read,
	.write = do_write,
	.opendir = do_opendir,
	.readdir = do_readdir,
	.releasedir = do_releasedir,
	.mknod = do_mknod,
	.create = do_create,
	.mkdir = do_mkdir,
	.unlink = do_unlink,
	.rmdir = do_unlink,
	.symlink = do_symlink,
	.link = do_link,
	.rename = do_rename,
};

/* Mount and serve until it is unmounted. The exit status. */
static int serve(struct server *s, const char *mountpoint)
{
	char *argv[] = { (char *)"vu-files", (char *)"-odefault_permissions", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(2, argv);
	struct fuse_loop_config config = { .clone_fd = 0, .max_idle_threads = 4 };
	struct fuse_session *se;
	int status = 1;

	se = fuse_session_new(&args, &operations, sizeof(operations), s);
	fuse_opt_free_args(&args);
	if (!se)
		return 1;
	if (fuse_set_signal_handlers(se) == 0) {
		if (fuse_session_mount(se, mountpoint) == 0) {
			status = fuse_session_loop_mt(se, &config) < 0;
			fuse_session_unmount(se);
		}
		fuse_remove_signal_handlers(se);
	}
	fuse_session_destroy(se);
	return status;
}

int main(int argc, char **argv)
{
	struct server s = { 0 };

	if (argc != 3) {
		fprintf(stderr, "vu-files: it is umvu(1) that runs this program\n");
		return 125;
	}
	s.session = strtoull(argv[2], NULL, 16);
	clock_gettime(CLOCK_REALTIME, &s.start);
	vu_fd_cloexec(SOCKET, true);
	return serve(&s, argv[1]);
}
