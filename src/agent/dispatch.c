/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of system calls as the agent uses it: number to row. */
#include <asm/errno.h>

#include "agent/gate.h"
#include "agent/handlers.h"

#define ROW_HOST(handler)   NULL
#define ROW_GATE(handler)   handler
#define ROW_TRAP(handler)   handler
#define ROW_EMPTY(handler)  handler
#define ROW_OWN0(handler)   handler
#define ROW_OWN1(handler)   handler
#define ROW_ARG1(handler)   handler
#define ROW_ARG3(handler)   handler
#define ROW_ARG4(handler)   handler
#define ROW_ARG5(handler)   handler
#define ROW_ENOSYS(handler) handler

static const struct vu_row rows[] = {
#define VU_SYSCALL(number, name, when, handler, args) \
	[number] = { #name, ROW_##when(handler), args },
#include "abi/syscalls.def"
#undef VU_SYSCALL
};

const unsigned char vu_gate_class[512] = {
#define VU_SYSCALL(number, name, when, handler, args) [number] = VU_GATE_##when,
#include "abi/syscalls.def"
#undef VU_SYSCALL
};

const struct vu_row *vu_row(long nr)
{
	if (nr < 0 || nr >= (long)(sizeof(rows) / sizeof(rows[0])) || !rows[nr].name)
		return NULL;
	return &rows[nr];
}

/* io_uring: its requests would be made by the kernel and escape the view. */
long sys_enosys(struct vu_call *c)
{
	(void)c;
	return -ENOSYS;
}
