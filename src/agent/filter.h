/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The seccomp filter, which traps the calls that do not come by the gate. */
#ifndef VU_AGENT_FILTER_H
#define VU_AGENT_FILTER_H

/*
 * From now on the calls of all threads of the process, and of its descendants for ever, are trapped where they do
 * not come by the gate: to be called before there is code in the process that may make such calls. 0, or -errno of
 * mmap(2) or seccomp(2). PR_SET_NO_NEW_PRIVS is set already.
 */
long vu_filter_need(void);

/* The filter is installed. In a vforked child it is its parent's word. Tested by the gate, too. */
extern unsigned char vu_filtered;

#endif
