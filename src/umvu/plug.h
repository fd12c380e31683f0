/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plugs: the programs that connect an interface of a network stack with something else. One gets the
 * interface's tap, says "ready", and runs until its standard input ends; one that ends before is started again.
 * It is a process of the host's, no guest.
 */
#ifndef VU_UMVU_PLUG_H
#define VU_UMVU_PLUG_H

#include "base/buf.h"
#include "umvu/loop.h"
#include "umvu/strings.h"

struct vu_session;

#define VU_PLUG_READY "ready\n" /* what plugs, and clients, say */

/* Called once, when it is ready (0), or has ended without (-errno and what it said). */
typedef void vu_plug_ready(void *ctx, int res, const char *text);

struct vu_plug {
	struct vu_session *session;
	struct vu_strings argv; /* empty: there is no plug */
	int folder;		/* O_PATH: its working directory, -1 none */
	int tap;
	int input; /* our end of its standard input */
	pid_t pid; /* -1: does not run */
	struct vu_child child;
	struct vu_io output;
	struct vu_buf said;
	struct vu_timer again;
	unsigned int pause; /* ms before it is started again */
	vu_plug_ready *ready;
	void *ctx;
};

/* One that does not run, with the words of `argv`, which it takes over. */
void vu_plug_init(struct vu_plug *p, struct vu_session *s, struct vu_strings *take_argv);

/* Start it with a tap, which it takes over; `ready` follows. 0 or -errno. */
int vu_plug_start(struct vu_plug *p, int take_tap, vu_plug_ready *ready, void *ctx);

/* End it; harmless for one that does not run. */
void vu_plug_stop(struct vu_plug *p);

#endif
