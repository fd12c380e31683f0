/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each call with a path gets NULL, unmapped, unreadable and cut strings: EFAULT, never a crash. */
/* variants: static musl */
#include "guest.h"

static char scratch[8192];

/*
 * args, one letter each: p the path in question, g a good name, c AT_FDCWD, b a buffer, 1 its size,
 * f the mode of a fifo, m minus one, z a struct of zeroes, s its size, 0 zero.
 */
struct call {
	const char *name;
	long nr;
	const char *args;
};

static const struct call calls[] = {
#ifdef SYS_open
	{ "open", SYS_open, "p00" },
	{ "creat", SYS_creat, "p0" },
	{ "stat", SYS_stat, "pb" },
	{ "lstat", SYS_lstat, "pb" },
	{ "access", SYS_access, "p0" },
	{ "mkdir", SYS_mkdir, "p0" },
	{ "rmdir", SYS_rmdir, "p" },
	{ "unlink", SYS_unlink, "p" },
	{ "chmod", SYS_chmod, "p0" },
	{ "chown", SYS_chown, "pmm" },
	{ "lchown", SYS_lchown, "pmm" },
	{ "link", SYS_link, "pg" },
	{ "link to", SYS_link, "gp" },
	{ "symlink", SYS_symlink, "pg" },
	{ "symlink to", SYS_symlink, "gp" },
	{ "rename", SYS_rename, "pg" },
	{ "rename to", SYS_rename, "gp" },
	{ "readlink", SYS_readlink, "pb1" },
	{ "mknod", SYS_mknod, "pf0" },
	{ "utime", SYS_utime, "p0" },
	{ "utimes", SYS_utimes, "p0" },
#endif
	{ "chdir", SYS_chdir, "p" },
	{ "truncate", SYS_truncate, "p0" },
	{ "statfs", SYS_statfs, "pb" },
	{ "openat", SYS_openat, "cp00" },
	{ "newfstatat", SYS_newfstatat, "cpb0" },
	{ "statx", SYS_statx, "cp00b" },
	{ "faccessat", SYS_faccessat, "cp0" },
	{ "faccessat2", SYS_faccessat2, "cp00" },
	{ "mkdirat", SYS_mkdirat, "cp0" },
	{ "unlinkat", SYS_unlinkat, "cp0" },
	{ "fchmodat", SYS_fchmodat, "cp0" },
	{ "fchownat", SYS_fchownat, "cpmm0" },
	{ "linkat", SYS_linkat, "cpcg0" },
	{ "linkat to", SYS_linkat, "cgcp0" },
	{ "symlinkat", SYS_symlinkat, "pcg" },
	{ "symlinkat to", SYS_symlinkat, "gcp" },
	{ "renameat", SYS_renameat, "cpcg" },
	{ "renameat2 to", SYS_renameat2, "cgcp0" },
	{ "readlinkat", SYS_readlinkat, "cpb1" },
	{ "mknodat", SYS_mknodat, "cpf0" },
	{ "getxattr", SYS_getxattr, "pgb1" },
	{ "lgetxattr", SYS_lgetxattr, "pgb1" },
	{ "listxattr", SYS_listxattr, "pb1" },
	{ "removexattr", SYS_removexattr, "pg" },
	{ "setxattr", SYS_setxattr, "pgb10" },
	{ "execve", SYS_execve, "p00" },
	{ "execveat", SYS_execveat, "cp000" },
	{ "name_to_handle_at", SYS_name_to_handle_at, "cpbb0" },
	{ "openat2", SYS_openat2, "cpzs" },
};

static void run(const struct call *c, const char *bad, const char *what)
{
	static uint64_t how[3];
	long a[6] = { 0 };
	size_t i;

	memset(scratch, 0, sizeof(scratch));
	for (i = 0; c->args[i]; i++) {
		switch (c->args[i]) {
		case 'p':
			a[i] = (long)bad;
			break;
		case 'g':
			a[i] = (long)"good";
			break;
		case 'c':
			a[i] = AT_FDCWD;
			break;
		case 'b':
			a[i] = (long)scratch;
			break;
		case 'f':
			a[i] = S_IFIFO | 0644;
			break;
		case 'm':
			a[i] = -1;
			break;
		case 'z':
			a[i] = (long)how;
			break;
		case 's':
			a[i] = sizeof(how);
			break;
		case '1':
			a[i] = 100;
			break;
		default:
			break;
		}
	}
	showf_ok(syscall(c->nr, a[0], a[1], a[2], a[3], a[4]), "%s(%s)", c->name, what);
}

int main(void)
{
	char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *cut = edge_open_str("missing/name");
	char *cut_at_once = edge_new(1);
	char *whole = edge_str("missing/name");
	char *long_cut = edge_new(3) - 5000;
	size_t i;

	close_extra_fds();
	/* More than PATH_MAX before the edge: too long, before it is found to have no end. */
	memset(long_cut, '/', 5000);
	long_cut[4090] = 'x';
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		run(&calls[i], NULL, "NULL");
		run(&calls[i], (char *)16, "16");
		run(&calls[i], none, "PROT_NONE");
		run(&calls[i], (char *)-1L, "-1");
		run(&calls[i], (char *)0xffffffff81000000UL, "kernel");
		run(&calls[i], (char *)0x8000000000000000UL, "not canonical");
		run(&calls[i], cut_at_once, "edge");
		run(&calls[i], cut, "cut");
		run(&calls[i], whole, "whole");
		run(&calls[i], long_cut, "long");
	}
	return 0;
}
