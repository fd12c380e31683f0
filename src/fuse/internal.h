/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the protocol share: lazy.c the messages' ways, opens.c the daemon's handles, exclusive.c
 * nodes and attributes of writable mounts, removed.c their removed files. All is called with the lock held.
 */
#ifndef VU_FUSE_INTERNAL_H
#define VU_FUSE_INTERNAL_H

#include <linux/fuse.h>
#include <pthread.h>

#include "fuse/handles.h"
#include "fuse/lazy.h"
#include "fuse/nodes.h"

/* A request's answer if it has to wait; otherwise the length of what the daemon gets, or 0. */
#define VU_WAIT (-1L)

struct vu_lazy {
	pthread_mutex_t lock;
	struct vu_lazy_host host;
	struct vu_handles table;
	struct vu_list ready; /* for the daemon */
	struct vu_list held;  /* for the daemon, when handles have been closed */
	bool files, dirs;     /* need not be opened */
	bool told;	      /* host.ready() was told so */
	bool warned;
	uint64_t unique;

	/* Of a writable mount. */
	bool exclusive;
	struct vu_nodes nodes;
	enum { VU_UNIFY_UNKNOWN, VU_UNIFY_NO, VU_UNIFY_YES } unify;
	struct vu_list
		waiting; /* requests of the kernel's and ours, until their step() lets them go */
	struct vu_list hidden; /* names */
	struct vu_list left;   /* nodes that the kernel has forgotten, and the daemon not yet */
	uint64_t hides;	       /* hidden names so far */
	uint64_t reads;	       /* messages so far */
	uint64_t no_forgets;   /* messages since the last FORGET */
	size_t removing;       /* hidden names of which nobody needs the file any more */
	size_t own;	       /* requests of ours that the daemon has */
	bool stepping, again;
	struct fuse_in_header who; /* has removed something last */
	bool alarm;		   /* host.alarm() is set */
	bool gone;		   /* the kernel is */
};

/* A message of the kernel's, in the buffer that the daemon reads to. */
struct message {
	struct fuse_in_header in;
	unsigned char *at, *body;
	size_t len, body_len;
};

/* A reply of the daemon's, or its beginning. The body is one that can be changed; it is sent then. */
struct vu_reply {
	struct fuse_out_header out;
	union {
		unsigned char body[256];
		struct fuse_open_out open;
		struct fuse_attr_out attr;
		struct fuse_entry_out entry;
		struct fuse_init_out init;
		struct fuse_ioctl_out ioctl;
		struct {
			struct fuse_entry_out entry;
			struct fuse_open_out open;
		} create;
	};
	size_t len; /* of body, as far as it is here */
	const struct iovec *iov;
	int n;
	bool changed; /* by us: to be sent from here; vu_reply_send() has done so */
	int result;   /* 0, or what the daemon is told of its write */
};

struct rule {
	uint32_t opcode;
	size_t min; /* of the body: shorter ones pass */
	size_t (*fn)(struct vu_lazy *l, struct message *m);
	long (*step)(struct vu_lazy *l,
		     struct vu_call *c); /* of those that may have to wait; or vu_step_room */
};

/* ---- lazy.c ---- */

/* The message that a call has a copy of. */
struct message vu_call_message(struct vu_call *c);

/* Answer a request; error as in its reply, a negative errno. refuse: 0, the daemon does not get it. */
void vu_answer(struct vu_lazy *l, uint64_t unique, int error);
size_t vu_refuse(struct vu_lazy *l, const struct message *m, int error);

/* Give a message to the daemon, when its turn comes. */
void vu_put_ready(struct vu_lazy *l, struct vu_call *c);

/*
 * A request of ours, in the name of whoever sent the one with `in`: done() is called with its reply. NULL: no
 * memory. The length is set here; vu_put_ready() sends it.
 */
struct vu_call *vu_own_new(struct vu_lazy *l, const struct fuse_in_header *in, uint32_t opcode,
			   uint64_t node, const void *body, size_t len);

/*
 * A request for attributes that comes with the handle 0, since the kernel has opened the file by itself, is made one without
 * a handle: the daemon looks at the node, which is the same.
 */
void vu_getattr_of_node(struct message *m);
void vu_setattr_of_node(struct message *m);

/* Call fn() for each node of a BATCH_FORGET, as far as the message has them. */
void vu_forget_each(struct vu_lazy *l, const struct message *m,
		    void (*fn)(struct vu_lazy *, uint64_t node, uint64_t count));

