/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking umvu's server about control files (abi/files.h). */
#ifndef VU_FILES_ASK_H
#define VU_FILES_ASK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/files.h"

/* What comes back. */
struct vu_answer {
	struct vu_files_reply head;
	char data[VU_FILES_DATA + 1]; /* head.len bytes, with a NUL behind them */
};

/*
 * Ask over the socket `sock`: magic and len of *rq are filled in, `data` are the `len` bytes behind it. A program that
 * the server wants to have opened is opened. head.result, or -EIO where there is no server any more. Blocks
 * until it has answered; called by any thread.
 */
int vu_files_ask(int sock, struct vu_files_request *rq, const void *data, size_t len,
		 struct vu_answer *a);

/* A program as execve(2) would open it: an O_PATH descriptor or -errno. May block. */
int vu_files_open_program(const char *path);

/* The number of the view of session `session` that the process is in, 0: in none. May block. */
uint32_t vu_files_view_of(uint64_t session, pid_t pid);

#endif
