/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * countfs: a FUSE daemon that writes down what it is asked, and watches that its handles are used properly.
 *
 *	countfs [-o OPTION[,OPTION...]] LOG MOUNTPOINT
 *
 * It shows files "0" to "599", each with 5000 lines of its name, a program "hello" (of the folder that countfs lies
 * in), "secret", which it refuses to open (EACCES), and "stream", which it opens past the cache. A line for
 * each OPEN, RELEASE, READ ... with the name goes to LOG, and one with BAD for a handle that is not open, or another
 * file's, or is closed while it is used, and for a file that is forgotten while a handle is open.
 * To look for "forget-NAME" makes the kernel forget NAME.
 *
 *	single		one thread
 *	async		OPEN and READ are answered by another thread, later
 *	splice		messages go through pipes
 *	clone		each thread has a descriptor of its own
 * all others are libfuse's.
 */
#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_FILES	  600
#define N_INOS	  (N_FILES + 3)
#define HELLO	  (FUSE_ROOT_ID + 1 + N_FILES)
#define SECRET	  (HELLO + 1)
#define STREAM	  (HELLO + 2)
#define N_HANDLES 4096
#define LINES	  5000

static struct options {
	int single, async, splice, clone;
} options;

static const struct fuse_opt spec[] = {
	{ "single", offsetof(struct options, single), 1 },
	{ "async", offsetof(struct options, async), 1 },
	{ "splice", offsetof(struct options, splice), 1 },
	{ "clone", offsetof(struct options, clone), 1 },
	FUSE_OPT_KEY("fsname=", FUSE_OPT_KEY_KEEP),
	FUSE_OPT_END,
};

static FILE *log_file;
static struct fuse_session *session;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	fuse_ino_t ino; /* 0: not open */
	int users;
} handles[N_HANDLES];
static char *hello;
static size_t hello_size;

static const char *name_of(fuse_ino_t ino, char name[24])
{
	static const char *const others[] = { "hello", "secret", "stream" };

	if (ino == FUSE_ROOT_ID)
		return "/";
	if (ino >= HELLO)
		return others[ino - HELLO];
	snprintf(name, 24, "%lu", (unsigned long)(ino - FUSE_ROOT_ID - 1));
	return name;
}

static void note(const char *what, fuse_ino_t ino)
{
	char name[24];

	fprintf(log_file, "%s %s\n", what, name_of(ino, name));
}

static size_t size_of(fuse_ino_t ino)
{
	char name[24];

	if (ino == FUSE_ROOT_ID)
		return 0;
	return ino == HELLO ? hello_size : LINES * (strlen(name_of(ino, name)) + 1);
}

/* What is in a file, to be freed. */
static char *content(fuse_ino_t ino)
{
	size_t size = size_of(ino), at;
	char *text = malloc(size + 1), line[24 + 1];
	const char *name = name_of(ino, line);

	if (ino == HELLO)
		return memcpy(text, hello, hello_size);
	for (at = 0; at < size; at += strlen(name) + 1)
		sprintf(text + at, "%s\n", name);
	return text;
}

static void fill(fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0755;
	st->st_nlink = 1;
	st->st_uid = getuid();
	st->st_gid = getgid();
	st->st_size = (off_t)size_of(ino);
}

/* Begin or end (by -1) to use a handle. */
static void use(uint64_t fh, fuse_ino_t ino, int by)
{
	pthread_mutex_lock(&lock);
	if (fh < 1 || fh >= N_HANDLES || handles[fh].ino != ino)
		note("BAD handle", ino);
	else
		handles[fh].users += by;
	pthread_mutex_unlock(&lock);
}

/* ---- answers, perhaps by another thread ------------------------------------------------------ */

struct job {
	fuse_req_t req;
	fuse_ino_t ino;
	struct fuse_file_info fi;
	size_t size;
	off_t off;
	void (*fn)(struct job *j);
};

static void *run_later(void *arg)
{
	struct job *j = arg;

	usleep(500);
	j->fn(j);
	free(j);
	return NULL;
}

static void start(struct job job)
{
	struct job *copy = malloc(sizeof(*copy));
	pthread_attr_t attr;
	pthread_t thread;

	*copy = job;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (!options.async || pthread_create(&thread, &attr, run_later, copy)) {
		free(copy);
		job.fn(&job);
	}
	pthread_attr_destroy(&attr);
}

static void answer_open(struct job *j)
{
	fuse_reply_open(j->req, &j->fi);
}

static void answer_read(struct job *j)
{
	size_t size = size_of(j->ino), left;
	char *text = content(j->ino);
	struct fuse_bufvec buf = FUSE_BUFVEC_INIT(0);

	left = (size_t)j->off < size ? size - (size_t)j->off : 0;
	buf.buf[0].mem = text + (left ? j->off : 0);
	buf.buf[0].size = left < j->size ? left : j->size;
	use(j->fi.fh, j->ino, -1);
	fuse_reply_data(j->req, &buf, FUSE_BUF_SPLICE_MOVE);
	free(text);
}

/* ---- what the kernel asks --------------------------------------------------------------------- */

static void do_init(void *ctx, struct fuse_conn_info *conn)
{
	(void)ctx;
	if (options.splice)
		conn->want |= conn->capable & (FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE);
}

