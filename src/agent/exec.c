/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * execve and execveat: a guest's exec becomes an exec of vu-loader, which maps the program itself
 * (loader.c). All that execve(2) can refuse is checked here, before the point of no return:
 *
 *	1. the file: found in the view, regular, executable, readable, not open for writing
 *	2. rules of the view (formats.c) and "#!": the interpreter takes the file's place, five times at most,
 *	   else ELOOP
 *	3. ELF: 64-bit x86_64, sane program headers; its interpreter is found and opened
 *	4. execve of vu-loader with two strings in front of the arguments (abi/state.h), the program and
 *	   its ELF interpreter as open descriptors. What the kernel refuses now (E2BIG, EFAULT, ENOMEM) it
 *	   refuses for the guest.
 *
 * Order of errors as in fs/exec.c of the kernel. A file that may be executed but not read cannot be
 * mapped from user space: EACCES (a documented limit).
 */
#include <asm/errno.h>
#include <asm/stat.h>
#include <asm/unistd_64.h>
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "agent/elf.h"
#include "agent/filter.h"
#include "agent/formats.h"
#include "agent/handlers.h"
#include "agent/stack.h"
#include "agent/tree.h"
#include "agent/path.h"
#include "agent/trap.h"

#define PAGE	      4096ul
#define SCRIPT_HEAD   VU_EXEC_HEAD
#define SCRIPT_LEVELS 5
#define O_RDONLY_     00
#define O_NONBLOCK_   04000
#define F_GETFD_      1
#define F_SETFD_      2
#define F_SETLEASE_   1024
#define F_RDLCK_      0
#define F_UNLCK_      2
#define EXECVE_CHECK  0x10000 /* AT_EXECVE_CHECK, Linux 6.14 */

/* One exec on its way. Its texts are in the scratch's msg, the new argv in tmp[0] or a mapping. */
struct exec {
	struct vu_call *c;
	char head[SCRIPT_HEAD];
	size_t n_read; /* bytes of the file that are in the scratch's tmp[0] */
	struct vu_exec_state *state;
	char *strings, *strings_end; /* room for texts of scripts and the state */
	const char *name;	     /* as AT_EXECFN shows it: the path that execve was given */
	const char *interp;	     /* what is executed now: name, or a script's interpreter */
	uint64_t argv, envp;	     /* the guest's */
	uint64_t *vec;		     /* the new argv */
	uint64_t prefix[3 * SCRIPT_LEVELS]; /* arguments before the guest's own, last first */
	int n_prefix;
	bool skip_argv0;   /* the guest's own first argument is dropped */
	bool keep_argv0;   /* a rule's flag "P" was used */
	bool nameless;	   /* no name leads to the program */
	bool inaccessible; /* named by a close-on-exec descriptor: a script cannot be opened */
	int fd, interp_fd, binary_fd;
};

static char *keep(struct exec *x, const char *s)
{
	size_t n = vu_strlen(s) + 1;
	char *at = x->strings;

	if (n > (size_t)(x->strings_end - at))
		return NULL;
	memcpy(at, s, n);
	x->strings += n;
	return at;
}

/* ETXTBSY: asked where somebody could have it open for writing, the file's owner. */
static long check_not_written(int fd)
{
	static const char *const argv[] = { "x", NULL };
	static bool no_check;
	long r;

	if (!no_check) {
		r = vu_sys(__NR_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH | EXECVE_CHECK);
		if (r != -EINVAL)
			return r == -ETXTBSY || r == -EACCES || r == -EPERM ? r : 0;
		no_check = true;
	}
	/* A read lease is refused while anyone has the file open for writing (fcntl(2)). */
	r = vu_sys(__NR_fcntl, fd, F_SETLEASE_, F_RDLCK_);
	if (!r)
		vu_sys(__NR_fcntl, fd, F_SETLEASE_, F_UNLCK_);
	return r == -EAGAIN ? -ETXTBSY : 0;
}

