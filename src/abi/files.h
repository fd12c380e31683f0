/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages between umvu's server and vu-files, the process that serves a mount of control files.
 *
 * Transport: an AF_UNIX SOCK_SEQPACKET pair. vu-files sends a request, the server one reply; one request is
 * under way at a time. A request is a head and, for LOOKUP and WRITE, `len` bytes behind it; a reply is a
 * head and `len` bytes. Both ends are of one build, so structs go as they are; the server takes what
 * it gets for foreign data all the same.
 */
#ifndef VU_ABI_FILES_H
#define VU_ABI_FILES_H

#include <stdint.h>

#define VU_FILES_MAGIC 0x4c494656u /* "VFIL" */
#define VU_FILES_DATA  65536u	   /* most bytes behind a head */

/*
 * VU_FILES_X(NAME): what is sent => what comes back
 *
 * LOOKUP  id: directory; the name => node
 * STAT    id => node
 * LIST    id: directory, offset: index => node, and its name behind the reply
 * READ    id => the whole text
 * WRITE   id, offset; the bytes => result: how many were taken. -EAGAIN with a path behind the reply: the request
 *         is to be sent again with VU_FILES_PROGRAM, and `program`, what came of opening it; with the descriptor
 */
enum vu_files_op {
	VU_FILES_LOOKUP,
	VU_FILES_STAT,
	VU_FILES_LIST,
	VU_FILES_READ,
	VU_FILES_WRITE,
	VU_FILES_N_OPS
};

#define VU_FILES_PROGRAM 0x1u

struct vu_files_request {
	uint32_t magic;
	uint32_t op;
	uint32_t view;	 /* number of the caller's view, 0 unknown */
	uint32_t flags;	 /* VU_FILES_PROGRAM */
	int32_t program; /* with VU_FILES_PROGRAM: 0, or the -errno of opening it */
	uint32_t len;
	uint64_t id, offset;
};

struct vu_files_reply {
	uint32_t magic;
	int32_t result; /* >= 0 or -errno */
	uint32_t mode;
	uint32_t len;
	uint64_t id;
	int64_t time;
};

#endif
