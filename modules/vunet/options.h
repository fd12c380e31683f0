/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a mount of vunet: what each interface of the stack is to be. */
#ifndef VUNET_OPTIONS_H
#define VUNET_OPTIONS_H

#include "viewos/module.h"

#define IFS_MAX	  8
#define ITEMS_MAX 8 /* addresses of an interface, forwarded ports ... */

/* Of one interface. Texts lie in struct options.text. */
struct interface {
	const char *name; /* NULL: none was given */
	const char *addresses[ITEMS_MAX + 1], *gateways[ITEMS_MAX + 1];
	uint8_t mac[6];
	uint32_t has_mac, dhcp, mtu, flags; /* VIEWOS_IF_* */
	uint32_t n_addresses, n_gateways;
};

struct options {
	char *text; /* the options, cut up */
	struct interface ifs[IFS_MAX];
	size_t n_ifs; /* at least 1 */
	const char *dns[ITEMS_MAX], *forwards[ITEMS_MAX * 4];
	size_t n_dns, n_forwards;
	int loopback;
	size_t n_given; /* options in all */
};

/*
 * Read the comma separated options. 0, or -errno and what is wrong has been said (host->stack_say()). To be freed by
 * options_free() in either case.
 */
int options_read(struct options *o, const char *list, const struct viewos_host *host,
		 struct viewos_stack *s);
void options_free(struct options *o);

#endif
