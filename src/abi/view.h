/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The view image: what umvu publishes and every guest of a view reads.
 *
 * One memfd per view. umvu maps it writable; guests map it read-only at VU_VIEW_ADDR. It holds a
 * head and two areas. head.seq counts the publishings, and its lowest bit tells the area in use: umvu
 * writes the new table into the other area and then adds one to seq, a single store by which all
 * readers go over to it. So no reader ever waits: whenever umvu is stopped or killed, the area in use
 * is whole. Torn is only what a reader takes out of an area for so long that umvu begins to write into
 * it again; seq has changed by then. A reader notes seq (vu_view_begin()), takes what it needs, and
 * starts again if seq has changed (vu_view_retry()). Until then it may have read anything, so it
 * checks every offset before it uses it (vu_view_str() and vu_view_mounts() do).
 */
#ifndef VU_ABI_VIEW_H
#define VU_ABI_VIEW_H

#include <stdint.h>

#include "abi/code.h"
#include "abi/cpuid.h"
#include "abi/stack.h"

#define VU_VIEW_MAGIC	0x57495655u /* "UVIW" */
#define VU_ABI_VERSION	7u
/*
 * What is the agent's of a guest's addresses: vu-loader (code, data, stacks; arch/<isa>/agent.ld), the view
 * image, then what is mapped when it is needed. Below 2 GiB because of the gate (abi/code.h), and below
 * what address sanitizers take.
 */
#define VU_AGENT_ADDR	0x7e000000ul
#define VU_AGENT_END	0x7fff0000ul
#define VU_VIEW_ADDR	0x7e100000ul
#define VU_THREADS_ADDR 0x7e400000ul
#define VU_SHARED_ADDR	0x7e0f8000ul
#define VU_STATS_ADDR	0x7e3f0000ul
#define VU_STACK_TAGS	0x7e3d0000ul /* a page of each network stack that the process has */
#define VU_STACKS_ADDR	0x7f000000ul

/* The image: head, shared page, answers of cpuid, code table, two areas, counters. */
#define VU_VIEW_HEAD_SIZE 4096u
#define VU_VIEW_SHARED	  VU_VIEW_HEAD_SIZE
#define VU_SHARED_SIZE	  4096u
#define VU_VIEW_CPUID	  (VU_VIEW_SHARED + VU_SHARED_SIZE)
#define VU_CPUID_SIZE	  4096u
#define VU_VIEW_CODE	  (VU_VIEW_CPUID + VU_CPUID_SIZE)
#define VU_VIEW_AREAS	  ((VU_VIEW_CODE + sizeof(struct vu_code_table) + 4095u) & ~4095ul)
#define VU_VIEW_AREA_SIZE (1u << 20) /* bytes of one table area */
#define VU_VIEW_STATS	  (VU_VIEW_AREAS + 2u * VU_VIEW_AREA_SIZE)
#define VU_VIEW_SIZE	  (VU_VIEW_STATS + sizeof(struct vu_stats))
#define VU_NAMES_BITS	  4096u
#define VU_VIEW_READERS	  16u

/* Classes of calls that a view touches (vu_view_head.classes); a class that is off costs one test. */
#define VU_TOUCH_PATHS 0x1u  /* there is a mount */
#define VU_TOUCH_IDS   0x2u  /* user and group ids are the process's own business (unrealuidgid) */
#define VU_TOUCH_UTS   0x4u  /* uname() answers from uts */
#define VU_TOUCH_GHOST 0x8u  /* a mount point does not exist on the host: getdents adds it */
#define VU_TOUCH_EXEC  0x10u /* there are rules for programs that an interpreter runs */
#define VU_TOUCH_NET   0x20u /* there is a network stack */

/* What the agent does for people who look into it (vu_view_head.debug). */
#define VU_DEBUG_LOG   0x1u /* it writes what is odd to stderr */
#define VU_DEBUG_STATS 0x2u /* it counts calls (struct vu_stats) */

