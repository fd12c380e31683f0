/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Path resolution in the view: what the handlers call.
 *
 * Most paths touch no mount, and that must be found out cheaply. A path can come into a mount by a
 * component that is a mount point, leave the mount that it starts in by "..", or do either in a symbolic
 * link. So a path is the kernel's, whatever it is relative to, if none of its components is ".." or has
 * the name of a mount point's last component, and none is a link that has to be followed. Only the last
 * of these needs system calls: one for the directories, one for the last component if links are followed
 * there. Everything else is walked (walk.c).
 *
 * What was found out is remembered for some milliseconds (known.c): of directories, that the way to them is
 * the kernel's own, links and ".." on it included; of whole paths the same. A link at the end that leads to a name in the
 * same directory, as those of libraries do, is looked at as that name.
 */
#include <asm/errno.h>
#include <asm/stat.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

#include "agent/known.h"
#include "agent/path.h"
#include "agent/tree.h"

#define NAME_ROOM  48 /* for a name that a link may lead to, and its end */
#define BESIDE_MAX 4  /* links to names beside them that are followed here */
#define O_WRONLY_  01
#define O_CLOEXEC_ 02000000

void vu_path_put(struct vu_path *p)
{
	if (p->flags & VU_PATH_OPENED)
		vu_sys(__NR_close, p->dirfd);
	p->flags &= ~VU_PATH_OPENED;
}

/* What a path looks like before anything is asked. */
struct shape {
	char *last; /* its last component and the end of it */
	char *end;
	uint32_t n_dirs; /* components before the last */
	bool dotdot;
	bool slash; /* at the end, or "." is there */
};

static void get_shape(char *path, struct shape *sh)
{
	char *s = path;

	*sh = (struct shape){ .last = path, .end = path };
	for (;;) {
		size_t n;

		while (*s == '/')
			s++;
		if (!*s)
			break;
		sh->n_dirs += sh->end != path;
		for (n = 1; s[n] && s[n] != '/'; n++)
			;
		if (n == 2 && s[0] == '.' && s[1] == '.')
			sh->dotdot = true;
		if (n == 1 && s[0] == '.')
			sh->n_dirs += s[1] == '/'; /* "a/./b" is not as simple as "a/b" */
		sh->last = s;
		s += n;
		sh->end = s;
	}
	sh->slash = *sh->end == '/' || (sh->end == sh->last + 1 && *sh->last == '.');
}

/* How many of the n bytes of the path its directories are, with the last slash. */
static size_t dirs_of(const char *path, size_t n)
{
	while (n && path[n - 1] != '/')
		n--;
	return n;
}

struct search {
	const char *name;
	size_t len;
	bool found;
};

static bool names_mount_point(const struct vu_view_area *a, const struct vu_view_mount *m,
			      void *ctx)
{
	struct search *search = ctx;
	const char *name = vu_view_str(a, m->path), *slash = vu_strrchr(name, '/');

	name = slash ? slash + 1 : name;
	search->found = !vu_strncmp(name, search->name, search->len) && !name[search->len];
	return search->found;
}

/* That of the table in use. If another is published while something small is read of it, that came before. */
static const struct vu_view_index *view_index(void)
{
	const struct vu_view_head *v = vu_view();

	return &v->index[__atomic_load_n(&v->seq, __ATOMIC_ACQUIRE) & 1];
}

/* May a mount point have the component `name` (n bytes) for its last? The view's table of bits says mostly no. */
static bool may_be_mount_name(const char *name, size_t n)
{
	uint32_t bit = vu_name_bit(name, n);

	return view_index()->names[bit / 64] >> bit % 64 & 1;
}

static bool is_mount_name(const char *name, size_t n)
{
	struct search search = { .name = name, .len = n };

	if (!may_be_mount_name(name, n))
		return false;
	do
		search.found = false;
	while (!vu_mount_each(names_mount_point, &search));
	return search.found;
}

/* ... one of the components before `end`. */
static bool has_mount_name(const char *path, const char *end)
{
	for (const char *s = path;;) {
		size_t n;

		while (s < end && *s == '/')
			s++;
		if (s >= end)
			return false;
		for (n = 1; s[n] && s[n] != '/'; n++)
			;
		if (is_mount_name(s, n))
			return true;
		s += n;
	}
}

/* A mount on "/" is in the way of every absolute path. */
static bool is_root_covered(const char *path)
{
	return path[0] == '/' && (view_index()->flags & VU_INDEX_ROOT);
}

