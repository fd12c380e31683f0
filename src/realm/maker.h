/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making sockets for guests, in the process that is in the stack's namespace. */
#ifndef VU_REALM_MAKER_H
#define VU_REALM_MAKER_H

#include "realm/stack.h"

/* Make the socket pairs for what is to be ready, at their fixed numbers (abi/stack.h). 0 or -errno. */
int vu_maker_stash(void);

/*
 * Serve guests at the listening socket, and start clients of the interfaces in `conf` when `control` says so, until
 * that is closed.
 */
void vu_maker_serve(const struct vu_stack_conf *conf, int control, int listener);

/* In client.c: start the client with these words (a NUL behind each, an empty one ends), output to `out`. 0 or -errno. */
int vu_maker_client(const char *words, int out);

#endif
