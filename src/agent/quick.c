/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The quick way: calls by patched sites that touch nothing virtual, and what the agent knows by heart.
 *
 * Which calls have one is told by their handler: QUICK_<handler> below. A quick function looks whether the
 * call is of the common kind, and if so answers it; else the handler does (vu_gate_full()). It must
 * come to the same result as the handler. It runs on the guest's stack, with the guest's signals let in
 * and no resources held: a signal that comes is one that came just before the call, which is then begun again
 * (settle.c). So nothing is to be changed before the call is made, by make(), or vu_frame.made is set: then signals
 * wait until the frame is left.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/wait.h>

#include "agent/anchor.h"
#include "agent/code.h"
#include "agent/filter.h"
#include "agent/gate.h"
#include "agent/handlers.h"
#include "agent/ids.h"
#include "agent/known.h"
#include "agent/open.h"
#include "agent/path.h"
#include "agent/ptrace.h"
#include "agent/stack.h"
#include "agent/stats.h"
#include "agent/tree.h"
#include "agent/trap.h"

#define AF_UNIX_ 1
#define F_OK_	 0

typedef struct vu_answer quick_fn(struct vu_frame *f);

#define NO_ANSWER ((struct vu_answer){ 0, VU_NO_ANSWER })

static struct vu_answer answer(long result)
{
	return (struct vu_answer){ result, VU_ANSWER };
}

/* The gate makes the call as it is. */
static struct vu_answer native(void)
{
	return (struct vu_answer){ 0, VU_ISSUE };
}

long vu_quick_sys6(long nr, const uint64_t arg[6]);

/* Makes the call here, where something is to be done behind it. */
static long make(const struct vu_frame *f)
{
	return vu_quick_sys6((long)f->nr, f->arg);
}

/* What is for much and for little stack: once for each, and no frame of its own. */
#define INLINED static inline __attribute__((always_inline))

/* --- the table --- */

/* From the kinds of the arguments, where there is one path, first or behind its descriptor. */
#define KIND(args, i)	((args "\0\0\0\0\0\0\0")[i])
#define HAS_DIRFD(args) (KIND(args, 0) == 'd')
#define PATH_KIND(args) (HAS_DIRFD(args) ? KIND(args, 1) : KIND(args, 0))
#define IS_OTHER(args, i) \
	(KIND(args, i) == '\0' || KIND(args, i) == '.' || KIND(args, i) == 'a' || !(i))
#define ONE_PATH(args)                                                                       \
	((PATH_KIND(args) == 'p' || PATH_KIND(args) == 'l' || PATH_KIND(args) == 'n') &&     \
	 (HAS_DIRFD(args) || IS_OTHER(args, 1)) && IS_OTHER(args, 2) && IS_OTHER(args, 3) && \
	 IS_OTHER(args, 4) && IS_OTHER(args, 5))
#define HOW(args) (PATH_KIND(args) == 'p' ? VU_FOLLOW : PATH_KIND(args) == 'n' ? VU_PARENT : 0)
#define FLAGS_AT(args)              \
	(KIND(args, 1) == 'a' ? 1 : \
	 KIND(args, 2) == 'a' ? 2 : \
	 KIND(args, 3) == 'a' ? 3 : \
	 KIND(args, 4) == 'a' ? 4 : \
				0)