/*
 * Does the kernel's answer to a look at the directories or the last component prove it free of links? What is
 * MISSING cannot become a link unnoticed any more than what is there.
 */
enum proof { PLAIN, MISSING, FAILS, UNKNOWN };

static enum proof judge(long r)
{
	static const short same_error[] = { EACCES, ENAMETOOLONG, EBADF, ENOTCONN, EIO, ESTALE };

	if (r == -EISDIR || r == -EINVAL)
		return PLAIN;
	if (r == -ENOENT || r == -ENOTDIR)
		return MISSING;
	for (size_t i = 0; i < sizeof(same_error) / sizeof(same_error[0]); i++)
		if (r == -same_error[i])
			return FAILS; /* where there was no link yet: the call fails alike */
	return UNKNOWN;
}

static enum proof look_at(int dirfd, char *path, char *end)
{
	char was = *end, body[1];
	long r;

	*end = 0;
	r = vu_sys(__NR_readlinkat, dirfd, path, body, sizeof(body));
	*end = was;
	return judge(r);
}

/* No links in path up to `last`? See walk.c for how this asks. */
static enum proof look_at_dirs(int dirfd, char *path, const struct shape *sh)
{
	struct open_how how = { .flags = O_WRONLY_ | O_CLOEXEC_, .resolve = RESOLVE_NO_SYMLINKS };
	char was[2] = { sh->last[0], sh->last[1] }, *end;
	long r;

	if (!sh->n_dirs)
		return PLAIN;
	if (sh->n_dirs == 1) {
		for (end = sh->last; end > path + 1 && end[-1] == '/'; end--)
			;
		return look_at(dirfd, path, end);
	}
	sh->last[0] = '.';
	sh->last[1] = 0;
	r = vu_sys(__NR_openat2, dirfd, path, &how, sizeof(how));
	sh->last[0] = was[0];
	sh->last[1] = was[1];
	if (r >= 0)
		vu_sys(__NR_close, r);
	return judge(r);
}

/* Is the last component followed if it is a link? */
static bool follows(uint32_t how, const struct shape *sh)
{
	if (how & VU_PARENT)
		return false;
	return sh->slash ? !(how & VU_CREATE) : how & VU_FOLLOW;
}

/* The kernel's answer of the directories of a path, which are n bytes of it, with the last slash. 0 or -errno. */
static long stat_dirs(int dirfd, char *path, size_t n, struct stat *st)
{
	char was = path[n];
	long r;

	path[n] = 0;
	r = vu_sys(__NR_newfstatat, dirfd, path, st, AT_NO_AUTOMOUNT);
	path[n] = was;
	return r;
}

/* Is `text`, n bytes, the name of something in the same directory, which no mount covers? */
static bool is_beside(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] == '/')
			return false;
	return n && !(text[0] == '.' && (n == 1 || (n == 2 && text[1] == '.'))) &&
	       !is_mount_name(text, n);
}

/*
 * No link at the end of the path, whose directories are the kernel's own, or one that leads to such a name beside it? In
 * the end the path is as it was; the `size` bytes where it is have room for what links say.
 */
static enum proof look_at_last(int dirfd, char *path, size_t size, const struct shape *sh)
{
	enum proof proof = look_at(dirfd, path, sh->end);
	char *text = sh->last + NAME_ROOM, *kept = text + NAME_ROOM;
	size_t len = (size_t)(sh->end - sh->last);
	long n;

	if (proof != UNKNOWN || *sh->end || len >= NAME_ROOM || kept + len > path + size)
		return proof;
	memcpy(kept, sh->last, len);
	for (int i = 0; i < BESIDE_MAX && proof == UNKNOWN; i++) {
		n = vu_sys(__NR_readlinkat, dirfd, path, text, NAME_ROOM);
		if (n <= 0 || n == NAME_ROOM || !is_beside(text, (size_t)n))
			break;
		memcpy(sh->last, text, (size_t)n);
		sh->last[n] = 0;
		proof = look_at(dirfd, path, sh->last + n);
	}
	memcpy(sh->last, kept, len);
	sh->last[len] = 0;
	return proof;
}

/* The moment before the path is looked at; one without a stamp if nothing is to be remembered of it. */
static struct vu_moment before(int dirfd, const char *path)
{
	if (path[0] == '/' || (dirfd == AT_FDCWD && !agent_process.shares_fs))
		return vu_known_now(path[0] == '/');
	return (struct vu_moment){ .stamp = 0 };
}

