/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a user's view. */
#ifndef VU_UMVU_VIEW_END_H
#define VU_UMVU_VIEW_END_H

#include "umvu/view.h"

/*
 * No guest is left: unmount everything, wait for the drivers, call v->ended, free the view. It accepts no
 * request from now on. Harmless if the view is ending already.
 */
void vu_view_end(struct vu_view *v);

/* The front has gone without having ended the view: end the guests that are left, then the same. */
void vu_view_abandon(struct vu_view *v);

#endif
