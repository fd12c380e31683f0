/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names among a call's arguments, found by the kinds in its row (abi/syscalls.def). */
#ifndef VU_AGENT_NAMES_H
#define VU_AGENT_NAMES_H

#include "agent/path.h"

/* One name: which arguments make it. -1: there is no such argument. */
struct vu_name {
	int path, dirfd, flags;
	char kind;	 /* p, l or n */
	char flags_kind; /* a, L, h; r: nofollow and empty are the bits; 0: there are none */
	unsigned int nofollow, empty;
};

/* Finds the names of a call; their number. */
int vu_names(const struct vu_call *c, struct vu_name n[2]);
/*
 * Whether r, the result of resolving *p, is to be returned to the guest. Where the kernel will find the same
 * error with what it is given (p->real, or the guest's own path), it decides which comes first.
 */
bool vu_walk_is_final(const struct vu_path *p, long r);
/*
 * Resolves name n of the call into *p, with `how` in addition to what the call says. An error is to be
 * returned to the guest; errors that the kernel gives for p->real are left to it, and are no errors here.
 */
long vu_name_resolve(struct vu_call *c, const struct vu_name *n, uint32_t how, struct vu_path *p);
/* Puts the resolved name into the call's arguments. */
void vu_name_apply(struct vu_call *c, const struct vu_name *n, struct vu_path *p);
/* Issues the call, with signals let in, and puts p. */
long vu_name_issue(struct vu_call *c, struct vu_path *p);

#endif