/* What is asked of a table for nearly every path: in the head, so that it costs a process no page more. */
struct vu_view_index {
	/* Which names mount points may have: bit vu_name_bit() of the last component of each one's path. */
	uint64_t names[VU_NAMES_BITS / 64];
	uint64_t flags; /* VU_INDEX_* */
};
#define VU_INDEX_ROOT 0x1u /* there is a mount on "/" */

struct vu_view_head {
	uint32_t magic;
	uint32_t abi;
	uint64_t session; /* random, the same for all views of a session */
	uint32_t view;	  /* number of this view in the session, from 1 */
	uint32_t seq;	  /* publishings so far; the area in use is seq & 1 */
	uint32_t classes; /* VU_TOUCH_*: of the table in use at least, for a moment of its neighbour's too */
	int32_t server;	     /* pid of umvu's server as seen in the session's pid namespace */
	int32_t rpc_fd;	     /* the server's O_PATH descriptor of this view's rpc socket */
	int32_t view_fd;     /* the server's descriptor of this image */
	int32_t loader_fd;   /* the server's O_PATH descriptor of vu-loader */
	uint64_t loader_dev; /* st_dev and st_ino of vu-loader: an exec of it is not redirected */
	uint64_t loader_ino;
	uint32_t debug; /* VU_DEBUG_* for the agent */
	uint32_t flags; /* VU_VIEW_* */
	/*
	 * The tree (realm/tree.h): the server's O_PATH descriptor of its root, 0 while there is none, and the
	 * number that processes have it by, 0: they do not. The kernel's id of that mount.
	 */
	int32_t tree_fd, tree_number;
	uint64_t tree_mnt_id;
	/* The server's descriptors of images whose guests are to be told of links, this one's too; 0 free. */
	int32_t readers[VU_VIEW_READERS];
	/* Changes of default stacks, for the processes that they name (abi/stack.h). */
	uint32_t stack_serial; /* that of the last one */
	struct vu_stack_set stack_sets[VU_STACK_SETS];
	struct vu_view_index index[2]; /* of the tables in both areas */
};
_Static_assert(sizeof(struct vu_view_head) <= VU_VIEW_HEAD_SIZE, "the head is a page");
_Static_assert(sizeof(struct vu_cpuid) <= VU_CPUID_SIZE, "the answers of cpuid are a page");
/* Where in the tree the mounts are: mount 7 is "<folder>/7". For the kernel their paths begin with that, too. */
#define VU_TREE_FOLDER ".vu"

#define VU_VIEW_FORGETFUL 0x1u /* it is not among the readers: its guests must not remember paths */
#define VU_VIEW_STARTING  0x2u /* its server does not listen to requests yet (atomic) */

/* With what is before them one page: each that a process writes is a fault. */
#define VU_KNOWN_ENTRIES 252u

/* What is known of a path, of which the tag tells when it was found out (agent/known.c). */
struct vu_known_entry {
	uint64_t tag, stamp;
};

/*
 * What guests tell each other, at the image's offset VU_VIEW_SHARED: who has something to tell maps this
 * page, writable: its own view's to say what it knows, each reader's to say that there is a link.
 */
struct vu_shared {
	uint64_t links; /* grows when a guest has made or moved a link, or what may be one (atomic) */
	uint64_t pad[7];
	struct vu_known_entry known[VU_KNOWN_ENTRIES];
};
_Static_assert(sizeof(struct vu_shared) <= VU_SHARED_SIZE, "the shared page is too small");

/* How a call came to the agent, or what it led to. */
enum vu_stats_kind {
	VU_STATS_QUICK, /* by a patched site, answered by the quick way */
	VU_STATS_FULL,	/* by a patched site, taken the full way */
	VU_STATS_TRAP,	/* by a signal */
	VU_STATS_RPC,	/* a request to umvu */
	VU_STATS_KINDS,
};
#define VU_STATS_CALLS 512u
#define VU_STATS_OTHER 510u /* numbers from here on, which no call has */
#define VU_STATS_CODE  511u /* no call: a program or library is to be patched */

