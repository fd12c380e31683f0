/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's surroundings for unit tests of its files: system calls, strings, a view made by the test. */
#ifndef VU_TEST_AGENT_SHIM_H
#define VU_TEST_AGENT_SHIM_H

#include "agent/agent.h"

/* Maps an empty view image where the agent looks for it, served by this process. */
void shim_view_init(void);
/* Adds a mount: fd is an O_PATH descriptor of its root. Its id. */
uint32_t shim_mount_add(uint32_t parent, const char *path, int fd, uint32_t flags);
/* The entry of a mount, to be changed. */
struct vu_view_mount *shim_mount(uint32_t id);
/* Takes all mounts out. */
void shim_mounts_clear(void);
void shim_classes(uint32_t classes);
/* Makes the agent believe that the file is vu-loader. */
void shim_loader(const char *name);

#endif
