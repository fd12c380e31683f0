/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What umvu wants to know of a client's process. */
#ifndef VU_UMVU_CLIENTS_H
#define VU_UMVU_CLIENTS_H

#include "base/proc.h"
#include "umvu/plan.h"

/*
 * The environment that it was started with; our own if that cannot be read. 0 or -ENOMEM. May block on
 * a process that is stuck in the kernel: not for the server itself.
 */
int vu_client_environ(pid_t pid, struct vu_strings *env);

/* The process and all that descend from it, without zombies. Their number, at most max. No blocking. */
size_t vu_client_family(pid_t pid, struct vu_proc_id *list, size_t max);

#endif
