/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a process hands to vu-loader at execve: where its view is, what to run, and the state of the
 * calling thread that Linux keeps over execve but the kernel does not know.
 *
 * It travels as argv[0] and argv[1] of vu-loader; argv[2...] are the program's own arguments:
 *   argv[0]  struct vu_exec_state as text: two lower-case hex digits a byte
 *   argv[1]  the name that AT_EXECFN shall show (the path given to execve, or the script's interpreter)
 * Two strings, so that dropping them leaves the stack 16-byte aligned.
 */
#ifndef VU_ABI_STATE_H
#define VU_ABI_STATE_H

#include <stdint.h>

#include "abi/stack.h"

#define VU_STATE_MAGIC	0x54535556u /* "VUST" */
#define VU_STATE_GROUPS 256 /* supplementary groups kept; setgroups of more fails with ENOMEM */

/*
 * How to reach a view: descriptors of the server, named /proc/<server>/fd/<n>. In a process that has entered
 * another user namespace, from where they cannot be reached: server 0, and descriptors of its own.
 */
struct vu_session_ref {
	uint64_t session;
	int32_t server;
	int32_t view_fd;
	int32_t rpc_fd;
	int32_t loader_fd;
};

/* Where a process's "/" is, as a number, and when that was looked at (CPU's time stamp counter; 0: never). */
struct vu_root {
	uint64_t id, stamp;
};

/* Ids of a thread under unrealuidgid: as in credentials(7) and capabilities(7). */
struct vu_cred {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	uint32_t securebits;
	uint32_t n_groups; /* entries of groups in use */
	uint32_t groups[VU_STATE_GROUPS];
};

#define VU_EXEC_FIRST	    0x01u  /* the process is not yet a guest */
#define VU_EXEC_FILTERED    0x02u  /* the process has the seccomp filter */
#define VU_EXEC_LEASHED	    0x04u  /* umvu has set a parent death signal; it is to be taken back */
#define VU_EXEC_CRED	    0x08u  /* cred is valid; else the kernel's ids are the thread's */
#define VU_EXEC_NO_NEW_PRIV 0x10u  /* the guest itself has set PR_SET_NO_NEW_PRIVS */
#define VU_EXEC_NAMELESS    0x40u  /* the program has no name left */
#define VU_EXEC_NO_CLOCK    0x20u  /* ... PR_SET_TSC: the time stamp counter is forbidden */
#define VU_EXEC_JUDGED	    0x100u /* it has a seccomp filter of its own, beside the agent's */
#define VU_EXEC_ARGV0	    0x80u /* the program is an interpreter that finds argv[0] kept (AT_FLAGS) */

struct vu_exec_state {
	uint32_t magic;
	uint32_t abi;
	uint32_t size;	/* of the whole struct; what follows n_groups may be cut off */
	uint32_t flags; /* VU_EXEC_* */
	struct vu_session_ref ref;
	int32_t exe_fd;	   /* open descriptor of the ELF file to map; the loader closes it */
	int32_t interp_fd; /* open descriptor of its ELF interpreter, -1 none; the loader closes it */
	int32_t binary_fd; /* what the program is the interpreter of, open for it (AT_EXECFD); -1 none */
	uint32_t driver; /* token of the driver that this process belongs to, 0 none */
	/* Of the signals that the agent keeps for itself (SIGSYS, SIGSEGV, SIGBUS), as masks of bit
	 * (number - 1): what the guest has ignored and blocked, and what waits, blocked. */
	uint32_t kept_ignored, kept_blocked, kept_pending;
	int32_t tree;	     /* the descriptor of the tree of mounts (abi/view.h), 0: not open */
	uint32_t stack_seen; /* changes of default stacks up to this one are in `stack` */
	uint32_t stack[VU_FAMILIES_N];
	struct vu_root root; /* of the process, which keeps it */
	struct vu_cred cred;
};

/* Length in bytes of a state whose cred has n groups. */
static inline uint32_t vu_state_size(uint32_t n)
{
	return (uint32_t)(sizeof(struct vu_exec_state) - (VU_STATE_GROUPS - n) * sizeof(uint32_t));
}

#endif