/* The ELF interpreter of this process has passed all checks when it was executed. */
static bool is_known_interp(const struct stat *st)
{
	const struct vu_file_id *id = &agent_process.interp;

	return id->ino == st->st_ino && id->dev == st->st_dev && id->mode == st->st_mode &&
	       id->ctime == st->st_ctime && id->ctime_nsec == st->st_ctime_nsec && id->ino;
}

static bool is_loader(const struct stat *st)
{
	return st->st_dev == vu_view()->loader_dev && st->st_ino == vu_view()->loader_ino;
}

/* Does p name the loader as the kernel's own idea of a guest's /proc/self/exe? */
static bool is_kernels_exe(const struct vu_path *p, const struct stat *st)
{
	size_t n = vu_strlen(p->real);

	return is_loader(st) && n > 4 && !vu_strcmp(p->real + n - 4, "/exe");
}

/* May the open file be executed? 0 or -errno. */
static long check_executable(int fd, const struct stat *st)
{
	long r;

	if (is_known_interp(st))
		return 0;
	r = vu_sys(__NR_faccessat2, fd, "", 1 /* X_OK */, AT_EMPTY_PATH | AT_EACCESS);
	return !r && st->st_uid == agent_process.euid ? check_not_written(fd) : r;
}

/* Opens what p names for execution. Descriptor, or the -errno of execve. *st is of the file. */
static long open_executable(struct exec *x, struct vu_path *p, long at_flags, struct stat *st)
{
	struct vu_scratch *s = x->c->s;
	unsigned long dirfd;
	const char *name;
	uint32_t mount;
	long r, fd;

	name = vu_tree_relative(p, &dirfd);
	r = vu_sys(__NR_newfstatat, dirfd, name, st, at_flags & AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		return vu_mount_lost(x->c, p, r);
	if ((st->st_mode & S_IFMT) == S_IFLNK)
		return -ELOOP;
	if ((st->st_mode & S_IFMT) != S_IFREG)
		return -EACCES;
	if (is_kernels_exe(p, st)) {
		r = vu_own_exe(p->virt, p->real, &mount, s->tmp[0]);
		name = vu_tree_relative(p, &dirfd);
		if (!r)
			r = vu_sys(__NR_newfstatat, dirfd, name, st, 0);
		if (r < 0)
			return r;
	}
	fd = vu_sys(__NR_openat, dirfd, name, O_RDONLY_ | O_NONBLOCK_, 0);
	if (fd < 0)
		return fd == -ENXIO ? -EACCES : vu_mount_lost(x->c, p, fd);
	r = check_executable((int)fd, st);
	if (r < 0) {
		vu_sys(__NR_close, fd);
		return r;
	}
	return fd;
}

/* Resolves a path of the agent's own and opens it. */
static long open_named(struct exec *x, const char *path, struct stat *st)
{
	struct vu_path *p = &x->c->s->path[0];
	long r = vu_resolve_str(x->c, AT_FDCWD, path, VU_FOLLOW, p);

	if (r < 0)
		return vu_mount_lost(x->c, p, r);
	if (p->flags & VU_PATH_NATIVE) {
		p->dirfd = AT_FDCWD;
		vu_strlcpy(p->real, path, sizeof(p->real));
	}
	return open_executable(x, p, 0, st);
}

static long read_head(struct exec *x)
{
	long n;

	memset(x->head, 0, sizeof(x->head));
	n = vu_sys(__NR_pread64, x->fd, x->c->s->tmp[0], VU_ELF_HEAD, 0);
	x->n_read = n < 0 ? 0 : (size_t)n;
	memcpy(x->head, x->c->s->tmp[0], x->n_read < SCRIPT_HEAD ? x->n_read : SCRIPT_HEAD);
	return n < 0 ? n : 0;
}

static bool blank(char ch)
{
	return ch == ' ' || ch == '\t';
}

/*
 * The interpreter line as binfmt_script reads it: "#!", blanks, a name up to a blank, blanks, one argument
 * that is the rest of the line less trailing blanks. *arg is NULL if there is none. The texts stay in head.
 */
static long parse_script(char *head, char **name, char **arg)
{
	char *end = head + SCRIPT_HEAD, *stop, *p;

	for (stop = head + 2; stop < end && *stop != '\n'; stop++)
		;
	if (stop == end) {
		/* The line is longer than what is read: the name must at least end within it. */
		for (p = head + 2; p < end && blank(*p); p++)
			;
		for (; p < end && *p && !blank(*p); p++)
			;
		if (p == end)
			return -ENOEXEC;
		if (blank(p[-1]) || p == head + 2)
			return -EACCES; /* an empty name: the kernel opens the current directory */
		stop = end - 1;
	}
	while (stop > head + 2 && blank(stop[-1]))
		stop--;
	*stop = 0;
	for (p = head + 2; blank(*p); p++)
		;
	if (!*p)
		return -ENOEXEC;
	*name = p;
	while (*p && !blank(*p))
		p++;
	*arg = NULL;
	if (!*p)
		return 0;
	*p++ = 0;
	while (blank(*p))
		p++;
	if (*p)
		*arg = p;
	return 0;
}

/* An argument in front of those that there are. */
static void push(struct exec *x, const char *arg)
{
	x->prefix[x->n_prefix++] = (uint64_t)arg;
}

/* The first argument is dropped: what takes its place follows. */
static void drop_first(struct exec *x)
{
	if (x->n_prefix)
		x->n_prefix--;
	else
		x->skip_argv0 = true;
}

/* The interpreter, which is open as `fd` (or -errno), becomes what is executed. 1 or -errno. */
static long become(struct exec *x, const char *interp, long fd, const struct stat *st)
{
	long r;

	vu_sys(__NR_close, x->fd);
	x->fd = -1;
	if (fd < 0)
		return fd;
	x->fd = (int)fd;
	x->nameless = !st->st_nlink;
	x->interp = interp;
	push(x, interp);
	r = read_head(x);
	return r < 0 ? r : 1;
}

/* The file is a script: its interpreter becomes what is executed. 1; 0: it is none; -errno. */
static long enter_script(struct exec *x)
{
	char *name, *arg, *kept_arg = NULL;
	struct stat st;
	long r;

	if (x->head[0] != '#' || x->head[1] != '!')
		return 0;
	r = parse_script(x->head, &name, &arg);
	if (r < 0)
		return r;
	if (x->inaccessible)
		return -ENOENT;
	if (arg && !(kept_arg = keep(x, arg)))
		return -ENOMEM;
	name = keep(x, name);
	if (!name)
		return -ENOMEM;
	drop_first(x);
	push(x, x->interp);
	if (kept_arg)
		push(x, kept_arg);
	return become(x, name, open_named(x, name, &st), &st);
}

/* The interpreter of a rule: by the server's descriptor, or by its name in the view. */
static long open_interpreter(struct exec *x, const struct vu_format *f, const char *name,
			     struct stat *st)
{
	struct vu_path *p = &x->c->s->path[0];

	if (f->fd < 0 || !agent_process.ref.server)
		return open_named(x, name, st);
	p->dirfd = AT_FDCWD;
	p->flags = 0;
	p->virt[0] = 0;
	vu_session_name(p->real, sizeof(p->real), f->fd);
	return open_executable(x, p, 0, st);
}

/* A rule with "O": the program stays open for its interpreter, which cannot have one itself. */
static long keep_open(struct exec *x)
{
	long fd = vu_sys(__NR_dup, x->fd);

	if (fd >= 0 && x->binary_fd < 0)
		x->binary_fd = (int)fd;
	else if (fd >= 0)
		vu_sys(__NR_close, fd);
	return fd < 0 ? fd : 0;
}

/* The view has a rule for the file: its interpreter becomes what is executed. 1; 0: it has none; -errno. */
static long enter_format(struct exec *x)
{
	struct vu_format f;
	char *name = x->strings;
	struct stat st;
	long r = vu_format_find((const unsigned char *)x->head, x->interp, &f, name,
				(size_t)(x->strings_end - name));

	if (r <= 0)
		return r;
	if (x->inaccessible)
		return -ENOENT;
	x->strings += r;
	if (f.flags & VU_RULE_ARGV0)
		x->keep_argv0 = true;
	else
		drop_first(x);
	push(x, x->interp);
	r = f.flags & VU_RULE_OPEN ? keep_open(x) : 0;
	return r < 0 ? r : become(x, name, open_interpreter(x, &f, name, &st), &st);
}

/* Rules come first, then scripts, as in the kernel. */
static long enter_interpreters(struct exec *x)
{
	for (int depth = 0;; depth++) {
		bool over = depth == SCRIPT_LEVELS, kept = x->binary_fd >= 0;
		long r = over ? vu_format_find((const unsigned char *)x->head, x->interp, NULL,
					       NULL, 0) :
				enter_format(x);

		if (!r)
			r = over ? x->head[0] == '#' && x->head[1] == '!' : enter_script(x);
		if (r <= 0)
			return r;
		if (over || kept)
			return kept ? -ENOEXEC : -ELOOP;
	}
}

/* The interpreter's path: from the file's first bytes, which have been read, or from the file. */
static long read_interp(struct exec *x, const struct vu_elf *elf, char *path)
{
	long r = (long)elf->interp_size;

	if (elf->interp_offset < x->n_read && elf->interp_size <= x->n_read - elf->interp_offset)
		memcpy(path, x->c->s->tmp[0] + elf->interp_offset, elf->interp_size);
	else
		r = vu_sys(__NR_pread64, x->fd, path, elf->interp_size, elf->interp_offset);
	if (r < 0)
		return r;
	if ((size_t)r != elf->interp_size)
		return -EIO;
	return path[elf->interp_size - 1] ? -ENOEXEC : 0;
}

static long check_interp(struct exec *x)
{
	char *buf = x->c->s->tmp[0];
	const struct elf64_phdr *ph;
	struct vu_elf interp;
	long n = vu_sys(__NR_pread64, x->interp_fd, buf, VU_ELF_HEAD, 0);

	if (n < 0)
		return n;
	if ((size_t)n < sizeof(struct elf64_hdr))
		return -EIO;
	if (vu_elf_check((const struct elf64_hdr *)buf, &interp) < 0 ||
	    vu_elf_headers(x->interp_fd, &interp, buf, (size_t)n, buf, sizeof(x->c->s->tmp[0]),
			   &ph) < 0)
		return -ELIBBAD;
	return 0;
}

/* The ELF program's own interpreter is opened and looked at, as load_elf_binary() does. */
static long open_elf_interp(struct exec *x, const struct vu_elf *elf)
{
	char *path = x->strings;
	struct stat st;
	long r;

	x->interp_fd = -1;
	if (!elf->interp_size)
		return 0;
	if (elf->interp_size < 2 || elf->interp_size > VU_PATH_MAX)
		return -ENOEXEC;
	if ((size_t)(x->strings_end - path) < elf->interp_size)
		return -ENOMEM;
	r = read_interp(x, elf, path);
	if (r < 0)
		return r;
	r = open_named(x, path, &st);
	if (r < 0)
		return r;
	x->interp_fd = (int)r;
	return is_known_interp(&st) ? 0 : check_interp(x);
}

static long check_elf(struct exec *x)
{
	const struct elf64_phdr *ph;
	struct vu_elf elf;
	long r = vu_elf_check((const struct elf64_hdr *)x->head, &elf);

	if (r < 0)
		return r;
	if (vu_elf_headers(x->fd, &elf, x->c->s->tmp[0], x->n_read, x->c->s->tmp[0],
			   sizeof(x->c->s->tmp[0]), &ph) < 0)
		return -ENOEXEC;
	if (vu_elf_collides(&elf, ph))
		return -ENOMEM; /* its addresses are taken */
	return open_elf_interp(x, &elf);
}

/* Number of the guest's argv entries, or -EFAULT, -E2BIG. */
static long count_args(uint64_t argv)
{
	uint64_t chunk[32];
	long n = 0;

	if (!argv)
		return 0;
	for (;;) {
		uint64_t at = argv + (uint64_t)n * 8;
		unsigned int i, k = (256 - (at & 255)) / 8;

		if (!k)
			k = 1;
		if (guest_read(chunk, at, k * 8ul) < 0)
			return -EFAULT;
		for (i = 0; i < k; i++)
			if (!chunk[i])
				return n + i;
		n += k;
		if (n > 0x7fffff)
			return -E2BIG;
	}
}

/* Makes the new argv: state, name, what scripts put in front, the guest's arguments. */
static long build_argv(struct exec *x, long argc, const char *state)
{
	struct vu_scratch *s = x->c->s;
	long from = x->skip_argv0 && argc ? 1 : 0, n = 0;
	size_t need = (size_t)(argc + 5 + x->n_prefix) * sizeof(uint64_t);

	/* What was there is of no use any more, and the page is there. */
	x->vec = (uint64_t *)s->tmp[0];
	if (need > sizeof(s->tmp[0]) && !(x->vec = vu_scratch_map(s, need)))
		return -ENOMEM;
	x->vec[n++] = (uint64_t)state;
	x->vec[n++] = (uint64_t)x->name;
	for (int i = x->n_prefix - 1; i >= 0; i--)
		x->vec[n++] = x->prefix[i];
	if (argc > from &&
	    guest_read(&x->vec[n], x->argv + (uint64_t)from * 8, (size_t)(argc - from) * 8) < 0)
		return -EFAULT;
	n += argc - from;
	if (!argc && !x->skip_argv0) /* no argument at all: Linux gives an empty one (5.18) */
		x->vec[n++] = (uint64_t) "";
	x->vec[n] = 0;
	return 0;
}

static void fill_state(struct exec *x, struct vu_exec_state *st)
{
	struct vu_thread *t = x->c->thread;

	memset(st, 0, vu_state_size(0));
	st->magic = VU_STATE_MAGIC;
	st->abi = VU_ABI_VERSION;
	st->ref = agent_process.ref;
	st->exe_fd = x->fd;
	st->interp_fd = x->interp_fd;
	st->binary_fd = x->binary_fd;
	st->driver = agent_process.driver;
	st->tree = agent_process.tree;
	for (int i = 0; i < VU_N_KEPT; i++)
		if (agent_process.kept[i].handler == 1)
			st->kept_ignored |= (uint32_t)VU_SIGBIT(vu_kept_signal(i));
	st->kept_blocked = t->kept_blocked;
	st->kept_pending = t->kept_pending;
	if (agent_process.no_new_privs)
		st->flags |= VU_EXEC_NO_NEW_PRIV;
	if (agent_process.no_clock)
		st->flags |= VU_EXEC_NO_CLOCK;
	if (vu_filtered)
		st->flags |= VU_EXEC_FILTERED;
	if (agent_process.judged)
		st->flags |= VU_EXEC_JUDGED;
	if (x->nameless)
		st->flags |= VU_EXEC_NAMELESS;
	if (x->keep_argv0)
		st->flags |= VU_EXEC_ARGV0;
	if (t->has_cred) {
		st->flags |= VU_EXEC_CRED;
		st->cred = t->cred;
	}
	vu_stack_look();
	st->stack_seen = agent_process.stack_seen;
	memcpy(st->stack, agent_process.stack, sizeof(st->stack));
	if (!agent_process.apart)
		st->root = agent_process.root;
	st->size = vu_state_size(t->has_cred ? st->cred.n_groups : 0);
}

static char *encode(char *out, const void *data, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	while (n--) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p++ & 15];
	}
	*out++ = 0;
	return out;
}

