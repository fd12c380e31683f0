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
	const char *execfn;	    /* its name for AT_EXECFN */
	char *const *argv;	    /* the program's */
	char *const *envp;
};

/*
 * The ELF interpreter that the program names, open for the loader (without FD_CLOEXEC); -ENOENT: it names none;
 * -ELIBBAD: it cannot be opened; -ENOEXEC: the program is damaged.
 */
int vu_launch_interpreter(int exe_fd);

/* execve(2) of the loader. Returns only with an error, -errno. For a child that has just been forked. */
int vu_launch_exec(const struct vu_launch *l);

/* The ids and capabilities of the calling thread. 0 or -errno. */
int vu_launch_cred(struct vu_cred *cred);

#endif
