/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patched code (abi/code.h): the pages of a program or library that have patched call sites are mapped from
 * umvu's memfd over those of the file, so that they are shared by all processes and none is copied.
 *
 * It is done for what the loader maps, and for code that the ELF interpreter maps. What else maps code
 * (valgrind, an emulator, a program that looks at itself) gets the file as it is.
 */
#include <asm/errno.h>
#include <asm/stat.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>

#include "agent/code.h"
#include "agent/handlers.h"
#include "agent/open.h"

#define PAGE_SHIFT 12

static uint64_t nanoseconds(uint64_t sec, uint64_t nsec)
{
	return sec * 1000000000ul + nsec;
}

static bool is_of(const struct vu_code_file *f, const struct stat *st)
{
	return f->ino == st->st_ino && f->dev == st->st_dev && f->size == (uint64_t)st->st_size &&
	       f->mtime_ns == nanoseconds(st->st_mtime, st->st_mtime_nsec) &&
	       f->ctime_ns == nanoseconds(st->st_ctime, st->st_ctime_nsec);
}

static const struct vu_code_table *table(void)
{
	return vu_view_code(vu_view());
}

/* The entry of the file; NULL: umvu has not seen it. */
static const struct vu_code_file *find(const struct stat *st)
{
	const struct vu_code_table *t = table();
	uint32_t i = __atomic_load_n(&t->bucket[vu_code_bucket(st->st_ino)], __ATOMIC_ACQUIRE);

	while (i && i <= VU_CODE_FILES) {
		if (is_of(&t->file[i - 1], st))
			return &t->file[i - 1];
		i = t->file[i - 1].next;
	}
	return NULL;
}

static void show_to_umvu(int fd, char *msg)
{
	struct vu_rpc_request rq = { .op = VU_RPC_CODE };

	vu_rpc(&rq, msg, VU_PATH_MAX, &fd, 1, NULL, NULL);
}

/* Maps what of the run lies within the mapping. */
static void overlay_run(const struct vu_code_run *run, int memfd, uint64_t at, uint64_t len,
			uint64_t off, int prot)
{
	uint64_t from = (uint64_t)run->file_page << PAGE_SHIFT;
	uint64_t to = from + ((uint64_t)run->n_pages << PAGE_SHIFT);
	uint64_t in_memfd = (uint64_t)run->memfd_page << PAGE_SHIFT;

	if (from < off) {
		in_memfd += off - from;
		from = off;
	}
	if (to > off + len)
		to = off + len;
	if (from < to)
		vu_sys(__NR_mmap, at + (from - off), to - from, prot, MAP_PRIVATE | MAP_FIXED,
		       memfd, in_memfd);
}

void vu_code_overlay(int fd, uint64_t at, uint64_t len, uint64_t off, int prot, char *msg)
{
	const struct vu_code_file *f;
	struct stat st;
	char name[40];
	long memfd;

	if (!agent_process.patches || vu_sys(__NR_fstat, fd, &st) < 0)
		return;
	f = find(&st);
	if (!f) {
		show_to_umvu(fd, msg);
		f = find(&st);
	}
	if (!f || f->fd < 0)
		return;
	vu_session_name(name, sizeof(name), f->fd);
	memfd = vu_sys(__NR_open, name, VU_O_CLOEXEC, 0);
	if (memfd < 0)
		return;
	for (uint32_t i = 0; i < f->n_runs && i < VU_CODE_RUNS; i++)
		overlay_run(&f->run[i], (int)memfd, at, len, off, prot);
	vu_sys(__NR_close, memfd);
}

long sys_mmap(struct vu_call *c)
{
	long r = vu_native(c);

	if (r > 0 || r < -4095)
		vu_code_overlay((int)c->arg[4], (uint64_t)r, (c->arg[1] + 4095) & ~4095ul,
				c->arg[5], (int)c->arg[2], c->s->msg);
	return r;
}
