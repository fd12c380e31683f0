/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qemu-user's emulators, and how the programs that they run are known. */
#ifndef VU_CMD_EMULATORS_H
#define VU_CMD_EMULATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VU_EMULATOR_LINE 1920 /* room for a line; the longest that binfmt_misc takes */

struct vu_emulator {
	const char *arch; /* as in qemu-ARCH */
	bool is_64, is_big;
	uint16_t machine;	     /* e_machine */
	uint32_t flags, flags_value; /* bits of e_flags that tell, and what they are */
};

/* All, up to one without arch. The machine's own is not among them. */
extern const struct vu_emulator vu_emulators[];

/* NULL: there is no such one. */
const struct vu_emulator *vu_emulator_find(const char *arch);

/*
 * The line for "register" that has `interpreter` run e's programs, with these flags: executables, also those that
 * can be loaded anywhere, of any OS ABI. 0, or -ENAMETOOLONG. -EINVAL: the path has a ':' in it.
 */
int vu_emulator_line(const struct vu_emulator *e, const char *interpreter, const char *flags,
		     char line[VU_EMULATOR_LINE + 1]);

#endif
