/* sources: modules/vunet/vunet.c modules/vunet/options.c src/umvu/stack_plan.c src/umvu/strings.c */
/* cflags: -I../modules/vunet */
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vunet: from the options of a mount to the stack that umvu is to make, and what is refused. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/stack.h"
#include "umvu/stack_plan.h"

/* Programs that are there: the plugs in a folder of ours, and udhcpc. */
static char folder[] = "/tmp/vunet-plan.XXXXXX";

static int find_program(const struct viewos_host *host, const char *name, char *path, size_t size)
{
	(void)host;
	snprintf(path, size, "/found/%s", name);
	return 0;
}

static int plan(const char *type, const char *source, const char *options, struct viewos_stack *s)
{
	struct viewos_host host = { .size = sizeof(host), .module_dir = folder };
	const struct viewos_mount mount = {
		.size = sizeof(mount), .type = type, .source = source, .options = options
	};
	void *context = NULL;
	int res;

	vu_stack_plan_init(s, 1000);
	vu_stack_plan_host(&host);
	host.find_program = find_program;
	assert_int_equal(viewos_module.init(&host, &context), 0);
	assert_int_equal(viewos_module.type(context, type), VIEWOS_TYPE_STACK);
	res = viewos_module.stack(context, &mount, s);
	viewos_module.fini(context);
	return res;
}

static void test_types(void **state)
{
	struct viewos_stack s;

	(void)state;
	assert_int_equal(viewos_module.type(NULL, "vunet"), 0);
	assert_int_equal(viewos_module.type(NULL, "vunetnul"), 0);
	assert_int_equal(plan("vunetnull", "none", "", &s), 0);
	assert_int_equal(s.conf.n_ifs, 0);
	assert_false(s.host);
	assert_int_equal(plan("vunethost", "none", "", &s), 0);
	assert_true(s.host);
	assert_int_equal(plan("vunetnull", "none", "up", &s), -EINVAL);
	assert_string_equal(s.said, "vunetnull has no options");
}

static void test_vdestack(void **state)
{
	struct viewos_stack s;
	const struct vu_stack_if *i = s.conf.ifs;

	(void)state;
	assert_int_equal(plan("vunetvdestack", "vxvde://",
			      "ip=10.0.0.1/24,ip=fd00::1/64,gw=10.0.0.254,dns=10.0.0.3,dns=fd00::3,"
			      "mac=02:00:00:00:00:Fe,mtu=9000,ifname=eth0",
			      &s),
			 0);
	assert_int_equal(s.conf.n_ifs, 1);
	assert_string_equal(i->name, "eth0");
	assert_int_equal(i->n_addrs, 2);
	assert_int_equal(i->addrs[0].family, AF_INET);
	assert_int_equal(i->addrs[0].prefix, 24);
	assert_memory_equal(i->addrs[0].bytes, "\x0a\0\0\1", 4);
	assert_int_equal(i->addrs[1].family, AF_INET6);
	assert_int_equal(i->n_gateways, 1);
	assert_int_equal(i->mtu, 9000);
	assert_true(i->up && i->has_mac);
	assert_memory_equal(i->mac, "\2\0\0\0\0\xfe", 6);
	assert_string_equal(s.conf.resolv, "nameserver 10.0.0.3\nnameserver fd00::3\n");
	assert_int_equal(s.plugs[0].n, 2);
	assert_string_equal(s.plugs[0].list[1], "vxvde://");
	vu_stack_plan_free(&s);
}

static void test_interfaces(void **state)
{
	struct viewos_stack s;

	(void)state;
	assert_int_equal(plan("vunetvdestack", " a:// b://\tc://",
			      "up,ifname=x,mtu=68,ifname=y,dhcp", &s),
			 0);
	assert_int_equal(s.conf.n_ifs, 3);
	assert_string_equal(s.conf.ifs[0].name, "x");
	assert_true(s.conf.ifs[0].up);
	assert_int_equal(s.conf.ifs[0].mtu, 68);
	assert_string_equal(s.conf.ifs[1].name, "y");
	assert_string_equal(s.conf.ifs[1].client, "/found/udhcpc");
	assert_string_equal(s.conf.ifs[2].name, "vde2");
	assert_false(s.conf.ifs[2].up || s.conf.ifs[2].client[0]);
	assert_string_equal(s.plugs[2].list[1], "c://");
	vu_stack_plan_free(&s);
}

static void test_slirp(void **state)
{
	bool has_ipv6 = access("/proc/net/if_inet6", F_OK) == 0;
	struct viewos_stack s;

	(void)state;
	assert_int_equal(plan("vunetslirp", "none", "hostfwd=tcp:1:2,hostfwd=udp:3:4", &s), 0);
	assert_int_equal(s.conf.ifs[0].mtu, 65520);
	assert_int_equal(s.conf.ifs[0].n_addrs, 1 + has_ipv6);
	assert_int_equal(s.conf.ifs[0].n_gateways, 1 + has_ipv6);
	assert_string_equal(s.conf.resolv, "nameserver 10.0.2.3\n");
	assert_string_equal(s.plugs[0].list[1], "10.0.2.0/24");
	assert_string_equal(s.plugs[0].list[4], "-");
	assert_string_equal(s.plugs[0].list[6], "udp:3:4");
	vu_stack_plan_free(&s);
	assert_int_equal(plan("vunetslirp", "none", "ip=10.9.8.7/16,hostloopback", &s), 0);
	assert_string_equal(s.conf.resolv, "nameserver 10.9.0.3\n");
	assert_string_equal(s.plugs[0].list[1], "10.9.0.0/16");
	assert_string_equal(s.plugs[0].list[4], "loopback");
	vu_stack_plan_free(&s);
}