/* The native call, with the guest's signal mask: execve keeps it. */
static long issue(struct exec *x, struct vu_call *call)
{
	call->regs = x->c->regs;
	call->s = x->c->s;
	if (x->c->thread->traceme)
		vu_sys(__NR_ptrace, 0 /* PTRACE_TRACEME */);
	return vu_native_blocking(call);
}

static long execute(struct exec *x, const char *path, const uint64_t *argv)
{
	struct vu_call call = {
		.nr = __NR_execve,
		.arg = { (unsigned long)path, (unsigned long)argv, x->envp },
	};

	return issue(x, &call);
}

/* vu-loader, by its name, or by the descriptor that an anchored process has: there may be no /proc. */
static long execute_loader(struct exec *x)
{
	char *name = x->c->s->path[0].real;
	struct vu_call call = {
		.nr = __NR_execveat,
		.arg = { (unsigned long)agent_process.ref.loader_fd, (unsigned long)"",
			 (unsigned long)x->vec, x->envp, AT_EMPTY_PATH },
	};

	if (!agent_process.ref.server)
		return issue(x, &call);
	vu_session_name(name, VU_PATH_MAX, agent_process.ref.loader_fd);
	return execute(x, name, x->vec);
}

/* Everything is checked: become vu-loader. Comes back with the kernel's refusal only. */
static long become_loader(struct exec *x)
{
	struct vu_scratch *s = x->c->s;
	struct vu_exec_state *st = (struct vu_exec_state *)s->tmp[0];
	char *state = x->strings;
	long argc = count_args(x->argv), r;

	if (argc < 0)
		return argc;
	fill_state(x, st);
	if ((size_t)(x->strings_end - state) < st->size * 2ul + 1)
		return -ENOMEM;
	encode(state, st, st->size);
	r = build_argv(x, argc, state);
	if (r < 0)
		return r;
	return execute_loader(x);
}

