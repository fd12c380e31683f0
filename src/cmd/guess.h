/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What type of mount a source wants: from its name or from the magic numbers in it. */
#ifndef VU_CMD_GUESS_H
#define VU_CMD_GUESS_H

#include <stddef.h>
#include <stdint.h>

#define VU_GUESS_BYTES 36864 /* as many bytes of the source's beginning tell what it is */

/* What is known of a source; the texts are constants. */
struct vu_guess {
	const char *type; /* for mount(2), such as "vufuseext2"; NULL: not recognised */
	const char
		*what; /* what it looks like, such as "ext2" or "a partitioned disk"; may be NULL */
};

/* Guess from the first `len` bytes of a file system or archive. */
struct vu_guess vu_guess_bytes(const void *data, size_t len);

/*
 * Guess for `source`, whose file system begins at byte `offset`. 0 and *guess (with a NULL type where
 * nothing is recognised), or -errno if it cannot be read. May block as reading the file does.
 */
int vu_guess_source(const char *source, uint64_t offset, struct vu_guess *guess);

#endif
