/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the view image: lookups in the mount table. They wait for nobody (abi/view.h). */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>

#include "agent/agent.h"
#include "agent/open.h"
#include "agent/stack.h"

/* Stands for the view where none could be mapped: touches nothing. */
static const struct vu_view_head no_view;

const struct vu_view_head *vu_view(void)
{
	return agent_process.viewless ? &no_view : (const struct vu_view_head *)VU_VIEW_ADDR;
}

bool vu_view_map(int view_fd, uint64_t *addr, uint64_t size, uint64_t offset)
{
	int flags = MAP_SHARED | (*addr ? MAP_FIXED_NOREPLACE : 0);
	char name[40];
	long fd = view_fd, r;

	if (agent_process.ref.server) {
		vu_session_name(name, sizeof(name), view_fd);
		fd = vu_sys(__NR_open, name, VU_O_RDWR | VU_O_CLOEXEC, 0);
	}
	if (fd < 0)
		return false;
	r = vu_sys(__NR_mmap, *addr, size, PROT_READ | PROT_WRITE, flags, fd, offset);
	if (agent_process.ref.server)
		vu_sys(__NR_close, fd);
	if (*addr)
		return r == (long)*addr || r == -EEXIST; /* another thread has mapped it */
	*addr = (uint64_t)r;
	return r >= 0 || r <= -4096;
}

struct lookup {
	uint32_t parent, id;
	uint64_t mnt_id;
	const char *path;
	size_t len;
};

typedef bool match_fn(const struct vu_view_area *a, const struct vu_view_mount *m,
		      const struct lookup *key);

static bool by_place(const struct vu_view_area *a, const struct vu_view_mount *m,
		     const struct lookup *key)
{
	const char *path;

	if (m->parent != key->parent || m->path_len != key->len)
		return false;
	path = vu_view_str(a, m->path);
	return !vu_strncmp(path, key->path, key->len) && !path[key->len];
}

static bool by_id(const struct vu_view_area *a, const struct vu_view_mount *m,
		  const struct lookup *key)
{
	(void)a;
	return m->id == key->id;
}

static bool by_mnt_id(const struct vu_view_area *a, const struct vu_view_mount *m,
		      const struct lookup *key)
{
	(void)a;
	return m->mnt_id == key->mnt_id;
}

/* Finds the entry that match() likes; with path (VU_PATH_MAX bytes) its mount point is copied, too. */
static bool find(match_fn *match, const struct lookup *key, struct vu_view_mount *out, char *path)
{
	const struct vu_view_mount *m;
	const struct vu_view_area *a;
	uint32_t seq, i, n;
	bool found;

	if (!vu_touches(VU_TOUCH_PATHS))
		return false;
	do {
		a = vu_view_begin(vu_view(), &seq);
		m = vu_view_mounts(a, &n);
		found = false;
		for (i = 0; i < n && !found; i++) {
			if (!match(a, &m[i], key))
				continue;
			*out = m[i];
			/* Its place is the host's; whose it is has been asked. */
			if (out->flags & VU_MOUNT_OFNET)
				out->parent = 0;
			if (path)
				vu_strlcpy(path, vu_view_str(a, m[i].path), VU_PATH_MAX);
			found = true;
		}
	} while (vu_view_retry(vu_view(), seq));
	return found;
}

bool vu_mount_at(uint32_t parent, const char *path, size_t len, struct vu_view_mount *m)
{
	struct lookup key = { .parent = parent, .path = path, .len = len };

	if (find(by_place, &key, m, NULL))
		return true;
	/* What the process's own network stack has there. */
	key.parent = parent || !vu_touches(VU_TOUCH_NET) ? 0 : vu_stack_of_files();
	if (!key.parent)
		return false;
	key.path = vu_stack_file_name(path, &key.len);
	if (!find(by_place, &key, m, NULL))
		return false;
	m->path_len = (uint32_t)len;
	return true;
}

bool vu_mount_by_id(uint32_t id, struct vu_view_mount *m)
{
	struct lookup key = { .id = id };

	return find(by_id, &key, m, NULL);
}

bool vu_mount_by_mnt_id(uint64_t mnt_id, struct vu_view_mount *m)
{
	struct lookup key = { .mnt_id = mnt_id };

	return find(by_mnt_id, &key, m, NULL);
}

long vu_mount_path(uint32_t id, char *buf)
{
	struct lookup key = { .id = id };
	struct vu_view_mount m;

	return find(by_id, &key, &m, buf) ? (long)vu_strlen(buf) : -ENOENT;
}

bool vu_mount_each(vu_mount_fn *fn, void *ctx)
{
	const struct vu_view_area *a;
	const struct vu_view_mount *m;
	uint32_t seq, i, n;
	bool stop = false;

	if (!vu_touches(VU_TOUCH_PATHS))
		return true;
	a = vu_view_begin(vu_view(), &seq);
	m = vu_view_mounts(a, &n);
	for (i = 0; i < n && !stop; i++) {
		struct vu_view_mount copy = m[i];

		stop = fn(a, &copy, ctx);
	}
	return !vu_view_retry(vu_view(), seq);
}
