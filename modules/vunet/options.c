/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The options of a mount of vunet. Each is a row of a table. Those of an interface belong to the first one, until
 * another "ifname=" begins the next.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

struct reading {
	struct options *o;
	struct interface *i; /* the one that options belong to */
	const char *why;     /* what is wrong with the value */
};

typedef int option_fn(struct reading *r, const char *value);

static int add(const char **list, size_t *n, size_t max, const char *value, struct reading *r)
{
	if (*n == max) {
		r->why = "there are too many of them";
		return -E2BIG;
	}
	list[(*n)++] = value;
	return 0;
}

static int add_to_interface(const char **list, uint32_t *n, const char *value, struct reading *r)
{
	size_t count = *n;
	int res = add(list, &count, ITEMS_MAX, value, r);

	*n = (uint32_t)count;
	return res;
}

static int set_ip(struct reading *r, const char *value)
{
	r->i->flags |= VIEWOS_IF_UP;
	return add_to_interface(r->i->addresses, &r->i->n_addresses, value, r);
}

static int set_gw(struct reading *r, const char *value)
{
	return add_to_interface(r->i->gateways, &r->i->n_gateways, value, r);
}

static int set_dns(struct reading *r, const char *value)
{
	return add(r->o->dns, &r->o->n_dns, ITEMS_MAX, value, r);
}

static int set_hostfwd(struct reading *r, const char *value)
{
	return add(r->o->forwards, &r->o->n_forwards, ITEMS_MAX * 4, value, r);
}

static int set_dhcp(struct reading *r, const char *value)
{
	(void)value;
	r->i->flags |= VIEWOS_IF_UP;
	r->i->dhcp = 1;
	return 0;
}

static int set_up(struct reading *r, const char *value)
{
	(void)value;
	r->i->flags |= VIEWOS_IF_UP;
	return 0;
}

static int set_loopback(struct reading *r, const char *value)
{
	(void)value;
	r->o->loopback = 1;
	return 0;
}

static int set_mac(struct reading *r, const char *value)
{
	char byte[3] = "";
	int k;

	for (k = 0; k < 6; k++, value += 3) {
		if (!isxdigit((unsigned char)value[0]) || !isxdigit((unsigned char)value[1]) ||
		    value[2] != (k < 5 ? ':' : '\0'))
			break;
		memcpy(byte, value, 2);
		r->i->mac[k] = (uint8_t)strtoul(byte, NULL, 16);
	}
	if (k < 6 || (r->i->mac[0] & 1)) {
		r->why = "is no hardware address of an interface";
		return -EINVAL;
	}
	r->i->has_mac = 1;
	return 0;
}

static int set_mtu(struct reading *r, const char *value)
{
	unsigned long mtu;
	char *end;

	mtu = strtoul(value, &end, 10);
	if (*end || value[0] < '0' || value[0] > '9' || mtu < 68 || mtu > 65521) {
		r->why = "is not between 68 and 65521";
		return -EINVAL;
	}
	r->i->mtu = (uint32_t)mtu;
	return 0;
}

static int set_ifname(struct reading *r, const char *value)
{
	if (r->i->name) {
		if (r->o->n_ifs == IFS_MAX) {
			r->why = "there are too many of them";
			return -E2BIG;
		}
		r->i = &r->o->ifs[r->o->n_ifs++];
	}
	r->i->name = value;
	return 0;
}

static const struct {
	const char *name;
	int has_value;
	option_fn *fn;
} table[] = {
	{ "ip", 1, set_ip },	       { "gw", 1, set_gw },
	{ "dns", 1, set_dns },	       { "mac", 1, set_mac },
	{ "mtu", 1, set_mtu },	       { "ifname", 1, set_ifname },
	{ "dhcp", 0, set_dhcp },       { "up", 0, set_up },
	{ "hostfwd", 1, set_hostfwd }, { "hostloopback", 0, set_loopback },
};

static int read_one(struct reading *r, char *item, const struct viewos_host *host,
		    struct viewos_stack *s)
{
	char *value = strchr(item, '=');
	size_t k;
	int res;

	if (value)
		*value++ = '\0';
	for (k = 0; k < sizeof(table) / sizeof(table[0]); k++) {
		if (strcmp(table[k].name, item) != 0)
			continue;
		if (!value != !table[k].has_value) {
			host->stack_say(s, "option '%s' %s", item,
					value ? "takes no value" : "needs a value");
			return -EINVAL;
		}
		res = table[k].fn(r, value);
		if (res < 0)
			host->stack_say(s, "%s=%.100s: %s", item, value, r->why);
		return res;
	}
	host->stack_say(s, "unknown option '%.100s'", item);
	return -EINVAL;
}

int options_read(struct options *o, const char *list, const struct viewos_host *host,
		 struct viewos_stack *s)
{
	struct reading r = { .o = o, .i = &o->ifs[0] };
	char *rest, *item;
	int res = 0;

	memset(o, 0, sizeof(*o));
	o->n_ifs = 1;
	o->text = strdup(list);
	if (!o->text)
		return -ENOMEM;
	rest = o->text;
	while (!res && (item = strsep(&rest, ","))) {
		if (!*item)
			continue;
		o->n_given++;
		res = read_one(&r, item, host, s);
	}
	return res;
}

void options_free(struct options *o)
{
	free(o->text);
	o->text = NULL;
}
