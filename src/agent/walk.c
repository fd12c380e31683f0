/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The walk: path resolution in the view, component by component, as path_resolution(7) and openat2(2)
 * describe it for the kernel.
 *
 * The walk stands at a place: a mount (none: the host's tree) and two names of the same directory or
 * file. `virt` is the canonical path in the view. `real` is what the kernel is asked with: relative to
 * the descriptor that the walk began at, as long as it need not leave it (nothing is then asked of
 * directories above, which the caller may not be allowed to search); absolute, "/proc/<server>/fd/<n>/...",
 * in a mount that the walk has entered; through a magic link of /proc, once it has passed one. The first
 * base_len bytes of real cannot be taken back by "..", which is appended to them instead.
 *
 * A component is pushed to both names, looked up in the mount table, then the kernel is asked whether it
 * is a symbolic link (readlinkat(2): EINVAL if not). A run of components without mount points in it is
 * proved free of links by one openat2(2) with RESOLVE_NO_SYMLINKS, for writing, of "run/.": it never
 * succeeds, EISDIR is the good answer, and needs no descriptor (another thread may fork meanwhile).
 *
 * What is not yet walked are two texts: bodies of links, nested ones in front of the others, then the
 * rest of the path as given. Bodies in waiting are limited to the size of one scratch buffer.
 *
 * A walk that entered no mount of the view and left none by ".." is native: the kernel, given the same
 * path, goes the same way. Its result is the path as given.
 *
 * A place without a path (unlinked directory, another mount namespace) is `nowhere`: the kernel walks on
 * in it, and no mount of the view can be there.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

#include "agent/path.h"
#include "agent/tree.h"

#define MAX_LINKS  40 /* MAXSYMLINKS of the kernel */
#define O_WRONLY_  01
#define O_PATH_	   010000000
#define O_DIR_	   0200000
#define O_CLOEXEC_ 02000000
#define SCOPED	   (RESOLVE_BENEATH | RESOLVE_IN_ROOT)

struct walk {
	struct vu_path *p;
	struct vu_view_mount m; /* where it stands; id 0: the host's tree */
	uint64_t resolve;
	uint32_t how;
	int start;   /* descriptor that the path began at */
	int base_fd; /* descriptor for real: start or AT_FDCWD */
	char *virt, *real;
	size_t virt_len, real_len, base_len;
	bool abs; /* an empty real is "/", not the start */
	bool native;
	bool nowhere;
	bool is_dir;	 /* the place is a directory that may be searched */
	bool may_run;	 /* a run of components may be tried: the last try was good */
	bool magic_base; /* real begins with a magic link: no proof without following links */
	bool dots;	 /* real ends with "." or ".." that the kernel is to see */
	bool hard;	 /* an error of ours, which the kernel would not give for real */
	uint32_t n_links;
	const char *rest;  /* of the path as given */
	const char *links; /* bodies of links, before rest */
	char *links_buf, *links_end;
	size_t scope_len; /* RESOLVE_BENEATH, RESOLVE_IN_ROOT: virt_len of the start, and its mount */
	struct vu_view_mount scope;
};

/* A component of what is left, and what comes behind it. */
struct comp {
	const char *name;
	size_t len;
	bool last;
	bool slash; /* it is followed by one */
};

static const char *skip_slashes(const char *s)
{
	while (*s == '/')
		s++;
	return s;
}

/* Takes the next component; false at the end. */
static bool next(const char **links, const char **rest, struct comp *co)
{
	const char **from = *skip_slashes(*links) ? links : rest;
	const char *s = skip_slashes(*from), *end = s;

	if (!*s)
		return false;
	while (*end && *end != '/')
		end++;
	co->name = s;
	co->len = (size_t)(end - s);
	*from = end;
	if (from == rest)
		*links = "";
	co->slash = *end || (from == links && **rest == '/');
	co->last = !*skip_slashes(*links) && !*skip_slashes(*rest);
	return true;
}

static bool is_dot(const struct comp *co)
{
	return co->len == 1 && co->name[0] == '.';
}

static bool is_dotdot(const struct comp *co)
{
	return co->len == 2 && co->name[0] == '.' && co->name[1] == '.';
}

static long append_real(struct walk *w, const char *s, size_t n)
{
	size_t slash = w->real_len || w->abs;

	if (w->real_len + slash + n >= sizeof(w->p->real))
		return -ENAMETOOLONG;
	if (slash)
		w->real[w->real_len++] = '/';
	memcpy(w->real + w->real_len, s, n);
	w->real_len += n;
	w->real[w->real_len] = 0;
	return 0;
}

static void append_virt(struct walk *w, const char *s, size_t n)
{
	if (w->nowhere)
		return;
	if (w->virt_len + 1 + n >= VU_PATH_MAX) {
		w->nowhere = true; /* no mount point is that long */
		return;
	}
	w->virt[w->virt_len++] = '/';
	memcpy(w->virt + w->virt_len, s, n);
	w->virt_len += n;
}

/* Longer than the kernel takes: go on relative to a descriptor of the place. */
static long rebase(struct walk *w)
{
	long fd = vu_sys(__NR_openat, w->base_fd, w->real, O_PATH_ | O_CLOEXEC_);

	if (fd < 0)
		return fd;
	vu_path_put(w->p);
	w->p->flags |= VU_PATH_OPENED;
	w->p->dirfd = (int)fd;
	w->abs = true;
	w->base_fd = AT_FDCWD;
	w->real_len = vu_strlcpy(w->real, "/proc/self/fd/", 32);
	w->real_len += vu_utoa(w->real + w->real_len, (unsigned long)fd);
	w->base_len = w->real_len;
	w->magic_base = true;
	return 0;
}

/* Makes sure that a component of n bytes and a trailing "/." fit into what the kernel takes. */
static long make_room(struct walk *w, size_t n)
{
	if (w->real_len + n + 4 < VU_PATH_MAX || w->real_len <= w->base_len)
		return 0;
	return rebase(w);
}

static long push(struct walk *w, const char *s, size_t n)
{
	long r = append_real(w, s, n);

	if (!r)
		append_virt(w, s, n);
	return r;
}

/* The name of the place itself: what real stands for when it is empty. */
static const char *real_name(const struct walk *w)
{
	if (w->real_len)
		return w->real;
	return w->abs ? "/" : ".";
}

static void pop_real(struct walk *w)
{
	size_t n = w->real_len;

	if (!n && w->abs)
		return;
	if (n == w->base_len) {
		if (append_real(w, "..", 2) < 0)
			w->nowhere = true;
		w->base_len = w->real_len;
		return;
	}
	while (n > w->base_len && w->real[n - 1] != '/')
		n--;
	if (n > w->base_len)
		n--;
	w->real_len = n;
	w->real[n] = 0;
}

static void pop_virt(struct walk *w)
{
	while (w->virt_len && w->virt[w->virt_len - 1] != '/')
		w->virt_len--;
	if (w->virt_len)
		w->virt_len--;
}

/* Makes real from mount and virt, absolute. */
static void name_place(struct walk *w)
{
	size_t skip = w->m.id ? vu_root_len(&w->m) : 0;

	w->base_fd = AT_FDCWD;
	w->abs = true;
	w->magic_base = w->m.id;
	w->base_len = w->m.id ? vu_mount_name(&w->m, w->real) : 0;
	w->real_len = w->base_len + (w->virt_len - skip);
	memcpy(w->real + w->base_len, w->virt + skip, w->virt_len - skip);
	w->real[w->real_len] = 0;
}

/* An error that is not the kernel's. */
static long refuse(struct walk *w, long error)
{
	w->hard = true;
	return error;
}

/* Enters what is mounted on the place, if anything is. */
static long enter(struct walk *w, bool *entered)
{
	struct vu_view_mount m;

	*entered = false;
	if (w->nowhere)
		return 0;
	while (vu_mount_at(w->m.id, w->virt_len ? w->virt : "/", w->virt_len ? w->virt_len : 1,
			   &m)) {
		w->m = m;
		*entered = true;
	}
	if (!*entered)
		return 0;
	vu_tree_meet(&w->m);
	vu_meet_root(&w->m);
	w->native = false;
	w->is_dir = false;
	name_place(w);
	return w->resolve & RESOLVE_NO_XDEV ? refuse(w, -EXDEV) : 0;
}

static bool at_root_of_mount(const struct walk *w)
{
	return w->m.id && !w->nowhere && w->virt_len == vu_root_len(&w->m);
}

static bool at_scope_root(const struct walk *w)
{
	return (w->resolve & SCOPED) && w->m.id == w->scope.id && w->virt_len == w->scope_len;
}

/* ".." at the top of what the path may reach. */
static long stay(struct walk *w)
{
	return w->resolve & RESOLVE_BENEATH ? refuse(w, -EXDEV) : 0;
}

/* ".." at the root of a mount: to the parent of the place that it covers. */
static long leave(struct walk *w)
{
	struct vu_view_mount m, top = w->m;

	if (!w->virt_len) /* root of the view */
		return 0;
	while (at_root_of_mount(w)) {
		if (!w->m.parent || !vu_mount_by_id(w->m.parent, &m))
			memset(&w->m, 0, sizeof(w->m));
		else
			w->m = m;
		if (at_scope_root(w)) {
			w->m = top;
			return stay(w);
		}
	}
	w->native = false;
	if (w->resolve & RESOLVE_NO_XDEV)
		return refuse(w, -EXDEV);
	pop_virt(w);
	name_place(w);
	return 0;
}

/* ".." from a place without a path: its parent may have one. */
static long find_again(struct walk *w)
{
	uint32_t mount;
	long fd, n;

	pop_real(w);
	fd = vu_sys(__NR_openat, w->base_fd, real_name(w), O_PATH_ | O_DIR_ | O_CLOEXEC_);
	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE ? 0 : fd;
	n = vu_fd_path((int)fd, w->virt, &mount);
	vu_sys(__NR_close, fd);
	if (n <= 0)
		return 0;
	if (mount && !vu_mount_by_id(mount, &w->m))
		return 0;
	if (!mount)
		memset(&w->m, 0, sizeof(w->m));
	w->virt_len = n == 1 ? 0 : (size_t)n;
	w->nowhere = false;
	return 0;
}

/* The place must be a directory that may be searched, or "." and ".." cannot be looked up in it. */
static long check_dir(struct walk *w)
{
	size_t n = w->real_len;
	char none[1];
	long r;

	if (w->is_dir)
		return 0;
	r = append_real(w, ".", 1);
	if (r < 0)
		return r;
	r = vu_sys(__NR_readlinkat, w->base_fd, w->real, none, sizeof(none));
	w->real_len = n;
	w->real[n] = 0;
	if (r != -EINVAL)
		return r < 0 ? r : -ENOTDIR;
	w->is_dir = true;
	return 0;
}

static long go_up(struct walk *w)
{
	bool entered;
	long r = check_dir(w);

	if (r < 0)
		return r;
	w->is_dir = true;
	if (at_scope_root(w)) {
		r = stay(w);
	} else if (w->nowhere) {
		r = find_again(w);
	} else if (at_root_of_mount(w)) {
		r = leave(w);
	} else {
		pop_real(w);
		if (w->virt_len)
			pop_virt(w);
	}
	return r < 0 ? r : enter(w, &entered);
}

/* Pushes the components up to the last one, a "..", or a mount point. Number of them. */
static size_t push_run(struct walk *w)
{
	const char *links = w->links, *rest = w->rest;
	struct vu_view_mount m;
	struct comp co;
	size_t n = 0;

	while (next(&links, &rest, &co) && !co.last && !is_dotdot(&co)) {
		size_t virt_len = w->virt_len, real_len = w->real_len;

		if (!is_dot(&co)) {
			if (real_len + co.len + 4 >= VU_PATH_MAX ||
			    virt_len + co.len + 4 >= VU_PATH_MAX)
				break;
			push(w, co.name, co.len);
			if (!w->nowhere && vu_mount_at(w->m.id, w->virt, w->virt_len, &m)) {
				w->virt_len = virt_len;
				w->real_len = real_len;
				break;
			}
			n++;
		}
		w->links = links;
		w->rest = rest;
	}
	return n;
}

/* Takes a run of components, two or more, in one step if there are no links among them. */
static void run(struct walk *w)
{
	struct open_how how = { .flags = O_WRONLY_ | O_CLOEXEC_, .resolve = RESOLVE_NO_SYMLINKS };
	struct walk was = *w;
	size_t len;
	long r = 0;

	if (push_run(w) >= 2) {
		len = w->real_len;
		append_real(w, ".", 1);
		r = vu_sys(__NR_openat2, w->base_fd, w->real, &how, sizeof(how));
		w->real_len = len;
		w->is_dir = true;
		was.may_run = false;
	}
	if (r != -EISDIR)
		*w = was;
	w->real[w->real_len] = 0;
}

/* Puts the body of a link, n bytes in links_buf, before what is left. */
static void prepend(struct walk *w, size_t n)
{
	char *at = w->links_end - vu_strlen(w->links) - n;

	memmove(at, w->links_buf, n);
	*w->links_end = 0;
	w->links = at;
}

/* Where the walk begins that is relative to the root: of the view, or of the scope. */
static long to_root(struct walk *w)
{
	bool entered;

	if (w->resolve & RESOLVE_BENEATH)
		return refuse(w, -EXDEV);
	vu_path_put(w->p);
	w->is_dir = true;
	w->may_run = true;
	if (w->resolve & RESOLVE_IN_ROOT) {
		w->m = w->scope;
		w->virt_len = w->scope_len;
		w->base_fd = w->start;
		w->abs = false;
		w->real_len = w->base_len = 0;
		w->real[0] = 0;
		w->magic_base = false;
		return 0;
	}
	memset(&w->m, 0, sizeof(w->m));
	w->virt_len = 0;
	w->nowhere = false;
	name_place(w);
	return enter(w, &entered);
}

/*
 * real names the program of a guest, which is vu-loader for the kernel; false if it is not one. The name
 * found may have been removed: then the call that uses it fails, where the kernel would still have the file.
 */
static bool jump_to_exe(struct walk *w, int pid, uint32_t *mount)
{
	bool own = vu_is_own_pid(pid);

	if ((own ? vu_own_exe(w->virt, w->real, mount, w->links_buf) :
		   vu_exe_of(pid, w->virt, w->real, mount, w->links_buf)) < 0)
		return false;
	if (own)
		w->p->flags |= VU_PATH_SELF_EXE;
	w->native = false;
	w->base_fd = AT_FDCWD;
	w->real_len = vu_strlen(w->real);
	return true;
}

/* The magic link that real names is followed: finds out where it leads. */
static long jump(struct walk *w, const struct comp *co)
{
	bool is_exe = co->len == 3 && !memcmp(co->name, "exe", 3), entered;
	uint32_t mount = 0;
	int pid = 0;
	long n;

	w->p->flags |= VU_PATH_MAGIC;
	if (w->resolve & SCOPED)
		return refuse(w, -EXDEV);
	if (w->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS))
		return refuse(w, -ELOOP);
	if (is_exe && !w->nowhere) {
		w->virt[w->virt_len] = 0;
		pid = vu_exe_pid(w->virt);
	}
	if (pid && jump_to_exe(w, pid, &mount))
		n = (long)vu_strlen(w->virt);
	else
		n = vu_link_place(w->base_fd, w->real, w->virt, &mount);
	w->base_len = w->real_len;
	w->magic_base = true;
	w->nowhere = n <= 0;
	w->virt_len = n <= 1 ? 0 : (size_t)n;
	if (!mount || !vu_mount_by_id(mount, &w->m))
		memset(&w->m, 0, sizeof(w->m));
	return w->virt_len ? 0 : enter(w, &entered);
}

