/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeping the session within reach in other user namespaces. */
#ifndef VU_AGENT_ANCHOR_H
#define VU_AGENT_ANCHOR_H

#include "agent/agent.h"
#include "agent/tree.h"

/* Opens the session's descriptors in this process and names them so. False if it is so already, or fails. */
bool vu_anchor(void);
/* Is the process in another user namespace, with the session's descriptors among its own? */
static inline bool vu_is_anchored(void)
{
	return !agent_process.ref.server && !agent_process.viewless;
}
/* Has the process descriptors of the agent's? */
static inline bool vu_has_own_fds(void)
{
	return vu_tree() || vu_is_anchored();
}
/* Is that descriptor one of these? */
static inline bool vu_is_anchor(int fd)
{
	const struct vu_session_ref *ref = &agent_process.ref;

	if (vu_is_anchored() && (fd == ref->loader_fd || fd == ref->view_fd || fd == ref->rpc_fd))
		return true;
	return fd == vu_tree() && fd;
}
/*
 * A duplicate of fd with a number not below `from`, for which the process's limit may be raised for a moment. -errno
 * if there is none.
 */
long vu_dup_above(long fd, int from);
/* Closes them again; ref is what agent_process.ref was before. */
void vu_unanchor(const struct vu_session_ref *ref);

#endif
