/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session's seccomp filter. */
#ifndef VU_AGENT_FILTER_H
#define VU_AGENT_FILTER_H

/*
 * Sets PR_SET_NO_NEW_PRIVS and installs the filter for the calling thread and all its descendants, for
 * ever. buf: 8 KiB of working memory. 0, or -errno of prctl(2) or seccomp(2).
 */
long vu_filter_install(void *buf);

#endif
