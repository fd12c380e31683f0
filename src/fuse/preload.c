/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vu-fuse-lazy.so: loaded into a FUSE daemon (LD_PRELOAD), it stands between libfuse and /dev/fuse, and has
 * lazy.c look at what goes through. libfuse 2 and 3 read requests by read(2) or, on demand, splice(2) to a pipe, and
 * reply by write(2), writev(2) or splice(2) from a pipe. A daemon that goes about it in other ways (a static one, one
 * that waits for requests with a poll of its own) works as it does without this.
 *
 * A request may become ready without the kernel having one: an OPEN of ours has been answered, and what was kept
 * for it is to be read, by whatever thread comes. So nobody waits in read(2): the device is made non-blocking,
 * and threads wait for it and for an eventfd in epoll_wait(2), one set for all of them, so that one
 * request does not wake all threads.
 *
 * libfuse cancels threads that read. read(2), epoll_wait(2) are where that happens; nothing is held there.
 * What we do ourselves goes by syscall(2), which is no cancellation point.
 *
 * The state is of the process, since that is what the C library's functions are about; it is set up once, when
 * INIT is read, by the one thread that there is then.
 */
#undef _FORTIFY_SOURCE /* it makes inline functions of those that are defined here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "abi/fuse.h"
#include "fuse/lazy.h"

#define EXPORT	    __attribute__((visibility("default")))
#define FUSE_MAJOR  10
#define FUSE_MINOR  229
#define MAX_HANDLES 256

enum { NONE_YET = -1, NO_MORE = -2 };
enum { KEPT = -2 };

static struct {
	atomic_int fd; /* the device, NONE_YET, NO_MORE */
	int epoll, event, timer;
	struct vu_lazy *lazy;
	pthread_mutex_t reading; /* what is read is seen by vu_lazy_request() in that order */
	bool exclusive;
} state = { .fd = NONE_YET, .reading = PTHREAD_MUTEX_INITIALIZER };

/* The C library's own function. */
static void *next_of(const char *name, void *_Atomic *cache)
{
	void *fn = atomic_load_explicit(cache, memory_order_relaxed);

	if (!fn) {
		fn = dlsym(RTLD_NEXT, name);
		atomic_store_explicit(cache, fn, memory_order_relaxed);
	}
	return fn;
}

#define NEXT(name)                                         \
	({                                                 \
		static void *_Atomic cache;                \
		(__typeof__(&name))next_of(#name, &cache); \
	})

/* ---- for lazy.c ------------------------------------------------------------------------------- */

static int send_reply(void *ctx, const void *reply, size_t len)
{
	(void)ctx;
	return syscall(SYS_write, atomic_load(&state.fd), reply, len) < 0 ? -errno : 0;
}

static void set_alarm(void *ctx)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 10 * 1000 * 1000 };

	(void)ctx;
	timerfd_settime(state.timer, 0, &soon, NULL);
}

static void tell_ready(void *ctx, bool is)
{
	uint64_t value = 1;

	(void)ctx;
	syscall(is ? SYS_write : SYS_read, state.event, &value, sizeof(value));
}

/* umvu has it in its log. */
static void warn(void *ctx, const char *what)
{
	const struct iovec iov[] = {
		{ (char *)"vu-fuse-lazy: ", 14 },
		{ (char *)what, strlen(what) },
		{ (char *)"\n", 1 },
	};

	(void)ctx;
	syscall(SYS_writev, STDERR_FILENO, iov, 3);
}

/* ---- the device ------------------------------------------------------------------------------- */

static bool is_ours(int fd)
{
	return fd >= 0 && fd == atomic_load_explicit(&state.fd, memory_order_acquire);
}

/* Whether what was read is the first message of a connection. */
static bool is_init(int fd, const void *msg, ssize_t n)
{
	struct fuse_in_header in;
	struct stat st;

	if (n < (ssize_t)sizeof(in))
		return false;
	memcpy(&in, msg, sizeof(in));
	return in.opcode == FUSE_INIT && in.len == (size_t)n && !fstat(fd, &st) &&
	       S_ISCHR(st.st_mode) && st.st_rdev == makedev(FUSE_MAJOR, FUSE_MINOR);
}

