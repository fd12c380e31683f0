/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * State of threads that the kernel does not know (struct vu_thread): a small table keyed by tid, with
 * entries only for threads that differ from the process's default. A process that has only one thread uses
 * the default for it, so that it need not ask for its tid. A slot is taken by an atomic
 * exchange of its tid and read by its own thread only. The end of a thread is not seen (musl unmaps the stack
 * before its exit: there is nowhere to trap): its slot is taken again when its number or its place is.
 *
 * The first that needs an entry gets the one that is apart from the table. Mostly that is a vforked child of a shell,
 * and a place of the table by its number would be another page for each.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>

#include "agent/trap.h"

#define THREADS	 2048
#define FIRST	 THREADS /* place of the one that is apart */
#define PROBES	 32	 /* places after its hash where an entry may be */
#define RESERVED (-2)	 /* tid of an entry whose thread is not yet born */

/* Mapped when the first entry is taken; of no use while `used` is 0. */
static struct vu_thread *const threads = (void *)VU_THREADS_ADDR;
static bool mapped VU_HOT;
static struct vu_thread first;
/* By place, 0: it is free. Not in the entries: to look for one that is not there would touch a page for every other. */
static int tids[THREADS + 1];
static struct vu_thread process_default VU_HOT;
static int used VU_HOT; /* entries taken: with none, no thread asks for its tid */

int vu_tid(void)
{
	return agent_process.threads ? (int)vu_sys(__NR_gettid) : agent_process.pid;
}

static unsigned int hash(int tid)
{
	return ((unsigned int)tid * 2654435761u) % THREADS;
}

static struct vu_thread *entry(unsigned int place)
{
	return place == FIRST ? &first : &threads[place];
}

static int *tid_of(const struct vu_thread *t)
{
	return &tids[t == &first ? FIRST : (size_t)(t - threads)];
}

static bool is_at(unsigned int place, int tid)
{
	return __atomic_load_n(&tids[place], __ATOMIC_ACQUIRE) == tid;
}

static struct vu_thread *find(int tid)
{
	unsigned int i, at = hash(tid);

	if (is_at(FIRST, tid))
		return &first;
	for (i = 0; i < PROBES; i++)
		if (is_at((at + i) % THREADS, tid))
			return entry((at + i) % THREADS);
	return NULL;
}

static bool map_threads(void)
{
	long r;

	if (mapped)
		return true;
	r = vu_sys(__NR_mmap, VU_THREADS_ADDR, THREADS * sizeof(*threads), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	mapped = r == VU_THREADS_ADDR || r == -EEXIST; /* another thread was quicker */
	return mapped;
}

static bool take_place(unsigned int place, int tid)
{
	int none = 0;

	if (!__atomic_compare_exchange_n(&tids[place], &none, tid, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_fetch_add(&used, 1, __ATOMIC_RELAXED);
	return true;
}

static struct vu_thread *take(int tid)
{
	unsigned int i, at = hash(tid);

	if (take_place(FIRST, tid))
		return &first;
	if (!map_threads())
		return NULL;
	for (i = 0; i < 2 * PROBES; i++) {
		unsigned int place = (at + i % PROBES) % THREADS;

		/* All taken: the second round looks for threads that are gone. */
		if (i >= PROBES && tids[place] > 0 && vu_sys(__NR_kill, tids[place], 0) == -ESRCH)
			vu_thread_free(entry(place));
		if (take_place(place, tid))
			return entry(place);
	}
	return NULL;
}

static void copy_state(struct vu_thread *to, const struct vu_thread *from)
{
	to->kept_blocked = from->kept_blocked;
	to->kept_pending = 0;
	to->traceme = false;
	to->has_cred = from->has_cred;
	if (from->has_cred)
		to->cred = from->cred;
}

bool vu_thread_any(void)
{
	return __atomic_load_n(&used, __ATOMIC_RELAXED);
}

struct vu_thread *vu_thread_of(int tid)
{
	struct vu_thread *t = vu_thread_any() ? find(tid) : NULL;

	return t ? t : &process_default;
}

struct vu_thread *vu_thread_get(void)
{
	return vu_thread_any() ? vu_thread_of(vu_tid()) : &process_default;
}

bool vu_thread_has(const struct vu_thread *t)
{
	return t != &process_default ||
	       (!__atomic_load_n(&used, __ATOMIC_RELAXED) && !agent_process.threads);
}

const struct vu_thread *vu_thread_common(void)
{
	return __atomic_load_n(&used, __ATOMIC_RELAXED) ? NULL : &process_default;
}

/* The default is no longer the caller's own: what is of the caller only goes to an entry. */
void vu_thread_multiply(void)
{
	struct vu_thread *own;

	if (agent_process.threads)
		return;
	agent_process.threads = true;
	if (!process_default.kept_blocked)
		return;
	own = vu_thread_own();
	if (own) {
		own->kept_pending = process_default.kept_pending;
		memcpy(own->kept_info, process_default.kept_info, sizeof(own->kept_info));
	}
	process_default.kept_blocked = process_default.kept_pending = 0;
}

struct vu_thread *vu_thread_own(void)
{
	struct vu_thread *t;
	int tid;

	if (!agent_process.threads)
		return &process_default; /* nobody else has it */
	tid = vu_tid();
	t = __atomic_load_n(&used, __ATOMIC_RELAXED) ? find(tid) : NULL;
	if (!t) {
		t = take(tid);
		if (t)
			copy_state(t, &process_default);
	}
	return t;
}

void vu_thread_forget(struct vu_thread *t)
{
	if (t != &process_default && *tid_of(t) > 0 &&
	    t->kept_blocked == process_default.kept_blocked && !t->kept_pending && !t->traceme &&
	    !t->has_cred && !process_default.has_cred)
		vu_thread_free(t);
}

struct vu_thread *vu_thread_new(void)
{
	struct vu_thread *own = vu_thread_get(), *t;

	if (own == &process_default)
		return NULL;
	t = take(RESERVED);
	if (t)
		copy_state(t, own);
	return t;
}

void vu_thread_free(struct vu_thread *t)
{
	__atomic_store_n(tid_of(t), 0, __ATOMIC_RELEASE);
	__atomic_fetch_sub(&used, 1, __ATOMIC_RELAXED);
}

/* The entry was taken at a place that its tid's hash does not name: move it there. */
void vu_thread_adopt(struct vu_thread *t, int tid)
{
	struct vu_thread *own = take(tid);

	if (own)
		copy_state(own, t);
	vu_thread_free(t);
}

void vu_thread_drop(int tid)
{
	struct vu_thread *t = vu_thread_any() ? find(tid) : NULL;

	if (t)
		vu_thread_free(t);
}

void vu_thread_fork(struct vu_thread *own)
{
	if (own && own != &process_default)
		copy_state(&process_default, own);
	if (used && tids[FIRST])
		vu_thread_free(&first);
	for (unsigned int i = 0; i < THREADS && used; i++)
		if (tids[i])
			vu_thread_free(entry(i));
	process_default.kept_pending = 0;
	agent_process.threads = false;
}
