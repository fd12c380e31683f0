/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patched code: mapping it, and hiding that it is (code.c). */
#ifndef VU_AGENT_CODE_H
#define VU_AGENT_CODE_H

#include <asm/stat.h>
#include <linux/mman.h>

#include "agent/agent.h"
#include "agent/lines.h"

#define VU_CODE_UNKNOWN (-4096l) /* no -errno: there is more to be done than mapping */

#define VU_SMALL_SEGMENT (64ul << 10) /* as much as a fault of a page of a file brings */
#define VU_SMALL_MEMORY	 (16ul << 10)

/* What is to be mapped: arguments of mmap(2). */
struct vu_code_map {
	uint64_t at, len;
	int prot, flags, fd;
	uint64_t off;
	const struct stat *st; /* of the file, if the caller has it */
	bool own;	       /* not the guest's call: no filter of its own is asked */
};
/*
 * The flags for a private mapping that is made for a program or library, by us (own) or the ELF interpreter. One of up
 * to `most` bytes is there at once: nearly all of its pages are touched, by relocation if by nothing else, and a page fault
 * costs ten times what it costs the kernel to do the same with a page more. A filter of the guest's own, which judges
 * what is not our own call, may not know the flag.
 */
static inline int vu_map_flags(int flags, uint64_t len, uint64_t most, bool own)
{
	bool populate = len <= most && (flags & MAP_TYPE) == MAP_PRIVATE &&
			(own || !agent_process.judged);

	return populate ? flags | MAP_POPULATE : flags;
}
/* The mapping that the guest asks for by mmap(2). */
static inline struct vu_code_map vu_code_map_asked(const uint64_t arg[6])
{
	return (struct vu_code_map){ .at = arg[0],
				     .len = arg[1],
				     .prot = (int)arg[2],
				     .flags = (int)arg[3],
				     .fd = (int)arg[4],
				     .off = arg[5] };
}
/*
 * mmap(2) of code: with the patched pages of the file, if it has any. A file that umvu does not know is
 * shown to it first (may block), for which `msg` (VU_PATH_MAX bytes) is needed. Where the file's calls are not all
 * known, the filter is installed first (vu_filter_need()). With msg NULL the result is VU_CODE_UNKNOWN for
 * either, and nothing is mapped. The address, or -errno of mmap(2) or of the filter.
 */
long vu_code_map(const struct vu_code_map *m, char *msg);
/* mmap(2), the file as it is. */
long vu_code_map_plain(const struct vu_code_map *m);
/* Whether `ip` is in the ELF interpreter, the one who maps code of files as they are meant to be mapped. */
bool vu_code_is_interp(uint64_t ip);
/*
 * Whether mprotect, shmat and their kin, with these arguments, may make something executable whose calls are not
 * known.
 */
bool vu_code_may_appear(long nr, const uint64_t *arg);
/* If the mapping is of patched pages: *m becomes what it stands for (device, inode, path). */
bool vu_code_unmask(struct vu_mapping *m);
/* If `name`, up to a space, is that of a patched copy: the file's; else NULL. */
const char *vu_code_unmask_name(const char *name);

#endif
