/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a section of the table and a request to a program's options and arguments. */
#ifndef VUFUSE_EXPAND_H
#define VUFUSE_EXPAND_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

/* What stands for the placeholders. NULL: that one is not known here. */
struct vufuse_values {
	const char *name, *source, *image, *target, *options, *value, *bytes, *uid, *gid;
};

/*
 * The first len bytes of text with all placeholders replaced, in *out, which the caller frees. 0, -ENOMEM,
 * or -EINVAL for an unknown placeholder.
 */
int vufuse_expand(const char *text, size_t len, const struct vufuse_values *v, char **out);

/* An option of vufuse's own for all types: the program is to be told of each open. */
#define VUFUSE_OPENS_TOLD "vuopen"

/* Whether an option is among those of a mount, without a value. */
bool vufuse_has_option(const char *options, const char *name);

/*
 * The options for the program, from those of the mount; *out is the caller's to free, and "" if there are
 * none. *rdonly: is it to be read-only, and in the end, is it. 0, -ENOMEM, or -EINVAL with the reason in
 * why[size].
 */
int vufuse_options(const struct vufuse_entry *e, const char *options, bool *rdonly, char **out,
		   char *why, size_t size);

/*
 * Call add(ctx, ARGUMENT) for each argument of the program, until one returns non-zero, which is returned;
 * or -ENOMEM, -EINVAL.
 */
int vufuse_args(const struct vufuse_entry *e, const struct vufuse_values *v,
		int (*add)(void *ctx, const char *arg), void *ctx);

#endif
