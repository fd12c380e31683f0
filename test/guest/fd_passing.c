/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SCM_RIGHTS: files, directories, sockets, O_PATH, several at once, to another process. */
/* fsmode: mount */
#include "guest.h"
#include <sys/socket.h>

#define MAX 16

static void pass(int sock, const int *fds, int n)
{
	char c = 'x', control[CMSG_SPACE(sizeof(int) * MAX)];
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *cm;

	memset(control, 0, sizeof(control));
	msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
	cm = CMSG_FIRSTHDR(&msg);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(cm), fds, sizeof(int) * n);
	MUST(sendmsg(sock, &msg, 0));
}

static int take(int sock, int *fds, int flags)
{
	char c, control[CMSG_SPACE(sizeof(int) * MAX)];
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cm;
	int n = 0;

	MUST(recvmsg(sock, &msg, flags));
	cm = CMSG_FIRSTHDR(&msg);
	if (cm && cm->cmsg_type == SCM_RIGHTS) {
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(cm), n * sizeof(int));
	}
	return n;
}

static void receiver(int sock)
{
	char buf[100] = "", link[40];
	int fds[MAX], n, i, fd;
	struct stat st;

	n = take(sock, fds, 0);
	say("received %d:", n);
	for (i = 0; i < n; i++)
		say(" %d", fds[i]);
	say("\n");
	SHOW(read(fds[0], buf, 7));
	say("file: %s\n", buf);
	fd = MUST(openat(fds[1], "inner", O_RDONLY));
	SHOW(read(fd, buf, 6));
	say("by the directory: %s\n", buf);
	close(fd);
	SHOW(fchdir(fds[1]));
	SHOW(access("inner", F_OK));
	SHOW(access("../file", F_OK));
	SHOW(read(fds[2], buf, 1));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fds[2]);
	fd = MUST(open(link, O_RDONLY));
	SHOW(read(fd, buf, 7));
	close(fd);
	SHOW(fstat(fds[3], &st));
	say("a socket: %s\n", yes(S_ISSOCK(st.st_mode)));
	SHOW(write(fds[3], "answer", 6));
	n = take(sock, fds, MSG_CMSG_CLOEXEC);
	say("received %d, close-on-exec %d\n", n, fcntl(fds[0], F_GETFD));
	_exit(3);
}

int main(void)
{
	char buf[20] = "";
	int pair[2], other[2], fds[4];
	pid_t pid;

	close_extra_fds();
	write_text("file", "content", 0644);
	MUST(mkdir("dir", 0755));
	write_text("dir/inner", "inside", 0644);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = MUST(fork());
	if (pid == 0) {
		close(pair[0]);
		receiver(pair[1]);
	}
	close(pair[1]);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, other));
	fds[0] = MUST(open("file", O_RDONLY));
	fds[1] = MUST(open("dir", O_RDONLY | O_DIRECTORY));
	fds[2] = MUST(open("file", O_PATH));
	fds[3] = other[1];
	pass(pair[0], fds, 4);
	MUST(read(other[0], buf, 6));
	pass(pair[0], fds, 1);
	reap(pid, "receiver");
	say("answer: %s\n", buf);
	return 0;
}
