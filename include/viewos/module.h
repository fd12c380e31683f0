/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The API of View OS modules.
 *
 * A module is a shared object NAME.so in the module path. umvu's server loads it when it is first asked
 * for (vu_insmod NAME, or a mount of a type whose name begins with NAME), and unloads it when the last
 * view has let it go. It exports one object:
 *
 *	const struct viewos_module viewos_module = {
 *		.abi = VIEWOS_ABI,
 *		.size = sizeof(viewos_module),
 *		.name = "example",
 *		...
 *	};
 *
 * What a module contributes, so far:
 *  - rules: something that the agent does by itself in each guest (`rules`, `uts`);
 *  - types of mounts that a FUSE daemon serves (`type`, `driver`);
 *  - types of mounts that are network stacks of the kernel's (`type`, `stack`);
 *  - types of mounts that show control files, whose contents the module makes itself (struct viewos_files);
 *  - rules of execution: programs that an interpreter runs (`exec_rule`).
 *
 * A module is loaded once a session. What belongs to a view is kept apart: view_new() makes a state for each view
 * that has the module, a copy of its parent's where the view begins as a copy, and all that is done in
 * a view's name gets that state.
 *
 * Rules of the API:
 *  - All functions are called from one thread, the server's only one, which all views of the session
 *    wait for: they must not block. No look into a mount point or at a remote host; the driver does that.
 *  - Functions return 0 or a positive number, or a negative errno. They do not set errno for the caller.
 *  - What a function gets as an argument lives during the call, unless it says otherwise.
 *  - A module does not change the process: no signal handlers, no chdir, no umask, no exit; descriptors
 *    are opened with O_CLOEXEC; threads are not made.
 *  - Structs grow at the end only. Each begins with the size that its maker knows; who reads it uses a
 *    field only if it lies within that size, and else does as if it were 0. `abi` changes when that is
 *    not enough, and then modules of the old one are refused.
 */
#ifndef VIEWOS_MODULE_H
#define VIEWOS_MODULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIEWOS_ABI 1u

/* Marks the exported object in a module that is compiled with hidden visibility. */
#define VIEWOS_EXPORT __attribute__((visibility("default")))

/* Whether struct *s, which its maker has given `size` bytes, has the field. */
#define VIEWOS_HAS(s, field) ((s)->size >= offsetof(__typeof__(*(s)), field) + sizeof((s)->field))

enum viewos_log { VIEWOS_LOG_ERROR, VIEWOS_LOG_WARNING, VIEWOS_LOG_INFO, VIEWOS_LOG_DEBUG };

struct viewos_driver; /* the description of a driver while a module writes it; umvu's */
struct viewos_stack;  /* that of a network stack */

/* Bits of viewos_interface.flags. */
#define VIEWOS_IF_UP 0x1u

/* A network interface of a stack. Addresses are texts as in "10.0.2.100/24" and "fd00::100/64". */
struct viewos_interface {
	uint32_t size;
	uint32_t flags;	    /* VIEWOS_IF_* */
	const char *name;   /* at most 15 characters */
	const uint8_t *mac; /* 6 bytes; NULL: the kernel chooses */
	uint32_t mtu;	    /* 0: 1500 */
	uint32_t reserved;
	const char *const *addresses; /* up to a NULL, at most 8; NULL: none */
	const char *const *gateways;  /* of default routes, without a length; as above */
	/*
	 * The plug: program (an absolute path) and arguments, up to a NULL. It gets the interface as a tap that is
	 * open as descriptor 3 (non-blocking, a frame each read and write), connects it with
	 * whatever it serves, and writes a line "ready" to standard output when the interface can be used.
	 * What it says on standard error before that is told to the user if it ends; its exit status is
	 * the errno of the mount (EIO if 0 or above 125). It is started again when it ends later. When
	 * its standard input ends, it is to end, too.
	 */
	const char *const *plug;
	/*
	 * The client: program (an absolute path) and arguments, up to a NULL; NULL: none. It runs inside the
	 * stack, with all that its owner may do to it, when the plug is ready, and sets the interface up (DHCP). It
	 * writes a line "ready" when that is done, and may stay. If it ends without, the mount fails with
	 * ETIMEDOUT, and what it has said is told. The variable VU_RESOLV in its environment names a file: what
	 * it writes there is /etc/resolv.conf in the stack.
	 */
	const char *const *client;
};

