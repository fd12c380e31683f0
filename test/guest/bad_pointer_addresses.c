/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Socket addresses, messages and vectors in bad memory. */
#include "guest.h"
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#define BASE offsetof(struct sockaddr_un, sun_path)

int main(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "sock" };
	struct sockaddr_un other = { .sun_family = AF_UNIX, .sun_path = "missing" };
	struct iovec iov = { "data", 4 };
	struct iovec bad_iov = { (void *)16, 4 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int server, client, dgram, pair[2];
	void *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *edge = edge_copy(&un, BASE + 5);
	char buf[100];
	socklen_t len;

	close_extra_fds();
	signal(SIGPIPE, SIG_IGN);
	server = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	client = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	dgram = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));

	SHOW(syscall(SYS_bind, server, NULL, 10));
	SHOW(syscall(SYS_bind, server, (void *)16, 10));
	SHOW(syscall(SYS_bind, server, none, 10));
	SHOW(syscall(SYS_bind, server, (void *)0xffff888000000000UL, 10));
	SHOW(syscall(SYS_bind, server, edge, BASE + 6));
	SHOW(syscall(SYS_bind, server, edge, 110));
	SHOW(syscall(SYS_bind, server, edge, BASE + 5));
	MUST(listen(server, 5));
	SHOW(syscall(SYS_connect, client, NULL, 10));
	SHOW(syscall(SYS_connect, client, (void *)16, 10));
	SHOW(syscall(SYS_connect, client, none, 0));
	SHOW(syscall(SYS_connect, client, none, 110));
	SHOW(syscall(SYS_connect, client, edge, BASE + 6));
	SHOW(syscall(SYS_connect, client, edge, -1));
	SHOW(syscall(SYS_connect, client, edge, BASE + 5));
	len = 110;
	SHOW(syscall(SYS_accept, server, (void *)16, &len));
	SHOW(syscall(SYS_connect, client, edge, BASE + 5));
	SHOW(syscall(SYS_getsockname, client, buf, NULL));
	len = -1;
	SHOW(syscall(SYS_getsockname, client, buf, &len));
	len = 0;
	SHOW(syscall(SYS_getpeername, client, NULL, &len));
	say("length %u\n", (unsigned int)len);

	SHOW(syscall(SYS_sendto, dgram, "x", 1, 0, (void *)16, 10));
	SHOW(syscall(SYS_sendto, dgram, (void *)16, 1, 0, &other, sizeof(other)));
	SHOW(syscall(SYS_sendto, dgram, "x", 1, 0, edge, BASE + 9));
	SHOW(syscall(SYS_sendto, pair[0], (void *)16, 1, 0, NULL, 0));
	SHOW(syscall(SYS_sendmsg, dgram, NULL, 0));
	SHOW(syscall(SYS_sendmsg, dgram, (void *)16, 0));
	SHOW(syscall(SYS_sendmsg, dgram, edge_copy(&msg, sizeof(msg)) + 8, 0));
	msg.msg_name = (void *)16;
	msg.msg_namelen = 10;
	SHOW(syscall(SYS_sendmsg, dgram, &msg, 0));
	msg.msg_name = NULL;
	msg.msg_namelen = 0;
	msg.msg_iov = (void *)16;
	SHOW(syscall(SYS_sendmsg, pair[0], &msg, 0));
	msg.msg_iov = &bad_iov;
	SHOW(syscall(SYS_sendmsg, pair[0], &msg, 0));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 2000;
	SHOW(syscall(SYS_sendmsg, pair[0], &msg, 0));
	msg.msg_iovlen = 1;
	msg.msg_control = (void *)16;
	msg.msg_controllen = 20;
	SHOW(syscall(SYS_sendmsg, pair[0], &msg, 0));
	msg.msg_control = NULL;
	msg.msg_controllen = 0;
	SHOW(sendmsg(pair[0], &msg, 0));
	SHOW(syscall(SYS_recvfrom, pair[1], (void *)16, 10, MSG_DONTWAIT, NULL, NULL));
	SHOW(syscall(SYS_recvmsg, pair[1], NULL, MSG_DONTWAIT));
	msg.msg_iov = &bad_iov;
	SHOW(syscall(SYS_recvmsg, pair[1], &msg, MSG_DONTWAIT));
	SHOW(recv(pair[1], buf, sizeof(buf), MSG_DONTWAIT));
	SHOW(syscall(SYS_sendmmsg, pair[0], (void *)16, 1, 0));
	SHOW(syscall(SYS_readv, pair[1], (void *)16, 1));
	SHOW(syscall(SYS_writev, pair[0], &bad_iov, 1));
	SHOW(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, NULL));
	SHOW(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (void *)16));
	show_open_fds("open");
	return 0;
}
