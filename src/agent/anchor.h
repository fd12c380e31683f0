/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeping the session within reach in other user namespaces. */
#ifndef VU_AGENT_ANCHOR_H
#define VU_AGENT_ANCHOR_H

#include "agent/agent.h"

/* Opens the session's descriptors in this process and names them so. False if it is so already, or fails. */
bool vu_anchor(void);
/* Is the process in another user namespace, with the session's descriptors among its own? */
static inline bool vu_is_anchored(void)
{
	return !agent_process.ref.server && !agent_process.viewless;
}
/* Is that descriptor one of these? */
static inline bool vu_is_anchor(int fd)
{
	const struct vu_session_ref *ref = &agent_process.ref;

	return vu_is_anchored() &&
	       (fd == ref->loader_fd || fd == ref->view_fd || fd == ref->rpc_fd);
}
/* Closes them again; ref is what agent_process.ref was before. */
void vu_unanchor(const struct vu_session_ref *ref);

#endif