/* Can all strings of an argument vector be read? The kernel copies them before it looks at the file. */
static long vet(struct exec *x, uint64_t vec)
{
	struct vu_scratch *s = x->c->s;
	long n = count_args(vec), r;
	uint64_t at;

	for (long i = 0; i < n; i++) {
		if (guest_read(&at, vec + (uint64_t)i * 8, sizeof(at)) < 0)
			return -EFAULT;
		while ((r = guest_read_str(s->tmp[0], sizeof(s->tmp[0]), at)) == -ENAMETOOLONG)
			at += sizeof(s->tmp[0]);
		if (r < 0)
			return r;
	}
	return n < 0 ? n : 0;
}

/* The first process of a view that umvu starts has its parent's network stacks: they go into what it says. */
static void hand_down_stacks(const struct exec *x)
{
	const uint32_t magic = VU_STATE_MAGIC;
	char text[2 * sizeof(agent_process.stack) + 1], own[2 * sizeof(magic) + 1];
	uint64_t at;

	vu_stack_look();
	if (!vu_stack_any() || guest_read(&at, x->argv, sizeof(at)) < 0 ||
	    guest_read(text, at, sizeof(own)) < 0)
		return;
	encode(own, &magic, sizeof(magic));
	if (memcmp(text, own, sizeof(own) - 1))
		return;
	encode(text, agent_process.stack, sizeof(agent_process.stack));
	guest_write(at + 2 * offsetof(struct vu_exec_state, stack), text, sizeof(text) - 1);
}

