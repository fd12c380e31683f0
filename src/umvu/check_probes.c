/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probes of umvu --check. Each does what View OS will do and looks at the effect. Those that
 * concern mounts are in check_realm.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "umvu/check_probes.h"
#include "umvu/paths.h"

#ifndef SYS_SECCOMP /* glibc before 2.38 */
#define SYS_SECCOMP 1
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define FILE_MAX 65536

bool vu_check_good(char *text, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, VU_CHECK_TEXT, format, ap);
	va_end(ap);
	return true;
}

bool vu_check_bad(char *text, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, VU_CHECK_TEXT, format, ap);
	va_end(ap);
	return false;
}

void vu_check_add(char *text, const char *format, ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + len, VU_CHECK_TEXT - len, format, ap);
	va_end(ap);
}

void vu_check_read_line(const char *path, char *value, size_t size)
{
	VU_CLEANUP(free) char *all = NULL;

	value[0] = '\0';
	if (vu_file_read(path, FILE_MAX, &all, NULL) < 0)
		return;
	all[strcspn(all, "\n")] = '\0';
	snprintf(value, size, "%s", all);
}

/* --- the kernel ---------------------------------------------------------------------------------- */

static bool has_mount_ids(void)
{
	struct statx st;

	return statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &st) == 0 && st.stx_mask & STATX_MNT_ID;
}

static bool has_openat2(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC };

	return syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)) >= 0;
}

static bool has_close_range(void)
{
	return close_range(~0u, ~0u, 0) == 0;
}

/* Who may not mount gets EPERM: whether it works is for the probes of the realm. */
static bool has_mount_setattr(void)
{
	struct mount_attr attr = { .attr_set = 0 };

	return mount_setattr(-1, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0 || errno != ENOSYS;
}

static const struct feature {
	const char *name;
	bool (*there)(void);
} features[] = {
	{ "openat2 (Linux 5.6)", has_openat2 },
	{ "statx's mount ids (Linux 5.8)", has_mount_ids },
	{ "close_range (Linux 5.9)", has_close_range },
	{ "mount_setattr (Linux 5.12)", has_mount_setattr },
};

bool vu_probe_kernel(const char *arg, char *text)
{
	struct utsname u;
	bool all = true;
	size_t i;

	(void)arg;
	if (uname(&u) < 0)
		return vu_check_bad(text, "uname: %s", strerror(errno));
	vu_check_good(text, "%s %s %s", u.sysname, u.release, u.machine);
	for (i = 0; i < VU_ARRAY_SIZE(features); i++) {
		if (features[i].there())
			continue;
		vu_check_add(text, "%s %s", all ? ", has no" : ",", features[i].name);
		all = false;
	}
	return all;
}

/* --- trapping calls ------------------------------------------------------------------------------ */

#define TRAP_DATA 0x56

/* What the handler saw last; lives in the probe's process only. */
static volatile struct {
	int code, error, nr;
	void *addr;
} trapped;

static void on_sigsys(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
	trapped.code = si->si_code;
	trapped.error = si->si_errno;
	trapped.nr = si->si_syscall;
	trapped.addr = si->si_call_addr;
}

/* Whether call `nr` came to the handler, as the kernel's filter documentation says. */
static bool was_trapped(int nr)
{
	return trapped.code == SYS_SECCOMP && trapped.error == TRAP_DATA && trapped.nr == nr;
}

static int install(struct sock_filter *code, size_t n)
{
	struct sock_fprog prog = { .len = (unsigned short)n, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return -errno;
	return 0;
}

/* Trap `nr`, and handle it. */
static int trap(unsigned int nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | TRAP_DATA),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sigaction sa = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };

	if (sigaction(SIGSYS, &sa, NULL) < 0)
		return -errno;
	return install(code, VU_ARRAY_SIZE(code));
}

/* Trap `nr` unless it is issued from `ip`. */
static int trap_elsewhere(unsigned int nr, uint64_t ip)
{
	const unsigned int at = offsetof(struct seccomp_data, instruction_pointer);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(ip >> 32), 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)ip, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | TRAP_DATA),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return install(code, VU_ARRAY_SIZE(code));
}

bool vu_probe_no_new_privs(const char *arg, char *text)
{
	(void)arg;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return vu_check_bad(text, "prctl: %s", strerror(errno));
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return vu_check_bad(text, "it was set, but the kernel says that it is not");
	return vu_check_good(text, "can be set (in a session setuid programs run as their caller)");
}

bool vu_probe_trap(const char *arg, char *text)
{
	int res = trap(SYS_getppid);

	(void)arg;
	if (res < 0)
		return vu_check_bad(text, "no filter can be installed: %s", strerror(-res));
	syscall(SYS_getppid);
	if (!was_trapped(SYS_getppid))
		return vu_check_bad(text, "a trapped call did not come to the SIGSYS handler");
	return vu_check_good(text, "a trapped call comes to the SIGSYS handler");
}

/*
 * The address of syscall(3)'s instruction comes from a first filter; a second one then has to tell
 * calls made there from those of libc's wrapper.
 */
