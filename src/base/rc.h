/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rc files, which are run in a session before its command (umvu(1), FILES). */
#ifndef VU_BASE_RC_H
#define VU_BASE_RC_H

#define VU_RC_SYSTEM "/etc/vurc"
#define VU_RC_USER   ".vurc" /* in the user's home */

#endif