static long run(struct exec *x, struct vu_path *p, long at_flags)
{
	struct stat st;
	long r;

	r = open_executable(x, p, at_flags, &st);
	if (r < 0)
		return r;
	x->fd = (int)r;
	x->nameless = !st.st_nlink;
	if (is_loader(&st)) {
		/* umvu starts a view of its own with it: what it says is to be heard. */
		vu_sys(__NR_close, x->fd);
		x->fd = -1;
		hand_down_stacks(x);
		return execute(x, p->real, (const uint64_t *)x->argv);
	}
	r = read_head(x);
	if (!r)
		r = enter_interpreters(x);
	if (!r)
		r = check_elf(x);
	if (!r)
		return become_loader(x);
	if (vet(x, x->argv) < 0 || vet(x, x->envp) < 0)
		return -EFAULT;
	return r;
}

static long exec(struct vu_call *c, struct exec *x, struct vu_path *p, long at_flags)
{
	long r;

	x->c = c;
	x->fd = x->interp_fd = x->binary_fd = -1;
	x->interp = x->name;
	r = run(x, p, at_flags);
	if (x->fd >= 0)
		vu_sys(__NR_close, x->fd);
	if (x->interp_fd >= 0)
		vu_sys(__NR_close, x->interp_fd);
	if (x->binary_fd >= 0)
		vu_sys(__NR_close, x->binary_fd);
	return r;
}