/* Who knows the directories of a path (n bytes, a slash the last of them) knows those of each of them. */
static void know_dirs(const struct vu_moment *then, const char *path, size_t n)
{
	for (size_t i = 1; i <= n; i++)
		if (path[i - 1] == '/')
			vu_know(then, VU_KNOWN_DIR, path, i);
}

/*
 * Do the directories of the path, n bytes of it, lead where they led when a walk showed that their links are the
 * kernel's own? The kernel's answer is more than a program's stack may have room for: it goes behind the path, in the
 * `size` bytes where that is.
 */
static bool lead_there_still(int dirfd, char *path, size_t n, size_t size,
			     const struct vu_moment *now)
{
	uint64_t from = ((uint64_t)path + vu_strlen(path) + 16) & ~15ul;
	struct stat *st = (struct stat *)from;

	return from + sizeof(*st) <= (uint64_t)path + size && vu_known_linked(now, path, n) &&
	       !stat_dirs(dirfd, path, n, st) && vu_known_place(now, path, n, st);
}

/* Are the directories the kernel's own? PLAIN; MISSING, FAILS: the call will fail before its last component. */
static enum proof prove_dirs(int dirfd, char *path, size_t size, const struct shape *sh,
			     const struct vu_moment *now, uint32_t *how)
{
	size_t n = (size_t)(sh->last - path);
	enum proof proof;

	if (n && vu_known(now, VU_KNOWN_DIR, path, n))
		return PLAIN;
	if (n && lead_there_still(dirfd, path, n, size, now)) {
		vu_know(now, VU_KNOWN_DIR, path, n);
		return PLAIN;
	}
	if (sh->dotdot || has_mount_name(path, sh->last))
		return UNKNOWN;
	proof = look_at_dirs(dirfd, path, sh);
	if (proof == UNKNOWN)
		*how |= VU_NO_RUN;
	if (proof <= MISSING)
		know_dirs(now, path, n);
	return proof;
}

static bool is_dots(const struct shape *sh)
{
	size_t n = (size_t)(sh->end - sh->last);

	return n == 2 && sh->last[0] == '.' && sh->last[1] == '.';
}

