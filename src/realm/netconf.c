/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Setting up interfaces: taps, addresses, routes. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "realm/netconf.h"

int vu_net_sysctl(const char *name, const char *value)
{
	char path[128];
	int fd, res;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	res = vu_fd_write(fd, value, strlen(value));
	close(fd);
	return res;
}

/* ioctl on a socket of `domain`; what cannot be done is told in text. */
static int config(int domain, unsigned long request, void *arg, const char *what, const char *name,
		  char *text)
{
	VU_CLEANUP(fd) int sock = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int res = sock < 0 || ioctl(sock, request, arg) < 0 ? -errno : 0;

	if (res < 0)
		snprintf(text, VU_STACK_TEXT, "interface %s: %s: %s", name, what, strerror(-res));
	return res;
}

static struct ifreq request_for(const char *name)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	vu_str_copy(r.ifr_name, sizeof(r.ifr_name), name);
	return r;
}

int vu_net_up(const char *name, char *text)
{
	struct ifreq r = request_for(name);
	int res = config(AF_INET, SIOCGIFFLAGS, &r, "flags", name, text);

	r.ifr_flags |= IFF_UP;
	return res < 0 ? res : config(AF_INET, SIOCSIFFLAGS, &r, "up", name, text);
}

int vu_net_tap(const struct vu_stack_if *i, char *text)
{
	VU_CLEANUP(fd) int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct ifreq r = request_for(i->name);
	int res;

	if (fd < 0) {
		res = -errno;
		snprintf(text, VU_STACK_TEXT, "/dev/net/tun: %s (see 'umvu --check')",
			 strerror(-res));
		return res;
	}
	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &r) < 0) {
		res = -errno;
		snprintf(text, VU_STACK_TEXT, "interface %s cannot be made: %s", i->name,
			 strerror(-res));
		return res;
	}
	return vu_steal_fd(&fd);
}

static int set_mac(const struct vu_stack_if *i, char *text)
{
	struct ifreq r = request_for(i->name);

	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(r.ifr_hwaddr.sa_data, i->mac, sizeof(i->mac));
	return config(AF_INET, SIOCSIFHWADDR, &r, "mac", i->name, text);
}

static int set_mtu(const struct vu_stack_if *i, char *text)
{
	struct ifreq r = request_for(i->name);

	r.ifr_mtu = (int)i->mtu;
	return config(AF_INET, SIOCSIFMTU, &r, "mtu", i->name, text);
}

static int index_of(const char *name, char *text)
{
	struct ifreq r = request_for(name);
	int res = config(AF_INET, SIOCGIFINDEX, &r, "index", name, text);

	return res < 0 ? res : r.ifr_ifindex;
}

static void put_inet(struct sockaddr *to, const void *bytes)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	memcpy(&in.sin_addr, bytes, sizeof(in.sin_addr));
	memcpy(to, &in, sizeof(in));
}

static int add_inet(const struct vu_stack_if *i, const struct vu_stack_addr *a, char *text)
{
	uint32_t mask = a->prefix ? htonl(~0u << (32 - a->prefix)) : 0;
	struct ifreq r = request_for(i->name);
	int res;

	/* Of several addresses each but the first gets a label of its own, or it would replace the other. */
	if (a != i->addrs)
		snprintf(r.ifr_name, sizeof(r.ifr_name), "%.12s:%d", i->name, (int)(a - i->addrs));
	put_inet(&r.ifr_addr, a->bytes);
	res = config(AF_INET, SIOCSIFADDR, &r, "address", i->name, text);
	if (res < 0)
		return res;
	put_inet(&r.ifr_netmask, &mask);
	return config(AF_INET, SIOCSIFNETMASK, &r, "netmask", i->name, text);
}

static int add_inet6(const struct vu_stack_if *i, const struct vu_stack_addr *a, char *text)
{
	struct in6_ifreq r = { .ifr6_prefixlen = a->prefix };
	int index = index_of(i->name, text);

	if (index < 0)
		return index;
	r.ifr6_ifindex = index;
	memcpy(&r.ifr6_addr, a->bytes, sizeof(r.ifr6_addr));
	return config(AF_INET6, SIOCSIFADDR, &r, "IPv6 address", i->name, text);
}

static int add_route(const struct vu_stack_if *i, const struct vu_stack_addr *gw, char *text)
{
	struct in6_rtmsg r6 = { .rtmsg_metric = 1, .rtmsg_flags = RTF_UP | RTF_GATEWAY };
	struct rtentry r = { .rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = (char *)i->name };
	static const uint8_t any[4];
	int index;

	if (gw->family == AF_INET) {
		put_inet(&r.rt_dst, any);
		put_inet(&r.rt_genmask, any);
		put_inet(&r.rt_gateway, gw->bytes);
		return config(AF_INET, SIOCADDRT, &r, "gw", i->name, text);
	}
	index = index_of(i->name, text);
	if (index < 0)
		return index;
	r6.rtmsg_ifindex = index;
	memcpy(&r6.rtmsg_gateway, gw->bytes, sizeof(r6.rtmsg_gateway));
	return config(AF_INET6, SIOCADDRT, &r6, "IPv6 gw", i->name, text);
}

/* Addresses that were given are not looked for on the net first: they can be used at once. */
static void no_detection(const struct vu_stack_if *i)
{
	char name[64];

	snprintf(name, sizeof(name), "ipv6/conf/%s/accept_dad", i->name);
	vu_net_sysctl(name, "0");
}

int vu_net_configure(const struct vu_stack_if *i, char *text)
{
	int res = i->has_mac ? set_mac(i, text) : 0;
	uint32_t k;

	if (!res && i->mtu)
		res = set_mtu(i, text);
	if (i->n_addrs)
		no_detection(i);
	if (!res && i->up)
		res = vu_net_up(i->name, text);
	for (k = 0; !res && k < i->n_addrs; k++)
		res = i->addrs[k].family == AF_INET ? add_inet(i, &i->addrs[k], text) :
						      add_inet6(i, &i->addrs[k], text);
	for (k = 0; !res && k < i->n_gateways; k++)
		res = add_route(i, &i->gateways[k], text);
	return res;
}
