/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of memory files. They show in /proc/PID/maps of the processes that map them, which tells, even
 * after umvu has died, whose guest or driver a process is.
 */
#ifndef VU_REALM_NAMES_H
#define VU_REALM_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define VU_NAME_MAX 64

/* The image of a view: its guests map it. */
void vu_name_view(char name[VU_NAME_MAX], uint64_t session, uint32_t view);

/* The image of a driver's view; `owner` is the view that the driver's mount is for. */
void vu_name_cover(char name[VU_NAME_MAX], uint64_t session, uint32_t owner, uint32_t view);

/* What a daemon that serves mount `mount` maps, with all its later children. */
void vu_name_driver(char name[VU_NAME_MAX], uint64_t session, uint32_t mount);

/*
 * What to look for in /proc/PID/maps. owner, view, mount 0: of any (no view without an owner).
 */
void vu_needle_view(char needle[VU_NAME_MAX], uint64_t session, uint32_t view);
void vu_needle_cover(char needle[VU_NAME_MAX], uint64_t session, uint32_t owner, uint32_t view);
void vu_needle_driver(char needle[VU_NAME_MAX], uint64_t session, uint32_t mount);

#endif
