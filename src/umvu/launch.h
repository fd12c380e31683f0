/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a process a guest: executing vu-loader with a struct vu_exec_state. */
#ifndef VU_UMVU_LAUNCH_H
#define VU_UMVU_LAUNCH_H

#include <stdbool.h>

#include "abi/state.h"

struct vu_launch {
	struct vu_session_ref ref;
	uint32_t driver;	    /* token, 0: no driver */
	bool first;		    /* the process is no guest of the session yet */
	bool leashed;		    /* its parent death signal is to be taken back */
	const uint32_t *stack;	    /* its network stacks (abi/stack.h); NULL: the host's */
	const struct vu_cred *cred; /* NULL: ids are the kernel's */
	int exe_fd;		    /* the program, without FD_CLOEXEC */
	int interp_fd;		    /* its interpreter, as of vu_launch_interpreter() */
	const char *execfn;	    /* its name for AT_EXECFN */
	char *const *argv;	    /* the program's */
	char *const *envp;
};

/*
 * The ELF interpreter that the program names, open for the loader (without FD_CLOEXEC); -ENOENT: it names none;
 * -ELIBBAD: it cannot be opened; -ENOEXEC: the program is damaged.
 */
int vu_launch_interpreter(int exe_fd);

/* What execve(2) is to be given. */
struct vu_launch_plan {
	char path[64]; /* of the loader */
	char **argv;   /* the state, the program's name, its arguments */
	char *const *envp;
	char state[2 * sizeof(struct vu_exec_state) + 1];
};

/*
 * Plan it: all that takes memory or may fail. The strings of `l` are referred to. 0 and *p, which vu_launch_drop()
 * frees; or -ENOMEM, or why the interpreter could not be opened.
 */
int vu_launch_plan(const struct vu_launch *l, struct vu_launch_plan *p);

/* execve(2). Returns only with an error, -errno. For the child of a fork or vfork. */
int vu_launch_exec(const struct vu_launch_plan *p);

void vu_launch_drop(struct vu_launch_plan *p);

/* The ids and capabilities of the calling thread. 0 or -errno. */
int vu_launch_cred(struct vu_cred *cred);

#endif
