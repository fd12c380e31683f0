/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sources: test/unit/agent_shim.c src/agent/path.c src/agent/walk.c src/agent/place.c src/agent/tree.c src/agent/procexe.c src/agent/lines.c src/agent/view.c src/agent/guest.c src/agent/known.c src/agent/unmask.c */
/*
 * The resolver against the kernel. In a user and mount namespace of the test's own there are two
 * processes. One has everything really mounted, and opens names: the oracle. In the other nothing is
 * mounted, the same trees are detached mounts in a view image, and names are resolved by the agent's
 * code and then opened. Each name must lead to the same inode, or to the same error, from each
 * directory. Besides the names chosen by hand there are random ones.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/known.h"
#include "agent/path.h"
#include "agent_shim.h"

#define MAX_DIRS 24

struct question {
	int dir; /* index of the directory that the name is relative to, -1: from the root */
	int by_cwd;
	int proc; /* the directory is the cwd, the name is relative to proc_names[proc - 1]; 0: it is not */
	int flags; /* of open(2), O_PATH is added */
	uint64_t resolve;
	char path[PATH_MAX];
};

struct answer {
	int error;
	dev_t dev;
	ino_t ino;
	char path[PATH_MAX]; /* canonical, "" if it has none */
};

static const char *const proc_names[] = { "/proc", "/proc/self", "/proc/thread-self", "/dev" };
static struct vu_scratch scratch;
static struct vu_call call = { .s = &scratch };
static char base[64];
static int dirs[MAX_DIRS], n_dirs; /* of this process; the oracle has its own */
static int oracle;		   /* socket to it */

bool vu_special_name(const char *name, size_t len)
{
	return len == 3 && !memcmp(name, "exe", 3);
}

static char *at(const char *path)
{
	static char names[4][PATH_MAX];
	static int next;
	char *name = names[next++ % 4];

	snprintf(name, PATH_MAX, "%s%s", base, path);
	return name;
}

static void make_dir(const char *path)
{
	assert_int_equal(mkdir(at(path), 0755), 0);
}

static void make_file(const char *path)
{
	int fd = open(at(path), O_CREAT | O_WRONLY, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static void make_link(const char *body, const char *path)
{
	assert_int_equal(symlink(body, at(path)), 0);
}

static void make_rest(const char *root)
{
	static const char *const links[][2] = {
		{ "x", "lx" },	       { "../..", "up2" },	{ "lx/y/", "lxy" },
		{ "dangling", "ld" },  { "loop", "loop" },	{ "f", "lf" },
		{ "x/../f", "lf2" },   { "./x/./y/..", "lxx" }, { "lf", "llf" },
		{ "../mnt/lx", "lm" }, { "nope/x", "ln" },	{ "f/", "lfs" },
	};
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s/x", root);
	make_dir(name);
	strcat(name, "/y");
	make_dir(name);
	strcat(name, "/z");
	make_dir(name);
	snprintf(name, sizeof(name), "%s/f", root);
	make_file(name);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", root, links[i][1]);
		make_link(links[i][0], name);
	}
	snprintf(name, sizeof(name), "%s/lroot", root);
	make_link(base, name);
	snprintf(name, sizeof(name), "%s/lmnt", root);
	make_link(at("/h/mnt/x"), name);
	snprintf(name, sizeof(name), "%s/lself", root);
	make_link("/proc/self/cwd/f", name);
}

/* Mount points, and what is mounted on them in this order. */
static const struct {
	const char *source, *target;
	int parent; /* index into this table, -1: host */
	uint32_t flags;
} mounts[] = {
	{ "/s1", "/h/mnt", -1, 0 },
	{ "/s2", "/h/mnt/x/y", 0, 0 }, /* in a mount */
	{ "/s3", "/h/x", -1, 0 },      /* over a directory that is not empty */
	{ "/s4", "/h/x", 2, 0 },       /* on a mount */
	{ "/s1/f", "/h/f", -1, VU_MOUNT_FILE },
	{ "/s2/x", "/h/d/e", -1, 0 },
	{ "/h/d", "/h/mnt/x/y/x", 1,
	  0 }, /* the host's own tree again: without what is mounted in it */
};

static const char *const dir_names[] = {
	"",	      "/h",	      "/h/d", "/h/d/e",	  "/h/d/e/y", "/h/mnt",		"/h/mnt/x",
	"/h/mnt/x/y", "/h/mnt/x/y/x", "/h/x", "/h/x/x/y", "/h/d/k",   "/h/mnt/x/y/x/k",
};
static const char *const covered_names[] = { "/h/mnt", "/h/mnt/x", "/h/x", "/h/x/y", "/h/x/y/z" };

static void make_trees(void)
{
	static const char *const roots[] = { "/h", "/s1", "/s2", "/s3", "/s4" };

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		make_dir(roots[i]);
		make_rest(roots[i]);
	}
	make_dir("/h/mnt");
	make_dir("/h/mnt/x");
	make_file("/h/mnt/under");
	make_dir("/h/d");
	make_dir("/h/d/e");
	make_dir("/h/d/k");
	make_link("../mnt/x/../../x", "/h/d/lway");
	make_file("/s2/x/deep");
	make_dir("/h/gone");
}

