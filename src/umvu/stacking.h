/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounting network stacks. */
#ifndef VU_UMVU_STACKING_H
#define VU_UMVU_STACKING_H

#include "umvu/mounting.h"
#include "umvu/stack_plan.h"

/*
 * Make the stack that `mod` has planned (its plugs are taken over) and mount it; the connection is answered
 * when it is ready or has failed. 0; or -errno with text[VU_MODULE_TEXT], and it is not answered.
 */
int vu_stacking_start(const struct vu_mounting *mt, struct vu_mod *mod, const char *options,
		      struct viewos_stack *plan, char *text);

#endif