/* Where nothing need be asked: the last component is not followed, and its directories are known. On little stack. */
static bool is_plain_name(const struct vu_moment *now, const char *path, size_t n)
{
	const char *name;
	size_t from = dirs_of(path, n);

	name = path + from;
	n -= from;
	if (!n || (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.'))) ||
	    is_root_covered(path) || may_be_mount_name(name, n))
		return false;
	return !from || vu_known(now, VU_KNOWN_DIR, path, from);
}

static bool is_known(const struct vu_moment *now, const char *path, size_t n, uint32_t how)
{
	return how & VU_FOLLOW ? vu_known(now, VU_KNOWN_FOLLOW, path, n) :
				 is_plain_name(now, path, n);
}

__attribute__((noinline)) bool vu_is_plain_little(int dirfd, char *path, size_t n, uint32_t how)
{
	const struct vu_moment now = before(dirfd, path);

	return is_known(&now, path, n, how) || ((how & VU_FOLLOW) && is_plain_name(&now, path, n) &&
						look_at(dirfd, path, path + n) != UNKNOWN);
}

/* Whether it was known until lately, which is so of what processes one after the other look at. */
static bool was_known(const struct vu_moment *now, const char *path, size_t n, uint32_t how)
{
	if (how & VU_FOLLOW)
		return vu_known_lately(now, VU_KNOWN_FOLLOW, path, n);
	return vu_known_lately(now, VU_KNOWN_DIR, path, dirs_of(path, n));
}

/* What vu_is_plain() is asked, by a few questions to the kernel. */
static __attribute__((noinline)) bool is_proved(const struct vu_moment *now, int dirfd, char *path,
						size_t n, size_t size, uint32_t *how)
{
	enum proof proof;
	struct shape sh;

	if (!vu_may_know(now) && !was_known(now, path, n, *how))
		return false;
	get_shape(path, &sh);
	if (is_root_covered(path) || is_dots(&sh) ||
	    (sh.end > sh.last && is_mount_name(sh.last, (size_t)(sh.end - sh.last))))
		return false;
	proof = prove_dirs(dirfd, path, size, &sh, now, how);
	if (proof == MISSING && (*how & VU_FOLLOW))
		vu_know(now, VU_KNOWN_FOLLOW, path, n);
	if (proof != PLAIN)
		return proof != UNKNOWN;
	if (sh.end == sh.last || (sh.end == sh.last + 1 && *sh.last == '.'))
		return true;
	if (!follows(*how, &sh))
		return true;
	proof = look_at_last(dirfd, path, size, &sh);
	if (proof <= MISSING)
		vu_know(now, VU_KNOWN_FOLLOW, path, n);
	return proof != UNKNOWN;
}

__attribute__((noinline)) bool vu_is_plain(int dirfd, char *path, size_t n, size_t size,
					   uint32_t *how)
{
	const struct vu_moment now = before(dirfd, path);

	return is_known(&now, path, n, *how) || is_proved(&now, dirfd, path, n, size, how);
}

/* A walk has shown that all of the path, which was given so, is the kernel's; it may end at nothing. */
static void remember(const struct vu_moment *then, char *path, uint32_t how)
{
	struct shape sh;

	get_shape(path, &sh);
	know_dirs(then, path, (size_t)(sh.last - path));
	if (how & VU_FOLLOW)
		vu_know(then, VU_KNOWN_FOLLOW, path, vu_strlen(path));
}

/* The same of its directories, n bytes (0: nothing is known of them), which led to that place before. */
static void remember_place(const struct vu_moment *then, int dirfd, char *path, size_t n,
			   const struct stat *place)
{
	struct stat now;

	if (n && !stat_dirs(dirfd, path, n, &now) && now.st_dev == place->st_dev &&
	    now.st_ino == place->st_ino)
		vu_know_place(then, path, n, place);
}

/* Puts the mount's name for the kernel in the place of the first bytes of the path; its length, 0: no room. */
static size_t put_inside(char *path, size_t n, size_t size, struct vu_inside in)
{
	struct vu_view_mount m;
	char name[64];
	size_t len;

	if (!vu_mount_by_id(in.mount, &m) || in.skip > n)
		return 0;
	len = vu_mount_name(&m, name);
	if (len + n - in.skip >= size)
		return 0;
	memmove(path + len, path + in.skip, n - in.skip + 1);
	memcpy(path, name, len);
	return len + n - in.skip;
}

/* Is the last component of a name in a mount, n bytes, a link? */
static enum proof look_inside(char *name, size_t n)
{
	const char *rest = vu_tree_rest(name);

	if (!rest)
		return look_at(AT_FDCWD, name, name + n);
	return look_at(vu_tree(), name + (rest - name), name + n);
}

__attribute__((noinline)) bool vu_is_inside(int dirfd, char *path, size_t n, size_t size,
					    uint32_t how)
{
	struct vu_moment now = before(dirfd, path);
	struct vu_inside in;
	struct shape sh;
	uint64_t key;
	size_t from;

	if (!now.stamp)
		return false;
	key = vu_inside_key(&now, VU_KNOWN_FOLLOW, path, n);
	if ((how & VU_FOLLOW) && vu_known_inside(&now, key, &in))
		return put_inside(path, n, size, in);
	get_shape(path, &sh);
	from = (size_t)(sh.last - path);
	if (!from || sh.slash || is_dots(&sh) || is_mount_name(sh.last, n - from) ||
	    !vu_known_inside(&now, vu_inside_key(&now, VU_KNOWN_DIR, path, from), &in))
		return false;
	n = put_inside(path, n, size, in);
	if (!n || !(how & VU_FOLLOW))
		return n;
	if (look_inside(path, n) > MISSING)
		return false;
	vu_know_inside(&now, key, in);
	return true;
}

/* A walk has shown that the path leads into a mount, and by which of its bytes. */
static void remember_inside(const struct vu_moment *then, char *path, uint32_t how,
			    const struct vu_path *p)
{
	size_t n = vu_strlen(path), real = vu_strlen(p->real), base;
	struct vu_inside in = { .mount = p->mount };
	struct vu_view_mount m;
	struct shape sh;
	char name[64];

	if (!then->stamp || !vu_mount_by_id(p->mount, &m))
		return;
	base = vu_mount_name(&m, name);
	get_shape(path, &sh);
	if (vu_strncmp(p->real, name, base) || p->real[base] != '/' || real - base >= n ||
	    vu_strcmp(path + n - (real - base), p->real + base) || sh.slash)
		return;
	in.skip = (uint32_t)(n - (real - base));
	if (in.skip <= (size_t)(sh.last - path) - 1)
		vu_know_inside(then,
			       vu_inside_key(then, VU_KNOWN_DIR, path, (size_t)(sh.last - path)),
			       in);
	if (how & VU_FOLLOW)
		vu_know_inside(then, vu_inside_key(then, VU_KNOWN_FOLLOW, path, n), in);
}

static long as_it_is(struct vu_path *p, int dirfd, long r)
{
	p->dirfd = dirfd;
	p->mount = 0;
	if (p->virt[0]) /* a write would copy a page in the child of a fork */
		p->virt[0] = 0;
	p->flags = VU_PATH_NATIVE | VU_PATH_UNPLACED;
	return r;
}

/* The empty path: the descriptor itself. */
static long resolve_empty(int dirfd, uint32_t how, struct vu_path *p)
{
	as_it_is(p, dirfd, 0);
	if (!(how & VU_EMPTY_OK))
		return -ENOENT;
	if ((how & VU_WANT_VIRT) && vu_fd_path(dirfd, p->virt, &p->mount) < 0) {
		p->virt[0] = 0;
		p->mount = 0;
	}
	return 0;
}

bool vu_is_special(const char *path, size_t n)
{
	size_t from;

	if (!vu_may_be_special(path, n))
		return false;
	from = dirs_of(path, n);
	return vu_special_name(path + from, n - from);
}

/* The path as given is in p->real. */
static long resolve(struct vu_call *c, int dirfd, uint32_t how, uint64_t flags, struct vu_path *p)
{
	struct vu_moment now;
	struct stat place;
	char given[256];
	size_t n = vu_strlen(p->real), n_dirs = 0;
	bool must_walk, missing;
	long r;

	if (!n)
		return resolve_empty(dirfd, how, p);
	must_walk = (how & VU_WANT_VIRT) || ((how & VU_SPECIAL) && vu_is_special(p->real, n));
	if (!must_walk) {
		if (!vu_touches(VU_TOUCH_PATHS))
			return as_it_is(p, dirfd, 0);
		if (!(flags & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) &&
		    vu_is_plain(dirfd, p->real, n, sizeof(p->real), &how))
			return as_it_is(p, dirfd, 0);
	}
	if (n < sizeof(given)) /* what is longer is not asked for quickly */
		memcpy(given, p->real, n + 1);
	now = before(dirfd, p->real);
	if ((how & VU_NO_RUN) && now.stamp)
		n_dirs = dirs_of(p->real, n);
	if (n_dirs && stat_dirs(dirfd, p->real, n_dirs, &place) < 0)
		n_dirs = 0;
	r = vu_walk(c, dirfd, how, flags, p);
	missing = p->flags & VU_PATH_MISSING;
	if (flags || (r && !missing))
		return r;
	if (n < sizeof(given) && !(p->flags & (VU_PATH_NATIVE | VU_PATH_MAGIC | VU_PATH_ROOT |
					       VU_PATH_OPENED | VU_PATH_SLASH)))
		remember_inside(&now, given, missing ? how & ~VU_FOLLOW : how, p);
	if (vu_touches(VU_TOUCH_PATHS) &&
	    (p->flags & (VU_PATH_NATIVE | VU_PATH_MAGIC)) == VU_PATH_NATIVE) {
		remember(&now, p->real, how);
		remember_place(&now, dirfd, p->real, n_dirs, &place);
	}
	return r;
}

long vu_resolve_how(struct vu_call *c, int dirfd, unsigned long path, uint32_t how, uint64_t flags,
		    struct vu_path *p)
{
	long r;

	p->real[0] = 0;
	if (!vu_touches(VU_TOUCH_PATHS) && !(how & (VU_SPECIAL | VU_WANT_VIRT)))
		return as_it_is(p, dirfd, 0);
	r = guest_read_str(p->real, VU_PATH_MAX, path);
	if (r < 0) {
		p->real[0] = 0;
		return as_it_is(p, dirfd, r);
	}
	return resolve(c, dirfd, how, flags, p);
}

long vu_resolve(struct vu_call *c, int dirfd, unsigned long path, uint32_t how, struct vu_path *p)
{
	return vu_resolve_how(c, dirfd, path, how, 0, p);
}

long vu_resolve_str(struct vu_call *c, int dirfd, const char *path, uint32_t how, struct vu_path *p)
{
	size_t n = vu_strlen(path);

	if (n >= VU_PATH_MAX)
		return as_it_is(p, dirfd, -ENAMETOOLONG);
	memmove(p->real, path, n + 1);
	return resolve(c, dirfd, how | VU_SPECIAL, 0, p);
}
