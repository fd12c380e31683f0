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

/* One of its frames less. */
#define INLINED static inline __attribute__((always_inline))

/* --- paths --- */

/* A path as the quick way looks at it: what the call says of it, and its text. */
struct quick_path {
	bool inside; /* it leads into a mount */
	int at;	     /* number of its argument */
	int dirfd;
	uint32_t how;
	bool may_be_empty;
	long len;
	char *text; /* VU_PATH_ROOM bytes */
};

/*
 * By number, from the kinds of the arguments, where there is one path, first or behind its descriptor: how it is
 * looked up, and which argument the AT_* flags are.
 */
#define KIND(args, i)	((args "\0\0\0\0\0\0\0")[i])
#define HAS_DIRFD(args) (KIND(args, 0) == 'd')
#define PATH_KIND(args) (HAS_DIRFD(args) ? KIND(args, 1) : KIND(args, 0))
#define IS_OTHER(args, i) \
	(KIND(args, i) == '\0' || KIND(args, i) == '.' || KIND(args, i) == 'a' || !(i))
#define ONE_PATH(args)                                                                       \
	((PATH_KIND(args) == 'p' || PATH_KIND(args) == 'l' || PATH_KIND(args) == 'n') &&     \
	 (HAS_DIRFD(args) || IS_OTHER(args, 1)) && IS_OTHER(args, 2) && IS_OTHER(args, 3) && \
	 IS_OTHER(args, 4) && IS_OTHER(args, 5))
#define FLAGS_AT(args)              \
	(KIND(args, 1) == 'a' ? 1 : \
	 KIND(args, 2) == 'a' ? 2 : \
	 KIND(args, 3) == 'a' ? 3 : \
	 KIND(args, 4) == 'a' ? 4 : \
				0)
static const struct {
	uint8_t how, dirfd, flags, one;
} names_of[] = {
#define VU_SYSCALL(number, name, when, handler, args)     \
	[number] = { PATH_KIND(args) == 'p' ? VU_FOLLOW : \
		     PATH_KIND(args) == 'n' ? VU_PARENT : \
					      0,          \
		     HAS_DIRFD(args), FLAGS_AT(args), ONE_PATH(args) },
#include "abi/syscalls.def"
#undef VU_SYSCALL
};

/* Finds the path among the arguments; false: there are other ones, too. */
INLINED bool locate(const struct vu_frame *f, struct quick_path *p)
{
	uint64_t flags = names_of[f->nr].flags ? f->arg[names_of[f->nr].flags] : 0;

	p->at = names_of[f->nr].dirfd;
	p->dirfd = p->at ? (int)f->arg[0] : AT_FDCWD;
	p->how = names_of[f->nr].how;
	if (flags & AT_SYMLINK_NOFOLLOW)
		p->how &= ~VU_FOLLOW;
	p->may_be_empty = flags & AT_EMPTY_PATH;
	return names_of[f->nr].one;
}

/* Does `text` end in a name that only magic links of /proc have, or lie in a folder full of them? */
static bool may_be_magic(const char *text)
{
	return !vu_strncmp(text, "/proc", 5) || !vu_strncmp(text, "/dev/fd", 7) ||
	       !vu_strchr(text, '/') || text[0] != '/';
}

/* What a call does not take the quick way for. */
enum unless { ANY_NAME, SPECIAL, MAGIC };

/*
 * Reads the path and finds out whether it is the kernel's own, or how the kernel is to be asked; on little stack only
 * what is known counts. Names that the agent may answer itself are not for here, as `unless` says.
 */
