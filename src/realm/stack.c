/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The maker of a network stack: making the namespace and what guests see of it in the file system. The
 * sockets are made in maker.c.
 *
 * Files: a process whose stack this is finds at some paths what belongs to the stack. Each is a detached mount:
 * a piece of procfs or sysfs as it is seen from inside the namespace (/proc/sys/net/x shows the settings of
 * the namespace that it was looked up in; so the directories below it are mounts, for what the guest looks
 * up in them is the stack's). For this the maker has a mount namespace of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "realm/maker.h"
#include "realm/netconf.h"
#include "realm/stack.h"

#define SYSCTL_DIR  "/proc/sys/net"
#define RESOLV_FILE "/etc/resolv.conf"

struct setup {
	int control;
	struct vu_stack_conf conf;
	char text[VU_STACK_TEXT];
};

/* Send a note; `fd` -1: without a descriptor. 0 or -errno. */
static int tell(const struct setup *s, enum vu_stack_note_kind kind, uint32_t index, int result,
		const char *text, int fd)
{
	struct vu_stack_note note = { .kind = kind, .index = index, .result = result };
	struct iovec iov = { &note, sizeof(note) };
	ssize_t n;

	snprintf(note.text, sizeof(note.text), "%s", text);
	n = vu_fd_send(s->control, &iov, 1, &fd, fd >= 0);
	return n < 0 ? (int)n : 0;
}

static int fail(struct setup *s, const char *what)
{
	int res = -errno;

	snprintf(s->text, sizeof(s->text), "%s: %s (see 'umvu --check')", what, strerror(-res));
	return res;
}

/* Show what is at `from` to those in the stack at `path`. What this kernel or machine has not is left out. */
static int show(struct setup *s, const char *from, const char *path)
{
	VU_CLEANUP(fd)
	int fd = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	bool sysctl = vu_str_starts(path, SYSCTL_DIR);

	return fd < 0 ? 0 : tell(s, sysctl ? VU_NOTE_SYSCTL : VU_NOTE_FILE, 0, 0, path, fd);
}

static int show_settings(struct setup *s)
{
	VU_CLEANUP(dir) DIR *d = opendir(SYSCTL_DIR);
	const struct dirent *e;
	char path[512];
	int res = 0;

	while (d && !res && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), SYSCTL_DIR "/%s", e->d_name);
		res = show(s, path, path);
	}
	return res;
}

/* A mount of sysfs is of the namespace that it was made in. */
static int show_devices(struct setup *s)
{
	static const char *const dirs[] = { "/sys/class/net", "/sys/devices/virtual/net" };
	size_t i;
	int res = 0;

	if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return 0; /* a container that covers parts of /sys allows none */
	for (i = 0; !res && i < VU_ARRAY_SIZE(dirs); i++)
		res = show(s, dirs[i], dirs[i]);
	return res;
}

/* A client may get to know name servers: until then the host's are right. */
static bool wants_resolver(struct setup *s)
{
	VU_CLEANUP(fd) int fd = -1;
	bool wants = s->conf.resolv[0];
	uint32_t i;
	ssize_t n;

	for (i = 0; !wants && i < s->conf.n_ifs; i++) {
		if (!s->conf.ifs[i].client[0])
			continue;
		wants = true;
		fd = open(RESOLV_FILE, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : vu_fd_read(fd, s->conf.resolv, sizeof(s->conf.resolv) - 1);
		s->conf.resolv[n < 0 ? 0 : n] = '\0';
	}
	return wants;
}

/* /etc/resolv.conf, in a file system of its own on /sys, which is not needed any more. */
static int show_resolver(struct setup *s)
{
	VU_CLEANUP(fd) int fd = -1;

	if (!wants_resolver(s))
		return 0;
	if (mount("none", "/sys", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=0755") < 0)
		return fail(s, "tmpfs");
	fd = open(VU_STACK_RESOLV_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0 ||
	    vu_fd_write(fd, s->conf.resolv, strlen(s->conf.resolv)) < 0)
		return fail(s, RESOLV_FILE);
	return show(s, VU_STACK_RESOLV_FILE, RESOLV_FILE);
}

static int show_files(struct setup *s)
{
	char own[32];
	int res;

	snprintf(own, sizeof(own), "/proc/%d/net", (int)getpid());
	res = show(s, own, "/proc/self/net");
	if (!res)
		res = show_settings(s);
	if (!res)
		res = show_devices(s);
	return res < 0 ? res : show_resolver(s);
}

/* What an owner of the namespace may do anyway, where a program asks who the user is. */
static void loosen(const struct setup *s)
{
	char range[32];

	snprintf(range, sizeof(range), "%u %u", s->conf.gid, s->conf.gid);
	vu_net_sysctl("ipv4/ping_group_range", range);
	vu_net_sysctl("ipv4/ip_unprivileged_port_start", "0");
}

static int make_interface(struct setup *s, uint32_t i)
{
	const struct vu_stack_if *net = &s->conf.ifs[i];
	VU_CLEANUP(fd) int tap = vu_net_tap(net, s->text);
	int res = tap < 0 ? tap : vu_net_configure(net, s->text);

	return res < 0 ? res : tell(s, VU_NOTE_TAP, i, 0, "", tap);
}

static int make_stack(struct setup *s)
{
	uint32_t i;
	int res;

	if (unshare(CLONE_NEWNET) < 0)
		return fail(s, "network namespaces are not available here");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail(s, "mount namespaces are not available here");
	loosen(s);
	res = vu_net_up("lo", s->text);
	for (i = 0; !res && i < s->conf.n_ifs && i < VU_STACK_IFS; i++)
		res = make_interface(s, i);
	return res < 0 ? res : show_files(s);
}

_Noreturn void vu_maker_main(int control)
{
	struct setup s = { .control = control };
	int listener = -1, res;
	size_t n_fds = 0;

	prctl(PR_SET_NAME, "vu-net");
	setsid();
	if (control > 3)
		close_range(3, (unsigned int)control - 1, 0);
	close_range((unsigned int)control + 1, ~0u, 0);
	if (vu_fd_recv(control, &s.conf, sizeof(s.conf), &listener, 1, &n_fds) !=
		    (ssize_t)sizeof(s.conf) ||
	    n_fds != 1)
		_exit(1);
	res = make_stack(&s);
	if (!res)
		res = vu_maker_stash();
	if (tell(&s, VU_NOTE_DONE, 0, res, s.text, -1) == 0 && !res)
		vu_maker_serve(&s.conf, control, listener);
	_exit(res ? 1 : 0);
}
