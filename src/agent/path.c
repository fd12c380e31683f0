/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Path resolution in the view: what the handlers call.
 *
 * Most paths touch no mount, and that must be found out cheaply. A path can come into a mount by a
 * component that is a mount point, leave the mount that it starts in by "..", or do either in a symbolic
 * link. So a path is the kernel's, whatever it is relative to, if none of its components is ".." or has
 * the name of a mount point's last component, and none is a link that has to be followed. Only the last
 * of these needs system calls: one for the directories, one for the last component if links are followed
 * there. Everything else is walked (walk.c). Nothing is remembered from call to call.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

#include "agent/path.h"

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

	memset(sh, 0, sizeof(*sh));
	sh->last = sh->end = path;
	for (;;) {
		size_t n = 0;

		while (*s == '/')
			s++;
		if (!*s)
			break;
		sh->n_dirs += sh->end != path;
		while (s[n] && s[n] != '/')
			n++;
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

struct search {
	const char *path;
	bool found;
};

static bool has_component(const char *path, const char *name, size_t n)
{
	const char *s = path;

	for (;;) {
		while (*s == '/')
			s++;
		if (!*s)
			return false;
		if (!vu_strncmp(s, name, n) && (!s[n] || s[n] == '/'))
			return true;
		while (*s && *s != '/')
			s++;
	}
}

static bool names_mount_point(const struct vu_view_area *a, const struct vu_view_mount *m,
			      void *ctx)
{
	struct search *search = ctx;
	const char *name = vu_view_str(a, m->path), *slash = vu_strrchr(name, '/');
	size_t n;

	name = slash ? slash + 1 : name;
	n = vu_strlen(name);
	/* A mount on "/" is in the way of every absolute path. */
	search->found = n ? has_component(search->path, name, n) : search->path[0] == '/';
	return search->found;
}

/* Does the kernel's answer to a look at the directories or the last component prove it free of links? */
enum proof { PLAIN, FAILS, UNKNOWN };

static enum proof judge(long r)
{
	static const short same_error[] = { ENOENT, ENOTDIR,  EACCES, ENAMETOOLONG,
					    EBADF,  ENOTCONN, EIO,    ESTALE };

	if (r == -EISDIR || r == -EINVAL)
		return PLAIN;
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

/* Is the path surely the kernel's own? If not, *how gets what helps the walk. */
static bool is_plain(int dirfd, char *path, uint32_t *how)
{
	struct search search = { .path = path };
	enum proof proof;
	struct shape sh;

	get_shape(path, &sh);
	if (sh.dotdot)
		return false;
	do
		search.found = false;
	while (!vu_mount_each(names_mount_point, &search));
	if (search.found)
		return false;
	proof = look_at_dirs(dirfd, path, &sh);
	if (proof == UNKNOWN)
		*how |= VU_NO_RUN;
	if (proof != PLAIN)
		return proof == FAILS;
	if (sh.end == sh.last || (sh.end == sh.last + 1 && *sh.last == '.'))
		return true;
	if ((*how & VU_PARENT) || !((*how & VU_FOLLOW) || sh.slash) ||
	    ((*how & VU_CREATE) && sh.slash))
		return true;
	return look_at(dirfd, path, sh.end) != UNKNOWN;
}

static long as_it_is(struct vu_path *p, int dirfd, long r)
{
	p->dirfd = dirfd;
	p->mount = 0;
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

static bool is_special(const char *path)
{
	const char *slash = vu_strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return vu_special_name(name, vu_strlen(name));
}

/* The path as given is in p->real. */
static long resolve(struct vu_call *c, int dirfd, uint32_t how, uint64_t flags, struct vu_path *p)
{
	bool must_walk;

	if (!p->real[0])
		return resolve_empty(dirfd, how, p);
	must_walk = (how & VU_WANT_VIRT) || ((how & VU_SPECIAL) && is_special(p->real));
	if (!must_walk) {
		if (!vu_touches(VU_TOUCH_PATHS))
			return as_it_is(p, dirfd, 0);
		if (!(flags & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) &&
		    is_plain(dirfd, p->real, &how))
			return as_it_is(p, dirfd, 0);
	}
	return vu_walk(c, dirfd, how, flags, p);
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
