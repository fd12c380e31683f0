/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vunet: network stacks.
 *
 * Each type is a row: how many interfaces it may have, and the plug that connects them. The stacks are the
 * kernel's, made by umvu; this module says what they are to be. The plugs lie beside it (plugs/).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "viewos/module.h"

#define WORDS_MAX    64
#define SLIRP_MTU    65520 /* the largest that slirp takes */
#define SLIRP_NET    "10.0.2.0"
#define SLIRP_IP     "10.0.2.100/24"
#define SLIRP_GW     "10.0.2.2"
#define SLIRP_DNS    "10.0.2.3"
#define SLIRP_IP6    "fd00::100/64"
#define SLIRP_GW6    "fd00::2"
#define IPV6_FILE    "/proc/net/if_inet6" /* is there if the kernel has IPv6 */
#define SLIRP_IFNAME "tap0"
#define VDE_IFNAME   "vde"

struct vunet {
	const struct viewos_host *host;
};

/* A stack that is described. */
struct plan {
	const struct viewos_host *host;
	const struct viewos_mount *mount;
	struct viewos_stack *stack;
	struct options o;
	char plug[512];			  /* program */
	const char *words[WORDS_MAX + 1]; /* it and its arguments */
	char client[512], script[512];	  /* of DHCP */
	char name[16], text[64];
};

/* Find the plug's program. 0, or -ENODEV: this View OS was built without it. */
static int find_plug(struct plan *p, const char *name, const char *library)
{
	snprintf(p->plug, sizeof(p->plug), "%s/%s", p->host->module_dir, name);
	p->words[0] = p->plug;
	if (access(p->plug, X_OK) == 0)
		return 0;
	p->host->stack_say(p->stack, "'%s' is missing: this View OS was built without %s", p->plug,
			   library);
	return -ENODEV;
}

/* Options that a type has no use for are no options of it. */
static int refuse(struct plan *p, const char *what)
{
	p->host->stack_say(p->stack, "%s has no %s", p->mount->type, what);
	return -EINVAL;
}

/* The words of the DHCP client. 0, or -ENODEV: it is not installed. */
static int find_client(struct plan *p, const char *ifname, const char **words)
{
	static const char *const args[] = { "-f", "-n", "-R", "-t", "4", "-T", "2" };
	size_t n = 0, i;

	if (p->host->find_program(p->host, "udhcpc", p->client, sizeof(p->client)) < 0) {
		p->host->stack_say(p->stack, "udhcpc is not installed (package udhcpc)");
		return -ENODEV;
	}
	snprintf(p->script, sizeof(p->script), "%s/vunet-dhcp.sh", p->host->module_dir);
	words[n++] = p->client;
	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		words[n++] = args[i];
	words[n++] = "-i";
	words[n++] = ifname;
	words[n++] = "-s";
	words[n++] = p->script;
	words[n] = NULL;
	return 0;
}

static int add_interface(struct plan *p, const struct interface *i, const char *name)
{
	const char *client[24] = { NULL };
	const struct viewos_interface net = {
		.size = sizeof(net),
		.flags = i->flags,
		.name = i->name ? i->name : name,
		.client = client,
		.mac = i->has_mac ? i->mac : NULL,
		.mtu = i->mtu,
		.addresses = i->addresses,
		.gateways = i->gateways,
		.plug = p->words,
	};

	int res = i->dhcp ? find_client(p, net.name, client) : 0;

	return res ? res : p->host->stack_interface(p->stack, &net);
}

static int set_resolver(struct plan *p, const char *fallback)
{
	char text[1024] = "", address[16];
	size_t i, n = 0;

	for (i = 0; i < p->o.n_dns; i++) {
		if (inet_pton(strchr(p->o.dns[i], ':') ? AF_INET6 : AF_INET, p->o.dns[i],
			      address) != 1) {
			p->host->stack_say(p->stack, "dns=%.100s: is no address", p->o.dns[i]);
			return -EINVAL;
		}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "nameserver %s\n", p->o.dns[i]);
	}
	if (!n && fallback)
		n = (size_t)snprintf(text, sizeof(text), "nameserver %s\n", fallback);
	return n ? p->host->stack_resolver(p->stack, text) : 0;
}

/* --- the types --- */

static int plan_null(struct plan *p)
{
	return p->o.n_given ? refuse(p, "options") : 0;
}

static int plan_host(struct plan *p)
{
	p->host->stack_host(p->stack);
	return plan_null(p);
}