bool vu_probe_origin(const char *arg, char *text)
{
	int res = trap(SYS_getppid);

	(void)arg;
	if (res < 0)
		return vu_check_bad(text, "no filter can be installed: %s", strerror(-res));
	syscall(SYS_getppid);
	res = trap_elsewhere(SYS_getuid, (uint64_t)(uintptr_t)trapped.addr);
	if (res < 0)
		return vu_check_bad(text, "no second filter can be installed: %s", strerror(-res));
	syscall(SYS_getuid);
	if (was_trapped(SYS_getuid))
		return vu_check_bad(text,
				    "a filter does not see the address that a call is made from");
	(void)!getuid();
	if (!was_trapped(SYS_getuid))
		return vu_check_bad(text,
				    "a filter takes a call from elsewhere for one from the agent");
	return vu_check_good(text, "a filter tells calls by the address that they are made from");
}

/* --- memory -------------------------------------------------------------------------------------- */

#define STAT_FIELDS 52 /* proc(5), counted from 1 */

/* The numbers of /proc/self/stat from field 4 on. */
static bool stat_fields(unsigned long long *field)
{
	VU_CLEANUP(free) char *all = NULL;
	char *p;
	int i;

	if (vu_file_read("/proc/self/stat", FILE_MAX, &all, NULL) < 0)
		return false;
	p = strrchr(all, ')');
	if (!p || strlen(p) < 4)
		return false;
	for (p += 3, i = 4; i < STAT_FIELDS; i++)
		field[i] = strtoull(p, &p, 10);
	return true;
}

bool vu_probe_mm_map(const char *arg, char *text)
{
	char name[] = "vu-check"; /* anonymous memory: the kernel shows no other */
	unsigned long long f[STAT_FIELDS];
	char seen[64];
	struct prctl_mm_map map;

	(void)arg;
	if (!stat_fields(f))
		return vu_check_bad(text, "/proc/self/stat cannot be read");
	map = (struct prctl_mm_map){
		.start_code = f[26],
		.end_code = f[27],
		.start_stack = f[28],
		.start_data = f[45],
		.end_data = f[46],
		.start_brk = f[47],
		.brk = (uintptr_t)sbrk(0),
		.arg_start = (uintptr_t)name,
		.arg_end = (uintptr_t)name + sizeof(name),
		.env_start = f[50],
		.env_end = f[51],
		.exe_fd = (uint32_t)-1,
	};
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0)
		return vu_check_bad(
			text,
			"%s: ps shows the loader's command line, brk() starts at its place (the "
			"kernel wants CONFIG_CHECKPOINT_RESTORE for it)",
			strerror(errno));
	vu_check_read_line("/proc/self/cmdline", seen, sizeof(seen));
	if (!vu_str_eq(seen, name))
		return vu_check_bad(text, "accepted, but without effect on /proc/self/cmdline");
	return vu_check_good(text, "the command line that ps shows can be set");
}

bool vu_probe_vm_readv(const char *arg, char *text)
{
	char from[] = "some bytes", to[sizeof(from)] = "";
	struct iovec local = { to, sizeof(to) }, remote = { from, sizeof(from) };

	(void)arg;
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != sizeof(from))
		return vu_check_bad(text, "%s", strerror(errno));
	if (memcmp(from, to, sizeof(from)) != 0)
		return vu_check_bad(text, "it read something else");
	remote.iov_base = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) >= 0 || errno != EFAULT)
		return vu_check_bad(text, "it does not refuse a bad address");
	return vu_check_good(text, "works on the own process, refuses bad addresses");
}

bool vu_probe_memfd(const char *arg, char *text)
{
	int fd = memfd_create("vu-check", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	void *p;

	(void)arg;
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("vu-check", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return vu_check_bad(text, "%s", strerror(errno));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return vu_check_bad(text, "its memory cannot be mapped: %s", strerror(errno));
	return vu_check_good(text, "works");
}

bool vu_probe_memfd_exec(const char *arg, char *text)
{
	int fd = memfd_create("vu-check", MFD_CLOEXEC);
	int err = errno;
	char value[16];

	(void)arg;
	vu_check_read_line("/proc/sys/vm/memfd_noexec", value, sizeof(value));
	if (fd < 0)
		return vu_check_bad(text, "is %s: memory files without a seal are refused: %s",
				    value[0] ? value : "not there", strerror(err));
	return vu_check_good(text, "is %s, memory files without a seal can be made",
			     value[0] ? value : "not there (Linux before 6.3, or no /proc)");
}

/* --- programs ------------------------------------------------------------------------------------ */

bool vu_probe_loader(const char *arg, char *text)
{
	VU_CLEANUP(paths) struct vu_paths paths = { NULL };
	int res = vu_paths_find(&paths);

	(void)arg;
	if (res < 0)
		return vu_check_bad(text, "its place cannot be found: %s", strerror(-res));
	if (access(paths.loader, X_OK) < 0)
		return vu_check_bad(text, "%s: %s", paths.loader, strerror(errno));
	return vu_check_good(text, "%s", paths.loader);
}

bool vu_probe_driver(const char *arg, char *text)
{
	const char *at = getenv("PATH");
	char path[PATH_MAX];
	size_t len;

	for (; at && *at; at += len + (at[len] == ':')) {
		len = strcspn(at, ":");
		snprintf(path, sizeof(path), "%.*s/%s", (int)len, len ? at : ".", arg);
		if (access(path, X_OK) == 0)
			return vu_check_good(text, "%s", path);
	}
	return vu_check_bad(text, "not installed (Debian package %s)", arg);
}
