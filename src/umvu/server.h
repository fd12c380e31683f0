/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's process. */
#ifndef VU_UMVU_SERVER_H
#define VU_UMVU_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "abi/view.h"

struct vu_session;
struct vu_view;

struct vu_server_start {
	const char *name; /* of the first view */
	bool debug; /* it writes its log to the caller's standard error, else fronts are told of errors */
	bool stats; /* the view's calls are counted */
	int first;  /* the view's first program, open for reading */
};

struct vu_server {
	pid_t pid;
	int link;		      /* the front's end of its connection to it, close-on-exec */
	const struct vu_stats *stats; /* the view's counters, mapped; NULL: they are not wanted */
	struct vu_session *session; /* as the caller has made them; NULL after vu_server_let_go() */
	struct vu_view *view;
};

/*
 * Make a session with one view, which the link keeps, and fork its server. The first guest may be started at once. The
 * server begins at vu_server_go(). 0 and *server, or -errno with a sentence in text[size] ("" where strerror
 * says it all).
 */
int vu_server_start(const struct vu_server_start *how, struct vu_server *server, char *text,
		    size_t size);

/* Let the server begin; also for a child that is about to become the first guest. */
void vu_server_go(const struct vu_server *server);

/* Let go of what the server has by now. */
void vu_server_let_go(struct vu_server *server);

#endif
