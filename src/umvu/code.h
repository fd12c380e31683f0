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

/*
 * List what the first processes of a session will execute, if the cache knows it: while the front starts them, so
 * that they need not ask.
 */
void vu_code_foresee(struct vu_session *s);

/* Copy the table into the image of a new view. */
void vu_code_fill(const struct vu_session *s, struct vu_view_head *head);

#endif
