/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of umvu. */
#ifndef VU_UMVU_OPTIONS_H
#define VU_UMVU_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "umvu/strings.h"

struct vu_options {
	const char *rc;	   /* NULL: the usual ones */
	const char *name;  /* of the view; NULL: none */
	const char *debug; /* tags; NULL: none */
	const char *net;   /* TYPE[,OPTIONS][:SOURCE] of the network stack; NULL: the host's */
	bool norc, root, kill_on_exit, stats, check, json;
	struct vu_strings modules, mounts; /* in the order given */
	char **command;			   /* argv of CMD; empty: a shell */
};

/*
 * Parse the command line; messages go to `out` and `err` (NULL: stdout and stderr). 0 and *o; or
 * -ECANCELED: there is nothing more to do (--help); or -EINVAL: the message has been written.
 */
int vu_options_parse(int argc, char **argv, struct vu_options *o, FILE *out, FILE *err);

void vu_options_free(struct vu_options *o);

/* The words of CMD, or the user's shell. 0 or -ENOMEM. */
int vu_options_command(const struct vu_options *o, struct vu_strings *argv);

/* The argv of vu-init for these options. 0 or -ENOMEM. */
int vu_options_init(const struct vu_options *o, struct vu_strings *argv);

#endif
