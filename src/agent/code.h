/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patched code: mapping it, and hiding that it is (code.c). */
#ifndef VU_AGENT_CODE_H
#define VU_AGENT_CODE_H

#include "agent/agent.h"
#include "agent/lines.h"

/*
 * File `fd` has been mapped with protection `prot` at `at`, `len` bytes from its offset `off`: maps its patched
 * pages over it. A file that umvu does not know is shown to it first (may block). `msg` is for
 * work, VU_RPC_MAX / 8 bytes. What fails leaves the file as it is: its calls trap.
 */
void vu_code_overlay(int fd, uint64_t at, uint64_t len, uint64_t off, int prot, char *msg);
/* If the mapping is of patched pages: *m becomes what it stands for (device, inode, path, offset). */
bool vu_code_unmask(struct vu_mapping *m);

#endif