/*
 * Counters of all guests of the view, at the image's offset VU_VIEW_STATS. With VU_DEBUG_STATS the agents add
 * to them (atomic), in a mapping of their own as of struct vu_shared. Calls that no filter would trap because
 * of their arguments are not counted.
 */
struct vu_stats {
	uint64_t count[VU_STATS_KINDS][VU_STATS_CALLS];
};

/*
 * A table area: this head, then n_mounts entries, then n_execs rules, then strings. Offsets are from the
 * area's start.
 */
struct vu_view_area {
	uint32_t size; /* bytes in use, at most VU_VIEW_AREA_SIZE */
	uint32_t n_mounts;
	uint32_t classes; /* VU_TOUCH_* of this table */
	uint32_t pad0;
	char name[64];	 /* of the view, "" if none */
	char uts[6][65]; /* as in struct utsname; valid with VU_TOUCH_UTS */
	char pad[2];
	uint32_t n_execs;
	uint32_t reserved;
};

/* The bit of a component of n bytes, at least one, in vu_view_index.names: by its length and three letters. */
static inline uint32_t vu_name_bit(const char *name, uint64_t n)
{
	uint32_t h = (uint32_t)n << 24 | (uint32_t)(unsigned char)name[0] << 16 |
		     (uint32_t)(unsigned char)name[n / 2] << 8 | (unsigned char)name[n - 1];

	h *= 0x9e3779b1u;
	return (h ^ h >> 15) % VU_NAMES_BITS;
}

#define VU_MOUNT_RDONLY 0x1u
#define VU_MOUNT_FILE	0x2u   /* the root of the mount is not a directory */
#define VU_MOUNT_GHOST	0x4u   /* the mount point does not exist in what is beneath */
#define VU_MOUNT_HIDDEN 0x8u   /* not shown in mount tables (covers for drivers) */
#define VU_MOUNT_DAEMON 0x10u  /* a daemon's own mount: nobody has seen yet whether it answers */
#define VU_MOUNT_STACK	0x20u  /* it is a network stack */
#define VU_MOUNT_OFNET	0x40u  /* a file or directory that those see whose stack is `parent` */
#define VU_MOUNT_SYSCTL 0x80u  /* ... through which the stack is changed */
#define VU_MOUNT_TREE	0x100u /* it hangs in the tree, by its id */

/*
 * A mount of the view. `parent` is the number (`id`) of the mount that the mount point lies in, 0 for
 * the host's own tree. A walk that stands in mount M at path P enters the entry with parent == M and
 * path == P, and goes on from there with the same path (a mount on a mount's root).
 * Of two entries with equal parent and path the later in the table would be unreachable: umvu never
 * makes such (the second's parent is the first).
 */
struct vu_view_mount {
	uint32_t id;	 /* from 1, never used again in a session */
	uint32_t parent; /* id of the mount that the mount point is in, 0 = host */
	uint64_t mnt_id; /* the kernel's id of the mount as statx(STATX_MNT_ID) tells */
	uint64_t dev; /* st_dev of the file system in the kernel's new encoding (makedev), 0 unknown */
	int32_t fd;	/* server's O_PATH descriptor of the mount's root: /proc/<server>/fd/<fd> */
	uint32_t flags; /* VU_MOUNT_* */
	uint32_t path;	/* offset: canonical absolute path of the mount point in the view */
	uint32_t path_len;
	uint32_t type;	 /* offset: type as in /proc/mounts */
	uint32_t source; /* offset: source as in /proc/mounts */
	uint32_t options; /* offset: per-mount options, comma separated, e.g. "rw,nosuid,nodev,relatime" */
	uint32_t super; /* offset: super block options, e.g. "rw,user_id=1000,group_id=1000" */
	/* VU_MOUNT_STACK: who makes its sockets, its pid and the server's O_PATH descriptor of its socket. */
	int32_t maker, maker_fd;
};

