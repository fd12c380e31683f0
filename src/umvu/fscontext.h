/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File system contexts: what a guest has said by fsopen(2) and fsconfig(2) for a type of ours, until
 * fsmount(2) and move_mount(2) make a mount of it.
 *
 * In the guest a socket stands for the context, and the root of a detached mount for what fsmount(2) made
 * of it. We know them again by their inode number and mount number, and hold both open, so that these
 * numbers have no other meaning. It is a socket because reading a context gives the messages of its log, one
 * a call, and an error when there is none; mount(8) reads until that comes. Guests do not tell when they have closed theirs: contexts go with the
 * process that made them (looked for when another is made), with the view, or when there are too many.
 */
#ifndef VU_UMVU_FSCONTEXT_H
#define VU_UMVU_FSCONTEXT_H

#include "umvu/conn.h"

struct vu_view;

/* Drop all contexts of a view. */
void vu_fscontext_drop_view(struct vu_view *v);

/* Write the lines of a text as errors to the log of a context, whose other end is socket `log` (-1: none). */
void vu_fscontext_log(int log, const char *text);

#endif
