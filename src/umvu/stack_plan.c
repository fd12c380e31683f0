/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The description of a network stack. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "umvu/stack_plan.h"

void vu_stack_plan_init(struct viewos_stack *s, gid_t gid)
{
	memset(s, 0, sizeof(*s));
	s->conf.gid = gid;
}

void vu_stack_plan_free(struct viewos_stack *s)
{
	size_t i;

	for (i = 0; i < VU_STACK_IFS; i++)
		vu_strings_free(&s->plugs[i]);
}

static void host_say(struct viewos_stack *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(s->said, sizeof(s->said), format, ap);
	va_end(ap);
}

/* "ADDRESS/LENGTH", or "ADDRESS" alone where `lone`. */
static int parse_address(const char *text, bool lone, struct vu_stack_addr *a)
{
	char copy[64];
	char *slash;
	uint64_t prefix;

	if (vu_str_copy(copy, sizeof(copy), text) < 0)
		return -EINVAL;
	slash = strchr(copy, '/');
	if (!slash == !lone)
		return -EINVAL;
	if (slash)
		*slash++ = '\0';
	a->family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(a->family, copy, a->bytes) != 1)
		return -EINVAL;
	if (!slash)
		return 0;
	if (vu_str_to_u64(slash, 10, a->family == AF_INET ? 32 : 128, &prefix) < 0)
		return -EINVAL;
	a->prefix = (uint8_t)prefix;
	return 0;
}

static int add_addresses(struct viewos_stack *s, const char *const *list, bool lone,
			 struct vu_stack_addr *to, uint32_t *n)
{
	for (; list && *list; list++) {
		if (*n == VU_STACK_ADDRS) {
			host_say(s, "more than %d addresses", VU_STACK_ADDRS);
			return -E2BIG;
		}
		if (parse_address(*list, lone, &to[*n]) < 0) {
			host_say(s, "'%.100s' is no address%s", *list,
				 lone ? "" : " with the length of its network (ADDRESS/LENGTH)");
			return -EINVAL;
		}
		(*n)++;
	}
	return 0;
}

static int add_plug(struct viewos_stack *s, const char *const *words)
{
	int res = 0;

	for (; words && *words && !res; words++)
		res = vu_strings_add(&s->plugs[s->conf.n_ifs], *words);
	return res;
}

static int add_client(const char *const *words, struct vu_stack_if *to)
{
	size_t at = 0, n;

	for (; words && *words; words++) {
		n = strlen(*words) + 1;
		if (n == 1 || at + n >= sizeof(to->client))
			return -E2BIG;
		memcpy(to->client + at, *words, n);
		at += n;
	}
	return 0;
}

/* What the kernel takes for a name (dev_valid_name()). */
static bool is_name(const char *name)
{
	return name[0] && strlen(name) < 16 && !strpbrk(name, "/: \t\n%") && strcmp(name, ".") &&
	       strcmp(name, "..") && strcmp(name, "lo");
}

static int host_interface(struct viewos_stack *s, const struct viewos_interface *i)
{
	struct vu_stack_if *to = &s->conf.ifs[s->conf.n_ifs];
	int res;

	if (s->conf.n_ifs == VU_STACK_IFS) {
		host_say(s, "more than %d interfaces", VU_STACK_IFS);
		return -E2BIG;
	}
	if (!is_name(i->name)) {
		host_say(s, "'%.100s' is no name for an interface", i->name);
		return -EINVAL;
	}
	vu_str_copy(to->name, sizeof(to->name), i->name);
	if (i->mac)
		memcpy(to->mac, i->mac, sizeof(to->mac));
	to->has_mac = i->mac != NULL;
	to->mtu = i->mtu;
	to->up = (i->flags & VIEWOS_IF_UP) != 0;
	res = add_addresses(s, i->addresses, false, to->addrs, &to->n_addrs);
	if (!res)
		res = add_addresses(s, i->gateways, true, to->gateways, &to->n_gateways);
	if (!res)
		res = add_plug(s, i->plug);
	if (!res && VIEWOS_HAS(i, client))
		res = add_client(i->client, to);
	if (!res)
		s->conf.n_ifs++;
	return res;
}

static int host_resolver(struct viewos_stack *s, const char *text)
{
	return vu_str_copy(s->conf.resolv, sizeof(s->conf.resolv), text) < 0 ? -E2BIG : 0;
}

static void host_host(struct viewos_stack *s)
{
	s->host = true;
}

void vu_stack_plan_host(struct viewos_host *host)
{
	host->stack_interface = host_interface;
	host->stack_resolver = host_resolver;
	host->stack_host = host_host;
	host->stack_say = host_say;
}
