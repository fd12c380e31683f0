/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Setting up interfaces in the caller's network namespace, which it owns, by ioctls (netdevice(7)). Results are
 * >= 0 or -errno, with what was tried in text[VU_STACK_TEXT].
 */
#ifndef VU_REALM_NETCONF_H
#define VU_REALM_NETCONF_H

#include "realm/stack.h"

/* Write `value` to /proc/sys/net/`name`. 0 or -errno. */
int vu_net_sysctl(const char *name, const char *value);

/* Bring interface `name` up. */
int vu_net_up(const char *name, char *text);

/* Make the tap of *i. Its descriptor, non-blocking. */
int vu_net_tap(const struct vu_stack_if *i, char *text);

/* Give it what *i says: hardware address, MTU, addresses, state, gateways. */
int vu_net_configure(const struct vu_stack_if *i, char *text);

#endif
