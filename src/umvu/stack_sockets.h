/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sockets there are in a network stack. It reads /proc: for workers. */
#ifndef VU_UMVU_STACK_SOCKETS_H
#define VU_UMVU_STACK_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Inode numbers, sorted. */
struct vu_sockets {
	uint64_t *inodes;
	size_t n, max;
};

/*
 * All sockets that the kernel lists in the network namespace of process `maker`: those that are bound or
 * connected. To be freed by vu_sockets_free(). What cannot be read is left out.
 */
void vu_sockets_read(struct vu_sockets *s, pid_t maker);
void vu_sockets_free(struct vu_sockets *s);

/* Whether a socket with that number is among them. */
bool vu_sockets_has(const struct vu_sockets *s, uint64_t inode);

#endif
