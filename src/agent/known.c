/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of paths: tables by which the common path costs no system call to be told apart from those that
 * lead into a mount of the view. Absolute paths that are the kernel's own are known to all processes of the
 * view together (struct vu_shared), so that a new program need not find out again what the one before knew;
 * relative ones, and those that lead into a mount, to the process alone.
 *
 * What is in them can become wrong when a symbolic link appears where there was none, and leads into a
 * mount. So it is forgotten
 *	- by all processes of the session as soon as one of them has made a link or renamed anything (a
 *	  counter in each view's image), by those of a view when something is mounted in it (its sequence
 *	  number);
 *	- by the process when its cwd, root or namespaces change;
 *	- LIFE after it was looked at, whatever happens: for links that are made outside the session,
 *	  or by a process that has left its user namespace (anchor.c) and so reaches its own view only.
 *
 * Where there are links among the directories of a path it takes a walk to find out about it. Of such a path is known,
 * too, to what directory they have led (VU_KNOWN_PLACE, for as long as PLACES): if the kernel says that they lead there
 * still, they are not walked again. A directory has one name only, so other links that lead there are no less the
 * kernel's own, unless they go into what a mount covers and leave it again by "..".
 *
 * An entry counts from the moment before it was looked at: a change that comes while it is looked at makes
 * it useless.
 *
 * Time is the CPU's time stamp counter, which costs less than a tenth of a system call. A process that has
 * it forbidden (PR_SET_TSC) knows nothing.
 *
 * An entry is two words that vouch for each other, so that threads and processes need no lock. Paths are told
 * apart by 64 bits of a hash whose key holds all that an entry depends on. That of what is shared holds where
 * the process's "/" is, mount and inode: so processes with another root or in another mount namespace keep
 * out of each other's way, and for as long as LIFE a process need not ask where its own is. One that changes it
 * keeps to itself from then on (`apart`), until it executes another program.
 *
 * The shared table is read in the view's image. Who has found something out maps it again to write (VU_SHARED_ADDR).
 */
#include <asm/stat.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>

#include "agent/anchor.h"
#include "agent/known.h"
#include "agent/path.h"
#include "agent/stack.h"
#include "agent/trap.h"

#define ENTRIES 256
#define LIFE	(1ul << 24) /* cycles: 4 to 17 ms at 4 to 1 GHz */
#define LATELY	(4 * LIFE)
#define PLACES	(64 * LIFE)
#define MIX1	0x9e3779b97f4a7c15ul
#define MIX2	0xbf58476d1ce4e5b9ul
#define SHARED	1ul /* the bit of a key that says: what all know */

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000u /* Linux 6.8: a number that is never used again */
#endif

static struct vu_known_entry entries[ENTRIES];

/* Paths that lead into a mount. */
#define INSIDES 64
static struct {
	uint64_t tag, stamp, value;
} insides[INSIDES];

static uint64_t own_epoch VU_HOT;
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

