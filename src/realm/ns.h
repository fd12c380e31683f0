/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entering the realm's namespaces; used by the realm and by `umvu --check`. */
#ifndef VU_REALM_NS_H
#define VU_REALM_NS_H

#include <stddef.h>

/*
 * Put the calling process, which has one thread, into new user, mount and network namespaces. The
 * caller's own uid and gid keep their numbers; a privileged caller's namespace maps all ids. 0, or
 * -errno with a sentence in text[size].
 */
int vu_ns_enter(char *text, size_t size);

#endif
