/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which views' guests are told when a guest of any view has made a link (vu_view_head.readers). */
#ifndef VU_UMVU_READERS_H
#define VU_UMVU_READERS_H

struct vu_view;

/*
 * The view, whose image is mapped and has no guest yet, becomes a reader if there is room. A driver's never
 * does: there are many of them, and they gain little by remembering paths.
 */
void vu_readers_add(struct vu_view *v);
/* It is none any more. */
void vu_readers_del(const struct vu_view *v);

#endif
