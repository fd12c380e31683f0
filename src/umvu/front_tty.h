/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Job control between the shell outside, the front, and the command. */
#ifndef VU_UMVU_FRONT_TTY_H
#define VU_UMVU_FRONT_TTY_H

#include <sys/types.h>

/*
 * The command has stopped because of `sig`: stop ourselves in the same way, so that our shell sees it,
 * and when we are continued, continue the command, in the foreground if it was there.
 */
void vu_front_suspend(pid_t command, int sig);

/* Continue the command, or all of its process group where it has one of its own. */
void vu_front_continue(pid_t command);

#endif