/* The component just pushed is a link, its body of n bytes is in links_buf. */
static long follow(struct walk *w, const struct comp *co, size_t n, const struct walk *before)
{
	if (w->n_links++ >= MAX_LINKS)
		return refuse(w, -ELOOP);
	if (vu_link_is_magic(w->base_fd, w->real))
		return jump(w, co);
	if (w->resolve & RESOLVE_NO_SYMLINKS)
		return refuse(w, -ELOOP);
	w->real_len = before->real_len;
	w->real[w->real_len] = 0;
	w->virt_len = before->virt_len;
	w->nowhere = before->nowhere;
	w->may_run = true;
	w->is_dir = true; /* a link was found in it */
	prepend(w, n);
	return *w->links == '/' ? to_root(w) : 0;
}

/* Asks the kernel about the component just pushed, and follows it if it is a link. */
static long look(struct walk *w, const struct comp *co, const struct walk *before)
{
	size_t room = (size_t)(w->links_end - w->links_buf) - vu_strlen(w->links);
	long n = -ENAMETOOLONG;

	if (room > 1)
		n = vu_sys(__NR_readlinkat, w->base_fd, w->real, w->links_buf, room);
	w->is_dir = false;
	if (n == -EINVAL)
		return 0;
	if (n == -ENOENT && co->last) {
		w->p->flags |= VU_PATH_MISSING;
		return w->how & VU_CREATE ? 0 : n;
	}
	if (n < 0)
		return n;
	if ((size_t)n == room) {
		w->native = false;
		return refuse(w, -ENAMETOOLONG);
	}
	return follow(w, co, (size_t)n, before);
}

