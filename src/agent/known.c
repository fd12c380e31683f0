/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of paths: a small table of the process, so that the common path costs no system call to
 * be told apart from those that lead into a mount of the view.
 *
 * What is in it can become wrong when a symbolic link appears where there was none, and leads into a
 * mount. So it is forgotten
 *	- by all processes of the session as soon as one of them has made a link or renamed anything (a
 *	  counter in each view's image), by those of a view when something is mounted in it (its sequence
 *	  number);
 *	- by the process when its cwd, root or namespaces change;
 *	- LIFE after it was looked at, whatever happens: for links that are made outside the session,
 *	  or by a process that has left its user namespace (anchor.c) and so reaches its own view only.
 * An entry counts from the moment before it was looked at: a change that comes while it is looked at makes
 * it useless.
 *
 * Time is the CPU's time stamp counter, which costs less than a tenth of a system call. A process that has
 * it forbidden (PR_SET_TSC) knows nothing.
 *
 * An entry is two words that vouch for each other, so that threads need no lock. Paths are told apart by
 * 64 bits of a hash with the process's own random key.
 */
#include <asm/unistd_64.h>

#include "agent/known.h"

#define ENTRIES 256
#define LIFE	(1ul << 24) /* cycles: 4 to 17 ms at 4 to 1 GHz */
#define MIX1	0x9e3779b97f4a7c15ul
#define MIX2	0xbf58476d1ce4e5b9ul

static struct {
	uint64_t tag, stamp;
} entries[ENTRIES];

/* Paths that lead into a mount. */
#define INSIDES 64
static struct {
	uint64_t tag, stamp, value;
} insides[INSIDES];

static uint64_t own_epoch VU_HOT = 1;
static bool writable VU_HOT; /* the shared page is mapped so */

static uint64_t links(void)
{
	return __atomic_load_n(&vu_view_shared(vu_view())->links, __ATOMIC_ACQUIRE);
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * MIX2;
	return h ^ h >> 29;
}

static uint64_t hash(uint64_t changes, enum vu_known_kind kind, const char *s, size_t n)
{
	uint64_t h = agent_process.hash_key ^ (uint64_t)kind, word;
	uint32_t first, last;

	h = mix(h, changes + n);
	for (; n >= 8; n -= 8, s += 8) {
		__builtin_memcpy(&word, s, 8);
		h = mix(h, word);
	}
	if (n >= 4) {
		__builtin_memcpy(&first, s, 4);
		__builtin_memcpy(&last, s + n - 4, 4);
		h = mix(h, first | (uint64_t)last << 32);
	} else if (n) {
		h = mix(h, (uint64_t)((unsigned char)s[0] | (unsigned char)s[n / 2] << 8 |
				      (unsigned char)s[n - 1] << 16));
	}
	return h;
}

struct vu_moment vu_known_now(void)
{
	struct vu_moment now = { 0, 0 };

	if (agent_process.viewless || agent_process.no_clock ||
	    (vu_view()->flags & VU_VIEW_FORGETFUL))
		return now;
	now.changes = (__atomic_load_n(&vu_view()->seq, __ATOMIC_ACQUIRE) ^ links() << 32) +
		      __atomic_load_n(&own_epoch, __ATOMIC_ACQUIRE) * MIX1;
	now.stamp = __builtin_ia32_rdtsc();
	return now;
}

bool vu_known(const struct vu_moment *now, enum vu_known_kind kind, const char *s, size_t n)
{
	uint64_t h, tag, stamp;

	if (!now->stamp)
		return false;
	h = hash(now->changes, kind, s, n);
	tag = __atomic_load_n(&entries[h % ENTRIES].tag, __ATOMIC_RELAXED);
	stamp = __atomic_load_n(&entries[h % ENTRIES].stamp, __ATOMIC_RELAXED);
	return tag == (h ^ stamp * MIX1) && now->stamp - stamp < LIFE;
}

uint64_t vu_inside_key(const struct vu_moment *now, enum vu_known_kind kind, const char *s,
		       size_t n)
{
	return hash(now->changes, kind, s, n);
}

bool vu_known_inside(const struct vu_moment *now, uint64_t key, struct vu_inside *in)
{
	uint64_t tag, stamp, value;

	if (!now->stamp)
		return false;
	tag = __atomic_load_n(&insides[key % INSIDES].tag, __ATOMIC_RELAXED);
	stamp = __atomic_load_n(&insides[key % INSIDES].stamp, __ATOMIC_RELAXED);
	value = __atomic_load_n(&insides[key % INSIDES].value, __ATOMIC_RELAXED);
	if (tag != (key ^ stamp * MIX1 ^ value * MIX2) || now->stamp - stamp >= LIFE)
		return false;
	*in = (struct vu_inside){ (uint32_t)(value >> 32), (uint32_t)value };
	return true;
}

void vu_know_inside(const struct vu_moment *then, uint64_t key, struct vu_inside in)
{
	uint64_t value = (uint64_t)in.mount << 32 | in.skip;

	if (!then->stamp)
		return;
	__atomic_store_n(&insides[key % INSIDES].stamp, then->stamp, __ATOMIC_RELAXED);
	__atomic_store_n(&insides[key % INSIDES].value, value, __ATOMIC_RELAXED);
	__atomic_store_n(&insides[key % INSIDES].tag, key ^ then->stamp * MIX1 ^ value * MIX2,
			 __ATOMIC_RELAXED);
}

void vu_know(const struct vu_moment *then, enum vu_known_kind kind, const char *s, size_t n)
{
	uint64_t h;

	if (!then->stamp)
		return;
	h = hash(then->changes, kind, s, n);
	__atomic_store_n(&entries[h % ENTRIES].stamp, then->stamp, __ATOMIC_RELAXED);
	__atomic_store_n(&entries[h % ENTRIES].tag, h ^ then->stamp * MIX1, __ATOMIC_RELAXED);
}

void vu_known_forget(void)
{
	__atomic_fetch_add(&own_epoch, 1, __ATOMIC_RELEASE);
}

static void tell(struct vu_shared *s)
{
	__atomic_fetch_add(&s->links, 1, __ATOMIC_RELEASE);
}

static void tell_own_view(void)
{
	uint64_t at = VU_SHARED_ADDR;

	if (!writable)
		writable =
			vu_view_map(agent_process.ref.view_fd, &at, VU_SHARED_SIZE, VU_VIEW_SHARED);
	if (writable)
		tell((void *)VU_SHARED_ADDR);
}

/* Other views of the session, if there are any. An anchored process does not reach them. */
static void tell_others(void)
{
	for (unsigned int i = 0; i < VU_VIEW_READERS && agent_process.ref.server; i++) {
		int fd = __atomic_load_n(&vu_view()->readers[i], __ATOMIC_ACQUIRE);
		uint64_t page = 0;

		if (!fd || fd == agent_process.ref.view_fd)
			continue;
		if (!vu_view_map(fd, &page, VU_SHARED_SIZE, VU_VIEW_SHARED))
			continue; /* the view has gone */
		tell((struct vu_shared *)page);
		vu_sys(__NR_munmap, page, VU_SHARED_SIZE);
	}
}

void vu_links_changed(void)
{
	vu_known_forget();
	if (agent_process.viewless)
		return;
	tell_own_view();
	tell_others();
}
