/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent: what its files share. Freestanding: no libc, no allocation, no TLS, no SSE.
 *
 * Rules for every line of the agent:
 *  - It runs in any thread of any program. The program's stack holds little more than the signal's frame:
 *    handlers run on the stack in the call's struct vu_scratch, where large buffers are, too; frames
 *    stay small (the build refuses more than 1 KiB). What the guest may interrupt (vu_native_blocking(),
 *    its own handler) runs on the guest's stack again.
 *  - All signals are blocked while it runs, but for the guest's own call where that may block
 *    (vu_native()); whatever it holds then must bear a longjmp out of a guest's signal handler.
 *  - Guest memory is reached through guest_*() only, each argument once.
 *  - It keeps no descriptor open; those that it opens it closes before it returns.
 *  - After vfork the memory is shared with the parent: nothing may be left that only the child undoes.
 *  - Results are >= 0 or -errno.
 */
#ifndef VU_AGENT_AGENT_H
#define VU_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/rpc.h"
#include "abi/state.h"
#include "abi/view.h"

#define VU_PATH_MAX   4096
#define VU_STACK_SIZE 15360
#define VU_N_KEPT     3 /* signals that the agent keeps for itself: see trap.h */

struct vu_regs; /* arch/<isa>/: the guest's registers at the call */

/* Buffers of one call. A call that needs a path resolved gets two places (rename, link). */
struct vu_path {
	int dirfd;	/* for real: AT_FDCWD or the guest's descriptor */
	uint32_t mount; /* id of the mount that it lies in (root included), 0 host */
	uint32_t flags; /* VU_PATH_* */
	/* The name to give to the kernel, absolute or relative to dirfd. */
	char real[VU_PATH_MAX + 64];
	char virt[VU_PATH_MAX]; /* canonical absolute path in the view; "" if it has none */
};
#define VU_PATH_NATIVE	 0x01u /* the guest's own arguments do: no mount can be involved */
#define VU_PATH_ROOT	 0x02u /* it is the root of `mount` */
#define VU_PATH_MAGIC	 0x04u /* ends at a magic link of /proc (fd/N, cwd, root, exe, ns/...) */
#define VU_PATH_SELF_EXE 0x08u /* it is the caller's own /proc/self/exe */
#define VU_PATH_MISSING	 0x10u /* the last component does not exist (the rest does) */
#define VU_PATH_SLASH	 0x20u /* it was given with a trailing slash, "." or ".." */

/*
 * Aligned to its size: what runs on `stack` finds it by its stack pointer (entry.S). What is used in every
 * call is together in one page, the end of the stack included: each page costs a process a fault.
 */
#define VU_SLOT_SIZE 65536ul
struct vu_scratch {
	char stack[VU_STACK_SIZE]; /* what the handler runs on */
	void *guest_sp;		   /* where the guest's stack is free while the handler runs */
	int owner;		   /* tid, 0 free */
	bool mapped;		   /* not in the table: unmap when done */
	struct vu_call *waiting;   /* the call is being made with signals let in: vu_settle() */
	void *waiting_at;	   /* ... from here on the guest's stack */
	bool made;		   /* ... has been made */
	bool stays;		   /* ... and cannot be begun again */
	void *extra;
	size_t extra_size;
	uint64_t regs[48];		  /* struct vu_regs of a call by a patched site */
	char msg[VU_PATH_MAX * 2 + 1024]; /* rpc messages, contents of synthesised files */
	char tmp[2][VU_PATH_MAX + 64]; /* the resolver's; free for handlers before and after it */
	struct vu_path path[2];
} __attribute__((aligned(VU_SLOT_SIZE)));

/* For what nearly every process writes: together in few pages. It begins as zeros: there is no file behind it. */
#define VU_HOT __attribute__((section(".bss.hot")))

/* State of one thread that the kernel does not know. Threads without any share agent_process.thread. */
struct vu_thread {
	uint32_t kept_blocked; /* the kept signals (trap.h) that the guest has in its mask */
	uint32_t kept_pending; /* ... that came while they were blocked */
	uint8_t kept_info[VU_N_KEPT][128]; /* ... their siginfo */
	bool traceme;			   /* asked for PTRACE_TRACEME, due at its execve */
	bool has_cred;			   /* cred is valid; else ids are the kernel's */
	struct vu_cred cred;
};

/* Action of a signal as rt_sigaction(2) has it in the kernel's layout. */
struct vu_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

/* What tells whether a file is one that was seen before, unchanged. */
struct vu_file_id {
	uint64_t dev, ino, ctime, ctime_nsec;
	unsigned int mode;
};