static int open_dir(const char *name)
{
	int fd = open(name, O_PATH | O_DIRECTORY);

	assert_true(fd >= 0);
	return fd;
}

static void open_covered(void)
{
	for (size_t i = 0; i < sizeof(covered_names) / sizeof(covered_names[0]); i++)
		dirs[n_dirs++] = open_dir(at(covered_names[i]));
	dirs[n_dirs++] = open_dir(at("/h/gone"));
}

static void get_path(int fd, char *buf)
{
	char name[64];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, buf, PATH_MAX - 1);
	buf[n < 0 ? 0 : n] = 0;
}

static void answer_open(int fd, int error, struct answer *a)
{
	struct stat st;

	memset(a, 0, sizeof(*a));
	a->error = fd < 0 ? error : 0;
	if (fd < 0)
		return;
	assert_int_equal(fstat(fd, &st), 0);
	a->dev = st.st_dev;
	a->ino = st.st_ino;
}

/* Goes to where the name is relative to. */
static int start_of(const struct question *q)
{
	if (q->dir < 0)
		return AT_FDCWD;
	if (!q->by_cwd && !q->proc)
		return dirs[q->dir];
	assert_int_equal(fchdir(dirs[q->dir]), 0);
	vu_known_forget(); /* as by the agent's handler */
	return q->proc ? open(proc_names[q->proc - 1], O_PATH) : AT_FDCWD;
}

