/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uname: the names of the system, from the view where it has its own. */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/personality.h>
#include <linux/utsname.h>

#include "agent/handlers.h"

/* Copies the names that the view shows; false: it has none of its own. */
static bool view_uts(struct new_utsname *uts)
{
	const struct vu_view_area *a;
	uint32_t classes, seq;

	_Static_assert(sizeof(a->uts) == sizeof(*uts), "the view has the kernel's layout");
	do {
		a = vu_view_begin(vu_view(), &seq);
		classes = a->classes;
		memcpy(uts, a->uts, sizeof(*uts));
	} while (vu_view_retry(vu_view(), seq));
	return classes & VU_TOUCH_UTS;
}

/* setarch(8) changes what uname calls the machine: that is the process's own choice. */
static void keep_personality(struct new_utsname *uts)
{
	struct new_utsname host;

	if ((vu_sys(__NR_personality, 0xffffffff) & PER_MASK) != PER_LINUX32)
		return;
	if (vu_sys(__NR_uname, &host) == 0)
		memcpy(uts->machine, host.machine, sizeof(uts->machine));
}

/* uname(2) */
long sys_uname(struct vu_call *c)
{
	struct new_utsname *uts = (struct new_utsname *)(void *)c->s->tmp[0];

	if (!vu_touches(VU_TOUCH_UTS) || !view_uts(uts))
		return vu_native(c);
	keep_personality(uts);
	return guest_write(c->arg[0], uts, sizeof(*uts)) < 0 ? -EFAULT : 0;
}
