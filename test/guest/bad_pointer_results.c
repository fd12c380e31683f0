/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results written to bad, read-only and cut buffers: EFAULT, nothing behind the edge, no crash. */
/* variants: static musl */
#include "guest.h"
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>

static char *edge, *ro, *none;

/* Calls fn with bad places, with room that is just enough and with one byte less. */
static void places(const char *what, size_t size, long (*fn)(void *))
{
	showf(fn(NULL), "%s to NULL", what);
	showf(fn((void *)16), "%s to 16", what);
	showf(fn(none), "%s to PROT_NONE", what);
	showf(fn(ro), "%s to read-only", what);
	showf(fn((void *)0xffff888000000000UL), "%s to the kernel", what);
	showf(fn(edge - size), "%s to the edge", what);
	showf(fn(edge - size + 8), "%s over the edge", what);
}

static long do_stat(void *p)
{
	return syscall(SYS_newfstatat, AT_FDCWD, ".", p, 0);
}

static long do_lstat(void *p)
{
	return syscall(SYS_newfstatat, AT_FDCWD, "link", p, AT_SYMLINK_NOFOLLOW);
}

static long do_fstat(void *p)
{
	return syscall(SYS_fstat, 0, p);
}

static long do_statx(void *p)
{
	return syscall(SYS_statx, AT_FDCWD, ".", 0, 0x7ff, p);
}

static long do_statfs(void *p)
{
	return syscall(SYS_statfs, ".", p);
}

static long do_uname(void *p)
{
	return syscall(SYS_uname, p);
}

static long do_getcwd(void *p)
{
	return syscall(SYS_getcwd, p, 4096) < 0 ? -1 : 0;
}

static long do_readlink(void *p)
{
	return syscall(SYS_readlinkat, AT_FDCWD, "link", p, 100);
}

static long do_getresuid(void *p)
{
	uid_t id;

	return syscall(SYS_getresuid, &id, p, &id);
}

static long do_getresgid(void *p)
{
	gid_t id;

	return syscall(SYS_getresgid, &id, &id, p);
}

static long do_sigaction(void *p)
{
	return syscall(SYS_rt_sigaction, SIGUSR1, NULL, p, 8);
}

static long do_sigprocmask(void *p)
{
	return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, p, 8);
}

static long do_sigaltstack(void *p)
{
	return syscall(SYS_sigaltstack, NULL, p);
}

static long do_sigpending(void *p)
{
	return syscall(SYS_rt_sigpending, p, 8);
}

static long do_getsockname(void *p)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t len = 110;
	long ret = syscall(SYS_getsockname, fd, p, &len);
	int err = errno;

	close(fd);
	errno = err;
	return ret;
}

static long do_getsockname_len(void *p)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un un;
	long ret;
	int err;

	if (p && p != (void *)16 && p != none && p != ro && (long)p > 0 &&
	    (char *)p <= edge - sizeof(socklen_t))
		*(socklen_t *)p = sizeof(un);
	ret = syscall(SYS_getsockname, fd, &un, p);
	err = errno;
	close(fd);
	errno = err;
	return ret;
}

static long do_getdents(void *p)
{
	int fd = open(".", O_RDONLY);
	long ret = syscall(SYS_getdents64, fd, p, 4096);
	int err = errno;

	close(fd);
	errno = err;
	return ret < 0 ? -1 : 0;
}

static long do_clock(void *p)
{
	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, p);
}

static long do_pipe(void *p)
{
	long ret = syscall(SYS_pipe2, p, 0);
	int err = errno;

	if (ret == 0) {
		close(((int *)p)[0]);
		close(((int *)p)[1]);
	}
	errno = err;
	return ret;
}

int main(void)
{
	char *half;

	close_extra_fds();
	MUST(symlink("target-of-ten", "link"));
	edge = edge_new(2);
	none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ro = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	places("stat", sizeof(struct stat), do_stat);
	places("lstat", sizeof(struct stat), do_lstat);
	places("fstat", sizeof(struct stat), do_fstat);
	places("statx", 256, do_statx);
	places("statfs", sizeof(struct statfs), do_statfs);
	places("uname", sizeof(struct utsname), do_uname);
	places("getcwd", 4096, do_getcwd);
	places("readlink", 13, do_readlink);
	places("getresuid", 4, do_getresuid);
	places("getresgid", 4, do_getresgid);
	places("sigaction", 32, do_sigaction);
	places("sigprocmask", 8, do_sigprocmask);
	places("sigaltstack", 24, do_sigaltstack);
	places("sigpending", 8, do_sigpending);
	places("getsockname", 2, do_getsockname);
	places("getsockname's length", 4, do_getsockname_len);
	places("getdents64", 4096, do_getdents);
	places("clock_gettime", 16, do_clock);
	places("pipe2", 8, do_pipe);

	/* A call that fails half way leaves no descriptor behind. */
	show_open_fds("open");
	half = edge - 8;
	SHOW(syscall(SYS_newfstatat, AT_FDCWD, "missing", half, 0));
	SHOW(syscall(SYS_newfstatat, 99, ".", half, 0));
	SHOW(syscall(SYS_newfstatat, AT_FDCWD, NULL, NULL, 0));
	return 0;
}
