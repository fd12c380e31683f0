/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of paths: a small table of the process, so that the common path costs no system call to
 * be told apart from those that lead into a mount of the view.
 *
 * What is in it can become wrong when a symbolic link appears where there was none, and leads into a
 * mount. So it is forgotten
 *	- by all processes of the view as soon as one of them has made a link, renamed anything, or mounted
 *	  (a counter in the memory that they share; the view's sequence number);
 *	- by the process when its cwd, root or namespaces change;
 *	- LIFE after it was found out, whatever happens: for links that are made outside the session.
 *
 * Time is the CPU's time stamp counter, which costs less than a tenth of a system call. A process that has
 * it forbidden (PR_SET_TSC) knows nothing.
 *
 * An entry is two words that vouch for each other, so that threads need no lock. Paths are told apart by
 * 64 bits of a hash with the process's own random key.
 */
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

static uint64_t hash(enum vu_known_kind kind, const char *s, size_t n)
{
	uint64_t h = agent_process.hash_key ^ (uint64_t)kind, word;

	for (; n >= 8; n -= 8, s += 8) {
		__builtin_memcpy(&word, s, 8);
		h = mix(h, word);
	}
	word = n;
	while (n)
		word = word << 8 | (unsigned char)s[--n];
	h = mix(h, word);
	return mix(h, (__atomic_load_n(&vu_view()->seq, __ATOMIC_ACQUIRE) ^ links() << 32) +
			      __atomic_load_n(&own_epoch, __ATOMIC_RELAXED) * MIX1);
}

static bool is_usable(void)
{
	return !agent_process.viewless && !agent_process.no_clock;
}

bool vu_known(enum vu_known_kind kind, const char *s, size_t n)
{
	uint64_t h, tag, stamp;

	if (!is_usable())
		return false;
	h = hash(kind, s, n);
	tag = __atomic_load_n(&entries[h % ENTRIES].tag, __ATOMIC_RELAXED);
	stamp = __atomic_load_n(&entries[h % ENTRIES].stamp, __ATOMIC_RELAXED);
	return tag == (h ^ stamp * MIX1) && __builtin_ia32_rdtsc() - stamp < LIFE;
}

bool vu_known_inside(uint64_t key, struct vu_inside *in)
{
	uint64_t tag, stamp, value;

	if (!is_usable())
		return false;
	tag = __atomic_load_n(&insides[key % INSIDES].tag, __ATOMIC_RELAXED);
	stamp = __atomic_load_n(&insides[key % INSIDES].stamp, __ATOMIC_RELAXED);
	value = __atomic_load_n(&insides[key % INSIDES].value, __ATOMIC_RELAXED);
	if (tag != (key ^ stamp * MIX1 ^ value * MIX2) || __builtin_ia32_rdtsc() - stamp >= LIFE)
		return false;
	*in = (struct vu_inside){ (uint32_t)(value >> 32), (uint32_t)value };
	return true;
}

void vu_know_inside(uint64_t key, struct vu_inside in)
{
	uint64_t stamp = __builtin_ia32_rdtsc(), value = (uint64_t)in.mount << 32 | in.skip;

	if (!is_usable())
		return;
	__atomic_store_n(&insides[key % INSIDES].stamp, stamp, __ATOMIC_RELAXED);
	__atomic_store_n(&insides[key % INSIDES].value, value, __ATOMIC_RELAXED);
	__atomic_store_n(&insides[key % INSIDES].tag, key ^ stamp * MIX1 ^ value * MIX2,
			 __ATOMIC_RELAXED);
}

uint64_t vu_inside_key(enum vu_known_kind kind, const char *s, size_t n)
{
	return hash(kind, s, n);
}

void vu_know(enum vu_known_kind kind, const char *s, size_t n)
{
	uint64_t h, stamp;

	if (!is_usable())
		return;
	h = hash(kind, s, n);
	stamp = __builtin_ia32_rdtsc();
	__atomic_store_n(&entries[h % ENTRIES].stamp, stamp, __ATOMIC_RELAXED);
	__atomic_store_n(&entries[h % ENTRIES].tag, h ^ stamp * MIX1, __ATOMIC_RELAXED);
}

void vu_known_forget(void)
{
	__atomic_fetch_add(&own_epoch, 1, __ATOMIC_RELEASE);
}

/* The page that the view's guests share, to be written; NULL: it is not to be had. */
static struct vu_shared *shared(void)
{
	if (!writable)
		writable = vu_view_map(VU_SHARED_ADDR, VU_SHARED_SIZE, VU_VIEW_SHARED);
	return writable ? (void *)VU_SHARED_ADDR : NULL;
}

void vu_links_changed(void)
{
	struct vu_shared *s;

	vu_known_forget();
	if (!agent_process.viewless && (s = shared()))
		__atomic_fetch_add(&s->links, 1, __ATOMIC_RELEASE);
}
