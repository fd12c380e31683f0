/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patched code (abi/code.h): the pages of a program or library that have patched call sites are mapped from
 * its patched copy over those of the file, so that they are shared by all processes and none is copied.
 *
 * It is done for what the loader maps, and for code that the ELF interpreter maps. What else maps code
 * (valgrind, an emulator, a program that looks at itself) gets the file as it is.
 *
 * As long as all code of a process is that of files whose calls are all known (struct vu_code_file's whole), its calls
 * come by the gate only, and it needs no filter. Before other code appears it gets one (filter.c).
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/shm.h>

#include "agent/code.h"
#include "agent/filter.h"
#include "agent/handlers.h"
#include "agent/open.h"
#include "agent/trap.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE_ 4096ul
#define MUCH_CODE  (2ul << 20) /* a page table full of pages */

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

/* A run, in bytes. */
struct piece {
	uint64_t from, to; /* in the file, and in the copy */
};

static struct piece piece_of(const struct vu_code_run *run)
{
	uint64_t from = (uint64_t)run->file_page << PAGE_SHIFT;

	return (struct piece){ from, from + ((uint64_t)run->n_pages << PAGE_SHIFT) };
}

long vu_code_map_plain(const struct vu_code_map *m)
{
	if (m->own)
		return vu_sys(__NR_mmap, m->at, m->len, m->prot, m->flags, m->fd, m->off);
	return vu_guest_sys6(__NR_mmap, (long)m->at, (long)m->len, m->prot, m->flags, m->fd,
			     (long)m->off);
}

/* Maps what of the run lies within the mapping at `at`; false: that was not possible. */
static bool overlay(const struct vu_code_map *m, uint64_t at, const struct vu_code_run *run,
		    int copy)
{
	uint64_t end = m->off + ((m->len + PAGE_SIZE_ - 1) & ~(PAGE_SIZE_ - 1));
	struct piece p = piece_of(run);

	if (p.from < m->off)
		p.from = m->off;
	if (p.to > end)
		p.to = end;
	return p.from >= p.to ||
	       vu_sys(__NR_mmap, at + (p.from - m->off), p.to - p.from, m->prot,
		      MAP_PRIVATE | MAP_FIXED, copy, p.from) == (long)(at + (p.from - m->off));
}

/*
 * The mapping, with the pages of the copy. One that lies in a single run needs no other file; the copy is in memory, so
 * it costs no reading to have it there at once.
 */
static long map_patched(const struct vu_code_map *m, const struct vu_code_file *f, int copy)
{
	struct vu_code_map all_of_copy = *m;
	struct piece p = piece_of(&f->run[0]);
	bool all = true;
	long r;

	if (p.from <= m->off && m->off + m->len <= p.to) {
		all_of_copy.fd = copy;
		all_of_copy.flags = vu_map_flags(m->flags, m->len, MUCH_CODE, m->own);
		return vu_code_map_plain(&all_of_copy);
	}
	r = vu_code_map_plain(m);
	for (uint32_t i = 0; (r > 0 || r < -4095) && i < f->n_runs && i < VU_CODE_RUNS; i++)
		all &= overlay(m, (uint64_t)r, &f->run[i], copy);
	if (!all)
		vu_filter_need();
	return r;
}

/* The file as it is. */
static long map_unpatched(const struct vu_code_map *m, bool whole)
{
	long r = whole ? 0 : vu_filter_need();

	return r < 0 ? r : vu_code_map_plain(m);
}

/* Whether all calls by what is mapped will come by the gate. */
static bool is_whole(const struct vu_code_map *m, const struct vu_code_file *f)
{
	return f && f->whole && !(m->prot & PROT_WRITE) && (m->flags & MAP_TYPE) == MAP_PRIVATE;
}

static long map_known(const struct vu_code_map *m, const struct vu_code_file *f, bool whole)
{
	char name[40];
	long copy, r;

	if (!f || f->fd < 0)
		return map_unpatched(m, whole);
	vu_session_name(name, sizeof(name), f->fd);
	copy = vu_sys(__NR_open, name, VU_O_CLOEXEC, 0);
	if (copy < 0)
		return map_unpatched(m, false);
	r = whole ? 0 : vu_filter_need();
	if (!r)
		r = map_patched(m, f, (int)copy);
	vu_sys(__NR_close, copy);
	return r;
}

/*
 * Where the code is of a process without a filter, all of it mapped here. What has been unmapped stays; where there is
 * more than this, all may be code.
 */
#define RANGES 48
static struct range {
	uint64_t from, to;
} ranges[RANGES] VU_HOT;
static unsigned int n_ranges VU_HOT;

static void note_range(const struct vu_code_map *m, long at)
{
	unsigned int i;

	if (vu_filtered || (at < 0 && at > -4096))
		return;
	i = __atomic_fetch_add(&n_ranges, 1, __ATOMIC_RELAXED);
	if (i < RANGES)
		ranges[i] = (struct range){ (uint64_t)at, (uint64_t)at + m->len };
}

static bool may_be_code(uint64_t from, uint64_t size)
{
	unsigned int n = __atomic_load_n(&n_ranges, __ATOMIC_RELAXED);

	for (unsigned int i = 0; i < n && i < RANGES; i++)
		if (from < ranges[i].to && ranges[i].from < from + (size ? size : 1))
			return true;
	return n > RANGES;
}

long vu_code_map(const struct vu_code_map *m, char *msg)
{
	const struct stat *st = m->st;
	const struct vu_code_file *f;
	struct stat own;
	bool whole;
	long r;

	if (!agent_process.patches)
		return map_unpatched(m, false);
	if (!st) {
		st = &own;
		if (vu_sys(__NR_fstat, m->fd, &own) < 0)
			return vu_code_map_plain(m);
	}
	f = find(st);
	if (!f && msg) {
		show_to_umvu(m->fd, msg);
		f = find(st);
	}
	whole = is_whole(m, f);
	if (!msg && (!f || (!whole && !vu_filtered)))
		return VU_CODE_UNKNOWN;
	r = map_known(m, f, whole);
	note_range(m, r);
	return r;
}

bool vu_code_is_interp(uint64_t ip)
{
	return ip >= agent_process.interp_from && ip < agent_process.interp_to;
}

/* What else than the ELF interpreter maps code gets the file as it is. */
long sys_mmap(struct vu_call *c)
{
	const struct vu_code_map m = vu_code_map_asked(c->arg);

	if (!(m.prot & PROT_EXEC))
		return vu_code_map_plain(&m);
	if ((m.flags & MAP_ANONYMOUS) || !vu_code_is_interp(c->regs->rip))
		return map_unpatched(&m, false);
	return vu_code_map(&m, c->s->msg);
}

/* --- what makes memory executable ---------------------------------------------------------------- */

bool vu_code_may_appear(long nr, const uint64_t *arg)
{
	static const struct {
		uint16_t nr;
		uint8_t arg;
		uint32_t bits;
	} calls[] = {
		{ __NR_mprotect, 2, PROT_EXEC },
		{ __NR_pkey_mprotect, 2, PROT_EXEC },
		{ __NR_shmat, 2, SHM_EXEC },
		{ __NR_personality, 0, READ_IMPLIES_EXEC },
		{ __NR_modify_ldt, 0,
		  1 /* to write an entry: its segment may be of another kind */ },
	};

	/* A mapping of code that comes to be of more of its file. */
	if (nr == __NR_mremap)
		return arg[2] > arg[1] && may_be_code(arg[0], arg[1]);
	/* All bits: a question to personality(2); no valid value for the others. */
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == nr)
			return (uint32_t)arg[calls[i].arg] != UINT32_MAX &&
			       (arg[calls[i].arg] & calls[i].bits);
	return false;
}

long sys_protect(struct vu_call *c)
{
	long r = vu_code_may_appear(c->nr, c->arg) ? vu_filter_need() : 0;

	return r < 0 ? r : vu_native(c);
}