/* openat2(2): EAGAIN where a rename or mount anywhere on the host might have raced with a "..". */
static int open_how(int from, const char *path, struct open_how *how)
{
	int fd;

	do
		fd = (int)syscall(SYS_openat2, from, path, how, sizeof(*how));
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

static void oracle_main(int sock)
{
	struct question q;
	struct answer a;

	while (recv(sock, &q, sizeof(q), 0) == sizeof(q)) {
		struct open_how how = { .flags = O_PATH | q.flags, .resolve = q.resolve };
		int from = start_of(&q), fd;

		fd = open_how(from, q.path, &how);
		answer_open(fd, errno, &a);
		if (fd >= 0) {
			get_path(fd, a.path);
			close(fd);
		}
		if (q.proc)
			close(from);
		if (send(sock, &a, sizeof(a), 0) != sizeof(a))
			break;
	}
	_exit(0);
}

static void mount_really(void)
{
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	open_covered(); /* in the namespace in which they will be covered */
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		assert_int_equal(
			mount(at(mounts[i].source), at(mounts[i].target), NULL, MS_BIND, NULL), 0);
	for (size_t i = 0; i < sizeof(dir_names) / sizeof(dir_names[0]); i++)
		dirs[n_dirs++] = open_dir(at(dir_names[i]));
}

static void start_oracle(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	if (!fork()) {
		close(pair[0]);
		mount_really();
		oracle_main(pair[1]);
	}
	close(pair[1]);
	oracle = pair[0];
}

static void mount_in_view(void)
{
	uint32_t ids[8];

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		int fd = (int)syscall(SYS_open_tree, AT_FDCWD, at(mounts[i].source),
				      1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);

		assert_true(fd >= 0);
		ids[i] = shim_mount_add(mounts[i].parent < 0 ? 0 : ids[mounts[i].parent],
					at(mounts[i].target), fd, mounts[i].flags);
	}
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void become_root(void)
{
	char map[64];
	unsigned int uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
		rmdir(base);
		exit(77); /* no user namespaces here: skipped */
	}
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static int set_up(void **state)
{
	struct answer a;
	struct question q = { .dir = -1 };

	(void)state;
	strcpy(base, "/tmp/vu-path-XXXXXX");
	assert_non_null(mkdtemp(base));
	become_root();
	make_trees();
	shim_view_init();
	start_oracle();
	open_covered();
	mount_in_view();
	/* The oracle answers when it has mounted everything. */
	strcpy(q.path, "/");
	assert_int_equal(send(oracle, &q, sizeof(q), 0), sizeof(q));
	assert_int_equal(recv(oracle, &a, sizeof(a), 0), sizeof(a));
	assert_int_equal(rmdir(at("/h/gone")), 0);
	for (size_t i = 0; i < sizeof(dir_names) / sizeof(dir_names[0]); i++) {
		struct vu_path *p = &scratch.path[0];

		assert_int_equal(vu_resolve(&call, AT_FDCWD, (unsigned long)at(dir_names[i]),
					    VU_FOLLOW, p),
				 0);
		dirs[n_dirs++] = open_dir(p->real);
	}
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	close(oracle);
	wait(NULL);
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

/* Resolves and opens as open(2) with O_PATH would. */
static void ask_agent(const struct question *q, struct answer *a)
{
	struct open_how how = { .flags = O_PATH | q->flags };
	uint32_t bits = q->flags & O_NOFOLLOW ? VU_WANT_VIRT : VU_WANT_VIRT | VU_FOLLOW;
	int from = start_of(q), fd;
	struct vu_path *p = &scratch.path[0];
	long r;

	if (random() & 1)
		bits &= ~VU_WANT_VIRT;
	r = vu_resolve_how(&call, from, (unsigned long)q->path, bits, q->resolve, p);
	if (r < 0 && !(p->flags & VU_PATH_NATIVE) && !p->real[0]) {
		*a = (struct answer){ .error = (int)-r };
		return;
	}
	if (p->flags & VU_PATH_NATIVE)
		how.resolve = q->resolve;
	if ((p->flags & VU_PATH_ROOT) && !(p->flags & VU_PATH_NATIVE))
		how.flags &= ~(uint64_t)O_NOFOLLOW;
	fd = open_how(p->dirfd, p->flags & VU_PATH_NATIVE ? q->path : p->real, &how);
	answer_open(fd, errno, a);
	if (fd >= 0) {
		uint32_t mount;
		long n = vu_fd_path(fd, a->path, &mount);

		if (n < 0)
			a->path[0] = 0;
		if (!(p->flags & VU_PATH_UNPLACED) && strcmp(p->virt, a->path))
			fail_msg("'%s' is said to be '%s', is '%s'", q->path, p->virt, a->path);
		if (!(p->flags & VU_PATH_UNPLACED) && *p->virt)
			assert_int_equal(mount, p->mount);
		close(fd);
	}
	vu_path_put(p);
	if (q->proc)
		close(from);
}

static const char *dir_name(int i)
{
	char *name = at("");

	if (i < 0)
		return "/";
	get_path(dirs[i], name);
	return name;
}

static void check(const struct question *q)
{
	struct answer want, got;

	assert_int_equal(send(oracle, q, sizeof(*q), 0), sizeof(*q));
	assert_int_equal(recv(oracle, &want, sizeof(want), 0), sizeof(want));
	ask_agent(q, &got);
	if (want.error != got.error || want.dev != got.dev || want.ino != got.ino)
		fail_msg("'%.300s' from %d %s (flags %o, resolve %llx): want %s %s, got %s %s",
			 q->path, q->dir, dir_name(q->dir), q->flags,
			 (unsigned long long)q->resolve, strerror(want.error), want.path,
			 strerror(got.error), got.path);
	if (!want.error && got.path[0] && strcmp(want.path, got.path))
		fail_msg("'%s' from %s: path '%s', want '%s'", q->path, dir_name(q->dir), got.path,
			 want.path);
	if (!want.error && !got.path[0] && want.path[0] == '/' && !strstr(want.path, "(deleted)"))
		fail_msg("'%s' from %s: no path, want '%s'", q->path, dir_name(q->dir), want.path);
}

static void check_path(const char *path, int dir)
{
	static const int flags[] = { 0, O_NOFOLLOW, O_DIRECTORY };
	struct question q = { .dir = dir };

	snprintf(q.path, sizeof(q.path), "%s", path);
	for (size_t i = 0; i < 3; i++) {
		q.flags = flags[i];
		q.by_cwd = 0;
		check(&q);
		q.by_cwd = 1;
		check(&q);
	}
}

static const char *const parts[] = {
	"x",  "y",   "z",     "f",    "mnt",   "d",    "e",    "h",    "k",	"..",  "..",
	".",  "lx",  "up2",   "lxy",  "ld",    "loop", "lf",   "lf2",  "lxx",	"llf", "lm",
	"ln", "lfs", "lroot", "lmnt", "lself", "lway", "nope", "deep", "under", "",
};
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static void test_every_part(void **state)
{
	char path[64];

	(void)state;
	for (int d = 0; d < n_dirs; d++)
		for (size_t i = 0; i < N_PARTS; i++)
			for (size_t k = 0; k < N_PARTS; k++) {
				snprintf(path, sizeof(path), "%s/%s", parts[i], parts[k]);
				check_path(parts[i][0] ? path : parts[k], d);
			}
}

static void random_path(char *path, size_t size)
{
	int n = 1 + (int)(random() % 9);

	path[0] = 0;
	if (random() % 3 == 0)
		snprintf(path, size, "%s/h/", base);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(path);

		snprintf(path + len, size - len, "%s%s", parts[(size_t)random() % N_PARTS],
			 i < n - 1 || random() % 8 == 0 ? "/" : "");
	}
	if (path[0] == '/' && strncmp(path, base, strlen(base)))
		memmove(path, path + 1, strlen(path));
}

static void test_random(void **state)
{
	static const uint64_t resolve[] = {
		0,
		0,
		0,
		RESOLVE_BENEATH,
		RESOLVE_IN_ROOT,
		RESOLVE_NO_SYMLINKS,
		RESOLVE_NO_MAGICLINKS,
		RESOLVE_NO_XDEV,
		RESOLVE_NO_XDEV | RESOLVE_BENEATH,
		RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	unsigned int seed = getenv("VU_SEED") ? (unsigned int)atoi(getenv("VU_SEED")) : 1;
	int n = getenv("VU_ROUNDS") ? atoi(getenv("VU_ROUNDS")) : 20000;

	(void)state;
	srandom(seed);
	while (n--) {
		struct question q = { .dir = (int)(random() % n_dirs), .by_cwd = random() & 1 };

		random_path(q.path, sizeof(q.path));
		q.flags = random() % 4 ? 0 : O_NOFOLLOW;
		q.resolve = resolve[(size_t)random() % (sizeof(resolve) / sizeof(resolve[0]))];
		check(&q);
	}
}

static void test_magic(void **state)
{
	static const char *const ends[] = { "",	     "/",     "/x",	"/..", "/../f",
					    "/lmnt", "/lx/y", "/x/y/x", "/." };
	struct question q = { .dir = 0 };

	(void)state;
	for (int d = 0; d < n_dirs; d++)
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
			q.dir = d;
			q.by_cwd = 1;
			snprintf(q.path, sizeof(q.path), "/proc/self/cwd%s", ends[i]);
			check(&q);
			snprintf(q.path, sizeof(q.path), "/proc/thread-self/cwd%s", ends[i]);
			check(&q);
			for (q.proc = 1; q.proc <= 4; q.proc++) {
				static const char *const ways[] = { "self/", "", "",
								    "../proc/self/" };

				snprintf(q.path, sizeof(q.path), "%scwd%s", ways[q.proc - 1],
					 ends[i]);
				check(&q);
			}
			q.proc = 0;
			snprintf(q.path, sizeof(q.path), "/proc/self/root%s/h/mnt%s", base,
				 ends[i]);
			check(&q);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_part),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_magic),
	};

	return cmocka_run_group_tests_name("path", tests, set_up, tear_down);
}
