/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network stacks that are in use: who uses them, and those that have lost their name (umount2(2), MNT_DETACH). */
#ifndef VU_UMVU_STACK_LINGER_H
#define VU_UMVU_STACK_LINGER_H

#include "umvu/holders.h"
#include "umvu/view.h"

/* What a worker needs to look who uses mount `m`, a stack or not, in the view with that number. */
void vu_stack_busy(const struct vu_mount *m, uint32_t view, struct vu_busy *b);

/*
 * Take the name of a stack away. It stays in the view for those who have it, until nobody has, or the view
 * ends. 0 or -ENOMEM.
 */
int vu_stack_linger(struct vu_view *v, struct vu_entry *e);

#endif
