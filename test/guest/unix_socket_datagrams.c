/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AF_UNIX datagrams to names, by each call; what receivers learn of the sender's name. */
/* fsmode: mount */
#include "guest.h"
#include <sys/socket.h>
#include <sys/un.h>

#define BASE offsetof(struct sockaddr_un, sun_path)

static socklen_t addr(struct sockaddr_un *un, const char *name)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	strcpy(un->sun_path, name);
	return BASE + strlen(name) + 1;
}

static int bound(const char *name)
{
	struct sockaddr_un un;
	int fd = MUST(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
	socklen_t len = addr(&un, name);

	MUST(bind(fd, (struct sockaddr *)&un, len));
	return fd;
}

static void receive(int fd)
{
	char data[100];
	struct sockaddr_un un;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_name = &un, .msg_namelen = sizeof(un), .msg_iov = &iov, .msg_iovlen = 1
	};
	ssize_t n;

	memset(&un, 0, sizeof(un));
	n = recvmsg(fd, &msg, 0);
	if (n < 0)
		say("  nothing: %s\n", errname(errno));
	else
		say("  \"%.*s\" from \"%s\", length %u\n", (int)n, data,
		    msg.msg_namelen > BASE ? un.sun_path : "", (unsigned int)msg.msg_namelen);
}

static void receive_from(int fd, socklen_t room)
{
	char data[100];
	struct sockaddr_un un;
	socklen_t len = room;
	ssize_t n;

	memset(&un, '#', sizeof(un));
	n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&un, &len);
	if (n < 0)
		say("  nothing: %s\n", errname(errno));
	else
		say("  \"%.*s\" room %u, length %u, then %c%c\n", (int)n, data, (unsigned int)room,
		    (unsigned int)len, room > BASE ? un.sun_path[0] : '-',
		    room < sizeof(un) ? ((char *)&un)[room] : '-');
}

int main(void)
{
	struct sockaddr_un un, un2;
	struct iovec iov = { "by sendmsg", 10 };
	struct msghdr msg = { .msg_name = &un, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr many[3];
	socklen_t len;
	int a, b, anon, i;

	close_extra_fds();
	MUST(mkdir("dir", 0755));
	a = bound("a");
	b = bound("dir/b");
	anon = MUST(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));

	len = addr(&un, "dir/b");
	SHOW(sendto(a, "from a", 6, 0, (struct sockaddr *)&un, len));
	receive(b);
	SHOW(sendto(anon, "from nobody", 11, 0, (struct sockaddr *)&un, len));
	receive(b);
	msg.msg_namelen = len;
	SHOW(sendmsg(a, &msg, 0));
	receive_from(b, sizeof(un));
	SHOW(sendmsg(a, &msg, 0));
	receive_from(b, 0);
	SHOW(sendmsg(a, &msg, 0));
	receive_from(b, 3);
	SHOW(sendmsg(a, &msg, 0));
	SHOW(recv(b, NULL, 0, 0));
	receive(b);

	memset(many, 0, sizeof(many));
	addr(&un2, "a");
	for (i = 0; i < 3; i++) {
		many[i].msg_hdr.msg_name = i == 1 ? &un2 : &un;
		many[i].msg_hdr.msg_namelen = i == 1 ? BASE + 2 : len;
		many[i].msg_hdr.msg_iov = &iov;
		many[i].msg_hdr.msg_iovlen = 1;
	}
	SHOW(sendmmsg(a, many, 3, 0));
	receive(b);
	receive(b);
	receive(b);
	receive(a);
	addr(&un2, "missing");
	many[1].msg_hdr.msg_namelen = BASE + 8;
	SHOW(sendmmsg(a, many, 3, 0));
	say("sent %u\n", many[0].msg_len);
	receive(b);
	receive(b);

	SHOW(sendto(a, "x", 1, 0, (struct sockaddr *)&un2, BASE + 8));
	addr(&un2, "dir");
	SHOW(sendto(a, "x", 1, 0, (struct sockaddr *)&un2, BASE + 4));
	SHOW(sendto(a, "x", 1, 0, NULL, 0));
	SHOW(connect(a, (struct sockaddr *)&un, len));
	SHOW(send(a, "connected", 9, 0));
	receive(b);
	SHOW(sendto(a, "x", 1, 0, (struct sockaddr *)&un, 1));
	SHOW(unlink("dir/b"));
	SHOW(send(a, "still there", 11, 0));
	receive(b);
	SHOW(sendto(anon, "x", 1, 0, (struct sockaddr *)&un, len));
	close(b);
	SHOW(send(a, "x", 1, 0));
	return 0;
}
