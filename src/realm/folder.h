/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The folder in which the socket of a view has a name for a moment (umvu/image.c). It is called after the
 * session, so that whoever survives a server that was killed in that moment can remove it.
 */
#ifndef VU_REALM_FOLDER_H
#define VU_REALM_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#define VU_FOLDER_SOCKET "s" /* the only name in it */

/* Make it. Its O_PATH descriptor, and its path in path[size]; or -errno. */
int vu_folder_make(uint64_t session, char *path, size_t size);

/* Remove it and the socket, wherever vu_folder_make() may have made it. */
void vu_folder_clear(uint64_t session);

#endif
