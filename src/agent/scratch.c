/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scratch buffers, a slot for each call that is in the agent. Slots are taken and freed with one atomic
 * operation and name their owner's tid, because an owner may vanish: a thread whose signal handler jumps
 * out of a blocking call, a vforked child that executes. vfork's parent frees its child's slots; when
 * all are taken, those of dead threads are found; if there is none, a mapping serves for one call.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/mman.h>

#include "agent/trap.h"

#define WAITING_FRAMES 512 /* bytes of stack that a waiting call takes */
#define SLOTS	       11  /* in vu-loader's own memory */
#define MORE	       ((VU_AGENT_END - VU_STACKS_ADDR) / VU_SLOT_SIZE)

_Static_assert(sizeof(struct vu_scratch) == VU_SLOT_SIZE, "a slot is found by its stack pointer");

static struct vu_scratch slots[SLOTS] __attribute__((section(".slots")));

static bool take(struct vu_scratch *s, int from, int tid)
{
	return __atomic_compare_exchange_n(&s->owner, &from, tid, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* kill(2) finds any thread by its tid, a vforked child of ours included. */
static bool gone(int tid)
{
	return vu_sys(__NR_kill, tid, 0) == -ESRCH;
}

static struct vu_scratch *steal(int tid)
{
	for (int i = 0; i < SLOTS; i++) {
		int owner = __atomic_load_n(&slots[i].owner, __ATOMIC_RELAXED);

		if (owner && owner != tid && gone(owner) && take(&slots[i], owner, tid))
			return &slots[i];
	}
	return NULL;
}

static void *map(size_t size)
{
	long p = vu_sys(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	return p < 0 && p > -4096 ? NULL : (void *)p;
}

/* Maps a slot where the others are near, as entry.S wants it; NULL: no memory. */
static struct vu_scratch *map_slot(int tid)
{
	for (int i = 0; i < (int)MORE; i++) {
		uint64_t at = VU_STACKS_ADDR + (uint64_t)(tid + i) % MORE * VU_SLOT_SIZE;
		long p = vu_sys(__NR_mmap, at, VU_SLOT_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (p == (long)at)
			return (struct vu_scratch *)at;
		if (p != -EEXIST)
			break;
	}
	return NULL;
}

struct vu_scratch *vu_scratch_get(int tid)
{
	struct vu_scratch *s;

	for (int i = 0; i < SLOTS; i++)
		if (!__atomic_load_n(&slots[i].owner, __ATOMIC_RELAXED) && take(&slots[i], 0, tid))
			return &slots[i];
	s = steal(tid);
	if (s)
		return s;
	s = map_slot(tid);
	/* Elsewhere it serves, too, but for a fault on an alternate stack that is in use (entry.S). */
	while (!s && !(s = map(sizeof(*s))))
		vu_sys(__NR_sched_yield);
	s->mapped = true;
	s->owner = tid;
	return s;
}

static void drop_extra(struct vu_scratch *s)
{
	if (s->extra)
		vu_sys(__NR_munmap, s->extra, s->extra_size);
	s->extra = NULL;
}

void vu_scratch_put(struct vu_scratch *s)
{
	drop_extra(s);
	s->waiting = NULL;
	s->stays = false;
	if (s->mapped)
		vu_sys(__NR_munmap, s, sizeof(*s));
	else
		__atomic_store_n(&s->owner, 0, __ATOMIC_RELEASE);
}

void vu_scratch_drop(int tid)
{
	for (int i = 0; i < SLOTS; i++)
		if (__atomic_load_n(&slots[i].owner, __ATOMIC_RELAXED) == tid)
			vu_scratch_put(&slots[i]);
}

struct vu_scratch *vu_scratch_waiting(int tid, uint64_t sp)
{
	for (int i = 0; i < SLOTS; i++) {
		struct vu_scratch *s = &slots[i];

		if (__atomic_load_n(&s->owner, __ATOMIC_RELAXED) == tid && s->waiting &&
		    (uint64_t)s->waiting_at - sp < WAITING_FRAMES)
			return s;
	}
	return NULL;
}

void *vu_scratch_map(struct vu_scratch *s, size_t size)
{
	void *p = map(size);

	drop_extra(s);
	s->extra = p;
	s->extra_size = size;
	return p;
}
