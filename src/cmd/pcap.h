/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recording the traffic of the caller's network stack. */
#ifndef VU_CMD_PCAP_H
#define VU_CMD_PCAP_H

/*
 * Record to `file` all frames of all interfaces, in a child, until vu_pcap_stop(). What is sent after this has
 * returned is recorded. Says on stderr what is wrong and exits with `status` if it cannot be done.
 */
void vu_pcap_start(const char *file, int status);

/* Write what is left, and end. Harmless where nothing is recorded. */
void vu_pcap_stop(void);

#endif
