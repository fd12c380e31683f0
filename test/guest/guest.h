/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers of the guest programs: every result is printed in one form, without buffering. */
#ifndef GUEST_H
#define GUEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers that the older of the supported C libraries do not name. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

#define GUEST_FN      static __attribute__((unused))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Prints straight to descriptor 1: safe around fork, vfork, exec and in handlers. */
GUEST_FN __attribute__((format(printf, 1, 2))) void say(const char *fmt, ...)
{
	char buf[2048];
	const char *p = buf;
	int saved = errno;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(buf))
		len = sizeof(buf) - 1;
	while (len > 0) {
		ssize_t n = write(1, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		p += n;
		len -= n;
	}
	errno = saved;
}

GUEST_FN const char *errname(int err)
{
#define E(name)             \
	{                   \
		name, #name \
	}
	static const struct {
		int err;
		const char *name;
	} names[] = {
		E(EPERM),	 E(ENOENT),	     E(ESRCH),		 E(EINTR),
		E(EIO),		 E(ENXIO),	     E(E2BIG),		 E(ENOEXEC),
		E(EBADF),	 E(ECHILD),	     E(EAGAIN),		 E(ENOMEM),
		E(EACCES),	 E(EFAULT),	     E(ENOTBLK),	 E(EBUSY),
		E(EEXIST),	 E(EXDEV),	     E(ENODEV),		 E(ENOTDIR),
		E(EISDIR),	 E(EINVAL),	     E(ENFILE),		 E(EMFILE),
		E(ENOTTY),	 E(ETXTBSY),	     E(EFBIG),		 E(ENOSPC),
		E(ESPIPE),	 E(EROFS),	     E(EMLINK),		 E(EPIPE),
		E(EDOM),	 E(ERANGE),	     E(EDEADLK),	 E(ENAMETOOLONG),
		E(ENOLCK),	 E(ENOSYS),	     E(ENOTEMPTY),	 E(ELOOP),
		E(ENODATA),	 E(ETIME),	     E(EPROTO),		 E(EOVERFLOW),
		E(EBADMSG),	 E(ELIBBAD),	     E(ELIBEXEC),	 E(EILSEQ),
		E(ENOTSOCK),	 E(EDESTADDRREQ),    E(EMSGSIZE),	 E(EPROTOTYPE),
		E(ENOPROTOOPT),	 E(EPROTONOSUPPORT), E(ESOCKTNOSUPPORT), E(EOPNOTSUPP),
		E(EPFNOSUPPORT), E(EAFNOSUPPORT),    E(EADDRINUSE),	 E(EADDRNOTAVAIL),
		E(ENETDOWN),	 E(ENETUNREACH),     E(ECONNABORTED),	 E(ECONNRESET),
		E(ENOBUFS),	 E(EISCONN),	     E(ENOTCONN),	 E(ETIMEDOUT),
		E(ECONNREFUSED), E(EHOSTUNREACH),    E(EALREADY),	 E(EINPROGRESS),
		E(ESTALE),	 E(EDQUOT),	     E(ECANCELED),
	};
#undef E
	static char other[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].err == err)
			return names[i].name;
	snprintf(other, sizeof(other), "E%d", err);
	return other;
}

GUEST_FN const char *signame(int sig)
{
#define S(name)             \
	{                   \
		name, #name \
	}
	static const struct {
		int sig;
		const char *name;
	} names[] = {
		S(SIGHUP),    S(SIGINT),  S(SIGQUIT),  S(SIGILL),  S(SIGTRAP), S(SIGABRT),
		S(SIGBUS),    S(SIGFPE),  S(SIGKILL),  S(SIGUSR1), S(SIGSEGV), S(SIGUSR2),
		S(SIGPIPE),   S(SIGALRM), S(SIGTERM),  S(SIGCHLD), S(SIGCONT), S(SIGSTOP),
		S(SIGTSTP),   S(SIGTTIN), S(SIGTTOU),  S(SIGURG),  S(SIGXCPU), S(SIGXFSZ),
		S(SIGVTALRM), S(SIGPROF), S(SIGWINCH), S(SIGIO),   S(SIGPWR),  S(SIGSYS),
	};
#undef S
	static char other[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].sig == sig)
			return names[i].name;
	snprintf(other, sizeof(other), "SIG%d", sig);
	return other;
}

/* "call = value" or "call = -1 ENAME". */
GUEST_FN void show_result(const char *call, long ret, int err)
{
	if (ret == -1)
		say("%s = -1 %s\n", call, errname(err));
	else
		say("%s = %ld\n", call, ret);
}

/* The same for calls whose good value varies from run to run: "call = ok". */
GUEST_FN void show_success(const char *call, long ret, int err)
{
	if (ret == -1)
		say("%s = -1 %s\n", call, errname(err));
	else
		say("%s = ok\n", call);
}

