/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's process. */
#ifndef VU_UMVU_SERVER_H
#define VU_UMVU_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Fork a session's server. 0, its number, and in *link the front's end of the connection to it
 * (close-on-exec); or -errno. With `debug` it writes its log to the caller's standard error, else it
 * keeps no file of the caller's open and sends errors and warnings to fronts.
 */
int vu_server_start(bool debug, pid_t *pid, int *link);

#endif