/* Send a reply, which was changed, from its body. */
void vu_reply_send(struct vu_lazy *l, struct vu_reply *r, size_t body_len);

/* ---- opens.c ---- */

size_t vu_use_file(struct vu_lazy *l, struct message *m);
size_t vu_use_dir(struct vu_lazy *l, struct message *m);
size_t vu_use_to_write(struct vu_lazy *l, struct message *m);
size_t vu_use_ioctl(struct vu_lazy *l, struct message *m);
size_t vu_no_open(struct vu_lazy *l, struct message *m);
size_t vu_no_opendir(struct vu_lazy *l, struct message *m);

/* Replies of the daemon's to calls that have a handle. */
void vu_handle_reply(struct vu_lazy *l, struct vu_call *c, const struct vu_reply *r);

/* A handle that the daemon has given on its own (CREATE). NULL: no memory. */
struct vu_handle *vu_handle_given(struct vu_lazy *l, struct vu_name *n, uint64_t fh);

/* Close a handle, when nobody uses it; those of a node, of a name, all. */
void vu_close_handle(struct vu_lazy *l, struct vu_handle *h);
void vu_close_node(struct vu_lazy *l, uint64_t node);
void vu_close_name(struct vu_lazy *l, const struct vu_name *n);
void vu_close_all(struct vu_lazy *l);
bool vu_handles_left(const struct vu_lazy *l);

/* Have files closed that were written to, and since the last tick not any more. */
void vu_handles_tick(struct vu_lazy *l);

/* ---- exclusive.c ---- */

extern const struct rule vu_exclusive_rules[];

/* The n-th string of a message's body from `at` on; NULL: there is none. */
const char *vu_string_at(const struct message *m, size_t at, unsigned int n);

/* What a rule makes of a request, now or when others have been seen to. */
size_t vu_rule(struct vu_lazy *l, const struct rule *r, struct message *m);

/* Requests that have no rule. */
size_t vu_exclusive_pass(struct vu_lazy *l, struct message *m);

/* What a daemon is offered and what it has said to INIT. */
void vu_exclusive_offer(struct fuse_init_in *in);
size_t vu_exclusive_init(struct vu_lazy *l, struct message *m);

/* Tell the kernel that the attributes of a node may have changed, by the request that this is the reply to. */
void vu_invalidate(struct vu_lazy *l, uint64_t node, const struct vu_reply *r);

/*
 * Pass a request that uses a name (NULL: none in particular), with a function for its reply (NULL: none). Its
 * length; 0: no memory, and answered.
 */
size_t vu_pass(struct vu_lazy *l, struct message *m, struct vu_name *n,
	       void (*done)(struct vu_lazy *, struct vu_call *, struct vu_reply *));

/* ---- removed.c ---- */

/* Requests that could notice that there is no room yet; their fn() follows. */
long vu_step_room(struct vu_lazy *l, struct vu_call *c);
long vu_step_unlink(struct vu_lazy *l, struct vu_call *c);
long vu_step_rmdir(struct vu_lazy *l, struct vu_call *c);
long vu_step_rename(struct vu_lazy *l, struct vu_call *c);
long vu_step_destroy(struct vu_lazy *l, struct vu_call *c);

/* Have a request wait until step() lets it go, which may be soon; fn() is for vu_step_room(). 0. */
size_t vu_wait(struct vu_lazy *l, struct message *m,
	       size_t (*fn)(struct vu_lazy *, struct message *),
	       long (*step)(struct vu_lazy *, struct vu_call *));

/* Something has changed that others may wait for. */
void vu_step_all(struct vu_lazy *l);

/* The kernel has read its last message for now. */
void vu_all_read(struct vu_lazy *l);

/* Whether removals are under way, or could be if all messages were read, that make room. */
bool vu_room_to_come(const struct vu_lazy *l);

/* The kernel forgets a node. */
void vu_forget(struct vu_lazy *l, uint64_t id, uint64_t count);

/* A request or a handle that used a name is done. */
void vu_name_done(struct vu_lazy *l, struct vu_name *n);

/* Remove all that is hidden; whether that is done. */
void vu_removed_end(struct vu_lazy *l);
bool vu_removed_busy(const struct vu_lazy *l);

/* Whether a name is one of ours, which nobody is to see. */
bool vu_is_hidden_name(const struct vu_lazy *l, const char *name, size_t len);

#endif
