/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patched code: the table, and the request CODE.
 *
 * A file is identified by device, inode, size and times. Its sites come from the user's cache or from vu-scan,
 * which runs in a worker, since the file may be hostile or lie in a mount that is stuck. Requests for a file
 * that is being scanned wait for the same worker. A file that has not been scanned for whatever
 * reason is listed as one without sites, so that nobody asks again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/code.h"
#include "umvu/code_cache.h"
#include "umvu/code_copy.h"
#include "umvu/code_plan.h"
#include "umvu/cpuid.h"
#include "umvu/image.h"
#include "umvu/ops.h"
#include "umvu/view.h"
#include "umvu/worker.h"

#define SCAN_MS	    10000
#define SAVE_MS	    60000
#define SAVE_NICE   10
#define SCAN_MEMORY (4ull << 30) /* address space of vu-scan; the file is mapped */
#define SETTLED_NS  100000000ll	 /* a file that has changed since may change again unseen */
#define MEMFD_NAME  249
#define FD_SHARE    4	   /* of all descriptors that we may have, one in so many */
#define MAX_PAGES   65536u /* of a file's runs */

struct vu_code {
	struct vu_code_table *table;
	struct vu_list scans;
	unsigned int n_fds;
	int cache;   /* folder, or -errno */
	bool copies; /* it may hold patched copies */
	bool served; /* there is a server, which may start workers */
	struct vu_cpuid cpuid;
};

/* A file that is being scanned. */
struct scan {
	struct vu_list node;
	struct vu_session *session;
	struct vu_code_file id;
	struct vu_worker *worker;
	int fd;
	struct vu_list waiters;
};

struct waiter {
	struct vu_list node;
	struct vu_conn *conn;
};

int vu_code_new(struct vu_session *s)
{
	struct vu_code *code = calloc(1, sizeof(*code));
	struct vu_code_table *table = calloc(1, sizeof(*table));

	if (!code || !table) {
		free(code);
		free(table);
		return -ENOMEM;
	}
	code->table = table;
	vu_cpuid_fill(&code->cpuid);
	vu_list_init(&code->scans);
	code->cache = vu_code_cache_open();
	code->copies = code->cache >= 0 && vu_code_copy_allowed(code->cache);
	s->code = code;
	return 0;
}

void vu_code_serve(struct vu_session *s)
{
	s->code->served = true;
}

static void drop_scan(struct scan *scan)
{
	vu_list_del(&scan->node);
	vu_fd_close(&scan->fd);
	free(scan);
}

void vu_code_free(struct vu_session *s)
{
	struct vu_code *code = s->code;
	uint32_t i;

	if (!code)
		return;
	while (!vu_list_empty(&code->scans)) {
		struct scan *scan = vu_list_entry(code->scans.next, struct scan, node);

		vu_worker_cancel(scan->worker);
		drop_scan(scan);
	}
	for (i = 0; i < code->table->n_files; i++)
		if (code->table->file[i].fd >= 0)
			close(code->table->file[i].fd);
	vu_fd_close(&code->cache);
	free(code->table);
	free(code);
	s->code = NULL;
}

size_t vu_code_fds(const struct vu_session *s, int *fds, size_t max)
{
	const struct vu_code_table *t = s->code->table;
	uint32_t i;
	size_t n = 0;

	if (s->code->cache >= 0)
		fds[n++] = s->code->cache;
	for (i = 0; i < t->n_files; i++) {
		VU_BUG_ON(n == max);
		if (t->file[i].fd >= 0)
			fds[n++] = t->file[i].fd;
	}
	return n;
}

/* --- the table ----------------------------------------------------------------------------------- */

static struct vu_code_table *table_of(struct vu_view_head *head)
{
	return (struct vu_code_table *)((char *)head + VU_VIEW_CODE);
}

/* Copy entry n: what it refers to first, what refers to it last. Readers may be at work. */
static void copy_entry(struct vu_code_table *to, const struct vu_code_table *from, uint32_t n)
{
	const struct vu_code_file *f = &from->file[n];

	strcpy(to->names + f->name, from->names + f->name);
	strcpy(to->names + f->copy_name, from->names + f->copy_name);
	to->names_used = from->names_used;
	to->file[n] = *f;
	__atomic_store_n(&to->bucket[vu_code_bucket(f->ino)], n + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&to->n_files, n + 1, __ATOMIC_RELEASE);
}

void vu_code_fill(const struct vu_session *s, struct vu_view_head *head)
{
	const struct vu_code_table *from = s->code->table;
	uint32_t i;

	for (i = 0; i < from->n_files; i++)
		copy_entry(table_of(head), from, i);
	memcpy((char *)head + VU_VIEW_CPUID, &s->code->cpuid, sizeof(s->code->cpuid));
}

