/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network stacks: a namespace with its maker (realm/stack.h), the plugs of its interfaces, and what guests
 * see of it in the file system. A stack belongs to the mount that gives it its name, and ends with it.
 */
#ifndef VU_UMVU_STACK_H
#define VU_UMVU_STACK_H

#include "umvu/loop.h"
#include "umvu/mount.h"
#include "umvu/plug.h"
#include "umvu/stack_plan.h"

#define VU_STACK_FILES 24

/* What those whose stack it is find at `path`. */
struct vu_stack_file {
	uint32_t id;	/* as a mount's */
	uint32_t flags; /* VU_MOUNT_* */
	int fd;		/* O_PATH: its root */
	uint64_t dev, mnt_id;
	char *path;
};

/* Called once: 0, or -errno and why. */
typedef void vu_stack_ready(void *ctx, int res, const char *text);

struct vu_stack {
	struct vu_session *session;
	bool host;    /* it is the host's, and has nothing of the following */
	pid_t maker;  /* 0 none */
	int maker_fd; /* O_PATH of its socket, known to guests; -1 none */
	struct vu_io control;
	struct vu_stack_conf conf;
	int taps[VU_STACK_IFS];
	struct vu_plug plugs[VU_STACK_IFS];
	struct vu_stack_client {
		struct vu_stack *stack;
		uint32_t index; /* of the interface */
		struct vu_io output;
		struct vu_buf said;
		bool ready;
	} clients[VU_STACK_IFS];
	unsigned int waiting; /* plugs, then clients, that are not ready yet */
	struct vu_stack_file files[VU_STACK_FILES];
	size_t n_files;
	vu_stack_ready *ready;
	void *ctx;
};

struct vu_stack_init {
	pid_t client; /* who mounts: plugs get its working folder */
	vu_stack_ready *ready;
	void *ctx;
};

/*
 * Make a stack as planned; `ready` follows. The plan's plugs are taken over. 0 and *st; or -errno with
 * text[VU_MODULE_TEXT], and ready is not called.
 */
int vu_stack_new(struct vu_session *s, struct viewos_stack *plan, const struct vu_stack_init *init,
		 struct vu_stack **st, char *text);

/* End it: maker, plugs, files. Sockets that guests have live on, on a net without interfaces' other ends. */
void vu_stack_free(struct vu_stack *st);

/* The names of its interfaces with commas between, "" none. */
void vu_stack_interfaces(const struct vu_stack *st, char *text, size_t size);

#endif
