/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The description of a network stack: what a module says, and umvu then makes (struct viewos_stack). */
#ifndef VU_UMVU_STACK_PLAN_H
#define VU_UMVU_STACK_PLAN_H

#include <stdbool.h>
#include <sys/types.h>

#include "realm/stack.h"
#include "umvu/strings.h"
#include "viewos/module.h"

struct viewos_stack {
	struct vu_stack_conf conf;
	struct vu_strings plugs[VU_STACK_IFS]; /* of each interface; empty: none */
	bool host;			       /* the host's stack */
	char said[512];
};

/* An empty one of the user with that gid. */
void vu_stack_plan_init(struct viewos_stack *s, gid_t gid);
void vu_stack_plan_free(struct viewos_stack *s);

/* Fill the stack_*() functions of a host table. */
void vu_stack_plan_host(struct viewos_host *host);

#endif