static bool same_file(const struct vu_code_file *a, const struct vu_code_file *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static bool is_listed(const struct vu_code_table *t, const struct vu_code_file *id)
{
	uint32_t n = t->bucket[vu_code_bucket(id->ino)];

	while (n && !same_file(&t->file[n - 1], id))
		n = t->file[n - 1].next;
	return n != 0;
}

static bool is_full(const struct vu_code_table *t)
{
	return t->n_files == VU_CODE_FILES || VU_CODE_NAMES - t->names_used < 2 * PATH_MAX;
}

static uint32_t put_name(struct vu_code_table *t, const char *name)
{
	size_t len = strlen(name) + 1;
	uint32_t at = t->names_used;

	memcpy(t->names + at, name, len);
	t->names_used += (uint32_t)len;
	return at;
}

static void append(struct vu_session *s, struct vu_code_file *f, const char *path, const char *copy)
{
	struct vu_code_table *t = s->code->table;
	struct vu_view *v;
	uint32_t n = t->n_files, bucket = vu_code_bucket(f->ino);

	f->name = put_name(t, path);
	f->copy_name = put_name(t, copy);
	f->next = t->bucket[bucket];
	t->file[n] = *f;
	t->bucket[bucket] = n + 1;
	t->n_files = n + 1;
	vu_list_for_each(v, &s->views, node)
		copy_entry(table_of(v->head), t, n);
}

/* --- identities ---------------------------------------------------------------------------------- */

static int identify(int fd, struct vu_code_file *id)
{
	struct stat st;

	memset(id, 0, sizeof(*id));
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	id->dev = st.st_dev;
	id->ino = st.st_ino;
	id->size = (uint64_t)st.st_size;
	id->mtime_ns = vu_code_ns(&st.st_mtim);
	id->ctime_ns = vu_code_ns(&st.st_ctim);
	id->fd = -1;
	return 0;
}

/*
 * Whether the identity tells the file from all others. Numbers of devices that are none (FUSE, overlays) are
 * used again, and images made by rule have equal inodes and times, in whole seconds.
 */
static bool is_unique(const struct vu_code_file *id)
{
	return major(id->dev) != 0 || id->ctime_ns % 1000000000u != 0;
}

/* Whether the next change of the file will show: its time must not be that of the last one. */
static bool is_settled(const struct vu_code_file *id)
{
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (int64_t)(vu_code_ns(&now) -
			(id->mtime_ns > id->ctime_ns ? id->mtime_ns : id->ctime_ns));
	return age > SETTLED_NS;
}

static void path_of(int fd, char *path, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, size - 1);
	path[n < 0 ? 0 : n] = '\0';
}

/* --- patched pages ------------------------------------------------------------------------------- */

/* A sealed memory file with the pages of f's runs. */
static int memory_file(const struct vu_code_file *f, const char *path, const unsigned char *pages)
{
	VU_CLEANUP(fd) int fd = -1;
	char name[MEMFD_NAME + 1];
	uint32_t i;

	snprintf(name, sizeof(name), "vu:%.*s", MEMFD_NAME - 3, path);
	fd = vu_image_memory(name);
	if (fd < 0)
		return fd;
	for (i = 0; i < f->n_runs; i++) {
		size_t size = (size_t)f->run[i].n_pages * VU_CODE_PAGE;

		if (pwrite(fd, pages, size, (off_t)f->run[i].file_page * VU_CODE_PAGE) !=
		    (ssize_t)size)
			return -EIO;
		pages += size;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -EIO;
	return vu_steal_fd(&fd);
}

/* In a worker: what is saved is for later sessions. */
struct saving {
	int dir, fd;
	const struct vu_code_file *f;
	uint64_t list;
	const char *path;
	const unsigned char *pages;
};

static int run_save(void *arg, int out)
{
	const struct saving *save = arg;

	(void)out;
	setpriority(PRIO_PROCESS, 0, SAVE_NICE);
	return vu_code_copy_save(save->dir, save->fd, save->f, save->list, save->path,
				 save->pages) < 0;
}

static void on_saved(void *ctx, int status, const char *out, size_t len)
{
	(void)ctx;
	(void)out;
	(void)len;
	if (status)
		vu_log_debug("code", "a patched copy could not be kept");
}

static void save_copy(struct vu_session *s, int fd, const struct vu_code_file *f, uint64_t list,
		      const char *path, const unsigned char *pages)
{
	struct saving save = { s->code->cache, fd, f, list, path, pages };
	const int keep[] = { save.dir, fd };
	struct vu_worker_job job = { .fn = run_save,
				     .arg = &save,
				     .keep = keep,
				     .n_keep = 2,
				     .done = on_saved,
				     .timeout_ms = SAVE_MS };

	if (s->code->copies && f->size <= VU_COPY_MAX)
		vu_worker_start(&s->loop, &job, NULL);
}

static bool may_have_more(const struct vu_code *code)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && code->n_fds < limit.rlim_cur / FD_SHARE;
}

