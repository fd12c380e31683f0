/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A front's connection to the server, which keeps its view. */
#ifndef VU_UMVU_FRONT_LINK_H
#define VU_UMVU_FRONT_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/state.h"
#include "abi/view.h"
#include "umvu/first.h"
#include "umvu/server.h"

struct vu_front_link {
	int fd;
	pid_t server;
	struct vu_server started; /* not nested: as it was made */
	bool nested;		  /* in a session: the server is that session's */
	uint32_t view;		  /* number */
	uint32_t classes;	  /* VU_TOUCH_* of the view when it was made */
	struct vu_session_ref ref;
	const struct vu_stats *stats; /* the view's, mapped; outlives it. NULL: not asked for */
};

/* A message from the server. */
struct vu_front_message {
	uint32_t kind; /* 0: the answer to the request under way; VU_LINK_LOG, VU_LINK_LOOK */
	int result;
	uint64_t a, b;
	char text[9000];
};

/*
 * Have a view called o->name, with its calls counted or not, whose first program is found in *first: of the
 * caller's session, or of a new one. Waits for the server of the former. 0; or -errno with a sentence in
 * text[size] ("" where strerror says it all).
 */
int vu_front_connect(struct vu_front_link *l, const struct vu_options *o, struct vu_first *first,
		     char *text, size_t size);

/* The first program is about to be executed, or cannot be: a new server may begin its work. */
void vu_front_go(const struct vu_front_link *l);

/* What was needed to make a new session; when there is time. */
void vu_front_let_go(struct vu_front_link *l);

/* Send a request; its answer comes by vu_front_receive(). 0 or -errno. */
int vu_front_send(const struct vu_front_link *l, unsigned int op, uint64_t a, const char *string);

/* The next message; waits for it. 1, 0: the server has gone, or -errno. */
int vu_front_receive(const struct vu_front_link *l, struct vu_front_message *m);

#endif