static void *drop(void *arg)
{
	char *name = arg;

	fuse_lowlevel_notify_inval_entry(session, FUSE_ROOT_ID, name, strlen(name));
	free(name);
	return NULL;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .attr_timeout = 86400, .entry_timeout = 86400 };
	fuse_ino_t ino;
	pthread_t thread;
	char text[24];

	(void)parent;
	for (ino = FUSE_ROOT_ID + 1; ino <= FUSE_ROOT_ID + N_INOS; ino++)
		if (!strcmp(name, name_of(ino, text)))
			e.ino = ino;
	if (!strncmp(name, "forget-", 7)) {
		fuse_reply_err(req, ENOENT);
		if (!pthread_create(&thread, NULL, drop, strdup(name + 7)))
			pthread_detach(thread);
		return;
	}
	if (!e.ino) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill(e.ino, &e.attr);
	fuse_reply_entry(req, &e);
}

static void forget_one(fuse_ino_t ino)
{
	int i;

	note("FORGET", ino);
	pthread_mutex_lock(&lock);
	for (i = 1; i < N_HANDLES; i++)
		if (handles[i].ino == ino)
			note("BAD forget", ino);
	pthread_mutex_unlock(&lock);
}

static void do_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
	(void)nlookup;
	forget_one(ino);
	fuse_reply_none(req);
}

static void do_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	size_t i;

	for (i = 0; i < count; i++)
		forget_one(forgets[i].ino);
	fuse_reply_none(req);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	if (fi)
		note("BAD getattr", ino);
	fill(ino, &st);
	fuse_reply_attr(req, &st, 86400);
}

static void opening(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, const char *what)
{
	uint64_t fh;

	note(what, ino);
	if (ino == SECRET) {
		fuse_reply_err(req, EACCES);
		return;
	}
	fi->direct_io = ino == STREAM;
	pthread_mutex_lock(&lock);
	for (fh = 1; fh < N_HANDLES && handles[fh].ino; fh++)
		;
	if (fh < N_HANDLES)
		handles[fh].ino = ino;
	pthread_mutex_unlock(&lock);
	fi->fh = fh;
	if (fh == N_HANDLES)
		fuse_reply_err(req, ENFILE);
	else
		start((struct job){ .req = req, .ino = ino, .fi = *fi, .fn = answer_open });
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	opening(req, ino, fi, "OPEN");
}

static void do_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	opening(req, ino, fi, "OPENDIR");
}

static void releasing(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, const char *what)
{
	note(what, ino);
	use(fi->fh, ino, 0);
	pthread_mutex_lock(&lock);
	if (fi->fh < N_HANDLES) {
		if (handles[fi->fh].users)
			note("BAD release", ino);
		handles[fi->fh].ino = 0;
	}
	pthread_mutex_unlock(&lock);
	fuse_reply_err(req, 0);
}

static void do_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	releasing(req, ino, fi, "RELEASE");
}

static void do_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	releasing(req, ino, fi, "RELEASEDIR");
}

static void do_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)fi;
	note("FLUSH", ino);
	fuse_reply_err(req, 0);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	note("READ", ino);
	use(fi->fh, ino, 1);
	start((struct job){
		.req = req, .ino = ino, .fi = *fi, .size = size, .off = off, .fn = answer_read });
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	char *buf = malloc(size), name[24];
	size_t used = 0, len;
	struct stat st = { .st_mode = S_IFREG };

	note("READDIR", ino);
	use(fi->fh, ino, 0);
	for (; off < N_INOS; off++, used += len) {
		st.st_ino = FUSE_ROOT_ID + 1 + (fuse_ino_t)off;
		len = fuse_add_direntry(req, buf + used, size - used, name_of(st.st_ino, name), &st,
					off + 1);
		if (len > size - used)
			break;
	}
	fuse_reply_buf(req, buf, used);
	free(buf);
}

static const struct fuse_lowlevel_ops operations = {
	.init = do_init,
	.lookup = do_lookup,
	.forget = do_forget,
	.forget_multi = do_forget_multi,
	.getattr = do_getattr,
	.open = do_open,
	.opendir = do_opendir,
	.release = do_release,
	.releasedir = do_releasedir,
	.flush = do_flush,
	.read = do_read,
	.readdir = do_readdir,
};

/* The program that is shown. */
static void load_hello(const char *self)
{
	char path[PATH_MAX], *copy = strdup(self);
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/hello", dirname(copy));
	free(copy);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	hello_size = (size_t)st.st_size;
	hello = mmap(NULL, hello_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
}

int main(int argc, char **argv)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc - 2, argv);
	struct fuse_loop_config config = { .max_idle_threads = 1 };
	const char *target = argv[argc - 1];
	int res = 1, fd;

	if (argc < 3)
		return 2;
	log_file = fopen(argv[argc - 2], "ae");
	if (!log_file || fuse_opt_parse(&args, &options, spec, NULL))
		return 2;
	setlinebuf(log_file);
	config.clone_fd = options.clone;
	/* And what children of the daemon get. */
	fprintf(log_file, "PID %d\nLD_PRELOAD=%s\n", (int)getpid(),
		getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "");
	load_hello(argv[0]);
	session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
	if (!session || fuse_session_mount(session, target))
		return 1;
	if (!fuse_set_signal_handlers(session)) {
		res = options.single ? fuse_session_loop(session) :
				       fuse_session_loop_mt(session, &config);
		fuse_remove_signal_handlers(session);
	}
	fuse_session_unmount(session);
	fuse_session_destroy(session);
	/* With the number that the device had. */
	fd = open(argv[argc - 2], O_WRONLY | O_APPEND);
	if (write(fd, "END of the service\n", 19) != 19)
		return 1;
	return res ? 1 : 0;
}
