/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See agent_shim.h. */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/stack.h"
#include "agent/trap.h"
#include "agent_shim.h"

struct vu_process agent_process;
static size_t strings_at;

long vu_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long r = syscall(nr, a, b, c, d, e, f);

	return r < 0 ? -errno : r;
}

long vu_guest_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	return vu_sys6(nr, a, b, c, d, e, f);
}

long vu_native(struct vu_call *c)
{
	return vu_sys6(c->nr, (long)c->arg[0], (long)c->arg[1], (long)c->arg[2], (long)c->arg[3],
		       (long)c->arg[4], (long)c->arg[5]);
}

long vu_native_blocking(struct vu_call *c)
{
	return vu_native(c);
}

bool vu_has_room(void)
{
	return true;
}

/* Without a handler for the faults: the kernel tells. */
long vu_copy(void *dst, const void *src, size_t n)
{
	struct iovec to = { dst, n }, from = { (void *)(uintptr_t)src, n };

	if (!n)
		return 0;
	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)n ? 0 : -EFAULT;
}

long vu_copy_str(char *dst, size_t size, const char *src)
{
	for (size_t n = 0, part; n < size; n += part) {
		char *end;

		part = 64 - ((uintptr_t)(src + n) & 63);
		if (part > size - n)
			part = size - n;
		if (vu_copy(dst + n, src + n, part) < 0)
			return -EFAULT;
		end = memchr(dst + n, 0, part);
		if (end)
			return end - dst;
	}
	return -ENAMETOOLONG;
}

size_t vu_strlen(const char *s)
{
	return strlen(s);
}

int vu_strcmp(const char *a, const char *b)
{
	return strcmp(a, b);
}

int vu_strncmp(const char *a, const char *b, size_t n)
{
	return strncmp(a, b, n);
}

char *vu_strchr(const char *s, int ch)
{
	return strchr(s, ch);
}

char *vu_strrchr(const char *s, int ch)
{
	return strrchr(s, ch);
}

size_t vu_strlcpy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src), m = n < size ? n : size - 1;

	memcpy(dst, src, m);
	dst[m] = 0;
	return n;
}

size_t vu_utoa(char *dst, unsigned long n)
{
	return (size_t)sprintf(dst, "%lu", n);
}

bool vu_append(char *buf, size_t size, const char *s)
{
	size_t at = strlen(buf);

	return vu_strlcpy(buf + at, s, size - at) < size - at;
}

bool vu_append_num(char *buf, size_t size, unsigned long n)
{
	char digits[24];

	vu_utoa(digits, n);
	return vu_append(buf, size, digits);
}

void vu_session_name(char *buf, size_t size, int fd)
{
	snprintf(buf, size, "/proc/self/fd/%d", fd);
}

long vu_dup_above(long fd, int from)
{
	return fcntl((int)fd, F_DUPFD, from);
}

static struct vu_view_head *view(void)
{
	return (struct vu_view_head *)VU_VIEW_ADDR;
}

static struct vu_view_area *area(void)
{
	return (struct vu_view_area *)vu_view_area(view(), 0);
}

void shim_view_init(void)
{
	int fd = memfd_create("view", MFD_CLOEXEC);
	void *p;

	assert(fd >= 0 && !ftruncate(fd, VU_VIEW_SIZE));
	p = mmap((void *)VU_VIEW_ADDR, VU_VIEW_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	assert(p == (void *)VU_VIEW_ADDR);
	agent_process.ref.view_fd = fd;
	view()->magic = VU_VIEW_MAGIC;
	view()->abi = VU_ABI_VERSION;
	view()->server = getpid();
	agent_process.pid = getpid();
	shim_mounts_clear();
}

static uint32_t add_string(const char *s)
{
	size_t at = strings_at;

	strings_at += strlen(s) + 1;
	strcpy((char *)area() + at, s);
	return (uint32_t)at;
}

void shim_classes(uint32_t classes)
{
	view()->classes = classes;
}

void shim_loader(const char *name)
{
	struct stat st;

	assert(!stat(name, &st));
	view()->loader_dev = st.st_dev;
	view()->loader_ino = st.st_ino;
}

void shim_mounts_clear(void)
{
	area()->n_mounts = 0;
	area()->size = VU_VIEW_AREA_SIZE;
	strings_at = 65536;
	view()->classes = 0;
}

struct vu_view_mount *shim_mount(uint32_t id)
{
	return (struct vu_view_mount *)(area() + 1) + (id - 1);
}

/* The table of names of mount points, as umvu makes it. */
static void name_mount(const char *path)
{
	struct vu_view_index *index = &view()->index[view()->seq & 1];
	const char *name = strrchr(path, '/') + 1;
	uint32_t bit = *name ? vu_name_bit(name, strlen(name)) : 0;

	if (*name)
		index->names[bit / 64] |= 1ull << bit % 64;
	else
		index->flags |= VU_INDEX_ROOT;
	view()->seq += 2; /* what is remembered of paths was of another view */
}

uint32_t shim_mount_add(uint32_t parent, const char *path, int fd, uint32_t flags)
{
	struct vu_view_mount *m = shim_mount(++area()->n_mounts);
	struct statx sx;

	assert(!statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &sx));
	*m = (struct vu_view_mount){
		.id = area()->n_mounts,
		.parent = parent,
		.mnt_id = sx.stx_mnt_id,
		.dev = makedev(sx.stx_dev_major, sx.stx_dev_minor),
		.fd = fd,
		.flags = flags,
		.path = add_string(path),
		.path_len = (uint32_t)strlen(path),
		.type = add_string("vutest"),
		.source = add_string("a source"),
		.options = add_string("rw,relatime"),
		.super = add_string("rw"),
	};
	name_mount(path);
	view()->classes |= VU_TOUCH_PATHS | (flags & VU_MOUNT_GHOST ? VU_TOUCH_GHOST : 0);
	return m->id;
}

/* The process's stacks are the host's. */
uint32_t vu_stack_of_files(void)
{
	return 0;
}

const char *vu_stack_file_name(const char *path, size_t *n)
{
	(void)n;
	return path;
}
