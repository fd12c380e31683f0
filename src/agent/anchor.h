/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeping the session within reach in other user namespaces. */
#ifndef VU_AGENT_ANCHOR_H
#define VU_AGENT_ANCHOR_H

#include "agent/agent.h"

/* Opens the session's descriptors in this process and names them so. False if it is so already, or fails. */
bool vu_anchor(void);
/* Is the process in another user namespace, with the session's descriptors among its own? */
bool vu_is_anchored(void);
/* Is that descriptor one of these? */
bool vu_is_anchor(int fd);
/* Closes them again; ref is what agent_process.ref was before. */
void vu_unanchor(const struct vu_session_ref *ref);

#endif