/* State of the process. fork copies it; the loader sets it from struct vu_exec_state. */
struct vu_process {
	struct vu_session_ref ref;
	bool viewless;	   /* no view image could be mapped: everything is the host's */
	bool no_new_privs; /* as the guest sees it */
	bool strict;	   /* in seccomp's strict mode */
	bool tracer;	   /* has used ptrace(2) */
	bool no_clock;	   /* the time stamp counter is forbidden to it (PR_SET_TSC) */
	bool judged; /* it has a seccomp filter of its own, which judges what the agent does in its name */
	bool shares_fs; /* another process changes its cwd, too (CLONE_FS without CLONE_VM) */
	bool patches;	/* call sites are patched (code.c) */
	bool threads;	/* has, or had, other threads or a vforked child in its memory */
	bool forked;	/* it has not executed a program since it was forked */
	bool apart;	/* it does not know what others do of paths (known.c) */
	struct vu_root root;
	uint64_t hash_key;		 /* random (known.c) */
	uint64_t start_code;		 /* of the program */
	uint64_t interp_from, interp_to; /* where the ELF interpreter's code is */
	struct vu_file_id interp;	 /* the ELF interpreter; ino 0: none */
	uint32_t driver;		 /* token of the driver that it belongs to */
	int pid;
	int nameless;	   /* a descriptor of the program, which no name leads to; 0: it has one */
	unsigned int euid; /* the kernel's effective user id of the process */
	struct vu_sigaction kept[VU_N_KEPT]; /* the guest's own actions for the kept signals */
	uint32_t serves;     /* id of the mount that it serves as a daemon, 0 none */
	uint32_t met;	     /* that of the last one whose root it has asked for */
	int tree;	     /* the descriptor of the tree of mounts (tree.h), 0: not open */
	bool no_tree;	     /* it cannot have it */
	uint32_t stack_seen; /* changes of its stacks up to this one are taken over */
	uint32_t stack[VU_FAMILIES_N]; /* ids of its network stacks, 0 the host's (stack.c) */
};

extern struct vu_process agent_process;

/* One call of a guest. */
struct vu_call {
	long nr; /* changed by handlers that issue another call in its place */
	unsigned long arg[6];
	const struct vu_row *row;
	struct vu_thread *thread;
	struct vu_scratch *s;
	struct vu_regs *regs;
	uint64_t kind; /* of the patched site (gate.h) */
	bool by_gate;  /* it came by a patched site, not by a trap */
	bool again;    /* to be made once more: what it was about has changed under it */
};

/* --- dispatch.c: the table --- */
typedef long vu_handler(struct vu_call *c);

struct vu_row {
	const char *name;
	vu_handler *handler; /* NULL: host's, never trapped */
	const char *args;    /* kinds of arguments: see syscalls.def */
};
const struct vu_row *vu_row(long nr); /* NULL: no such number */

