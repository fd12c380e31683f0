/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of memory files, and how /proc/PID/maps shows them: "/memfd:NAME (deleted)". */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "realm/names.h"

void vu_name_view(char name[VU_NAME_MAX], uint64_t session, uint32_t view)
{
	snprintf(name, VU_NAME_MAX, "vu-view-%016" PRIx64 "-%" PRIu32, session, view);
}

void vu_name_cover(char name[VU_NAME_MAX], uint64_t session, uint32_t owner, uint32_t view)
{
	snprintf(name, VU_NAME_MAX, "vu-cover-%016" PRIx64 "-%" PRIu32 "-%" PRIu32, session, owner,
		 view);
}

void vu_name_driver(char name[VU_NAME_MAX], uint64_t session, uint32_t mount)
{
	snprintf(name, VU_NAME_MAX, "vu-driver-%016" PRIx64 "-%" PRIu32, session, mount);
}

/* A number in the needle is followed by what follows it in the name, so that 1 does not find 12. */
static void needle(char *to, const char *kind, uint64_t session, uint32_t number, char after)
{
	int n = snprintf(to, VU_NAME_MAX, "/memfd:vu-%s-%016" PRIx64 "-", kind, session);

	if (number)
		snprintf(to + n, VU_NAME_MAX - (size_t)n, "%" PRIu32 "%c", number, after);
}

void vu_needle_view(char text[VU_NAME_MAX], uint64_t session, uint32_t view)
{
	needle(text, "view", session, view, ' ');
}

void vu_needle_cover(char text[VU_NAME_MAX], uint64_t session, uint32_t owner, uint32_t view)
{
	size_t len;

	needle(text, "cover", session, owner, '-');
	len = strlen(text);
	if (owner && view)
		snprintf(text + len, VU_NAME_MAX - len, "%" PRIu32 " ", view);
}

void vu_needle_driver(char text[VU_NAME_MAX], uint64_t session, uint32_t mount)
{
	needle(text, "driver", session, mount, ' ');
}