static void test_refused(void **state)
{
	static const struct {
		const char *type, *options, *said;
	} bad[] = {
		{ "vunetvdestack", "ip", "option 'ip' needs a value" },
		{ "vunetvdestack", "up=1", "option 'up' takes no value" },
		{ "vunetvdestack", "nonsense", "unknown option 'nonsense'" },
		{ "vunetvdestack", "ip=1.2.3/24",
		  "'1.2.3/24' is no address with the length of its network (ADDRESS/LENGTH)" },
		{ "vunetvdestack", "ip=1.2.3.4/33",
		  "'1.2.3.4/33' is no address with the length of its network (ADDRESS/LENGTH)" },
		{ "vunetvdestack", "gw=1.2.3.4/8", "'1.2.3.4/8' is no address" },
		{ "vunetvdestack", "mac=01:00:00:00:00:00",
		  "mac=01:00:00:00:00:00: is no hardware address of an interface" },
		{ "vunetvdestack", "mac=2:0:0:0:0:0x",
		  "mac=2:0:0:0:0:0x: is no hardware address of an interface" },
		{ "vunetvdestack", "mtu=99999", "mtu=99999: is not between 68 and 65521" },
		{ "vunetvdestack", "ifname=lo", "'lo' is no name for an interface" },
		{ "vunetvdestack", "ifname=a/b", "'a/b' is no name for an interface" },
		{ "vunetvdestack", "hostloopback",
		  "vunetvdestack has no options hostfwd and hostloopback" },
		{ "vunetvdestack", "dns=host", "dns=host: is no address" },
		{ "vunetslirp", "ip=fd00::1/64",
		  "ip=fd00::1/64: needs an IPv4 address and a length from 8 to 28" },
		{ "vunetslirp", "ip=1.1.1.1/24,ip=1.1.1.2/24", "vunetslirp has no second address" },
	};
	struct viewos_stack s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(plan(bad[i].type, "a://", bad[i].options, &s), -EINVAL);
		assert_string_equal(s.said, bad[i].said);
		vu_stack_plan_free(&s);
	}
}

static void test_too_many(void **state)
{
	char options[2048] = "";
	struct viewos_stack s;
	int i;

	(void)state;
	for (i = 0; i < 9; i++)
		snprintf(options + strlen(options), 32, "ip=10.0.%d.1/24,", i);
	assert_int_equal(plan("vunetvdestack", "a://", options, &s), -E2BIG);
	vu_stack_plan_free(&s);
	options[0] = '\0';
	for (i = 0; i < 9; i++)
		snprintf(options + strlen(options), 32, "ifname=i%d,", i);
	assert_int_equal(plan("vunetvdestack", "a://", options, &s), -E2BIG);
	vu_stack_plan_free(&s);
	assert_int_equal(plan("vunetvdestack", "a b c d e f g h i", "", &s), -EINVAL);
	vu_stack_plan_free(&s);
	assert_int_equal(plan("vunetvdestack", " ", "", &s), -EINVAL);
	assert_string_equal(s.said, "the source is to be a URL of libvdeplug");
	vu_stack_plan_free(&s);
}

static void test_families(void **state)
{
	(void)state;
	assert_int_equal(vu_family_of(AF_INET), VU_FAMILY_IPV4);
	assert_int_equal(vu_family_of(AF_INET6), VU_FAMILY_IPV6);
	assert_int_equal(vu_family_of(AF_NETLINK), VU_FAMILY_NETLINK);
	assert_int_equal(vu_family_of(AF_PACKET), VU_FAMILY_PACKET);
	assert_int_equal(vu_family_of(AF_UNIX), VU_FAMILY_NONE);
	assert_int_equal(vu_family_of(AF_UNSPEC), VU_FAMILY_NONE);
	assert_int_equal(vu_family_of(AF_BLUETOOTH), VU_FAMILY_OTHER);
	assert_int_equal(vu_family_of(-1ul), VU_FAMILY_NONE);
}

/* Both plugs, as files that may be executed. */
static int make_plugs(void **state)
{
	static const char *const names[] = { "vunet-vde", "vunet-slirp" };
	char path[128];
	FILE *f;
	size_t i;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		f = fopen(path, "w");
		if (!f || fclose(f) || chmod(path, 0700))
			return -1;
	}
	return 0;
}

static int remove_plugs(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/vunet-vde", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/vunet-slirp", folder);
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),	   cmocka_unit_test(test_vdestack),
		cmocka_unit_test(test_interfaces), cmocka_unit_test(test_slirp),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_families),
	};

	return cmocka_run_group_tests(tests, make_plugs, remove_plugs);
}