/* A forked child would copy the pages that are used here one fault after the other: all at once. */
static void copy_scratch(const struct vu_scratch *s)
{
	uint64_t from = ((uint64_t)s->stack + VU_STACK_SIZE) & ~(PAGE - 1),
		 to = (uint64_t)&s->path[1];

	if (agent_process.forked)
		vu_sys(__NR_madvise, from, to - from, MADV_POPULATE_WRITE);
	agent_process.forked = false;
}

/* Resolves the path argument; its text as the guest gave it goes to x->name. */
static long locate(struct vu_call *c, struct exec *x, int dirfd, unsigned long path, uint32_t how)
{
	struct vu_path *p = &c->s->path[0];
	long r;

	copy_scratch(c->s);
	x->strings = c->s->msg;
	x->strings_end = c->s->msg + sizeof(c->s->msg);
	r = guest_read_str(c->s->msg, VU_PATH_MAX, path);
	if (r < 0)
		return r;
	x->name = c->s->msg;
	x->strings += r + 1;
	r = vu_resolve_str(c, dirfd, x->name, how, p);
	if (r < 0)
		return vu_mount_lost(c, p, r);
	if (p->flags & VU_PATH_NATIVE) {
		p->dirfd = dirfd;
		vu_strlcpy(p->real, x->name, sizeof(p->real));
	}
	return 0;
}

