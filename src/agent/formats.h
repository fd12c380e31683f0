/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of execution: which programs the view has an interpreter for. */
#ifndef VU_AGENT_FORMATS_H
#define VU_AGENT_FORMATS_H

#include "agent/agent.h"

struct vu_format {
	uint32_t flags; /* VU_RULE_* */
	int fd;		/* the server's descriptor of the interpreter, -1 none */
};

/*
 * The view's first rule for a program whose first bytes are `head` (VU_EXEC_HEAD, zeros where there are
 * fewer) and which is known as `name`. Length, with its NUL, of the interpreter's path, which goes to
 * interp[room]; f and interp may be NULL. 0: there is no rule. -ENOMEM: the path does not fit. Without rules in the
 * view it costs one test; it makes no call and never blocks.
 */
long vu_format_find(const unsigned char *head, const char *name, struct vu_format *f, char *interp,
		    size_t room);

#endif