/* Each word of the source is the URL of an interface. */
static int plan_vdestack(struct plan *p)
{
	char *urls = strdup(p->mount->source), *rest = urls, *url;
	size_t n = 0;
	int res = urls ? find_plug(p, "vunet-vde", "libvdeplug") : -ENOMEM;

	if (!res && (p->o.n_forwards || p->o.loopback))
		res = refuse(p, "options hostfwd and hostloopback");
	while (!res && (url = strsep(&rest, " \t\n"))) {
		if (!*url)
			continue;
		if (n == IFS_MAX)
			res = refuse(p, "room for so many interfaces");
		p->words[1] = url;
		snprintf(p->name, sizeof(p->name), VDE_IFNAME "%zu", n);
		if (!res)
			res = add_interface(p, &p->o.ifs[n], p->name);
		n++;
	}
	if (!res && !n) {
		p->host->stack_say(p->stack, "the source is to be a URL of libvdeplug");
		res = -EINVAL;
	}
	if (!res && n < p->o.n_ifs)
		res = refuse(p, "URL for each ifname=");
	free(urls);
	return res ? res : set_resolver(p, NULL);
}

/* The addresses of slirp's net, where another network than 10.0.2.0 was chosen by ip=. */
static int choose_net(struct plan *p, struct interface *i, char *net, char *host, char *dns)
{
	struct in_addr a;
	char copy[64], *slash;
	unsigned long prefix;
	uint32_t base;

	snprintf(copy, sizeof(copy), "%s", i->addresses[0]);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	prefix = slash ? strtoul(slash, NULL, 10) : 0;
	if (inet_pton(AF_INET, copy, &a) != 1 || prefix < 8 || prefix > 28) {
		p->host->stack_say(p->stack,
				   "ip=%.60s: needs an IPv4 address and a length from 8 to 28",
				   i->addresses[0]);
		return -EINVAL;
	}
	base = ntohl(a.s_addr) & (~0u << (32 - prefix));
	a.s_addr = htonl(base);
	snprintf(net, 32, "%s/%lu", inet_ntop(AF_INET, &a, copy, sizeof(copy)), prefix);
	a.s_addr = htonl(base + 2);
	inet_ntop(AF_INET, &a, host, 32);
	a.s_addr = htonl(base + 3);
	inet_ntop(AF_INET, &a, dns, 32);
	return 0;
}

static int plan_slirp(struct plan *p)
{
	struct interface *i = &p->o.ifs[0];
	char net[32] = SLIRP_NET "/24", host[32] = SLIRP_GW, dns[32] = SLIRP_DNS;
	size_t n = 1, k;
	int res = find_plug(p, "vunet-slirp", "libslirp");

	if (!res && (p->o.n_ifs > 1 || i->dhcp || i->n_gateways))
		res = refuse(p, "second interface, and no options gw and dhcp");
	if (!res && i->n_addresses > 1)
		res = refuse(p, "second address");
	if (!res && i->n_addresses)
		res = choose_net(p, i, net, host, dns);
	if (res)
		return res;
	if (!i->n_addresses)
		i->addresses[i->n_addresses++] = SLIRP_IP;
	p->words[n++] = net;
	p->words[n++] = i->addresses[0];
	i->gateways[i->n_gateways++] = host;
	if (access(IPV6_FILE, F_OK) == 0) {
		i->addresses[i->n_addresses++] = SLIRP_IP6;
		i->gateways[i->n_gateways++] = SLIRP_GW6;
	}
	i->flags |= VIEWOS_IF_UP;
	if (!i->mtu)
		i->mtu = SLIRP_MTU;
	snprintf(p->text, sizeof(p->text), "%u", i->mtu);
	p->words[n++] = p->text;
	p->words[n++] = p->o.loopback ? "loopback" : "-";
	for (k = 0; k < p->o.n_forwards; k++)
		p->words[n++] = p->o.forwards[k];
	res = add_interface(p, i, SLIRP_IFNAME);
	return res ? res : set_resolver(p, dns);
}

static const struct {
	const char *type;
	int (*plan)(struct plan *p);
} types[] = {
	{ "vunetnull", plan_null },
	{ "vunethost", plan_host },
	{ "vunetvdestack", plan_vdestack },
	{ "vunetslirp", plan_slirp },
};

static int find_type(const char *type)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].type, type) == 0)
			return (int)i;
	return -1;
}

static int vunet_type(void *context, const char *type)
{
	(void)context;
	return find_type(type) < 0 ? 0 : VIEWOS_TYPE_STACK;
}

static int vunet_stack(void *context, const struct viewos_mount *mount, struct viewos_stack *s)
{
	struct vunet *v = context;
	struct plan p = { .host = v->host, .mount = mount, .stack = s };
	int res = options_read(&p.o, mount->options, v->host, s);

	if (!res)
		res = types[find_type(mount->type)].plan(&p);
	options_free(&p.o);
	return res;
}

static int vunet_init(const struct viewos_host *host, void **context)
{
	struct vunet *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	v->host = host;
	*context = v;
	return 0;
}

static void vunet_fini(void *context)
{
	free(context);
}

VIEWOS_EXPORT const struct viewos_module viewos_module = {
	.abi = VIEWOS_ABI,
	.size = sizeof(viewos_module),
	.name = "vunet",
	.description = "network stacks",
	.init = vunet_init,
	.fini = vunet_fini,
	.type = vunet_type,
	.stack = vunet_stack,
};
