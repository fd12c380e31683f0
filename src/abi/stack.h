/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network stacks: which sockets are of a process's own stack, how it gets to know its stack, and how it gets
 * sockets of it.
 *
 * A stack is a network namespace. Its maker is a process in there that makes sockets for guests, who stay
 * outside. They get them in one of two ways:
 *  - For the kinds of struct vu_stash_kind the maker has some ready, each in a message of a socket pair whose
 *    other end is its own descriptor VU_STASH_FD + i. A guest copies that descriptor (pidfd_getfd(2), which
 *    it may because the maker is in a user namespace of the guest's user), receives one message, and
 *    closes the copy. That needs nobody to wake up.
 *  - By a request: the guest connects to the maker's socket "/proc/<server>/fd/<maker_fd>"
 *    (SOCK_SEQPACKET), sends struct vu_maker_request, and gets an int32_t, >= 0 and a descriptor, or -errno.
 *    The maker closes.
 *
 * Each process has a default stack for each group of address families, 0 is the host's; it is inherited.
 * umvu changes it on request by an entry in the view's head: number `serial` is in stack_sets[serial %
 * VU_STACK_SETS]. A process looks there when vu_view_head.stack_serial has grown beyond what it has seen.
 */
#ifndef VU_ABI_STACK_H
#define VU_ABI_STACK_H

#include <stdint.h>

/* Groups of address families: VU_FAMILY_X(NAME, name in options). */
#define VU_FAMILIES(X)        \
	X(IPV4, "ipv4")       \
	X(IPV6, "ipv6")       \
	X(PACKET, "packet")   \
	X(NETLINK, "netlink") \
	X(OTHER, "other")

enum vu_family {
#define X(name, text) VU_FAMILY_##name,
	VU_FAMILIES(X)
#undef X
		VU_FAMILIES_N
};
#define VU_FAMILIES_ALL ((1u << VU_FAMILIES_N) - 1)
#define VU_FAMILY_NONE	(-1) /* sockets of it are always the host's */

/* The group of an address family (AF_*), or VU_FAMILY_NONE: AF_UNIX, AF_ALG, and what is no family. */
static inline int vu_family_of(unsigned long af)
{
	static const struct {
		unsigned char af;
		signed char family;
	} known[] = {
		{ 0, VU_FAMILY_NONE },	{ 1, VU_FAMILY_NONE },	   { 2, VU_FAMILY_IPV4 },
		{ 10, VU_FAMILY_IPV6 }, { 16, VU_FAMILY_NETLINK }, { 17, VU_FAMILY_PACKET },
		{ 38, VU_FAMILY_NONE }, { 40, VU_FAMILY_NONE },	   { 44, VU_FAMILY_PACKET },
	};

	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].af == af)
			return known[i].family;
	return af < 64 ? VU_FAMILY_OTHER : VU_FAMILY_NONE;
}

#define VU_STACK_SETS 64u

/* Process `pid` (since clock tick `start`) has `stack` for the families in `families`, a bit each. */
struct vu_stack_set {
	uint32_t serial; /* written last */
	int32_t pid;
	uint64_t start;
	uint32_t families;
	uint32_t stack; /* id of the stack's mount, 0 the host's */
};

#define VU_MAKER_SOCKET 1u /* make a socket => the socket */
#define VU_MAKER_TUN	2u /* open /dev/net/tun, `type` are the flags of open(2) => the descriptor */
#define VU_MAKER_FLUSH \
	3u /* settings of the stack change: from now on no socket is made in advance => 0 */

struct vu_maker_request {
	uint32_t op;
	int32_t domain, type, protocol; /* as for socket(2) */
};

/* What the maker has ready; protocol: either of the two. */
#define VU_STASH_FD 100
static const struct vu_stash_kind {
	unsigned char domain, type, protocol, or_protocol;
} vu_stash_kinds[] = {
	{ 2, 1, 0, 6 },	 { 2, 2, 0, 17 },		    /* TCP, UDP */
	{ 10, 1, 0, 6 }, { 10, 2, 0, 17 }, { 16, 3, 0, 0 }, /* NETLINK_ROUTE */
};
#define VU_STASH_KINDS (sizeof(vu_stash_kinds) / sizeof(vu_stash_kinds[0]))

#endif
