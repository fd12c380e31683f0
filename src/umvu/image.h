/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two things of a view that guests reach by /proc/<server>/fd: its image and its socket. */
#ifndef VU_UMVU_IMAGE_H
#define VU_UMVU_IMAGE_H

#include "abi/view.h"

/* An empty memory file that can be sealed, close-on-exec. The descriptor or -errno. */
int vu_image_memory(const char *name);

/*
 * Make an image file of that name (realm/names.h), sealed so that nobody can change its size, and map it. The mapping is not inherited over fork: only guests are to show it in /proc/PID/maps.
 * The descriptor and *head, or -errno.
 */
int vu_image_new(const char *name, struct vu_view_head **head);

/* Map an image that a process has made of which this one is a fork. 0 and *head, or -errno. */
int vu_image_map(int fd, struct vu_view_head **head);

/* Map the counters of an image, to be read. 0 and *stats, or -errno. */
int vu_image_stats(int fd, const struct vu_stats **stats);

void vu_image_unmap(struct vu_view_head *head);

/*
 * A listening SOCK_SEQPACKET socket, non-blocking, without a name in the file system (for a moment it
 * has one, in the session's folder), and in *path_fd the O_PATH descriptor that others connect through. Or -errno.
 */
int vu_image_socket(uint64_t session, int *path_fd);

#endif