/* Is the last component to be taken as it is, link or not? */
static bool stops_at(const struct walk *w, const struct comp *co)
{
	if (!co->last)
		return false;
	if (w->how & VU_PARENT)
		return true;
	if (co->slash)
		return w->how & VU_CREATE; /* EISDIR, whatever it is */
	return !(w->how & VU_FOLLOW);
}

/* Goes on by a component that is not "." or "..". */
static long step(struct walk *w, const struct comp *co)
{
	struct walk before = *w;
	struct vu_view_mount m;
	bool entered;
	long r = push(w, co->name, co->len);

	if (r < 0)
		return refuse(w, r);
	if (!w->nowhere && vu_mount_at(w->m.id, w->virt, w->virt_len, &m)) {
		/* The parent must be there and let the caller pass, as natively. */
		w->real_len = before.real_len;
		w->real[w->real_len] = 0;
		r = check_dir(w);
		return r < 0 ? r : enter(w, &entered);
	}
	return stops_at(w, co) ? 0 : look(w, co, &before);
}

/* Goes on by "." or "..". */
static long step_dots(struct walk *w, const struct comp *co)
{
	if (co->last) {
		w->p->flags |= VU_PATH_SLASH;
		/* The kernel refuses to make or remove these, each call in its own way. */
		if ((w->how & VU_PARENT) || is_dot(co)) {
			w->dots = true;
			return append_real(w, co->name, co->len);
		}
	}
	return is_dot(co) ? 0 : go_up(w);
}