static uint64_t hash(uint64_t key, enum vu_known_kind kind, const char *s, size_t n)
{
	uint64_t h = key ^ (uint64_t)kind, word;
	uint32_t first, last;

	h = mix(h, n);
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

/*
 * Asks where "/" is. A program's stack has no room for the answer (Go's). Threads that ask at once get the same; if one of
 * them changes its root meanwhile, the process is apart.
 */
static void __attribute__((noinline)) look_at_root(struct vu_root *root)
{
	static struct statx sx VU_HOT;
	uint64_t stamp = __builtin_ia32_rdtsc(), dev;

	if (vu_sys(__NR_statx, AT_FDCWD, "/", AT_STATX_DONT_SYNC,
		   STATX_MNT_ID | STATX_MNT_ID_UNIQUE | STATX_INO, &sx) < 0 ||
	    !(sx.stx_mask & (STATX_MNT_ID | STATX_MNT_ID_UNIQUE))) {
		agent_process.apart = true;
		return;
	}
	dev = vu_dev(sx.stx_dev_major, sx.stx_dev_minor);
	__atomic_store_n(&root->id, mix(mix(sx.stx_mnt_id, sx.stx_ino), dev), __ATOMIC_RELAXED);
	__atomic_store_n(&root->stamp, stamp, __ATOMIC_RELEASE);
}

/* The part of a key that those processes have together that may share, at that time; false: the process is apart. */
static bool common_key(uint64_t *key, uint64_t stamp)
{
	struct vu_root *root = &agent_process.root;

	/* Whose network stack is about to change finds that out in its next call that takes the full way. */
	if (agent_process.apart || vu_stack_has_word())
		return false;
	if (stamp - __atomic_load_n(&root->stamp, __ATOMIC_ACQUIRE) >= LIFE)
		look_at_root(root);
	*key = vu_view()->session ^ __atomic_load_n(&root->id, __ATOMIC_RELAXED);
	/* Some mounts are there for those only who have a certain network stack. */
	if (vu_touches(VU_TOUCH_NET) && !vu_is_anchored())
		*key = mix(*key, agent_process.stack[VU_FAMILY_IPV4]);
	return !agent_process.apart;
}

struct vu_moment vu_known_now(bool absolute)
{
	struct vu_moment now = { 0, 0 };
	uint64_t key, changes;
	bool shared;

	if (agent_process.viewless || agent_process.no_clock ||
	    (vu_view()->flags & VU_VIEW_FORGETFUL))
		return now;
	now.stamp = __builtin_ia32_rdtsc();
	shared = absolute && common_key(&key, now.stamp);
	if (!shared)
		key = agent_process.hash_key + __atomic_load_n(&own_epoch, __ATOMIC_ACQUIRE) * MIX1;
	changes = __atomic_load_n(&vu_view()->seq, __ATOMIC_ACQUIRE) ^ links() << 32;
	now.key = (mix(key, changes) & ~SHARED) | (shared ? SHARED : 0);
	return now;
}

/* Where an entry with that hash is, in the table to be read. */
static const struct vu_known_entry *entry(const struct vu_moment *now, uint64_t h)
{
	return now->key & SHARED ? &vu_view_shared(vu_view())->known[h % VU_KNOWN_ENTRIES] :
				   &entries[h % ENTRIES];
}

/* For how long it is known. */
static uint64_t age(const struct vu_moment *now, uint64_t h)
{
	const struct vu_known_entry *e = entry(now, h);
	uint64_t tag = __atomic_load_n(&e->tag, __ATOMIC_RELAXED);
	uint64_t stamp = __atomic_load_n(&e->stamp, __ATOMIC_RELAXED);

	return tag == (h ^ stamp * MIX1) ? now->stamp - stamp : UINT64_MAX;
}

bool vu_known(const struct vu_moment *now, enum vu_known_kind kind, const char *s, size_t n)
{
	return now->stamp && age(now, hash(now->key, kind, s, n)) < LIFE;
}

bool vu_known_lately(const struct vu_moment *now, enum vu_known_kind kind, const char *s, size_t n)
{
	return now->stamp && age(now, hash(now->key, kind, s, n)) < LATELY;
}

bool vu_known_linked(const struct vu_moment *now, const char *s, size_t n)
{
	return now->stamp && age(now, hash(now->key, VU_KNOWN_LINKED, s, n)) < PLACES;
}

static uint64_t place_hash(uint64_t key, const char *s, size_t n, const struct stat *st)
{
	return mix(mix(hash(key, VU_KNOWN_PLACE, s, n), st->st_dev), st->st_ino);
}

bool vu_known_place(const struct vu_moment *now, const char *s, size_t n, const struct stat *st)
{
	return now->stamp && age(now, place_hash(now->key, s, n, st)) < PLACES;
}

uint64_t vu_inside_key(const struct vu_moment *now, enum vu_known_kind kind, const char *s,
		       size_t n)
{
	return hash(now->key, kind, s, n);
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

bool vu_may_know(const struct vu_moment *now)
{
	return !(now->key & SHARED) || writable || vu_has_room();
}

/* Maps what all guests of the view write: once in a process, where signals are blocked and the stack is not the program's. */
static bool make_writable(void)
{
	uint64_t at = VU_SHARED_ADDR;

	if (writable || !vu_has_room())
		return writable;
	writable = vu_view_map(agent_process.ref.view_fd, &at, VU_SHARED_SIZE, VU_VIEW_SHARED);
	if (!writable)
		agent_process.apart = true;
	return writable;
}

/* What has hash h is known since then, for a while of `life`. */
static void know(const struct vu_moment *then, uint64_t h, uint64_t life)
{
	struct vu_shared *shared = (void *)VU_SHARED_ADDR;
	struct vu_known_entry *e;

	/* What is known for long yet need not be told: a process may do without the mapping. */
	if (age(then, h) < life / 2 || ((then->key & SHARED) && !make_writable()))
		return;
	e = then->key & SHARED ? &shared->known[h % VU_KNOWN_ENTRIES] : &entries[h % ENTRIES];
	__atomic_store_n(&e->stamp, then->stamp, __ATOMIC_RELAXED);
	__atomic_store_n(&e->tag, h ^ then->stamp * MIX1, __ATOMIC_RELAXED);
}

void vu_know(const struct vu_moment *then, enum vu_known_kind kind, const char *s, size_t n)
{
	if (then->stamp)
		know(then, hash(then->key, kind, s, n), LIFE);
}

void vu_know_place(const struct vu_moment *then, const char *s, size_t n, const struct stat *st)
{
	if (!then->stamp)
		return;
	know(then, place_hash(then->key, s, n, st), PLACES);
	know(then, hash(then->key, VU_KNOWN_LINKED, s, n), PLACES);
}

void vu_known_forget(void)
{
	__atomic_fetch_add(&own_epoch, 1, __ATOMIC_RELEASE);
}

void vu_known_leave(void)
{
	agent_process.apart = true;
	vu_known_forget();
}

static void tell(struct vu_shared *s)
{
	__atomic_fetch_add(&s->links, 1, __ATOMIC_RELEASE);
}

static void tell_own_view(void)
{
	if (make_writable())
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
