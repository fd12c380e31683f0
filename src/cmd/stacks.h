/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network stacks of the view, as commands handle them. Errors are told on stderr. */
#ifndef VU_CMD_STACKS_H
#define VU_CMD_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Read a comma separated list of families into bits. 0 or -EINVAL, and nothing is said. */
int vu_stack_families(const char *text, uint32_t *families);

/* Give process `pid` the stack with that mount point, or "host". 0 or -errno. */
int vu_stack_set(const char *stack, pid_t pid, uint32_t families);

/* A mount point for a stack called `name`, into path[size]: in /dev/net, or in /dev where that is missing. */
void vu_stack_place(char *path, size_t size, const char *name);

/* Mount a stack that is given as TYPE[,OPTIONS][:SOURCE]. 0 or -errno. `who` is the program's name. */
int vu_stack_mount(const char *who, const char *text, const char *target);

/* Take it off, at once; those who still use it keep it. */
void vu_stack_unmount(const char *target);

/* Print the stacks. 0 or -errno. */
int vu_stack_list(bool json);

#endif