/* Who answers it: the index of a function. */
enum quick {
	NOBODY,
	NAME,
	CHDIR,
	FCHDIR,
	GETCWD,
	GETDENTS,
	ID,
	UNLESS_IDS,
	UNAME,
	OWN_FD,
	DUP2,
	CLOSE_RANGE,
	PRCTL,
	WAIT4,
	WAITID,
	SIGPROCMASK,
	SIGACTION,
	SIGRETURN,
	SOCKADDR,
	SENDTO,
	SENDMSG,
	SOCKET,
	IOCTL,
	MMAP,
	PROTECT,
	FORK
};
#define QUICK_sys_path		 ~, NAME
#define QUICK_sys_statfs	 ~, NAME
#define QUICK_sys_stat		 ~, NAME
#define QUICK_sys_readlink	 ~, NAME
#define QUICK_sys_open		 ~, NAME
#define QUICK_sys_chdir		 ~, CHDIR
#define QUICK_sys_fchdir	 ~, FCHDIR
#define QUICK_sys_getcwd	 ~, GETCWD
#define QUICK_sys_getdents	 ~, GETDENTS
#define QUICK_sys_getuid	 ~, ID
#define QUICK_sys_geteuid	 ~, ID
#define QUICK_sys_getgid	 ~, ID
#define QUICK_sys_getegid	 ~, ID
#define QUICK_sys_getresuid	 ~, UNLESS_IDS
#define QUICK_sys_getresgid	 ~, UNLESS_IDS
#define QUICK_sys_getgroups	 ~, UNLESS_IDS
#define QUICK_sys_capget	 ~, UNLESS_IDS
#define QUICK_sys_uname		 ~, UNAME
#define QUICK_sys_own_fd	 ~, OWN_FD
#define QUICK_sys_dup2		 ~, DUP2
#define QUICK_sys_close_range	 ~, CLOSE_RANGE
#define QUICK_sys_prctl		 ~, PRCTL
#define QUICK_sys_wait4		 ~, WAIT4
#define QUICK_sys_waitid	 ~, WAITID
#define QUICK_sys_rt_sigprocmask ~, SIGPROCMASK
#define QUICK_sys_rt_sigaction	 ~, SIGACTION
#define QUICK_sys_rt_sigreturn	 ~, SIGRETURN
#define QUICK_sys_sockaddr	 ~, SOCKADDR
#define QUICK_sys_sendto	 ~, SENDTO
#define QUICK_sys_sendmsg	 ~, SENDMSG
#define QUICK_sys_socket	 ~, SOCKET
#define QUICK_sys_ioctl		 ~, IOCTL
#define QUICK_sys_mmap		 ~, MMAP
#define QUICK_sys_protect	 ~, PROTECT
#define QUICK_sys_fork		 ~, FORK
#define QUICK_sys_clone		 ~, FORK

/* Names that the agent may answer itself, for which a call with a path does not take the quick way. */
enum unless { ANY_NAME, SPECIAL, MAGIC };
#define UNLESS_sys_stat	    ~, SPECIAL
#define UNLESS_sys_open	    ~, SPECIAL
#define UNLESS_sys_readlink ~, MAGIC
#define OPENS_sys_open	    ~, true
/* SECOND(X_<handler>, none, ): what is defined for it, else none. */
#define SECOND_(a, b, ...)  b
#define SECOND(...)	    SECOND_(__VA_ARGS__)

