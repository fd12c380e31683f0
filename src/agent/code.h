/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patched code: mapping it, and hiding that it is (code.c). */
#ifndef VU_AGENT_CODE_H
#define VU_AGENT_CODE_H

#include <asm/stat.h>

#include "agent/agent.h"
#include "agent/lines.h"

#define VU_CODE_UNKNOWN (-4096l) /* no -errno: umvu has not seen the file */

/* What is to be mapped: arguments of mmap(2). */
struct vu_code_map {
	uint64_t at, len;
	int prot, flags, fd;
	uint64_t off;
	const struct stat *st; /* of the file, if the caller has it */
};
/*
 * mmap(2) of code: with the patched pages of the file, if it has any. A file that umvu does not know is
 * shown to it first (may block), for which `msg` (VU_PATH_MAX bytes) is needed; with NULL the result is
 * VU_CODE_UNKNOWN then, and nothing is mapped. The address, or -errno of mmap(2).
 */
long vu_code_map(const struct vu_code_map *m, char *msg);
/* If the mapping is of patched pages: *m becomes what it stands for (device, inode, path, offset). */
bool vu_code_unmask(struct vu_mapping *m);

#endif
