/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of /proc that the agent makes: between procfs.c, which opens them, and those that write them. */
#ifndef VU_AGENT_PROCFS_H
#define VU_AGENT_PROCFS_H

#include "agent/lines.h"
#include "agent/path.h"

/* A file being made: from the kernel's own (`native`) into `fd`. */
struct vu_text {
	struct vu_call *c;
	int native, fd;
	int tid;	/* whose file it is, as the name says */
	char *line_buf; /* for lines: line_size bytes */
	size_t line_size;
	char *buf; /* written so far, not yet in fd: used of size bytes */
	size_t used, size;
	size_t written; /* in fd */
	long error;
};

typedef void vu_text_fn(struct vu_text *t);

vu_text_fn vu_text_mounts, vu_text_mountinfo, vu_text_mountstats; /* procmounts.c */
/* procself.c */
vu_text_fn vu_text_status, vu_text_maps, vu_text_smaps, vu_text_numa_maps;

/* Writing: errors are kept in t->error. */
void vu_put(struct vu_text *t, const char *s, size_t n);
void vu_puts(struct vu_text *t, const char *s);
void vu_put_num(struct vu_text *t, unsigned long n);
/* The rest of the kernel's text, as it is. */
void vu_put_native(struct vu_text *t);
void vu_flush(struct vu_text *t);

#endif
