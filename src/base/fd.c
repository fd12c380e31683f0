/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors: messages with descriptors, whole small files, close-on-exec. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"

void vu_fd_close(int *fd)
{
	vu_cleanup_fd(fd);
	*fd = -1;
}

static int change_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	flags = on ? flags | flag : flags & ~flag;
	return fcntl(fd, set, flags) < 0 ? -errno : 0;
}

int vu_fd_cloexec(int fd, bool on)
{
	return change_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int vu_fd_nonblock(int fd, bool on)
{
	return change_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int vu_fd_dup(int fd, int lowest)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, lowest);

	return copy < 0 ? -errno : copy;
}

/* Room for a control message with VU_FD_MAX descriptors, aligned as cmsg(3) wants it. */
union control {
	char bytes[CMSG_SPACE(VU_FD_MAX * sizeof(int))];
	struct cmsghdr align;
};

ssize_t vu_fd_send(int sock, const struct iovec *iov, size_t n_iov, const int *fds, size_t n_fds)
{
	union control control;
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = n_iov };
	struct cmsghdr *c;
	ssize_t n;

	if (n_fds > VU_FD_MAX)
		return -EINVAL;
	if (n_fds) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ETOOMANYREFS ? -EMFILE : -errno;
	return n;
}

/* Take the descriptors out of `msg`, at most `max`; those above are closed. The number that came. */
static size_t take_fds(struct msghdr *msg, int *fds, size_t max)
{
	struct cmsghdr *c;
	size_t n = 0, i, count;
	int fd;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++, n++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (n < max)
				fds[n] = fd;
			else
				close(fd);
		}
	}
	return n;
}

ssize_t vu_fd_recv(int sock, void *buf, size_t size, int *fds, size_t max_fds, size_t *n_fds)
{
	union control control;
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	size_t got;
	ssize_t n;
	bool fewer;

	if (n_fds)
		*n_fds = 0;
	if (max_fds > VU_FD_MAX)
		return -EINVAL;
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	got = take_fds(&msg, fds, max_fds);
	/* All would have had room, but no number was left for them (unix(7)). */
	fewer = (msg.msg_flags & MSG_CTRUNC) && got < VU_FD_MAX;
	if (got > max_fds || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		while (got)
			if (--got < max_fds)
				close(fds[got]);
		return fewer && !(msg.msg_flags & MSG_TRUNC) ? -EMFILE : -EMSGSIZE;
	}
	if (n_fds)
		*n_fds = got;
	return n;
}

int vu_fd_write(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t vu_fd_read(int fd, void *data, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = read(fd, (char *)data + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int vu_fd_read_all(int fd, size_t max, char **text, size_t *len)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	char chunk[4096];
	ssize_t n;

	while ((n = vu_fd_read(fd, chunk, sizeof(chunk))) > 0) {
		if ((size_t)n > max - b.len)
			return -EFBIG;
		if (vu_buf_add(&b, chunk, (size_t)n) < 0)
			return b.error;
	}
	if (n < 0)
		return (int)n;
	if (len)
		*len = b.len;
	*text = vu_buf_steal(&b);
	return *text ? 0 : -ENOMEM;
}

int vu_file_read(const char *path, size_t max, char **text, size_t *len)
{
	VU_CLEANUP(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : vu_fd_read_all(fd, max, text, len);
}