static bool watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(state.epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_all(int fd)
{
	state.epoll = epoll_create1(EPOLL_CLOEXEC);
	state.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	state.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return state.epoll >= 0 && state.event >= 0 && state.timer >= 0 && watch(fd) &&
	       watch(state.event) && watch(state.timer);
}

static void close_all(void)
{
	const int fds[] = { state.epoll, state.event, state.timer };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Stand in from now on, if all that is needed for that can be had. */
static void adopt(int fd, void *msg, size_t n)
{
	struct vu_lazy_host host = {
		.send = send_reply,
		.ready = tell_ready,
		.warn = warn,
		.alarm = set_alarm,
		.max_handles = MAX_HANDLES,
		.exclusive = state.exclusive,
	};
	int flags = fcntl(fd, F_GETFL);

	/* One that does not wait in read(2) has something else to wait in, and that would not be told. */
	if (flags < 0 || flags & O_NONBLOCK)
		return;
	if (getrandom(&host.tag, sizeof(host.tag), GRND_NONBLOCK) != sizeof(host.tag))
		host.exclusive = false;
	if (open_all(fd))
		state.lazy = vu_lazy_new(&host);
	if (state.lazy && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) {
		vu_lazy_request(state.lazy, msg, n);
		atomic_store_explicit(&state.fd, fd, memory_order_release);
		return;
	}
	if (state.lazy)
		vu_lazy_free(state.lazy);
	state.lazy = NULL;
	close_all();
}

/* The kernel's next message; KEPT: it is not for the daemon, or not yet. */
static ssize_t read_message(int fd, void *buf, size_t size)
{
	ssize_t n;

	if (state.exclusive)
		pthread_mutex_lock(&state.reading);
	n = syscall(SYS_read, fd, buf, size);
	if (n > 0) {
		n = (ssize_t)vu_lazy_request(state.lazy, buf, (size_t)n);
		n = n ? n : KEPT;
	}
	if (state.exclusive)
		pthread_mutex_unlock(&state.reading);
	return n;
}

/* Until there may be something to be read, or time is up. */
static bool wait_for(void)
{
	struct epoll_event event;
	uint64_t times;

	if (epoll_wait(state.epoll, &event, 1, -1) < 0)
		return false;
	if (event.data.fd == state.timer &&
	    syscall(SYS_read, state.timer, &times, sizeof(times)) == sizeof(times))
		vu_lazy_tick(state.lazy);
	return true;
}

/* There is no kernel any more. Whether to go on, for the sake of what the daemon has to be told. */
static bool go_on(int fd)
{
	enum vu_lazy_end end = vu_lazy_gone(state.lazy);

	if (end == VU_LAZY_WAIT) {
		epoll_ctl(state.epoll, EPOLL_CTL_DEL, fd, NULL);
		return wait_for();
	}
	return end == VU_LAZY_MORE;
}

/* The next message for the daemon, as read(2). */
static ssize_t receive(int fd, void *buf, size_t size)
{
	ssize_t n;

	for (;;) {
		n = vu_lazy_next(state.lazy, buf, size);
		if (n < 0)
			errno = (int)-n;
		if (n)
			return n < 0 ? -1 : n;
		n = read_message(fd, buf, size);
		if (n == KEPT)
			continue;
		if (n >= 0)
			return n;
		if (errno == EAGAIN) {
			if (!vu_lazy_all_read(state.lazy) && !wait_for())
				return -1;
		} else if (errno != ENODEV) {
			return -1;
		} else if (!go_on(fd)) {
			errno = ENODEV;
			return -1;
		}
	}
}

static ssize_t reply(int fd, const struct iovec *iov, int n)
{
	ssize_t len = 0;
	int i, res = vu_lazy_reply(state.lazy, iov, n);

	if (res == VU_REPLY_PASS)
		return NEXT(writev)(fd, iov, n);
	if (res < 0) {
		errno = -res;
		return -1;
	}
	for (i = 0; i < n; i++)
		len += (ssize_t)iov[i].iov_len;
	return len;
}

/* ---- in the place of the C library's ----------------------------------------------------------- */

EXPORT ssize_t read(int fd, void *buf, size_t size)
{
	ssize_t n;

	if (is_ours(fd))
		return receive(fd, buf, size);
	n = NEXT(read)(fd, buf, size);
	if (n > 0 && atomic_load_explicit(&state.fd, memory_order_relaxed) == NONE_YET &&
	    is_init(fd, buf, n))
		adopt(fd, buf, (size_t)n);
	return n;
}

/* read() in programs that are compiled with _FORTIFY_SOURCE. */
EXPORT ssize_t __read_chk(int fd, void *buf, size_t size, size_t room);
EXPORT ssize_t __read_chk(int fd, void *buf, size_t size, size_t room)
{
	if (size > room)
		abort();
	return read(fd, buf, size);
}

EXPORT ssize_t write(int fd, const void *buf, size_t size)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = size };

	return is_ours(fd) ? reply(fd, &iov, 1) : NEXT(write)(fd, buf, size);
}

