/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors: messages with descriptors, whole small files, close-on-exec. */
#ifndef VU_BASE_FD_H
#define VU_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#define VU_FD_MAX 16 /* most descriptors in one message */

/* Close *fd if it is one, and make it -1. errno is kept. */
void vu_fd_close(int *fd);

/* Set or clear FD_CLOEXEC. 0 or -errno. */
int vu_fd_cloexec(int fd, bool on);

/* Set or clear O_NONBLOCK. 0 or -errno. */
int vu_fd_nonblock(int fd, bool on);

/* Duplicate with FD_CLOEXEC to a number of `lowest` or more. The descriptor or -errno. */
int vu_fd_dup(int fd, int lowest);

/*
 * Send one message of `n_iov` pieces and `n_fds` (at most VU_FD_MAX) descriptors, which stay the
 * caller's. Restarted on EINTR, never raises SIGPIPE. Bytes sent or -errno; -EMFILE, too, where more descriptors of the
 * user's are under way than the process may have (ETOOMANYREFS of unix(7)). Blocks as the socket does.
 */
ssize_t vu_fd_send(int sock, const struct iovec *iov, size_t n_iov, const int *fds, size_t n_fds);

/*
 * Receive one message into buf[size] and up to max_fds (at most VU_FD_MAX) descriptors, close-on-exec,
 * which are then the caller's; *n_fds is their number (n_fds may be NULL if max_fds is 0). Bytes
 * received (0: end), or -errno; -EMSGSIZE if the message or its descriptors did not fit, -EMFILE if we may
 * not have so many more: the message is lost and nothing stays open. Restarted on EINTR.
 */
ssize_t vu_fd_recv(int sock, void *buf, size_t size, int *fds, size_t max_fds, size_t *n_fds);

/* Write all `len` bytes. 0 or -errno. */
int vu_fd_write(int fd, const void *data, size_t len);

/* Read up to `len` bytes, fewer only at the end of the file. Bytes read or -errno. */
ssize_t vu_fd_read(int fd, void *data, size_t len);

/*
 * Read a whole file of at most `max` bytes, from the descriptor's place. *text is malloc'ed and has a
 * NUL after its last byte; *len (may be NULL) its length. 0, or -EFBIG, or -errno.
 */
int vu_fd_read_all(int fd, size_t max, char **text, size_t *len);

/* The same for the file at `path`. */
int vu_file_read(const char *path, size_t max, char **text, size_t *len);

#endif