struct viewos_view; /* a view; umvu's */
struct viewos_files;
struct viewos_access;

/*
 * What umvu does for modules. It lives from init() until after fini(). All of it may be called from any
 * function of the module, except that driver_*() are for the time of driver() only.
 */
struct viewos_host {
	uint32_t size;
	uint32_t abi;
	const char *version;	/* of View OS, "1.2.3" */
	const char *module_dir; /* folder that the module was loaded from: its own files lie there */

	/* A line for umvu's log. Errors and warnings are shown to the user. */
	void (*log)(const struct viewos_host *host, enum viewos_log level, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

	/*
	 * Look for a program in the PATH that the session was started with, then in the system's sbin
	 * folders. 0 and its path in path[size], or -ENOENT: the driver may still find it, because it
	 * looks in the PATH of who mounts first.
	 */
	int (*find_program)(const struct viewos_host *host, const char *name, char *path,
			    size_t size);

	/*
	 * The driver's program (first) and arguments, one a call; copied. It is run in the foreground,
	 * as a guest, with standard input from /dev/null, and its standard output and error are what
	 * the user is told if it fails. 0 or -ENOMEM.
	 */
	int (*driver_arg)(struct viewos_driver *d, const char *arg);

	/* Set a variable of its environment (initially that of the process that mounts). 0 or -ENOMEM. */
	int (*driver_env)(struct viewos_driver *d, const char *name, const char *value);

	/*
	 * The source is an image that must not be written by two at once: it is locked (flock(2))
	 * for as long as the driver runs; exclusively, or shared for a read-only mount. A mount of an
	 * image that is locked otherwise fails with EBUSY. Ignored where umvu could not open the source.
	 */
	void (*driver_lock_source)(struct viewos_driver *d);

	/*
	 * The errno (positive) that the mount fails with if the driver exits with `status` before it
	 * serves; status -1 sets what is used for those that were not named (initially EIO). 0 or -ENOMEM.
	 */
	int (*driver_exit)(struct viewos_driver *d, int status, int error);

	/*
	 * What the user shall be told, in addition to strerror(), when driver() returns an error, or
	 * when the program that it named is not found (then the driver's exit status is 127).
	 */
	void (*driver_say)(struct viewos_driver *d, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

	/* The mount is read-only, though that was not asked for. */
	void (*driver_rdonly)(struct viewos_driver *d);

	/*
	 * The mount shows control files: `files`, which lives as long as the module. In the place of a program
	 * and its arguments. 0. The mount fails with -ENOSYS where View OS was built without libfuse.
	 */
	int (*driver_files)(struct viewos_driver *d, const struct viewos_files *files);

	/*
	 * The rules that the module has for this view have changed: put them in force. Not while view_new() or
	 * view_free() run, which umvu does it after. 0; -ENOSPC: there are too many, and those of before
	 * are still in force.
	 */
	int (*view_changed)(struct viewos_view *view);

	/* Add `size` bytes to what read() of struct viewos_files tells. 0, or -EFBIG beyond 64 KiB, -ENOMEM. */
	int (*access_text)(struct viewos_access *a, const void *text, size_t size);

	/*
	 * For write() of struct viewos_files: the program `path`, opened in the view that the mount was made in, as
	 * execve(2) would (a regular file that the user may execute). The first call for an access gives
	 * -EAGAIN, and the module returns that, too, having changed nothing: it is called again with the
	 * same arguments when the file has been looked for. Then: an O_PATH descriptor, which is the
	 * module's from then on and good for viewos_exec_rule.interpreter_fd; or the -errno of execve(2).
	 */
	int (*access_program)(struct viewos_access *a, const char *path);

	/*
	 * Add an interface to a stack, for the time of stack(); copied. 0; -EINVAL, and what is wrong has been
	 * said: a name, an address; -E2BIG: more than 8.
	 */
	int (*stack_interface)(struct viewos_stack *s, const struct viewos_interface *i);

	/* What /etc/resolv.conf is in the stack; without it, the host's. 0 or -E2BIG (above 1023 bytes). */
	int (*stack_resolver)(struct viewos_stack *s, const char *text);

	/* It is the host's own stack; it has no interfaces of its own. */
	void (*stack_host)(struct viewos_stack *s);

	/* As driver_say(), for stack(). */
	void (*stack_say)(struct viewos_stack *s, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

	/*
	 * The driver is a program of libfuse's (2 or 3) whose own loop reads the requests, and which needs to be
	 * told neither when a file is opened and closed nor how: one handle for reading is as good
	 * as another. If the mount is read-only the kernel then opens files without asking it. Ignored otherwise.
	 */
	void (*driver_lazy_opens)(struct viewos_driver *d);

	/*
	 * The same of a writable mount, whose files nobody changes but by the mount, and whose program need not be told when
	 * one is opened for writing, nor how. The kernel remembers attributes and names then.
	 */
	void (*driver_exclusive)(struct viewos_driver *d);
};

/* Results of viewos_module.type. */
#define VIEWOS_TYPE_FUSE  1
#define VIEWOS_TYPE_STACK 2

/* Bits of viewos_mount.flags. */
#define VIEWOS_MOUNT_RDONLY 0x1u /* as asked for, or because the source can only be read */
#define VIEWOS_MOUNT_FILE   0x2u /* the mount point is no directory */

/* A mount that is asked for. */
struct viewos_mount {
	uint32_t size;
	uint32_t flags;
	const char *type;     /* as given: "vufuseext2" */
	const char *source;   /* as the driver shall be given it; may be a name in /proc/self/fd */
	const char *target;   /* mount point, a canonical path of the view */
	const char *options;  /* comma separated, without "ro" and "rw"; "" none */
	uint32_t uid, gid;    /* the user's, as the kernel has them */
	uint32_t source_mode; /* st_mode of the source, 0 where it is no open file of the view */
	/*
	 * Why it is not, as an errno: such as ENOENT, EACCES, or ENOTBLK for what is neither a file nor a
	 * block device. A source that is no name of a file at all (host:path) has one, too.
	 */
	uint32_t source_error;
	/* The source as the driver's open descriptor, "/proc/self/fd/N"; NULL: it has none. */
	const char *source_fd;
};

/* Bits of viewos_module.rules. */
#define VIEWOS_RULE_IDS \
	0x1u /* user and group ids, and capabilities, are each process's own business */
#define VIEWOS_RULE_UTS 0x2u /* uname(2) answers from `uts` */

/*
 * An access to control files: a call of a process of a view. Lives during the function that gets it.
 */
struct viewos_access {
	uint32_t size;
	uint32_t reserved;
	struct viewos_view *view; /* of the process; for host->view_changed() */
	void *state;		  /* of the module in that view */
};

#define VIEWOS_FILES_ROOT 1u  /* id of the root directory */
#define VIEWOS_NAME_MAX	  255 /* longest name of a file */

/* A file or directory. */
struct viewos_node {
	uint32_t size;
	uint32_t mode; /* S_IFREG or S_IFDIR, and the permissions that its owner, the user, has */
	uint64_t id;   /* of the file: the module's choice, never used again for another one */
	int64_t time;  /* when it was made, in seconds since 1970; 0: when it was mounted */
	char name[VIEWOS_NAME_MAX + 1]; /* set by list() */
};

/*
 * A tree of control files. It is a real mount, served by a process of its own: files are opened, read and written
 * by any program, and the kernel checks the permissions. Nothing is cached: each function is called for
 * each call of a process. Files are named by ids; one that is not there (any more) is -ENOENT. The size
 * of all files is 0, truncating them does nothing, their owner is the user, and nobody can make, remove
 * or rename one but the module. All functions get the module's context, and must not block. Those
 * that are NULL fail with -EOPNOTSUPP, read() and write() with -EINVAL.
 */
struct viewos_files {
	uint32_t size; /* of this struct */
	uint32_t reserved;

	/* The file `name` in directory `dir`: 0 and *node (without name), or -ENOENT. */
	int (*lookup)(void *context, struct viewos_access *a, uint64_t dir, const char *name,
		      struct viewos_node *node);

	/* Mode and time of a file: 0 and *node. */
	int (*stat)(void *context, struct viewos_access *a, uint64_t id, struct viewos_node *node);

	/* Entry number `index` (from 0, without "." and "..") of a directory: 0 and *node, -ENOENT at the end. */
	int (*list)(void *context, struct viewos_access *a, uint64_t dir, uint64_t index,
		    struct viewos_node *node);

	/*
	 * The whole text of a file, by host->access_text(). 0 or -errno. It is cut to what the process has
	 * asked for.
	 */
	int (*read)(void *context, struct viewos_access *a, uint64_t id);

	/*
	 * `size` bytes (at most 64 KiB, may be 0; not terminated) that one call of a process writes, at `offset`. How
	 * many were taken, or -errno; -EAGAIN as host->access_program() says.
	 */
	int (*write)(void *context, struct viewos_access *a, uint64_t id, const char *data,
		     size_t size, uint64_t offset);
};

#define VIEWOS_EXEC_ARGV0 0x1u /* binfmt_misc's "P": argv[0] is kept, behind interpreter and path */
#define VIEWOS_EXEC_OPEN \
	0x2u /* "O": the interpreter gets the program as an open descriptor (AT_EXECFD) */

#define VIEWOS_EXEC_HEAD 256 /* a rule may look at so many bytes of a program's beginning */

/* A rule of execution: a format of binfmt_misc (Documentation/admin-guide/binfmt-misc.rst of Linux). */
struct viewos_exec_rule {
	uint32_t size;
	uint32_t flags;		    /* VIEWOS_EXEC_* */
	const char *extension;	    /* of the program's name, without "."; NULL: by `magic` */
	uint32_t offset, length;    /* what is compared; offset + length <= VIEWOS_EXEC_HEAD */
	const unsigned char *magic; /* `length` bytes */
	const unsigned char *mask;  /* which of their bits count; NULL: all */
	const char *interpreter;    /* its path, looked for in the view of who executes */
	int interpreter_fd;	    /* of host->access_program(): used in its place; -1 none */
};

struct viewos_module {
	uint32_t abi;		 /* VIEWOS_ABI */
	uint32_t size;		 /* of this struct */
	const char *name;	 /* that of the file without ".so" */
	const char *description; /* one line; NULL: none */

	/*
	 * Called once, after loading, before anything else. *context is what all other functions get;
	 * initially NULL. An error refuses the module; host->log() can say why. NULL: nothing to do.
	 */
	int (*init)(const struct viewos_host *host, void **context);

	/* Called once, before unloading; no mount uses the module. NULL: nothing to do. */
	void (*fini)(void *context);

	/* VIEWOS_RULE_*, in force in each view that has the module. */
	uint32_t rules;
	uint32_t reserved;

	/*
	 * For VIEWOS_RULE_UTS: sysname, nodename, release, version, machine, domainname as in
	 * struct utsname, at most 64 characters each. NULL entries: the host's.
	 */
	const char *const *uts;

	/*
	 * Whether the module serves mounts of that type: VIEWOS_TYPE_FUSE (by driver()), VIEWOS_TYPE_STACK (by
	 * stack()), or 0. NULL: it serves none. The first loaded module of a view that serves it gets the mount.
	 */
	int (*type)(void *context, const char *type);

	/*
	 * Describe the driver for a mount, by calls of host->driver_*(). 0 and umvu starts it; it must
	 * then mount FUSE (in whatever way its library does) once, on the mount point that it was told,
	 * and stay in the foreground. Or an error that mount(2) will give, such as -EINVAL for an unknown
	 * option; -ENODEV for a program that is not installed. Required for VIEWOS_TYPE_FUSE.
	 */
	int (*driver)(void *context, const struct viewos_mount *mount, struct viewos_driver *d);

	/*
	 * The module comes into a view: 0 and *state, what it keeps for it. `parent` is its state in the view that this
	 * one is a copy of: a copy is to be made, as both go their own ways; NULL: there is none. An error
	 * keeps the module (or, of a copy, the view) away. NULL: nothing is kept for a view.
	 */
	int (*view_new)(void *context, struct viewos_view *view, void *parent, void **state);

	/* It leaves the view, or the view ends. NULL: nothing to do. */
	void (*view_free)(void *context, void *state);

	/*
	 * Rule number `index` (from 0) of a view: 1 and *rule, whose texts live until the module next
	 * changes something; 0: there are no more. The first rule that fits a program counts. NULL: none.
	 */
	int (*exec_rule)(void *context, void *state, size_t index, struct viewos_exec_rule *rule);

	/*
	 * Describe the network stack that is to be mounted, by calls of host->stack_*(). 0, or an error that
	 * mount(2) will give. Required for VIEWOS_TYPE_STACK.
	 */
	int (*stack)(void *context, const struct viewos_mount *mount, struct viewos_stack *s);
};

/* The object that a module exports. */
extern VIEWOS_EXPORT const struct viewos_module viewos_module;

#ifdef __cplusplus
}
#endif

#endif
