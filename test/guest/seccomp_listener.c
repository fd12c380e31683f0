/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A supervisor of the program's own by seccomp user notification: answers calls of its child. */
#include "guest.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static int listener(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(f), f };

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		       &prog);
}

static void pass(int sock, int fd)
{
	char c = 'x', control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
	MUST(sendmsg(sock, &msg, 0));
}

static int take(int sock)
{
	char c, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &c, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	int fd = -1;

	MUST(recvmsg(sock, &msg, 0));
	if (CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

int main(void)
{
	struct seccomp_notif req;
	struct seccomp_notif_resp resp;
	int pair[2], fd, i;
	pid_t pid;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = MUST(fork());
	if (pid == 0) {
		fd = listener();
		if (fd < 0) {
			/* Only one listener may be among the filters of a process. */
			say("no listener: %s\n", errname(errno));
			_exit(2);
		}
		pass(pair[1], fd);
		close(fd);
		close(pair[1]);
		SHOW(syscall(SYS_personality, 1));
		SHOW(access("missing", F_OK));
		SHOW(syscall(SYS_personality, 2));
		SHOW(syscall(SYS_personality, 3) >= 0);
		_exit(3);
	}
	close(pair[1]);
	fd = take(pair[0]);
	for (i = 0; fd >= 0 && i < 3; i++) {
		memset(&req, 0, sizeof(req));
		memset(&resp, 0, sizeof(resp));
		MUST(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req));
		resp.id = req.id;
		if (req.data.args[0] == 1)
			resp.val = 4711;
		else if (req.data.args[0] == 2)
			resp.error = -EXDEV;
		else
			resp.val = 5;
		MUST(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp));
	}
	reap(pid, "supervised child");
	return 0;
}