EXPORT ssize_t writev(int fd, const struct iovec *iov, int n)
{
	return is_ours(fd) && n > 0 ? reply(fd, iov, n) : NEXT(writev)(fd, iov, n);
}

/* The number may become another file's. */
EXPORT int close(int fd)
{
	int ours = fd;

	if (fd >= 0)
		atomic_compare_exchange_strong(&state.fd, &ours, NO_MORE);
	return NEXT(close)(fd);
}

/* A message to a pipe, which has to have room for all of it. */
static ssize_t device_to_pipe(int fd, int pipe, void *buf, size_t size)
{
	int room = fcntl(pipe, F_GETPIPE_SZ);
	ssize_t n;

	if (room < 0)
		return -1;
	n = receive(fd, buf, size < (size_t)room ? size : (size_t)room);
	return n < 0 ? n : syscall(SYS_write, pipe, buf, n);
}

/* A reply that lies in a pipe, or less than one: then it is for the kernel to say so. */
static ssize_t pipe_to_device(int pipe, int fd, void *buf, size_t size)
{
	struct iovec iov = { .iov_base = buf };
	ssize_t n = 1;

	while (n > 0 && iov.iov_len < size) {
		n = syscall(SYS_read, pipe, (char *)buf + iov.iov_len, size - iov.iov_len);
		if (n > 0)
			iov.iov_len += (size_t)n;
	}
	return n < 0 && !iov.iov_len ? -1 : reply(fd, &iov, 1);
}

static ssize_t through_buffer(int in, int out, size_t size)
{
	void *buf = malloc(size ? size : 1);
	ssize_t n;

	if (!buf) {
		errno = ENOMEM;
		return -1;
	}
	pthread_cleanup_push(free, buf);
	n = is_ours(in) ? device_to_pipe(in, out, buf, size) : pipe_to_device(in, out, buf, size);
	pthread_cleanup_pop(1);
	return n;
}

EXPORT ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t size,
		      unsigned int flags)
{
	if (is_ours(in) || is_ours(out))
		return through_buffer(in, out, size);
	return NEXT(splice)(in, in_at, out, out_at, size, flags);
}

/*
 * A second descriptor of the connection (libfuse's clone_fd, which it also wants for the thread that reads
 * INIT) has a queue of its own: a request has to be answered where it was read. libfuse goes on without if it cannot
 * have it.
 */
EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == FUSE_DEV_IOC_CLONE) {
		errno = ENOTTY;
		return -1;
	}
	return NEXT(ioctl)(fd, request, arg);
}

/* ---- the environment -------------------------------------------------------------------------- */

/* Programs that the daemon starts are none of our business. */
__attribute__((constructor)) static void leave_environment(void)
{
	const char *value = getenv("LD_PRELOAD"), *at, *end;
	char *rest, *to;
	Dl_info self;

	state.exclusive = getenv(VU_FUSE_EXCLUSIVE);
	unsetenv(VU_FUSE_EXCLUSIVE);
	if (!value || !dladdr((void *)leave_environment, &self))
		return;
	rest = to = calloc(1, strlen(value) + 2);
	if (!rest)
		return;
	for (at = value; *at; at = end) {
		at += strspn(at, " :");
		end = at + strcspn(at, " :");
		if (end == at || (strlen(self.dli_fname) == (size_t)(end - at) &&
				  !memcmp(at, self.dli_fname, (size_t)(end - at))))
			continue;
		if (to != rest)
			*to++ = ':';
		to = mempcpy(to, at, (size_t)(end - at));
	}
	if (*rest)
		setenv("LD_PRELOAD", rest, 1);
	else
		unsetenv("LD_PRELOAD");
	free(rest);
}
