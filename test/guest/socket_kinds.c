/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* socket(2): kinds, flags and errors; ioctls about interfaces on sockets of several families. */
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "guest.h"

static void show_socket(int domain, int type, int protocol)
{
	int fd = socket(domain, type, protocol), is = -1;
	socklen_t len = sizeof(is);

	if (fd < 0) {
		say("socket(%d, 0x%x, %d): errno %d\n", domain, (unsigned)type, protocol, errno);
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &is, &len);
	say("socket(%d, 0x%x, %d): %d, type %d, flags 0x%x, cloexec %d\n", domain, (unsigned)type,
	    protocol, fd, is, (unsigned)fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
	close(fd);
}

static void show_index(int domain)
{
	int fd = socket(domain, SOCK_DGRAM, 0);
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, "lo");
	say("SIOCGIFINDEX of %d: %d, %d\n", domain, ioctl(fd, SIOCGIFINDEX, &r), r.ifr_ifindex);
	strcpy(r.ifr_name, "none");
	say("... of no interface: %d, errno %d\n", ioctl(fd, SIOCGIFINDEX, &r), errno);
	close(fd);
}

int main(void)
{
	static const int domains[] = { AF_UNSPEC,  AF_UNIX, AF_INET, AF_INET6,
				       AF_NETLINK, 45,	    46,	     1000 };
	static const int types[] = { SOCK_STREAM,
				     SOCK_DGRAM | SOCK_CLOEXEC,
				     SOCK_STREAM | SOCK_NONBLOCK,
				     SOCK_RAW,
				     0,
				     14,
				     0x10 };
	size_t i, k;

	close_extra_fds();
	for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		for (k = 0; k < sizeof(types) / sizeof(types[0]); k++)
			show_socket(domains[i], types[k], 0);
	show_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP);
	show_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	show_socket(AF_INET, SOCK_STREAM, 1000);
	show_index(AF_UNIX);
	show_index(AF_INET);
	say("ioctl of no descriptor: %d, errno %d\n", ioctl(-1, SIOCGIFINDEX, 0), errno);
	return 0;
}
