/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages between guests (the agent, the vu_ commands, a nested umvu) and umvu's server.
 *
 * Transport: AF_UNIX SOCK_SEQPACKET, one socket per view. A guest connects to
 * "/proc/<server>/fd/<rpc_fd>"; programs that are not the agent connect to the abstract name
 * VU_RPC_ABSTRACT, which the agent maps to the same. One request and one reply a connection; the
 * client closes. A request is a head and `len` bytes of NUL-terminated strings in the order that
 * the operation names; a reply is a head and `len` bytes of text. Descriptors go by SCM_RIGHTS.
 * The server knows the caller's pid by SO_PEERCRED and the view by the socket.
 */
#ifndef VU_ABI_RPC_H
#define VU_ABI_RPC_H

#include <stdint.h>

#include "abi/stack.h"

#define VU_RPC_MAGIC	0x43505256u /* "VRPC" */
#define VU_RPC_ABSTRACT "viewos"    /* sun_path is "\0viewos" */
#define VU_RPC_MAX	65536u	    /* of one message, head included */
#define VU_RPC_MAX_FDS	4

struct vu_rpc_request {
	uint32_t magic;
	uint16_t abi;
	uint16_t op;	/* VU_RPC_* */
	uint32_t len;	/* bytes after the head */
	uint32_t token; /* the caller's driver token, 0 if it is no driver's process */
	uint64_t a, b, c;
	uint32_t stack[VU_FAMILIES_N]; /* the caller's network stacks, for a driver that acts for it */
	uint32_t reserved;
};

struct vu_rpc_reply {
	uint32_t magic;
	int32_t result; /* >= 0, or -errno */
	uint32_t len;	/* bytes of text after the head */
	uint32_t reserved;
	uint64_t a, b;
};

/*
 * VU_RPC_X(number, NAME): strings, a, b, c, descriptors => result, text, descriptors
 *
 * HELLO         nothing => a: view number; text: "version\nview name"
 * OPEN_FUSE     a: open(2) flags => descriptor of /dev/fuse opened in the realm
 * MOUNT         strings: type, source, target, data. a: mount(2) flags. b: id of the mount that target
 *               lies in. c: VU_MNT_* bits. descriptor: the opened source (VU_MNT_SOURCE_FD) or the
 *               /dev/fuse of `data` (VU_MNT_FUSE_FD). target is canonical in the view.
 *               => 0 or -errno, text: what the driver or umvu said (shown to the user); with
 *               VU_MNT_FUSE_FD a: id of the mount, and a memfd "vu-driver-<session>-<mount>", which the
 *               agent maps one page of (so that /proc/PID/maps tells whose driver the process and its
 *               children are)
 * UMOUNT        strings: target. a: umount2(2) flags. b: id of the mount to go (its root is target)
 *               => 0 or -errno (EBUSY text: who uses it)
 * MODULE_ADD    strings: name => 0; text: note for the user
 * MODULE_DEL    strings: name => 0 or -errno; text: why not, naming the users
 * MODULE_LIST   => text: a line each, tab separated: name, uses, flags, path, description
 * VIEW_NEW      a: VU_NEW_* bits. strings: name => text: none; a: view_fd | rpc_fd << 32,
 *               b: view number. The server keeps the view while the connection stays open: the front
 *               holds it until its last guest is gone
 * VIEW_NAME     strings: the new name, or none to ask => text: name
 * LOG           strings: a line of the agent's for umvu's log => 0
 * FSOPEN        strings: type. => a socket that stands for the file system context (fsopen(2)); what is read
 *               from it are messages of its log, as of the kernel's
 * FSCONFIG      strings: key, value. a: command, b: aux. descriptors: context [, fd value] => 0; of a
 *               daemon's mount a and memfd as of MOUNT
 * FSMOUNT       a: flags b: attributes. descriptor: context => O_PATH descriptor of a detached mount
 * MOVE_MOUNT    strings: target. b: id of the mount that target lies in. c: VU_MNT_*.
 *               descriptor: what FSMOUNT gave => 0; ENOTTY: it is none of umvu's
 * CODE          descriptor: a program or library, open for reading. The server has it analysed if it does not
 *               know it, and lists it in the code tables of all views (abi/code.h) before it answers
 *               => 0, or -errno (the file stays as it is)
 * FSPICK        b: id of a mount => a context that reconfigures it (fspick(2))
 * MOUNT_SETATTR a: MOUNT_ATTR_* to set, b: to clear. c: id of a mount, or 0 with a descriptor: what FSMOUNT
 *               gave => 0; ENOTTY: it is none of umvu's
 * STACK_SET     strings: mount point of a network stack, or "" for the host's. a: pid, b: families, a bit each
 *               (abi/stack.h) => 0, ENOENT (no mount), ENOTSOCK (no stack), ESRCH
 * STACK_DIAL    a: id of a network stack => a connection to its maker, for who cannot reach it by name
 * STACK_LIST    => text: a line each, tab separated: mount point, type, source, options, id, interfaces
 */
#define VU_RPC_OPS(X)        \
	X(1, HELLO)          \
	X(2, OPEN_FUSE)      \
	X(3, MOUNT)          \
	X(4, UMOUNT)         \
	X(5, MODULE_ADD)     \
	X(6, MODULE_DEL)     \
	X(7, MODULE_LIST)    \
	X(8, VIEW_NEW)       \
	X(9, VIEW_NAME)      \
	X(10, LOG)           \
	X(11, FSOPEN)        \
	X(12, FSCONFIG)      \
	X(13, FSMOUNT)       \
	X(14, MOVE_MOUNT)    \
	X(15, CODE)          \
	X(16, FSPICK)        \
	X(17, MOUNT_SETATTR) \
	X(18, STACK_SET)     \
	X(19, STACK_LIST)    \
	X(20, STACK_DIAL)

enum vu_rpc_op {
#define X(number, name) VU_RPC_##name = (number),
	VU_RPC_OPS(X)
#undef X
};

#define VU_NEW_EMPTY 0x1u /* not a copy of the caller's */
#define VU_NEW_STATS 0x2u /* calls in it are counted (struct vu_stats) */

#define VU_MNT_SOURCE_FD   0x1u /* a descriptor of the source follows, open as the caller may */
#define VU_MNT_SOURCE_RO   0x2u /* ... it could be opened for reading only */
/* Why no descriptor of the source follows, as an errno in the upper half; 0: it was not looked for. */
#define VU_MNT_ERROR(e)	   ((uint64_t)(e) << 32)
#define VU_MNT_ERROR_OF(c) ((uint32_t)((c) >> 32) & 0xfff)
#define VU_MNT_ERROR_MASK  VU_MNT_ERROR(0xfff)
#define VU_MNT_FUSE_FD	   0x4u	 /* the caller is a FUSE daemon; its /dev/fuse follows */
#define VU_MNT_TARGET_DIR  0x8u	 /* target exists and is a directory */
#define VU_MNT_TARGET_REG  0x10u /* target exists and is no directory */

#endif