/* --- arch: system calls --- */
/* The agent's own call: passes all filters. */
long vu_sys6(long nr, long a, long b, long c, long d, long e, long f);
/* A call in the guest's name: passes our filter, not the guest's own ones. */
long vu_guest_sys6(long nr, long a, long b, long c, long d, long e, long f);
#define VU_SYS_(nr, a, b, c, d, e, f, ...) \
	vu_sys6((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* vu_sys(__NR_x, args...): up to six arguments, missing ones are 0. */
#define vu_sys(...) VU_SYS_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* Issues c->nr with c->arg in the guest's name. */
long vu_native(struct vu_call *c);
/* The same with signals let in (the call may block, or goes to a FUSE mount). */
long vu_native_blocking(struct vu_call *c);

/* --- view.c --- */
const struct vu_view_head *vu_view(void);	/* the process's view; never NULL once loaded */
static inline bool vu_touches(uint32_t classes) /* does the view touch one of VU_TOUCH_*? */
{
	return !agent_process.viewless && (vu_view()->classes & classes);
}
/*
 * Maps `size` bytes from `offset` of the image that is the server's descriptor view_fd, writable; false: it
 * cannot be. At *addr, where they stay if they are there already; if that is 0, it gets the address.
 */
bool vu_view_map(int view_fd, uint64_t *addr, uint64_t size, uint64_t offset);
/*
 * Entry of the mount table, copied out as one publishing had it; strings stay in the area.
 * vu_mount_by_*: true and *m filled, or false. Never block, safe against concurrent publishing.
 */
bool vu_mount_at(uint32_t parent, const char *path, size_t len, struct vu_view_mount *m);
bool vu_mount_by_id(uint32_t id, struct vu_view_mount *m);
bool vu_mount_by_mnt_id(uint64_t mnt_id, struct vu_view_mount *m);
/* Copies the mount's path in the view to buf (VU_PATH_MAX bytes); its length, or -ENOENT. */
long vu_mount_path(uint32_t id, char *buf);
/*
 * Calls fn for each mount in table order; stops if fn returns true. False: the table was published anew
 * meanwhile, and what fn has been shown may be a mixture: the caller forgets it and begins again. fn
 * takes each string once (vu_view_str()), as it may change, and puts up with any text in it.
 */
typedef bool vu_mount_fn(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx);
bool vu_mount_each(vu_mount_fn *fn, void *ctx) __attribute__((warn_unused_result));

/*
 * The name of one of the session's descriptors (agent_process.ref): /proc/<server>/fd/<fd>, or the
 * process's own where it is anchored (anchor.c). buf: 40 bytes at least.
 */
void vu_session_name(char *buf, size_t size, int fd);

/* --- guest memory (guest.c): 0 or a length, -EFAULT. Faults are mended (fault.c). --- */
long guest_read(void *dst, unsigned long src, size_t n);
long guest_write(unsigned long dst, const void *src, size_t n);
/*
 * Reads a structure of `size` bytes that the guest says to be `len` bytes long: what is beyond must be zero
 * (copy_struct_from_user() of the kernel). 0, -EINVAL (too short), -E2BIG or -EFAULT.
 */
long guest_read_struct(void *dst, size_t size, unsigned long src, size_t len);
/* Reads a string with its NUL; length without it; -EFAULT; -ENAMETOOLONG if it does not fit. */
long guest_read_str(char *dst, size_t size, unsigned long src);

/* --- path.c --- */
#define VU_FOLLOW   0x01u /* follow a symbolic link at the end */
#define VU_EMPTY_OK 0x02u /* "" means dirfd itself (AT_EMPTY_PATH) */
#define VU_CREATE   0x04u /* the last component may be missing */
#define VU_PARENT \
	0x08u /* operates on the name: mkdir, unlink, rename ...: never follows, a mount's root is EBUSY's matter */
/*
 * Resolves guest path argument `path` (guest address) relative to dirfd in the caller's view into *p.
 * 0, or the -errno that the kernel gives for such a path (-ENOENT, -ELOOP, -EFAULT, ...).
 * With no mount in the view it only sets VU_PATH_NATIVE.
 */
long vu_resolve(struct vu_call *c, int dirfd, unsigned long path, uint32_t how, struct vu_path *p);
/* The same for a path that is in agent memory. */
long vu_resolve_str(struct vu_call *c, int dirfd, const char *path, uint32_t how,
		    struct vu_path *p);
/* Canonical path in the view of an open directory or file (AT_FDCWD: the cwd) into buf of VU_PATH_MAX;
 * its length; -ENOENT when unlinked or unreachable. *mount gets the mount's id. */
long vu_fd_path(int fd, char *buf, uint32_t *mount);

/* --- threads (thread.c) --- */
bool vu_thread_any(void); /* has any thread a state of its own? */
int vu_tid(void);	  /* the caller's, as gettid(2); asked for only if there may be others */
struct vu_thread *vu_thread_get(void);	 /* the caller's own state, or the process's default */
struct vu_thread *vu_thread_of(int tid); /* the same, of the caller, whose tid is known */
struct vu_thread *vu_thread_own(void);	 /* a private one, made if needed; NULL: table is full */

/* --- rpc.c --- */
/*
 * One request to umvu: strings are n NUL-terminated ones in msg (len bytes). The reply's text goes to
 * msg (size bytes, NUL-terminated). fds_in: n_in descriptors to send (stay open). *fd_out: the
 * descriptor received (O_CLOEXEC), -1 none; may be NULL. Returns reply->result or -errno (-EIO: umvu is
 * gone). May block.
 */
long vu_rpc(struct vu_rpc_request *rq, char *msg, size_t size, const int *fds_in, int n_in,
	    int *fd_out, struct vu_rpc_reply *reply);

/* --- string.c --- */
size_t vu_strlen(const char *s);
int vu_strcmp(const char *a, const char *b);
int vu_strncmp(const char *a, const char *b, size_t n);
char *vu_strchr(const char *s, int ch);
char *vu_strrchr(const char *s, int ch);
/* Copies at most size - 1 bytes and a NUL; length of src. */
size_t vu_strlcpy(char *dst, const char *src, size_t size);
/* Decimal text of n at dst (21 bytes at least); its length. */
size_t vu_utoa(char *dst, unsigned long n);
/* Appends to a NUL-terminated string in buf of `size` bytes; false if it did not fit. */
bool vu_append(char *buf, size_t size, const char *s);
bool vu_append_num(char *buf, size_t size, unsigned long n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int ch, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* --- log.c: to stderr, only with debug bits of the view --- */
void vu_debug(const char *what, const char *detail, long value);

#endif
