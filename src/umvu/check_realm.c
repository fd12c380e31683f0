/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probes of umvu --check that concern mounts: /proc, by which they are reached, and the realm, in
 * which they are made. A cause is named only after it was looked up.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "realm/fs.h"
#include "realm/ns.h"
#include "umvu/check_probes.h"

#define FILE_MAX   65536
#define FUSE_MAJOR 10
#define FUSE_MINOR 229

/* --- /proc --------------------------------------------------------------------------------------- */

/* A process that sleeps until its parent dies or kills it. */
static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_range(0, 2, 0);
	for (;;)
		pause();
}

/* What may hide processes. */
static void add_hidepid(char *text)
{
	VU_CLEANUP(free) char *mounts = NULL;

	if (vu_file_read("/proc/self/mounts", FILE_MAX * 16, &mounts, NULL) == 0 &&
	    strstr(mounts, "hidepid="))
		vu_check_add(text, "; /proc is mounted with hidepid");
}

/* A mount is reached as umvu's /proc/PID/fd/N/..., so that is what is tried. */
bool vu_probe_proc(const char *arg, char *text)
{
	int root = open("/", O_PATH | O_CLOEXEC);
	struct stat want, have;
	struct statfs fs;
	char path[64];
	pid_t pid;
	int err;

	(void)arg;
	if (statfs("/proc", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return vu_check_bad(text, "is not mounted");
	pid = sleeper();
	if (root < 0 || pid < 0 || fstat(root, &want) < 0)
		return vu_check_bad(text, "cannot be tried: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/%d/fd/%d/.", pid, root);
	err = stat(path, &have) < 0 ? errno : 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (!err && (want.st_dev != have.st_dev || want.st_ino != have.st_ino))
		return vu_check_bad(text, "/proc/PID/fd of another process leads elsewhere");
	if (!err)
		return vu_check_good(text, "another process's descriptors can be reached");
	vu_check_bad(text, "/proc/PID/fd of another process of the same user: %s", strerror(err));
	add_hidepid(text);
	return false;
}

/* --- the realm ----------------------------------------------------------------------------------- */

/* Settings that forbid namespaces. `privileged`: it forbids them to root as well. */
static const struct setting {
	const char *path, *value;
	bool privileged;
	const char *text;
} settings[] = {
	{ "/proc/sys/user/max_user_namespaces", "0", true, "user.max_user_namespaces is 0" },
	{ "/proc/sys/user/max_mnt_namespaces", "0", true, "user.max_mnt_namespaces is 0" },
	{ "/proc/sys/kernel/unprivileged_userns_clone", "0", false,
	  "kernel.unprivileged_userns_clone is 0" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", false,
	  "kernel.apparmor_restrict_unprivileged_userns is 1" },
};

static bool under_filter(void)
{
	VU_CLEANUP(free) char *status = NULL;

	return vu_file_read("/proc/self/status", FILE_MAX, &status, NULL) == 0 &&
	       strstr(status, "\nSeccomp:\t2");
}

/* All that speaks against namespaces here. */
static void add_causes(char *text)
{
	bool root = geteuid() == 0, found = false;
	char value[32];
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(settings); i++) {
		vu_check_read_line(settings[i].path, value, sizeof(value));
		if ((root && !settings[i].privileged) || !vu_str_eq(value, settings[i].value))
			continue;
		vu_check_add(text, "; %s", settings[i].text);
		found = true;
	}
	if (access("/proc/self", F_OK) < 0) {
		vu_check_add(text, "; /proc is not mounted");
		found = true;
	} else if (access("/proc/self/ns/user", F_OK) < 0 && errno == ENOENT) {
		vu_check_add(text, "; the kernel has no user namespaces (CONFIG_USER_NS)");
		found = true;
	}
	if (under_filter()) {
		vu_check_add(text, "; a seccomp filter is on this process, as in a container");
		found = true;
	}
	if (!found)
		vu_check_add(text, "; none of the known settings is the cause");
}

/* "WHAT: error: why", without the advice to try umvu --check. */
static bool refused(char *text, const char *what, int res, char *why)
{
	char *hint = strstr(why, " (see ");

	if (hint)
		*hint = '\0';
	return vu_check_bad(text, "%s: %s%s%s", what, strerror(-res), why[0] ? ": " : "", why);
}

bool vu_probe_userns(const char *arg, char *text)
{
	char causes[VU_CHECK_TEXT] = "", why[256] = "", map[64];
	unsigned int uid = geteuid(), gid = getegid();
	int res;

	(void)arg;
	/* Looked up first: in a new namespace the settings have other values. */
	add_causes(causes);
	res = vu_ns_enter(why, sizeof(why));
	if (res < 0) {
		refused(text, "cannot be entered", res, why);
		vu_check_add(text, "%s", causes);
		return false;
	}
	if (geteuid() != uid || getegid() != gid)
		return vu_check_bad(text, "the own ids are not kept: uid %u, gid %u", geteuid(),
				    getegid());
	vu_check_read_line("/proc/self/uid_map", map, sizeof(map));
	return vu_check_good(text, "can be entered with a mount namespace, %s",
			     strstr(map, "4294967295") ? "all ids mapped" : "own ids mapped");
}

/* Be in a realm's namespaces; what hinders is told by vu_probe_userns(). */
static bool enter(char *text)
{
	char why[256] = "";
	int res = vu_ns_enter(why, sizeof(why));

	return res == 0 || refused(text, "no namespaces to mount in", res, why);
}

bool vu_probe_tmpfs(const char *arg, char *text)
{
	char why[VU_REALM_TEXT] = "";
	int res;

	(void)arg;
	if (!enter(text))
		return false;
	res = vu_fs_cover(0, why);
	if (res < 0)
		return refused(text, "detached mount", res, why);
	res = vu_fs_cover(1, why);
	if (res < 0)
		return refused(text, "detached mount of a file", res, why);
	return vu_check_good(text, "detached mounts of a directory and of a file can be made");
}

bool vu_probe_fuse_device(const char *arg, char *text)
{
	struct stat st;
	int fd;

	(void)arg;
	if (stat("/dev/fuse", &st) < 0)
		return vu_check_bad(text, "%s (modprobe fuse; in a container: --device /dev/fuse)",
				    strerror(errno));
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(FUSE_MAJOR, FUSE_MINOR))
		return vu_check_bad(text, "is not the FUSE device (character device %d:%d)",
				    FUSE_MAJOR, FUSE_MINOR);
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return vu_check_bad(text, "%s (mode %04o, owner %u:%u)", strerror(errno),
				    st.st_mode & 07777, st.st_uid, st.st_gid);
	return vu_check_good(text, "can be opened (mode %04o, owner %u:%u)", st.st_mode & 07777,
			     st.st_uid, st.st_gid);
}

bool vu_probe_fuse_mount(const char *arg, char *text)
{
	struct vu_realm_fuse m = {
		.rootmode = S_IFDIR | 0755,
		.user_id = geteuid(),
		.group_id = getegid(),
		.source = "umvu-check",
		.subtype = "check",
	};
	char why[VU_REALM_TEXT] = "";
	int dev, fd;

	(void)arg;
	if (!enter(text))
		return false;
	dev = vu_fs_fuse_open(O_RDWR, why);
	if (dev < 0)
		return refused(text, "/dev/fuse", dev, why);
	fd = vu_fs_fuse_mount(&m, dev, why);
	if (fd < 0)
		return refused(text, "detached mount", fd, why);
	/* Nobody serves it: ended before the mount goes, so that nothing can wait for an answer. */
	close(dev);
	close(fd);
	return vu_check_good(text, "a detached mount can be made");
}
