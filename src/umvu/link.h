/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a front and the server say to each other, beyond abi/rpc.h, on the connection by which the front
 * asked for its view (VU_RPC_VIEW_NEW) and which it keeps open. Only umvu itself uses these.
 */
#ifndef VU_UMVU_LINK_H
#define VU_UMVU_LINK_H

/*
 * GUESTS  strings: process numbers with spaces between => text: those of them that are no drivers
 * KILL    a: ms between SIGTERM and SIGKILL, 0: SIGKILL at once => 0 when all guests have gone
 * END     => 0 when all is unmounted and the drivers have ended; the view is no more; text: warnings
 */
#define VU_LINK_GUESTS 0x100
#define VU_LINK_KILL   0x101
#define VU_LINK_END    0x102

/* In vu_rpc_reply.reserved: 0 for the answer to a request; the others come unasked. */
#define VU_LINK_LOG  1u /* text: a line for the user */
#define VU_LINK_LOOK 2u /* a process may have become a driver: look again whether guests are left */

#endif
