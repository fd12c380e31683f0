/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* umvu --check: what View OS needs of this machine, tried item by item. */
#ifndef VU_UMVU_CHECK_H
#define VU_UMVU_CHECK_H

#include <stdbool.h>

/*
 * Print a line for each item, or an array of {item, status, detail} as JSON. Blocks, for 5 s an item at
 * most. The caller has one thread. The exit status: 0 if all that is needed works, else 1.
 */
int vu_check(bool json);

#endif