/* The kernel's error r came up at co: gives real what is left, so that it comes again when real is used. */
static long fail(struct walk *w, const struct comp *co, size_t at, long r)
{
	size_t left = vu_strlen(w->links), rest = vu_strlen(w->rest);

	w->real_len = at;
	if (w->hard || at + co->len + left + rest + 4 >= VU_PATH_MAX) {
		w->real[0] = 0;
		w->real_len = 0;
		return r;
	}
	append_real(w, co->name, co->len);
	memcpy(w->real + w->real_len, w->links, left);
	memcpy(w->real + w->real_len + left, w->rest, rest);
	w->real_len += left + rest;
	w->real[w->real_len] = 0;
	return r;
}

static long walk_on(struct walk *w)
{
	struct comp co;
	size_t at;
	long r;

	for (;;) {
		if (w->may_run && !w->magic_base)
			run(w);
		if (!next(&w->links, &w->rest, &co))
			return 0;
		r = make_room(w, co.len);
		if (r < 0)
			return refuse(w, r);
		at = w->real_len;
		r = is_dot(&co) || is_dotdot(&co) ? step_dots(w, &co) : step(w, &co);
		if (r < 0)
			return fail(w, &co, at, r);
		if (co.last && co.slash)
			w->p->flags |= VU_PATH_SLASH;
		/* Where a link was followed, co was not the last but for a magic one. */
	}
}