/* Bits of vu_view_exec.flags: the flags of binfmt_misc. */
#define VU_RULE_EXTENSION 0x1u /* the name ends in '.' and `extension`; else by magic */
#define VU_RULE_ARGV0	  0x2u /* "P": argv[0] is kept */
#define VU_RULE_OPEN	  0x4u /* "O": the interpreter gets the program open (AT_EXECFD) */

#define VU_EXEC_HEAD 256u /* bytes of a program's beginning that rules look at (BINPRM_BUF_SIZE) */

/*
 * A rule of execution, as binfmt_misc has them: which programs an interpreter runs. The first that fits counts.
 */
struct vu_view_exec {
	uint32_t flags; /* VU_RULE_* */
	uint32_t offset,
		size; /* the bytes of the program that are compared; offset + size <= VU_EXEC_HEAD */
	uint32_t magic, mask; /* offsets: `size` bytes each */
	uint32_t extension;   /* offset: a string */
	uint32_t interp;      /* offset: path of the interpreter */
	int32_t fd; /* "F": the server's O_PATH descriptor of the interpreter; -1: it is looked for */
};

/* The area of publishing number `seq`. */
static inline const struct vu_view_area *vu_view_area(const struct vu_view_head *v, uint32_t seq)
{
	return (const void *)((const char *)v + VU_VIEW_AREAS +
			      (seq & 1) * (uint64_t)VU_VIEW_AREA_SIZE);
}

/* Begin to read: the area in use. */
static inline const struct vu_view_area *vu_view_begin(const struct vu_view_head *v, uint32_t *seq)
{
	*seq = __atomic_load_n(&v->seq, __ATOMIC_ACQUIRE);
	return vu_view_area(v, *seq);
}

/* Other than 0: what has been read since may be torn, and is to be read again. */
static inline int vu_view_retry(const struct vu_view_head *v, uint32_t seq)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&v->seq, __ATOMIC_RELAXED) != seq;
}

/* The mount entries, and in *n their number, bounded by the area. */
static inline const struct vu_view_mount *vu_view_mounts(const struct vu_view_area *a, uint32_t *n)
{
	uint32_t max = (VU_VIEW_AREA_SIZE - sizeof(*a)) / sizeof(struct vu_view_mount);

	*n = a->n_mounts < max ? a->n_mounts : max;
	return (const void *)(a + 1);
}

/* The rules of execution, and in *n their number, bounded by the area. */
static inline const struct vu_view_exec *vu_view_execs(const struct vu_view_area *a, uint32_t *n)
{
	uint32_t n_mounts, max;
	const struct vu_view_mount *end = vu_view_mounts(a, &n_mounts) + n_mounts;

	max = (uint32_t)((VU_VIEW_AREA_SIZE - (uint64_t)((const char *)end - (const char *)a)) /
			 sizeof(struct vu_view_exec));
	*n = a->n_execs < max ? a->n_execs : max;
	return (const void *)end;
}

/* The `size` bytes at offset `off`; NULL where they are not in the area. */
static inline const unsigned char *vu_view_bytes(const struct vu_view_area *a, uint32_t off,
						 uint32_t size)
{
	return off <= VU_VIEW_AREA_SIZE && size <= VU_VIEW_AREA_SIZE - off ?
		       (const unsigned char *)a + off :
		       0;
}

/* The string at offset `off`, "" where the offset is out of the area. Areas end with a NUL byte. */
static inline const char *vu_view_str(const struct vu_view_area *a, uint32_t off)
{
	return off < VU_VIEW_AREA_SIZE ? (const char *)a + off : "";
}

static inline struct vu_shared *vu_view_shared(const struct vu_view_head *v)
{
	return (void *)((uintptr_t)v + VU_VIEW_SHARED);
}

_Static_assert(VU_VIEW_ADDR + VU_VIEW_SIZE <= VU_STACK_TAGS,
	       "the image ends before the next of the agent's addresses");

/* The table of patched files, the same in all views of a session. */
static inline const struct vu_code_table *vu_view_code(const struct vu_view_head *v)
{
	return (const void *)((const char *)v + VU_VIEW_CODE);
}

#endif
