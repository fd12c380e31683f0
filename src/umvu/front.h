/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front: the process that the user's shell waits for. */
#ifndef VU_UMVU_FRONT_H
#define VU_UMVU_FRONT_H

#include "umvu/options.h"

/*
 * Run the command in a view and wait until the view is over. The exit status for umvu; dies of the
 * command's signal where that is how the command has died.
 */
int vu_front_run(const struct vu_options *o);

#endif