long sys_execve(struct vu_call *c)
{
	struct exec x = { .argv = c->arg[1], .envp = c->arg[2] };
	long r = locate(c, &x, AT_FDCWD, c->arg[0], VU_FOLLOW);

	return r < 0 ? r : exec(c, &x, &c->s->path[0], 0);
}

/* execveat by descriptor shows /dev/fd/N, or /dev/fd/N/NAME (execveat(2)). */
static long name_by_fd(struct exec *x, int fd, long fd_flags)
{
	char *at = x->strings;
	size_t room = (size_t)(x->strings_end - at);

	x->inaccessible = fd_flags & 1;
	if (room < 64)
		return -ENAMETOOLONG;
	vu_strlcpy(at, "/dev/fd/", room);
	vu_append_num(at, room, (unsigned long)fd);
	if (*x->name) {
		vu_append(at, room, "/");
		vu_append(at, room, x->name);
	}
	x->name = at;
	x->strings += vu_strlen(at) + 1;
	return 0;
}

long sys_execveat(struct vu_call *c)
{
	struct exec x = { .argv = c->arg[2], .envp = c->arg[3] };
	long flags = (int)c->arg[4], fd_flags = 0, r;
	struct vu_path *p = &c->s->path[0];
	int fd = (int)c->arg[0];
	uint32_t how = flags & AT_SYMLINK_NOFOLLOW ? 0 : VU_FOLLOW;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | EXECVE_CHECK))
		return -EINVAL;
	if (flags & EXECVE_CHECK)
		return vu_native(c);
	if (flags & AT_EMPTY_PATH)
		how |= VU_EMPTY_OK;
	r = locate(c, &x, fd, c->arg[1], how);
	if (r < 0)
		return r;
	if (fd == AT_FDCWD && !*x.name)
		return -EACCES; /* the current directory */
	if (fd != AT_FDCWD && *x.name != '/') {
		bool self = !*x.name && (flags & AT_EMPTY_PATH);

		fd_flags = vu_sys(__NR_fcntl, fd, F_GETFD_, 0);
		if (fd_flags < 0)
			return fd_flags;
		r = name_by_fd(&x, fd, fd_flags);
		if (r < 0)
			return r;
		if (self) {
			p->dirfd = AT_FDCWD;
			vu_strlcpy(p->real, "/proc/self/fd/", sizeof(p->real));
			vu_append_num(p->real, sizeof(p->real), (unsigned long)fd);
			flags &= ~AT_SYMLINK_NOFOLLOW;
		}
	}
	return exec(c, &x, p, flags);
}
