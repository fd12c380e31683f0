/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids and capabilities of a thread under unrealuidgid: what ids.c, cred.c and caps.c give to the rest. */
#ifndef VU_AGENT_IDS_H
#define VU_AGENT_IDS_H

#include "agent/agent.h"

/* What a change of ids looks at in the credential before it. */
struct vu_cred_mark {
	uint32_t uid, euid, suid, fsuid;
	uint32_t egid, fsgid;
	uint64_t permitted, effective;
};

/* --- cred.c --- */
/* The caller's virtual credential, or NULL where its ids are the kernel's. */
const struct vu_cred *vu_cred_get(void);
/* The caller's credential for writing, filled from the kernel at first; NULL: out of room (ENOMEM). */
struct vu_cred *vu_cred_own(void);
/* Fills *cred with what the kernel has for the calling thread. */
void vu_cred_native(struct vu_cred *cred);
/* What execve(2) of a plain executable makes of the ids: credentials(7), capabilities(7). */
void vu_cred_exec(struct vu_cred *cred);

/* Takes the mark: to be done before a change. */
struct vu_cred_mark vu_cred_mark(const struct vu_cred *cred);
/* After the uids were set (setuid and friends): the capabilities follow. */
void vu_cred_uids_set(struct vu_cred *cred, const struct vu_cred_mark *old);
/* The same after setfsuid. */
void vu_cred_fsuid_set(struct vu_cred *cred, const struct vu_cred_mark *old);
/* Ends every change: other state of the process that Linux resets with the ids. */
void vu_cred_commit(const struct vu_cred *cred, const struct vu_cred_mark *old);

/*
 * The values of AT_UID, AT_EUID, AT_GID and AT_EGID in an auxiliary vector, corrected where the
 * caller's ids are virtual. AT_SECURE is not its business: no exec in a session gains privilege.
 */
void vu_auxv_ids(uint64_t *uid, uint64_t *euid, uint64_t *gid, uint64_t *egid);

/*
 * The line of /proc/PID/status that starts with `key` ("Uid:", "Gid:", "Groups:", "CapInh:",
 * "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"), as the kernel writes it, newline included. `key` may be
 * followed by anything: the kernel's own line will do. out has VU_STATUS_LINE_MAX bytes at least.
 * Returns the length without the NUL; 0: another key, or `size` is too small.
 */
#define VU_STATUS_LINE_MAX (16 + 11 * VU_STATE_GROUPS)
size_t vu_status_line(const struct vu_cred *cred, const char *key, char *out, size_t size);

/* --- caps.c --- */
/*
 * prctl(2) options about capabilities: PR_SET/GET_KEEPCAPS, PR_CAPBSET_READ/DROP, PR_CAP_AMBIENT,
 * PR_SET/GET_SECUREBITS. *handled is set to false for all others, and where the kernel's answer is right.
 */
long vu_prctl_ids(struct vu_call *c, bool *handled);

#endif