/* Where the path begins. */
static long begin(struct walk *w, bool absolute)
{
	bool in_root = w->resolve & RESOLVE_IN_ROOT;
	uint32_t mount = 0;
	long n;

	w->base_fd = w->start;
	if (absolute && !(w->resolve & SCOPED))
		return to_root(w);
	n = w->start == AT_FDCWD ? vu_cwd_path(w->virt, &mount) :
				   vu_fd_path(w->start, w->virt, &mount);
	w->nowhere = n <= 0 || (mount && !vu_mount_by_id(mount, &w->m));
	w->virt_len = n <= 1 || w->nowhere ? 0 : (size_t)n;
	w->may_run = true;
	if (w->resolve & SCOPED) {
		w->scope = w->m;
		w->scope_len = w->virt_len;
		if (w->nowhere)
			w->rest = ""; /* it cannot leave: all is the kernel's */
	}
	return absolute && !in_root ? refuse(w, -EXDEV) : 0;
}

/* Writes the results to *p. */
static void finish(struct walk *w, long error)
{
	struct vu_path *p = w->p;
	bool root = !error && at_root_of_mount(w);

	p->mount = w->m.id;
	if (!w->virt_len && !w->nowhere)
		w->virt[w->virt_len++] = '/';
	w->virt[w->nowhere ? 0 : w->virt_len] = 0;
	if (root)
		p->flags |= VU_PATH_ROOT;
	if (w->native) {
		vu_path_put(p);
		p->flags |= VU_PATH_NATIVE;
		p->dirfd = w->start;
		return;
	}
	if (!(p->flags & VU_PATH_OPENED))
		p->dirfd = w->base_fd;
	if (!w->real_len && !(error && w->hard))
		vu_strlcpy(w->real, real_name(w), 2);
	if (!error && w->real_len && !w->dots &&
	    ((p->flags & VU_PATH_SLASH) || (root && !(w->m.flags & VU_MOUNT_FILE))))
		vu_strlcpy(w->real + w->real_len, "/", 2);
	vu_strlcpy(p->real, w->real, sizeof(p->real));
}

/* A frame of its own: most paths are not walked. */
__attribute__((noinline)) long vu_walk(struct vu_call *c, int dirfd, uint32_t how, uint64_t resolve,
				       struct vu_path *p)
{
	struct walk w = {
		.p = p,
		.how = how,
		.resolve = resolve,
		.start = dirfd,
		.virt = p->virt,
		.real = c->s->tmp[0],
		.rest = p->real,
		.links = "",
		.links_buf = c->s->tmp[1],
		.links_end = c->s->tmp[1] + sizeof(c->s->tmp[1]) - 1,
		.native = true,
	};
	long r;

	p->flags = 0;
	w.real[0] = 0;
	r = begin(&w, *p->real == '/');
	if (how & VU_NO_RUN)
		w.may_run = false;
	if (!r)
		r = walk_on(&w);
	finish(&w, r);
	return r;
}
