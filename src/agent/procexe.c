/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/exe of guests: the kernel shows vu-loader, which mapped the program. The program is the file
 * that is mapped where the code starts (the loader sets startcode, field 26 of /proc/PID/stat, and the
 * kernel's maps tell the file).
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>

#include "agent/code.h"
#include "agent/open.h"
#include "agent/path.h"
#include "agent/tree.h"

#define STAT_STARTCODE 26

static long open_proc(int pid, const char *file)
{
	char name[48];

	vu_strlcpy(name, "/proc/", sizeof(name));
	vu_append_num(name, sizeof(name), (unsigned long)pid);
	vu_append(name, sizeof(name), file);
	return vu_sys(__NR_openat, AT_FDCWD, name, VU_O_CLOEXEC, 0);
}

int vu_exe_pid(const char *virt)
{
	uint64_t pid, tid;
	const char *s;

	if (vu_strncmp(virt, "/proc/", 6))
		return 0;
	s = virt + 6;
	tid = pid = vu_parse_num(&s, 10);
	if (!vu_strncmp(s, "/task/", 6)) {
		s += 6;
		tid = vu_parse_num(&s, 10);
	}
	return !vu_strcmp(s, "/exe") && tid < 1u << 30 ? (int)tid : 0;
}

bool vu_is_own_pid(int pid)
{
	return pid == agent_process.pid || !vu_sys(__NR_tgkill, agent_process.pid, pid, 0);
}

/* Field 26 of /proc/pid/stat; 0: not to be had. buf: 4096 bytes. */
static uint64_t start_code(int pid, char *buf)
{
	long fd = open_proc(pid, "/stat"), n;
	const char *s;

	if (fd < 0)
		return 0;
	n = vu_sys(__NR_read, fd, buf, VU_PATH_MAX - 1);
	vu_sys(__NR_close, fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	s = vu_strrchr(buf, ')'); /* the name may have blanks and brackets */
	for (int field = 2; s && field < STAT_STARTCODE; field++)
		s = vu_strchr(s + 1, ' ');
	if (!s)
		return 0;
	s++;
	return vu_parse_num(&s, 10);
}

void vu_parse_mapping(const char *s, struct vu_mapping *m)
{
	m->from = vu_parse_num(&s, 16);
	s += *s == '-';
	m->to = vu_parse_num(&s, 16);
	s += *s == ' ';
	m->perms = s;
	while (*s && *s != ' ')
		s++;
	s += *s == ' ';
	m->offset = vu_parse_num(&s, 16);
	s += *s == ' ';
	m->major = vu_parse_num(&s, 16);
	s += *s == ':';
	m->minor = vu_parse_num(&s, 16);
	s += *s == ' ';
	m->inode = vu_parse_num(&s, 10);
	while (*s == ' ')
		s++;
	m->path = s;
}

/* The file mapped at `code`: its path as the kernel shows it goes to virt. */
static bool find_mapping(int pid, uint64_t code, char *buf, char *virt, struct vu_mapping *m)
{
	struct vu_lines l = { .buf = buf, .size = VU_PATH_MAX };
	bool found = false;
	char *line;

	l.fd = (int)open_proc(pid, "/maps");
	if (l.fd < 0)
		return false;
	while (!found && (line = vu_next_line(&l))) {
		vu_parse_mapping(line, m);
		found = m->from <= code && code < m->to && m->path[0] == '/';
		if (!found)
			continue;
		vu_code_unmask(m);
		vu_strlcpy(virt, m->path, VU_PATH_MAX);
	}
	vu_sys(__NR_close, l.fd);
	return found;
}

static bool runs_loader(int pid)
{
	const struct vu_view_head *v = vu_view();
	struct statx sx;
	char name[48];

	vu_strlcpy(name, "/proc/", sizeof(name));
	vu_append_num(name, sizeof(name), (unsigned long)pid);
	vu_append(name, sizeof(name), "/exe");
	if (vu_stat_place(AT_FDCWD, name, 0, &sx) < 0 || sx.stx_ino != v->loader_ino)
		return false;
	return vu_dev(sx.stx_dev_major, sx.stx_dev_minor) == v->loader_dev;
}

struct by_dev {
	uint64_t dev;
	struct vu_view_mount m;
};

static bool has_dev(const struct vu_view_area *a, const struct vu_view_mount *m, void *ctx)
{
	struct by_dev *d = ctx;

	(void)a;
	if (m->dev != d->dev)
		return false;
	d->m = *m;
	return true;
}

/* Is the mapped file the host's, although a mount of the view has the same st_dev? */
static bool is_hosts(const struct vu_mapping *map, uint64_t dev)
{
	char dir[256];
	const char *slash = vu_strrchr(map->path, '/');
	struct statx sx;

	if (!vu_stat_place(AT_FDCWD, map->path, 0, &sx))
		return sx.stx_ino == map->inode &&
		       vu_dev(sx.stx_dev_major, sx.stx_dev_minor) == dev;
	/* It is removed, or it is elsewhere. */
	if (!slash || (size_t)(slash - map->path) >= sizeof(dir))
		return false;
	memcpy(dir, map->path, (size_t)(slash - map->path));
	dir[slash - map->path] = 0;
	return !vu_stat_place(AT_FDCWD, dir, 0, &sx) &&
	       vu_dev(sx.stx_dev_major, sx.stx_dev_minor) == dev;
}

bool vu_mapping_mount(const struct vu_mapping *map, struct vu_view_mount *m)
{
	struct by_dev d = { .dev = vu_dev((uint32_t)map->major, (uint32_t)map->minor) };

	if (!d.dev)
		return false;
	do
		d.m.id = 0;
	while (!vu_mount_each(has_dev, &d));
	*m = d.m;
	return d.m.id && !is_hosts(map, d.dev);
}

/* The program whose code is at that address: see vu_exe_of(). */
static long exe_at(int pid, uint64_t code, char *virt, char *real, uint32_t *mount, char *buf)
{
	struct vu_view_mount m;
	struct vu_mapping map;
	size_t n, len;

	*mount = 0;
	if (!code || !find_mapping(pid, code, buf, virt, &map))
		return -ENOENT;
	vu_strlcpy(real, virt, VU_PATH_MAX);
	map.path = virt;
	if (!vu_mapping_mount(&map, &m))
		return 0;
	*mount = m.id;
	n = vu_mount_name(&m, real);
	len = vu_strlen(virt);
	vu_strlcpy(real + n, virt + vu_tree_skip(m.id, virt, len), VU_PATH_MAX - n);
	return vu_put_before(m.id, virt, len) < 0 ? -ENAMETOOLONG : 0;
}

long vu_exe_of(int pid, char *virt, char *real, uint32_t *mount, char *buf)
{
	return runs_loader(pid) ? exe_at(pid, start_code(pid, buf), virt, real, mount, buf) :
				  -ENOENT;
}

long vu_own_exe(char *virt, char *real, uint32_t *mount, char *buf)
{
	/* By the thread's id: the process's first thread may have ended. */
	long r = exe_at((int)vu_sys(__NR_gettid), agent_process.start_code, virt, real, mount, buf);

	if (agent_process.nameless) {
		vu_strlcpy(real, "/proc/self/fd/", VU_PATH_MAX);
		vu_append_num(real, VU_PATH_MAX, (unsigned long)agent_process.nameless);
	}
	return r;
}
