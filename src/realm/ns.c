/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entering the realm's namespaces.
 *
 * Ids map to themselves: a FUSE mount made here then tells its driver the caller's true ids and shows
 * the files of that user as theirs. An ordinary user may map only the own uid and gid
 * (user_namespaces(7)), and must give up setgroups() for the latter.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "realm/ns.h"

static int put(const char *path, const char *text)
{
	VU_CLEANUP(fd) int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return vu_fd_write(fd, text, strlen(text));
}

/* Map all ids if we may, else the own one. */
static int map_ids(const char *path, unsigned int id)
{
	char line[64];

	if (put(path, "0 0 4294967295") == 0)
		return 0;
	snprintf(line, sizeof(line), "%u %u 1", id, id);
	return put(path, line);
}

int vu_ns_enter(char *text, size_t size)
{
	unsigned int uid = geteuid(), gid = getegid();
	int res;

	text[0] = '\0';
	if (unshare(CLONE_NEWUSER) < 0) {
		res = -errno;
		snprintf(text, size, "user namespaces are not available here (see 'umvu --check')");
		return res;
	}
	res = map_ids("/proc/self/uid_map", uid);
	if (!res) {
		put("/proc/self/setgroups", "deny"); /* older kernels have none, and need none */
		res = map_ids("/proc/self/gid_map", gid);
	}
	if (res < 0) {
		snprintf(text, size, "the user namespace cannot be set up (see 'umvu --check')");
		return res;
	}
	if (unshare(CLONE_NEWNS) < 0) {
		res = -errno;
		snprintf(text, size,
			 "mount namespaces are not available here (see 'umvu --check')");
		return res;
	}
	/* Only network stacks need this one: without it the rest works. */
	if (unshare(CLONE_NEWNET) < 0)
		vu_log_info("realm", "no network namespace: %s", strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}
