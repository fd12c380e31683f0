/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making sockets for guests, in the process that is in the stack's namespace. */
#ifndef VU_REALM_MAKER_H
#define VU_REALM_MAKER_H

/* Make the socket pairs for what is to be ready, at their fixed numbers (abi/stack.h). 0 or -errno. */
int vu_maker_stash(void);

/* Serve guests at the listening socket until `control` is closed. */
void vu_maker_serve(int control, int listener);

#endif