INLINED bool is_ready(struct vu_frame *f, struct quick_path *p, enum unless unless, bool little)
{
	p->inside = false;
	p->text = (char *)f - VU_PATH_ROOM;
	p->len = guest_read_str(p->text, VU_PATH_ROOM, f->arg[p->at]);
	if (p->len < 0)
		return false;
	if (!p->len)
		return p->may_be_empty;
	if (unless != ANY_NAME && vu_is_special(p->text, (size_t)p->len))
		return false;
	if (unless == MAGIC && may_be_magic(p->text))
		return false;
	if (!vu_touches(VU_TOUCH_PATHS))
		return true;
	if (little)
		return vu_is_known(p->dirfd, p->text, (size_t)p->len, p->how);
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
INLINED struct vu_answer issue(struct vu_frame *f, const struct quick_path *p)
{
	f->use[p->at] = (uint64_t)p->text;
	return p->inside ? issue_inside(f, p) : native();
}

INLINED struct vu_answer take_path(struct vu_frame *f, bool little)
{
	struct quick_path p;

	if (!locate(f, &p) || !is_ready(f, &p, ANY_NAME, little))
		return NO_ANSWER;
	/* A directory may hold mount points that only the view has. */
	if ((p.how & VU_PARENT) && vu_touches(VU_TOUCH_GHOST))
		return NO_ANSWER;
	return issue(f, &p);
}

/* Calls for which /proc/PID/exe and the like are special. */
INLINED struct vu_answer take_stat(struct vu_frame *f, bool little)
{
	struct quick_path p;

	if (!locate(f, &p) || !is_ready(f, &p, SPECIAL, little))
		return NO_ANSWER;
	return issue(f, &p);
}

INLINED struct vu_answer take_readlink(struct vu_frame *f, bool little)
{
	struct quick_path p;

	if (!locate(f, &p) || !is_ready(f, &p, MAGIC, little) || !p.len)
		return NO_ANSWER;
	return issue(f, &p);
}

INLINED struct vu_answer take_open(struct vu_frame *f, bool little)
{
	bool at = f->nr == __NR_openat;
	uint64_t flags = f->nr == __NR_creat ? VU_O_CREAT | VU_O_WRONLY : f->arg[at + 1];
	struct quick_path p;

	p.at = at;
	p.dirfd = at ? (int)f->arg[0] : AT_FDCWD;
	p.may_be_empty = false;
	p.how = vu_how_to_open((unsigned int)flags) & ~VU_SPECIAL;
	if (!is_ready(f, &p, SPECIAL, little))
		return NO_ANSWER;
	return issue(f, &p);
}

#define WITH_PATH(what)                                           \
	static struct vu_answer quick_##what(struct vu_frame *f)  \
	{                                                         \
		return take_##what(f, false);                     \
	}                                                         \
	static struct vu_answer little_##what(struct vu_frame *f) \
	{                                                         \
		return take_##what(f, true);                      \
	}

WITH_PATH(path)
WITH_PATH(stat)
WITH_PATH(readlink)
WITH_PATH(open)

static struct vu_answer quick_chdir(struct vu_frame *f)
{
	struct vu_answer a = quick_path(f);
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

/* Code that the ELF interpreter maps from a file may have patched pages. */
static struct vu_answer quick_mmap(struct vu_frame *f)
{
	bool code = (f->arg[2] & PROT_EXEC) && !(f->arg[3] & MAP_ANONYMOUS);
	struct vu_code_map m = {
		f->arg[0], f->arg[1], (int)f->arg[2], (int)f->arg[3], (int)f->arg[4],
		f->arg[5], NULL
	};
	long r;

	if (!(f->arg[2] & PROT_EXEC))
		return native();
	if (!code || !agent_process.patches || !vu_code_is_interp(f->ret))
		return vu_filtered ? native() : NO_ANSWER;
	f->made = true;
	r = vu_code_map(&m, NULL);
	return r == VU_CODE_UNKNOWN ? NO_ANSWER : answer(r);
}

static struct vu_answer quick_protect(struct vu_frame *f)
{
	return !vu_filtered && vu_code_may_appear((long)f->nr, f->arg) ? NO_ANSWER : native();
}

/* --- the table --- */

#define QUICK_sys_path		  ~, quick_path
#define QUICK_sys_statfs	  ~, quick_path
#define QUICK_sys_stat		  ~, quick_stat
#define QUICK_sys_readlink	  ~, quick_readlink
#define QUICK_sys_open		  ~, quick_open
#define QUICK_sys_chdir		  ~, quick_chdir
#define QUICK_sys_fchdir	  ~, quick_fchdir
#define QUICK_sys_getcwd	  ~, quick_getcwd
#define QUICK_sys_getdents	  ~, quick_getdents
#define QUICK_sys_getuid	  ~, quick_id
#define QUICK_sys_geteuid	  ~, quick_id
#define QUICK_sys_getgid	  ~, quick_id
#define QUICK_sys_getegid	  ~, quick_id
#define QUICK_sys_getresuid	  ~, quick_unless_ids
#define QUICK_sys_getresgid	  ~, quick_unless_ids
#define QUICK_sys_getgroups	  ~, quick_unless_ids
#define QUICK_sys_capget	  ~, quick_unless_ids
#define QUICK_sys_uname		  ~, quick_uname
#define QUICK_sys_own_fd	  ~, quick_own_fd
#define QUICK_sys_dup2		  ~, quick_dup2
#define QUICK_sys_close_range	  ~, quick_close_range
#define QUICK_sys_prctl		  ~, quick_prctl
#define QUICK_sys_wait4		  ~, quick_wait4
#define QUICK_sys_waitid	  ~, quick_waitid
#define QUICK_sys_rt_sigprocmask  ~, quick_sigprocmask
#define QUICK_sys_rt_sigaction	  ~, quick_sigaction
#define QUICK_sys_sockaddr	  ~, quick_sockaddr
#define QUICK_sys_sendto	  ~, quick_sendto
#define QUICK_sys_sendmsg	  ~, quick_sendmsg
#define QUICK_sys_socket	  ~, quick_socket
#define QUICK_sys_ioctl		  ~, quick_ioctl
#define QUICK_sys_mmap		  ~, quick_mmap
#define QUICK_sys_protect	  ~, quick_protect
#define QUICK_sys_rt_sigreturn	  ~, quick_sigreturn
/* On little stack: what differs there. */
#define LITTLE_sys_path		  ~, little_path
#define LITTLE_sys_statfs	  ~, little_path
#define LITTLE_sys_stat		  ~, little_stat
#define LITTLE_sys_readlink	  ~, little_readlink
#define LITTLE_sys_open		  ~, little_open
#define LITTLE_sys_chdir	  ~, NULL
#define LITTLE_sys_getdents	  ~, NULL
#define LITTLE_sys_wait4	  ~, NULL
#define LITTLE_sys_rt_sigprocmask ~, NULL
#define LITTLE_sys_rt_sigaction	  ~, NULL
#define LITTLE_sys_mmap		  ~, NULL
/* SECOND(QUICK_<handler>, NULL): what is defined for it, else NULL. */
#define SECOND_(a, b, ...)	  b
#define SECOND(...)		  SECOND_(__VA_ARGS__)

static quick_fn *const quick_of[] = {
#define VU_SYSCALL(number, name, when, handler, args) [number] = SECOND(QUICK_##handler, NULL, ),
#include "abi/syscalls.def"
#undef VU_SYSCALL
};
static quick_fn *const little_of[] = {
#define VU_SYSCALL(number, name, when, handler, args) \
	[number] = SECOND(LITTLE_##handler, SECOND(QUICK_##handler, NULL, ), ),
#include "abi/syscalls.def"
#undef VU_SYSCALL
};

/* Does the call have a number, but nothing in its arguments that would be for the agent? */
static bool is_host(const struct vu_frame *f)
{
	return vu_gate_class[f->nr] >= VU_GATE_ARG(0) &&
	       !f->arg[vu_gate_class[f->nr] - VU_GATE_ARG(0)];
}

static struct vu_answer look(struct vu_frame *f)
{
	uint64_t n = sizeof(quick_of) / sizeof(quick_of[0]);
	quick_fn *fn;

	if (f->nr >= n || agent_process.strict)
		return NO_ANSWER;
	if (is_host(f))
		return native();
	fn = vu_is_little_stack((uint64_t)f) ? little_of[f->nr] : quick_of[f->nr];
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

	vu_gate_asks = vu_counts() || vu_is_anchored();
}

struct vu_answer vu_quick(struct vu_frame *f)
{
	return vu_counts() ? look_and_count(f) : look(f);
}
