/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patched code of a session (abi/code.h): which files have been looked at, and memory files with their
 * patched pages. The table here is the master copy; each view's image has one.
 */
#ifndef VU_UMVU_CODE_H
#define VU_UMVU_CODE_H

#include "abi/view.h"
#include "umvu/session.h"

struct vu_conn;
struct vu_code;

/* 0 and s->code, or -ENOMEM. */
int vu_code_new(struct vu_session *s);
void vu_code_free(struct vu_session *s);

/* The session has a server now: what is not at hand can be made. */
void vu_code_serve(struct vu_session *s);

/* The descriptors that it has open, fds[max]; how many. */
size_t vu_code_fds(const struct vu_session *s, int *fds, size_t max);

/*
 * List what the first process of a session will execute, if the cache knows it, so that it need not ask. `first_fd`
 * is the program, open for reading.
 */
void vu_code_foresee(struct vu_session *s, int first_fd);

/* Copy the table, and what the processor says (abi/cpuid.h), into the image of a new view. */
void vu_code_fill(const struct vu_session *s, struct vu_view_head *head);

#endif
