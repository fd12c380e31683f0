/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The probes of umvu --check that concern network stacks: what their maker does, tried in a child. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "realm/netconf.h"
#include "realm/ns.h"
#include "umvu/check_probes.h"

/* Be in a network namespace of a realm. */
static bool enter(char *text)
{
	char why[256] = "";
	int res = vu_ns_enter(why, sizeof(why));

	if (res < 0)
		return vu_check_bad(text, "no user namespace: %s", strerror(-res));
	if (unshare(CLONE_NEWNET) < 0)
		return vu_check_bad(text, "cannot be made: %s", strerror(errno));
	return true;
}

bool vu_probe_netns(const char *arg, char *text)
{
	char max[32], why[VU_STACK_TEXT] = "";

	(void)arg;
	vu_check_read_line("/proc/sys/user/max_net_namespaces", max, sizeof(max));
	if (!enter(text)) {
		if (!strcmp(max, "0"))
			vu_check_add(text, "; user.max_net_namespaces is 0");
		return false;
	}
	if (vu_net_up("lo", why) < 0)
		return vu_check_bad(text, "%s", why);
	return vu_check_good(text, "can be made, its lo can be used");
}

bool vu_probe_tap(const char *arg, char *text)
{
	const struct vu_stack_if tap = { .name = "check0", .up = 1 };
	char why[VU_STACK_TEXT] = "", *hint;
	VU_CLEANUP(fd) int fd = -1;

	(void)arg;
	if (!enter(text))
		return false;
	fd = vu_net_tap(&tap, why);
	if (fd >= 0 && vu_net_configure(&tap, why) == 0)
		return vu_check_good(text, "can be made");
	hint = strstr(why, " (see ");
	if (hint)
		*hint = '\0';
	vu_check_bad(text, "%s", why);
	if (access("/dev/net/tun", F_OK) < 0)
		vu_check_add(text, " (modprobe tun; in a container: --device /dev/net/tun)");
	return false;
}

bool vu_probe_sysfs(const char *arg, char *text)
{
	(void)arg;
	if (!enter(text))
		return false;
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return vu_check_bad(text, "cannot be mounted (%s): /sys/class/net stays the host's",
				    strerror(errno));
	return vu_check_good(text, "can be mounted");
}