/* Result of a call made before, with a formatted name. Reads errno first. */
GUEST_FN __attribute__((format(printf, 2, 3))) void showf(long ret, const char *fmt, ...)
{
	int err = errno;
	char call[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call, sizeof(call), fmt, ap);
	va_end(ap);
	show_result(call, ret, err);
	errno = err;
}

/* As showf(), but prints "ok" for any good value. */
GUEST_FN __attribute__((format(printf, 2, 3))) void showf_ok(long ret, const char *fmt, ...)
{
	int err = errno;
	char call[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call, sizeof(call), fmt, ap);
	va_end(ap);
	show_success(call, ret, err);
	errno = err;
}

/* Prints the expression as written, and its value. */
#define SHOW(expr)                                    \
	do {                                          \
		long show_ret_;                       \
		errno = 0;                            \
		show_ret_ = (long)(expr);             \
		show_result(#expr, show_ret_, errno); \
	} while (0)

/* Prints the expression as written, and "ok" for any value but -1. */
#define SHOW_OK(expr)                                  \
	do {                                           \
		long show_ret_;                        \
		errno = 0;                             \
		show_ret_ = (long)(expr);              \
		show_success(#expr, show_ret_, errno); \
	} while (0)

/* For calls that return a new descriptor: prints "ok" or the error, and closes it. */
#define SHOW_FD(expr)                                  \
	do {                                           \
		long show_ret_;                        \
		errno = 0;                             \
		show_ret_ = (long)(expr);              \
		show_success(#expr, show_ret_, errno); \
		if (show_ret_ >= 0)                    \
			close(show_ret_);              \
	} while (0)

/* Preparations that have to work: anything else ends the program. */
#define MUST(expr)                                                            \
	({                                                                    \
		long must_ret_;                                               \
		errno = 0;                                                    \
		must_ret_ = (long)(expr);                                     \
		if (must_ret_ == -1) {                                        \
			say("cannot go on: %s: %s\n", #expr, errname(errno)); \
			_exit(99);                                            \
		}                                                             \
		must_ret_;                                                    \
	})

GUEST_FN const char *yes(int truth)
{
	return truth ? "yes" : "no";
}

/* Waits for one child and prints how it ended; returns its raw status. */
GUEST_FN int reap(pid_t pid, const char *who)
{
	int status = 0;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		say("%s: waitpid: %s\n", who, errname(errno));
	else if (WIFEXITED(status))
		say("%s: exited %d\n", who, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		say("%s: killed by %s\n", who, signame(WTERMSIG(status)));
	else
		say("%s: status %#x\n", who, status);
	return status;
}

GUEST_FN void write_file(const char *path, const void *data, size_t len, mode_t mode)
{
	int fd = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode | 0600));
	const char *p = data;

	while (len > 0) {
		ssize_t n = MUST(write(fd, p, len));

		p += n;
		len -= n;
	}
	MUST(fchmod(fd, mode));
	MUST(close(fd));
}

GUEST_FN void write_text(const char *path, const char *text, mode_t mode)
{
	write_file(path, text, strlen(text), mode);
}

/* Reads a whole file (also one of /proc) into buf; returns its length, always NUL-terminated. */
GUEST_FN ssize_t read_whole(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return -1;
	while (len < size - 1) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
	}
	buf[len] = '\0';
	close(fd);
	return len;
}

/* Copies the running program to path, executable. */
GUEST_FN void copy_self(const char *path)
{
	int in = MUST(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	int out = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
	static char buf[65536];
	ssize_t n;

	while ((n = MUST(read(in, buf, sizeof(buf)))) > 0)
		MUST(write(out, buf, n));
	MUST(fchmod(out, 0755));
	close(in);
	close(out);
}

/* Returns the address just behind pages of zeroes; what follows is not accessible. */
GUEST_FN char *edge_new(size_t pages)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + pages * page, page, PROT_NONE) < 0)
		_exit(99);
	return p + pages * page;
}

/* Copies len bytes so that the last one is the last accessible byte. */
GUEST_FN char *edge_copy(const void *data, size_t len)
{
	return memcpy(edge_new(len / 4096 + 1) - len, data, len);
}

/* A string whose NUL is the last accessible byte. */
GUEST_FN char *edge_str(const char *text)
{
	return edge_copy(text, strlen(text) + 1);
}

/* A string without a NUL before the inaccessible page. */
GUEST_FN char *edge_open_str(const char *text)
{
	return edge_copy(text, strlen(text));
}

/* Closes what the starter of the test left open, so that numbers are predictable. */
GUEST_FN void close_extra_fds(void)
{
	int fd;

	for (fd = 3; fd < 1100; fd++)
		close(fd);
}

/* Prints the numbers of the open descriptors below 1100. */
GUEST_FN void show_open_fds(const char *what)
{
	char line[1024];
	int len = 0;
	int fd;

	for (fd = 0; fd < 1100; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && len < (int)sizeof(line) - 8)
			len += snprintf(line + len, sizeof(line) - len, " %d", fd);
	line[len] = '\0';
	say("%s:%s\n", what, line);
}

#endif