/* By number; small, so that with quick_of and vu_gate_class it is in one page. */
static const struct row {
	uint8_t quick; /* enum quick */
	uint8_t host; /* the kernel's if that argument, counted from 1, is zero; 0: there is none */
	uint8_t how : 4;    /* the path is looked up so: VU_FOLLOW, VU_PARENT */
	uint8_t flags : 4;  /* the number of the argument with AT_* flags, or 0 */
	uint8_t unless : 2; /* enum unless */
	bool dirfd : 1;	    /* the path is behind a descriptor */
	bool one : 1;	    /* there is one */
	bool opens : 1;
} rows[] = {
#define VU_SYSCALL(number, name, when, handler, args)                                       \
	[number] = {                                                                        \
		SECOND(QUICK_##handler, NOBODY, ),                                          \
		VU_GATE_##when >= VU_GATE_ARG(0) ? VU_GATE_##when - VU_GATE_ARG(0) + 1 : 0, \
		HOW(args),                                                                  \
		FLAGS_AT(args),                                                             \
		SECOND(UNLESS_##handler, ANY_NAME, ),                                       \
		HAS_DIRFD(args),                                                            \
		ONE_PATH(args),                                                             \
		SECOND(OPENS_##handler, false, ),                                           \
	},
#include "abi/syscalls.def"
#undef VU_SYSCALL
};

/* --- paths --- */

/* A path as the quick way looks at it: what the call says of it, and its text. */
struct quick_path {
	bool inside; /* it leads into a mount */
	int at;	     /* number of its argument */
	int dirfd;
	uint32_t how;
	long len;
	char *text; /* VU_PATH_ROOM bytes */
};

static uint32_t how_to_open(const struct vu_frame *f, bool at)
{
	uint64_t flags = f->nr == __NR_creat ? VU_O_CREAT | VU_O_WRONLY : f->arg[at + 1];

	return vu_how_to_open((unsigned int)flags) & ~VU_SPECIAL;
}

/* Does `text` end in a name that only magic links of /proc have, or lie in a folder full of them? */
static bool may_be_magic(const char *text)
{
	return !vu_strncmp(text, "/proc", 5) || !vu_strncmp(text, "/dev/fd", 7) ||
	       !vu_strchr(text, '/') || text[0] != '/';
}

static __attribute__((noinline)) bool may_be_ours(const char *text, size_t n, enum unless unless)
{
	return (vu_may_be_special(text, n) && vu_is_special(text, n)) ||
	       (unless == MAGIC && may_be_magic(text));
}

/*
 * Finds the path among the arguments, reads it and finds out whether it is the kernel's own, or how the kernel is to be
 * asked; on little stack only if that takes little.
 */
INLINED bool is_ready(struct vu_frame *f, struct quick_path *p, bool little)
{
	const struct row *row = &rows[f->nr];
	uint64_t flags = row->flags ? f->arg[row->flags] : 0;

	if (!row->one)
		return false;
	p->at = row->dirfd;
	p->dirfd = p->at ? (int)f->arg[0] : AT_FDCWD;
	p->how = row->opens ? how_to_open(f, p->at) : row->how;
	if (flags & AT_SYMLINK_NOFOLLOW)
		p->how &= ~VU_FOLLOW;
	p->inside = false;
	p->text = (char *)f - VU_PATH_ROOM;
	p->len = guest_read_str(p->text, VU_PATH_ROOM, f->arg[p->at]);
	if (p->len <= 0)
		return !p->len && (flags & AT_EMPTY_PATH);
	if (row->unless != ANY_NAME && may_be_ours(p->text, (size_t)p->len, row->unless))
		return false;
	if (!vu_touches(VU_TOUCH_PATHS))
		return true;
	/* A directory may hold mount points that only the view has. */
	if ((p->how & VU_PARENT) && vu_touches(VU_TOUCH_GHOST))
		return false;
	if (little)
		return vu_is_plain_little(p->dirfd, p->text, (size_t)p->len, p->how);
	if (vu_is_plain(p->dirfd, p->text, (size_t)p->len, VU_PATH_ROOM, &p->how))
		return true;
	p->inside = vu_is_inside(p->dirfd, p->text, (size_t)p->len, VU_PATH_ROOM, p->how);
	return p->inside;
}

/* Calls that look a path up from the working directory, and what does the same from a descriptor. */
static const struct {
	uint16_t nr, at;
	bool flags; /* which it has in the third argument */
	uint16_t value;
} at_of[] = {
	{ __NR_open, __NR_openat, false, 0 },
	{ __NR_stat, __NR_newfstatat, true, 0 },
	{ __NR_lstat, __NR_newfstatat, true, AT_SYMLINK_NOFOLLOW },
	{ __NR_access, __NR_faccessat, false, 0 },
	{ __NR_readlink, __NR_readlinkat, false, 0 },
};

/* Has *f look up p->text, which leads into a mount: from the tree if it is in it. */
static void look_up_inside(struct vu_frame *f, const struct quick_path *p)
{
	const char *rest = vu_tree_rest(p->text);
	bool at = p->at;

	f->arg[p->at] = (uint64_t)p->text;
	for (size_t i = 0; rest && !at && i < sizeof(at_of) / sizeof(at_of[0]); i++) {
		if (at_of[i].nr != f->nr)
			continue;
		at = true;
		f->nr = at_of[i].at;
		f->arg[3] = at_of[i].flags ? at_of[i].value : f->arg[2];
		f->arg[2] = f->arg[1];
	}
	if (!rest || !at)
		return;
	f->arg[0] = (uint64_t)vu_tree();
	f->arg[1] = (uint64_t)rest;
}

/* Does the name of the mount that the path leads into lead there still? The path is of no use afterwards. */
static bool mount_is_there(const struct quick_path *p)
{
	const char *name = vu_tree_rest(p->text), *rest;

	if (!name || !vu_tree_mount(name, &rest))
		return false;
	p->text[rest - p->text] = 0;
	return !vu_sys(__NR_faccessat, vu_tree(), name, F_OK_);
}

/* Where a mount's name does not lead there any more, the handler knows what to say. */
static struct vu_answer __attribute__((noinline))
issue_inside(const struct vu_frame *f, const struct quick_path *p)
{
	struct vu_frame mine = *f;
	long r;

	look_up_inside(&mine, p);
	r = make(&mine);
	if (r == -ENOENT)
		return mount_is_there(p) ? answer(r) : NO_ANSWER;
	return r == -EACCES || r == -EROFS ? NO_ANSWER : answer(r);
}

/* The call with our copy of the path: what was looked at is what is used. */
INLINED struct vu_answer take_name(struct vu_frame *f, bool little)
{
	struct quick_path p;

	if (!is_ready(f, &p, little))
		return NO_ANSWER;
	f->use[p.at] = (uint64_t)p.text;
	return p.inside ? issue_inside(f, &p) : native();
}

static struct vu_answer quick_name(struct vu_frame *f)
{
	return take_name(f, false);
}

static struct vu_answer little_name(struct vu_frame *f)
{
	return take_name(f, true);
}

static struct vu_answer quick_chdir(struct vu_frame *f)
{
	struct vu_answer a = quick_name(f);
	struct vu_frame mine = *f;

	if (a.verdict == VU_NO_ANSWER)
		return a;
	mine.arg[0] = f->use[0];
	/* Where relative paths begin changes in the call: what others find out until then is of no use. */
	if (a.verdict == VU_ISSUE)
		a = answer(make(&mine));
	if (f->nr == __NR_chroot)
		vu_known_leave();
	else
		vu_known_forget();
	return a;
}

static struct vu_answer quick_fchdir(struct vu_frame *f)
{
	struct vu_answer a = answer(make(f));

	vu_known_forget();
	return a;
}

static struct vu_answer quick_getcwd(struct vu_frame *f)
{
	struct vu_answer a;
	char first = '/';

	if (!vu_touches(VU_TOUCH_PATHS))
		return native();
	a = answer(make(f));
	if (a.result < 0 || guest_read(&first, f->arg[0], 1) < 0 || first != '/')
		return NO_ANSWER;
	return a;
}

/* Is it the folder of a file system that has a disk, and so not one of /proc? */
static bool is_on_disk(int fd)
{
	struct statx sx;

	return !vu_stat_place(fd, "", AT_EMPTY_PATH, &sx) && sx.stx_dev_major;
}

static struct vu_answer quick_getdents(struct vu_frame *f)
{
	if (vu_touches(VU_TOUCH_GHOST) || (vu_has_own_fds() && !is_on_disk((int)f->arg[0])))
		return NO_ANSWER;
	return native();
}

/* --- ids, names, signals, processes --- */

/* The credential if all threads have the same; *known is false if more has to be asked. */
static const struct vu_cred *common_cred(bool *known)
{
	const struct vu_thread *t = vu_thread_common();

	*known = t || !vu_touches(VU_TOUCH_IDS);
	return *known && vu_touches(VU_TOUCH_IDS) && t->has_cred ? &t->cred : NULL;
}

/* getuid, geteuid, getgid, getegid */
static struct vu_answer quick_id(struct vu_frame *f)
{
	bool known;
	const struct vu_cred *cred = common_cred(&known);

	if (!known)
		return NO_ANSWER;
	if (!cred)
		return native();
	if (f->nr == __NR_getuid)
		return answer(cred->uid);
	if (f->nr == __NR_geteuid)
		return answer(cred->euid);
	return answer(f->nr == __NR_getgid ? cred->gid : cred->egid);
}

/* Calls that are the kernel's where the view gives no ids. */
static struct vu_answer quick_unless_ids(struct vu_frame *f)
{
	(void)f;
	return vu_touches(VU_TOUCH_IDS) ? NO_ANSWER : native();
}

/* Not where some of the descriptors are the agent's. */
static struct vu_answer quick_close_range(struct vu_frame *f)
{
	(void)f;
	return vu_has_own_fds() ? NO_ANSWER : native();
}

static struct vu_answer quick_own_fd(struct vu_frame *f)
{
	return vu_is_anchor((int)f->arg[0]) ? answer(-EBADF) : native();
}

static struct vu_answer quick_dup2(struct vu_frame *f)
{
	int tree = vu_tree();

	return tree && ((int)f->arg[0] == tree || (int)f->arg[1] == tree) ? NO_ANSWER : native();
}

static struct vu_answer quick_uname(struct vu_frame *f)
{
	(void)f;
	return vu_touches(VU_TOUCH_UTS) ? NO_ANSWER : native();
}

static struct vu_answer quick_prctl(struct vu_frame *f)
{
	static const unsigned char host[] = { PR_SET_PDEATHSIG,	 PR_GET_PDEATHSIG,
					      PR_GET_DUMPABLE,	 PR_SET_NAME,
					      PR_GET_NAME,	 PR_SET_TIMERSLACK,
					      PR_SET_THP_DISABLE };

	for (unsigned int i = 0; i < sizeof(host); i++)
		if (f->arg[0] == host[i])
			return native();
	return f->arg[0] == PR_SET_VMA ? native() : NO_ANSWER;
}

/* Has wait4 found what no tracer need be asked about? The status is where the guest wants it. */
static bool is_end(const struct vu_frame *f, long result)
{
	int status;

	return result <= 0 ||
	       (!guest_read(&status, f->arg[1], sizeof(status)) && (status & 0xff) != 0x7f);
}

static struct vu_answer quick_wait4(struct vu_frame *f)
{
	struct vu_frame mine = *f;
	int status = 0;
	long r;

	if (agent_process.tracer)
		return NO_ANSWER;
	if (!f->arg[1])
		mine.arg[1] = (uint64_t)&status;
	r = make(&mine);
	if (is_end(&mine, r))
		return answer(r);
	guest_read(&status, mine.arg[1], sizeof(status));
	if (vu_wait_hides((int)r, &status))
		return NO_ANSWER;
	return guest_write(mine.arg[1], &status, sizeof(status)) < 0 ? answer(-EFAULT) : answer(r);
}

/* Of stops, which only tracers and shells ask for, the handler must see the siginfo. */
static struct vu_answer quick_waitid(struct vu_frame *f)
{
	if (agent_process.tracer || (f->arg[3] & WSTOPPED))
		return NO_ANSWER;
	return answer(make(f));
}

/* The kept signals are none of the kernel's business: they are added and taken away here. */
static struct vu_answer quick_sigprocmask(struct vu_frame *f)
{
	struct vu_thread *t = vu_thread_get();
	uint64_t set = 0, old, kept;
	struct vu_frame mine = *f;
	struct vu_answer a;

	if (t->kept_pending || f->arg[3] != sizeof(set))
		return NO_ANSWER;
	if (f->arg[1] && guest_read(&set, f->arg[1], sizeof(set)) < 0)
		return NO_ANSWER;
	kept = t->kept_blocked;
	old = kept;
	if (f->arg[1] && !vu_mask_change((int)f->arg[0], old, set, &kept))
		return NO_ANSWER;
	set &= ~VU_KEPT;
	kept &= VU_KEPT;
	if (kept != old && !vu_thread_has(t))
		return NO_ANSWER;
	if (f->arg[1])
		mine.arg[1] = (uint64_t)&set;
	a = answer(make(&mine));
	if (kept != old) {
		t->kept_blocked = (uint32_t)kept;
		vu_thread_forget(t);
	}
	if (!a.result && old && f->arg[2] && !guest_read(&set, f->arg[2], sizeof(set))) {
		set |= old;
		guest_write(f->arg[2], &set, sizeof(set));
	}
	return a;
}

/* The action that was, as the guest has set it: in its own memory, where the kernel has just put it. */
static void show_old_action(const struct vu_frame *f, uint64_t was)
{
	uint64_t handler, entry = vu_detour_entry();

	if (!guest_read(&handler, f->arg[2], sizeof(handler)) && handler == entry)
		guest_write(f->arg[2], &was, sizeof(was));
}

static struct vu_answer quick_sigaction(struct vu_frame *f)
{
	struct vu_sigaction new;
	struct vu_frame mine = *f;
	struct vu_answer a;
	uint64_t was;

	if (f->arg[0] - 1 >= 64 || vu_kept_index(f->arg[0]) >= 0 || f->arg[3] != sizeof(new.mask) ||
	    vu_kept_in_mask(f->arg[0]))
		return NO_ANSWER;
	f->made = true; /* what is noted belongs to what the kernel is told */
	was = vu_handler_of(f->arg[0], vu_detour_entry());
	if (f->arg[1]) {
		if (guest_read(&new, f->arg[1], sizeof(new)) < 0)
			return NO_ANSWER;
		/* One that is to be noted is for a process that surely is the memory's only one. */
		if (new.handler > 1 && ((new.mask &VU_KEPT) || agent_process.threads))
			return NO_ANSWER;
		new.mask &= ~VU_KEPT;
		new.handler = vu_detour(f->arg[0], new.handler);
		mine.arg[1] = (uint64_t) & new;
	}
	a = answer(make(&mine));
	if (a.result < 0 && f->arg[1])
		vu_detour(f->arg[0], was);
	if (!a.result && f->arg[2])
		show_old_action(f, was);
	return a;
}

/* Does not return, unless there is more to do: what is on the stack above the frame is the signal's. */
static struct vu_answer quick_sigreturn(struct vu_frame *f)
{
	if (vu_counts())
		vu_count(VU_STATS_QUICK, (long)f->nr);
	vu_leave_plain_handler((uint64_t)(f + 1));
	return NO_ANSWER;
}

/* --- sockets --- */

static bool is_unix(uint64_t addr)
{
	uint16_t family;

	return guest_read(&family, addr, sizeof(family)) < 0 || family == AF_UNIX_;
}

static struct vu_answer quick_addr(struct vu_frame *f, int at)
{
	return f->arg[at] && is_unix(f->arg[at]) ? NO_ANSWER : native();
}

static struct vu_answer quick_sockaddr(struct vu_frame *f)
{
	return quick_addr(f, 1);
}

static struct vu_answer quick_sendto(struct vu_frame *f)
{
	return quick_addr(f, 4);
}

/* A message without an address. */
static struct vu_answer quick_sendmsg(struct vu_frame *f)
{
	uint64_t name;

	if (guest_read(&name, f->arg[1], sizeof(name)) < 0 || name)
		return NO_ANSWER;
	return native();
}

/* May the process have a stack? One that is gone is none of the view's any more, but still its own. */
static bool may_have_stack(void)
{
	return vu_touches(VU_TOUCH_NET) || vu_stack_any();
}

static struct vu_answer quick_socket(struct vu_frame *f)
{
	return may_have_stack() && !vu_stack_is_host((unsigned int)f->arg[0]) ? NO_ANSWER :
										native();
}

/* Of ioctls only those about network interfaces, 0x89xx. */
static struct vu_answer quick_ioctl(struct vu_frame *f)
{
	return (f->arg[1] & 0xff00) == 0x8900 && may_have_stack() ? NO_ANSWER : native();
}

/* --- memory --- */

/* The ELF interpreter's mappings are given what will be touched. Code of a file may have patched pages. */
static struct vu_answer quick_mmap(struct vu_frame *f)
{
	struct vu_code_map m = vu_code_map_asked(f->arg);
	bool code = m.prot & PROT_EXEC, anonymous = m.flags & MAP_ANONYMOUS;
	long r;

	if (!agent_process.patches || !vu_code_is_interp(f->ret) || (code && anonymous))
		return !code || vu_filtered ? native() : NO_ANSWER;
	f->made = true;
	m.flags =
		vu_map_flags(m.flags, m.len, anonymous ? VU_SMALL_MEMORY : VU_SMALL_SEGMENT, false);
	r = code ? vu_code_map(&m, NULL) : vu_code_map_plain(&m);
	return r == VU_CODE_UNKNOWN ? NO_ANSWER : answer(r);
}

static struct vu_answer quick_protect(struct vu_frame *f)
{
	return !vu_filtered && vu_code_may_appear((long)f->nr, f->arg) ? NO_ANSWER : native();
}

/*
 * The child goes on here, on its copy of the program's stack: the pages of a scratch would have to be copied, for the
 * parent, too. It would count the call a second time.
 */
static struct vu_answer quick_fork(struct vu_frame *f)
{
	long r;

	if (!vu_is_plain_fork((long)f->nr, f->arg) || vu_thread_any() || vu_stack_has_word() ||
	    vu_counts())
		return NO_ANSWER;
	r = make(f);
	if (!r)
		vu_forked(NULL);
	return answer(r);
}

/* --- all --- */

/* On much, on little stack; NULL: nobody. */
static quick_fn *const quick_of[][2] = {
	[NOBODY] = { NULL, NULL },
	[NAME] = { quick_name, little_name },
	[CHDIR] = { quick_chdir, NULL },
	[FCHDIR] = { quick_fchdir, quick_fchdir },
	[GETCWD] = { quick_getcwd, quick_getcwd },
	[GETDENTS] = { quick_getdents, NULL },
	[ID] = { quick_id, quick_id },
	[UNLESS_IDS] = { quick_unless_ids, quick_unless_ids },
	[UNAME] = { quick_uname, quick_uname },
	[OWN_FD] = { quick_own_fd, quick_own_fd },
	[DUP2] = { quick_dup2, quick_dup2 },
	[CLOSE_RANGE] = { quick_close_range, quick_close_range },
	[PRCTL] = { quick_prctl, quick_prctl },
	[WAIT4] = { quick_wait4, NULL },
	[WAITID] = { quick_waitid, quick_waitid },
	[SIGPROCMASK] = { quick_sigprocmask, NULL },
	[SIGACTION] = { quick_sigaction, NULL },
	[SIGRETURN] = { quick_sigreturn, quick_sigreturn },
	[SOCKADDR] = { quick_sockaddr, quick_sockaddr },
	[SENDTO] = { quick_sendto, quick_sendto },
	[SENDMSG] = { quick_sendmsg, quick_sendmsg },
	[SOCKET] = { quick_socket, quick_socket },
	[IOCTL] = { quick_ioctl, quick_ioctl },
	[MMAP] = { quick_mmap, NULL },
	[PROTECT] = { quick_protect, quick_protect },
	[FORK] = { quick_fork, NULL },
};

/* Has the call a number, but nothing in its arguments that would be for the agent? */
static bool is_host(const struct vu_frame *f)
{
	return rows[f->nr].host && !f->arg[rows[f->nr].host - 1];
}

static struct vu_answer look(struct vu_frame *f)
{
	quick_fn *fn;

	if (f->nr >= sizeof(rows) / sizeof(rows[0]) || agent_process.strict)
		return NO_ANSWER;
	if (is_host(f))
		return native();
	fn = quick_of[rows[f->nr].quick][vu_is_little_stack((uint64_t)f)];
	return fn ? fn(f) : NO_ANSWER;
}

/* A call that is not answered here is counted where it is (vu_gate_full()). */
static __attribute__((noinline)) struct vu_answer look_and_count(struct vu_frame *f)
{
	struct vu_answer a = look(f);

	if (a.verdict != VU_NO_ANSWER && !is_host(f))
		vu_count(VU_STATS_QUICK, (long)f->nr);
	return a;
}

bool vu_quick_is_done(const struct vu_frame *f, long result)
{
	return f->nr == __NR_wait4 && f->arg[1] && is_end(f, result);
}

unsigned char vu_gate_asks VU_HOT;

void vu_gate_look(void)
{
	_Static_assert(offsetof(struct vu_process, tree) == 248, "PROCESS_TREE of gate.S");
	_Static_assert(VU_GATE_CPUID == 508, "SYS_SLOTS of gate.S");
	_Static_assert(VU_VIEW_ADDR + VU_VIEW_CPUID == 0x7e102000, "CPUID_TABLE of gate.S");
	_Static_assert(sizeof(struct vu_cpuid_answer) == 24 &&
			       offsetof(struct vu_cpuid, answer) == 8,
		       "ANSWER_SIZE of gate.S, and where the first is");

	vu_gate_asks = vu_counts() || vu_is_anchored();
}

struct vu_answer vu_quick(struct vu_frame *f)
{
	return vu_counts() ? look_and_count(f) : look(f);
}
