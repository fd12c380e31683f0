/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeping the session within reach in other user namespaces. */
#ifndef VU_AGENT_ANCHOR_H
#define VU_AGENT_ANCHOR_H

#include "agent/agent.h"

/* Opens the session's descriptors in this process and names them so. False if it is so already, or fails. */
bool vu_anchor(void);
/* Closes them again; ref is what agent_process.ref was before. */
void vu_unanchor(const struct vu_session_ref *ref);

#endif