/* Patch what is read of the file, into a memory file. Its descriptor, -1 nothing to patch, or -errno. */
static int patch(struct vu_session *s, int fd, struct vu_code_file *f, const char *path,
		 const struct vu_scan_head *head, const struct vu_scan_site *sites)
{
	VU_CLEANUP(free) unsigned char *pages = vu_code_read(fd, f);
	int res;

	if (!pages)
		return -errno;
	f->n_sites = (uint32_t)vu_code_patch(f, pages, head, sites);
	if (!f->n_sites)
		return -1;
	res = memory_file(f, path, pages);
	if (res >= 0)
		save_copy(s, fd, f, head->sum, path, pages);
	return res;
}

/* What tells people and the agent the copy from others: its name goes to `name`. */
static int describe_copy(int fd, struct vu_code_file *f, char *name, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	f->copy_dev = st.st_dev;
	f->copy_ino = st.st_ino;
	path_of(fd, name, size);
	return 0;
}

/*
 * Find or make the copy of `f`, whose name goes to `copy`. 0 (f->fd may be -1: nothing to patch) or -errno; -EAGAIN:
 * it is to be made when there is a server.
 */
static int build(struct vu_session *s, int fd, struct vu_code_file *f, const char *path, char *copy,
		 const struct vu_scan_head *head, const struct vu_scan_site *sites)
{
	size_t n_pages = vu_code_plan(f, f->size, head, sites);
	bool whole = head->flags & VU_SCAN_WHOLE;
	int res = -ENOENT;

	f->whole = whole && !head->n_sites; /* there may be nothing to patch */
	if (!n_pages || n_pages > MAX_PAGES || !may_have_more(s->code)) {
		f->n_runs = 0;
		return 0;
	}
	if (s->code->copies)
		res = vu_code_copy_open(s->code->cache, f, head->sum, path);
	if (res < 0 && s->code->copies && !s->code->served)
		return -EAGAIN;
	if (res < 0)
		res = patch(s, fd, f, path, head, sites);
	if (res == -1) {
		f->n_runs = 0;
		return 0;
	}
	if (res >= 0)
		res = describe_copy(res, f, copy, PATH_MAX) < 0 ? -EIO :
								  vu_session_place_fd(s, res);
	if (res < 0)
		return res;
	f->fd = res;
	f->whole = whole && f->n_sites == head->n_sites;
	return 0;
}

/* List a file, with the sites of `list` (NULL: none are known). */
static void publish(struct vu_session *s, int fd, const struct vu_code_file *id,
		    const struct vu_buf *list)
{
	struct vu_code_file f = *id, now;
	const struct vu_scan_head *head;
	const struct vu_scan_site *sites;
	char path[PATH_MAX], copy[PATH_MAX] = "";
	int res = 0;

	if (is_full(s->code->table) || is_listed(s->code->table, id))
		return;
	path_of(fd, path, sizeof(path));
	if (list && vu_code_list(list->data, list->len, &head, &sites) == 0) {
		f.n_candidates = head->n_candidates;
		res = build(s, fd, &f, path, copy, head, sites);
		if (res == -EAGAIN)
			return;
	}
	if (identify(fd, &now) < 0 || !same_file(&now, id)) {
		vu_fd_close(&f.fd);
		return;
	}
	vu_log_debug("code", "%s: %u of %u sites in %u runs%s%s", path, f.n_sites, f.n_candidates,
		     f.n_runs, res < 0 ? ": " : "", res < 0 ? strerror(-res) : "");
	s->code->n_fds += f.fd >= 0;
	append(s, &f, path, copy);
}

/* --- scanning ------------------------------------------------------------------------------------ */

