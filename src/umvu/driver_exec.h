/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The birth of a driver's process. */
#ifndef VU_UMVU_DRIVER_EXEC_H
#define VU_UMVU_DRIVER_EXEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/state.h"
#include "umvu/plan.h"
#include "umvu/session.h"

struct vu_driver_exec {
	struct vu_session *session;
	struct vu_session_ref ref; /* its view */
	uint32_t token;
	const struct viewos_driver *plan;
	pid_t client;	       /* whose working folder it gets */
	const uint32_t *stack; /* its network stacks (abi/stack.h) */
	int source;	       /* -1: none */
	bool rdonly;	       /* the mount is: the source is locked shared */
};

/* What the child writes to its report pipe before it exits, if its program could not be run. */
struct vu_driver_report {
	int step; /* VU_DRIVER_* */
	int error;
};
#define VU_DRIVER_LOCK 1
#define VU_DRIVER_EXEC 2

/*
 * Fork it, as leader of a process group. 0, its number, and in fds[] the reading ends of its output
 * and of its report, both non-blocking; or -errno.
 */
int vu_driver_fork(const struct vu_driver_exec *x, pid_t *pid, int fds[2]);

#endif
