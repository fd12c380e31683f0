/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The maker of a network stack: a process that is in the stack's network namespace, sets the stack up, and
 * then makes sockets for guests (abi/stack.h).
 *
 * umvu's server talks to it over a SOCK_SEQPACKET pair. It sends one struct vu_stack_conf with the listening
 * socket, at which guests are to reach the maker. The maker sends struct vu_stack_note, most of them with a
 * descriptor; the last one is VU_NOTE_DONE. After that the server may send the number (uint32_t) of an interface
 * whose client is to be started, with the descriptor that is to be its output; it is not answered. The maker
 * ends when the server has closed its end, and its clients with it.
 */
#ifndef VU_REALM_STACK_H
#define VU_REALM_STACK_H

#include <stdint.h>

#define VU_STACK_IFS	8 /* interfaces of a stack, lo not counted */
#define VU_STACK_ADDRS	8 /* addresses of an interface */
#define VU_STACK_RESOLV 1024
#define VU_STACK_WORDS	1024
#define VU_STACK_TEXT	512

struct vu_stack_addr {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t prefix;
	uint8_t bytes[16];
};

struct vu_stack_if {
	char name[16];
	uint8_t mac[6];
	uint8_t has_mac; /* else the kernel chooses one */
	uint8_t up;
	uint32_t mtu; /* 0: the kernel's default */
	uint32_t n_addrs, n_gateways;
	struct vu_stack_addr addrs[VU_STACK_ADDRS], gateways[VU_STACK_ADDRS];
	char client[VU_STACK_WORDS]; /* words, a NUL behind each, of what sets it up; "": it is */
};

struct vu_stack_conf {
	uint32_t gid; /* of the user: may send ICMP echo requests */
	uint32_t n_ifs;
	struct vu_stack_if ifs[VU_STACK_IFS];
	char resolv[VU_STACK_RESOLV]; /* text of /etc/resolv.conf, "": the host's is right */
};

enum vu_stack_note_kind {
	VU_NOTE_TAP,	/* descriptor of the tap of interface `index` */
	VU_NOTE_FILE,	/* descriptor of a detached mount for those in the stack, at path `text` */
	VU_NOTE_SYSCTL, /* the same of a directory of settings */
	VU_NOTE_DONE,	/* the stack is ready (result 0), or cannot be (-errno, text) */
};

struct vu_stack_note {
	uint32_t kind; /* enum vu_stack_note_kind */
	int32_t result;
	uint32_t index;
	char text[VU_STACK_TEXT];
};

/* What clients find the stack's /etc/resolv.conf by, in their environment. */
#define VU_STACK_RESOLV_ENV  "VU_RESOLV"
#define VU_STACK_RESOLV_FILE "/sys/resolv.conf" /* in the maker's mount namespace */

/* The maker's process, in the realm's namespaces; `control` is its end of the pair. Never returns. */
_Noreturn void vu_maker_main(int control);

#endif