static int run_scan(void *arg, int out)
{
	const struct scan *scan = arg;
	const struct rlimit memory = { SCAN_MEMORY, SCAN_MEMORY }, none = { 0, 0 };
	char *const argv[] = { (char *)"vu-scan", NULL };

	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_CORE, &none);
	if (dup2(scan->fd, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		return 1;
	execv(scan->session->paths.scan, argv);
	return 1;
}

static void on_scanned(void *ctx, int status, const char *out, size_t len)
{
	struct scan *scan = ctx;
	struct vu_session *s = scan->session;
	const struct vu_buf list = { .data = (char *)out, .len = len };
	const struct vu_scan_head *head;
	const struct vu_scan_site *sites;
	bool good = status == 0 && vu_code_list(out, len, &head, &sites) == 0;

	if (!good)
		vu_log_debug("code", "vu-scan: %s", status < 0 ? strerror(-status) : "no list");
	else if (s->code->cache >= 0)
		vu_code_cache_save(s->code->cache, &scan->id, out, len);
	publish(s, scan->fd, &scan->id, good ? &list : NULL);
	while (!vu_list_empty(&scan->waiters)) {
		struct waiter *w = vu_list_entry(scan->waiters.next, struct waiter, node);
		struct vu_conn *conn = w->conn;

		vu_list_del(&w->node);
		free(w);
		vu_conn_result(conn, 0, NULL);
	}
	drop_scan(scan);
}

static struct scan *find_scan(const struct vu_session *s, const struct vu_code_file *id)
{
	struct scan *scan;

	vu_list_for_each(scan, &s->code->scans, node)
		if (same_file(&scan->id, id))
			return scan;
	return NULL;
}

/* Start to scan; `fd` is taken on success. */
static struct scan *start_scan(struct vu_session *s, int *take_fd, const struct vu_code_file *id)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	struct vu_worker_job job = { .fn = run_scan,
				     .arg = scan,
				     .n_keep = 1,
				     .done = on_scanned,
				     .ctx = scan,
				     .timeout_ms = SCAN_MS };

	if (!scan)
		return NULL;
	scan->session = s;
	scan->id = *id;
	scan->fd = *take_fd;
	vu_list_init(&scan->waiters);
	job.keep = &scan->fd;
	if (vu_worker_start(&s->loop, &job, &scan->worker) < 0) {
		free(scan);
		return NULL;
	}
	vu_list_add_tail(&s->code->scans, &scan->node);
	*take_fd = -1;
	return scan;
}

/* The client has gone; the scan goes on, for others. */
static void forget_waiter(void *op)
{
	struct waiter *w = op;

	vu_list_del(&w->node);
	free(w);
}

static int wait_for(struct scan *scan, struct vu_conn *c)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->conn = c;
	vu_list_add_tail(&scan->waiters, &w->node);
	vu_conn_defer(c, forget_waiter, w);
	return 0;
}

/* Whether there is nothing to be done for the file, or it could be done at once. */
static bool done_at_once(struct vu_session *s, int fd, const struct vu_code_file *id)
{
	VU_CLEANUP(buf) struct vu_buf list = { 0 };

	if (is_listed(s->code->table, id) || is_full(s->code->table) || !is_settled(id))
		return true;
	if (!is_unique(id) || access(s->paths.scan, X_OK) < 0) {
		publish(s, fd, id, NULL);
		return true;
	}
	if (s->code->cache < 0 || vu_code_cache_load(s->code->cache, id, &list) < 0)
		return false;
	publish(s, fd, id, &list);
	return true;
}

static void foresee(struct vu_session *s, int fd)
{
	struct vu_code_file id;

	if (fd >= 0 && identify(fd, &id) == 0)
		done_at_once(s, fd, &id);
}

/* What our own process has loaded: C library and ELF interpreter are those of most programs. */
static int foresee_loaded(struct dl_phdr_info *info, size_t size, void *ctx)
{
	VU_CLEANUP(fd) int fd = -1;

	(void)size;
	if (info->dlpi_name && info->dlpi_name[0] == '/')
		fd = open(info->dlpi_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	foresee(ctx, fd);
	return 0;
}

void vu_code_foresee(struct vu_session *s, int first_fd)
{
	foresee(s, first_fd);
	dl_iterate_phdr(foresee_loaded, s);
}

void vu_op_code(struct vu_conn *c, struct vu_rpc_in *in)
{
	struct vu_session *s = c->session;
	struct vu_code_file id;
	struct scan *scan;
	int flags = fcntl(in->fds[0], F_GETFL), res;

	res = flags < 0 ? -errno : identify(in->fds[0], &id);
	if (!res && (flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY))
		res = -EBADF;
	if (res < 0 || done_at_once(s, in->fds[0], &id)) {
		vu_conn_result(c, res, NULL);
		return;
	}
	scan = find_scan(s, &id);
	if (!scan)
		scan = start_scan(s, &in->fds[0], &id);
	if (!scan || wait_for(scan, c) < 0)
		vu_conn_result(c, -ENOMEM, NULL);
}
