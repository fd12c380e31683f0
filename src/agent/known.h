/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the process has found out about paths a moment ago (known.c). */
#ifndef VU_AGENT_KNOWN_H
#define VU_AGENT_KNOWN_H

#include "agent/agent.h"

enum vu_known_kind {
	VU_KNOWN_DIR = 1, /* the directories of a path (with the last slash) are the kernel's own */
	VU_KNOWN_FOLLOW,  /* the path is, a link at its end being followed */
};

/* A moment: what was changed until then, and the time; stamp 0: nothing can be known. */
struct vu_moment {
	uint64_t changes, stamp;
};

/* To be taken before something is looked up or found out. */
struct vu_moment vu_known_now(void);
/* Is it known of the n bytes of s? */
bool vu_known(const struct vu_moment *now, enum vu_known_kind kind, const char *s, size_t n);
/* It has been found out since `then`: whatever was changed meanwhile, it will not be known. */
void vu_know(const struct vu_moment *then, enum vu_known_kind kind, const char *s, size_t n);
/*
 * The same of paths that lead into a mount: what is behind the first `skip` bytes of the text is the path
 * in that mount. Keys, because the text may be overwritten between asking and telling.
 */
struct vu_inside {
	uint32_t mount, skip;
};
uint64_t vu_inside_key(const struct vu_moment *now, enum vu_known_kind kind, const char *s,
		       size_t n);
bool vu_known_inside(const struct vu_moment *now, uint64_t key, struct vu_inside *in);
void vu_know_inside(const struct vu_moment *then, uint64_t key, struct vu_inside in);
/* Where paths begin has changed for this process (cwd, root, namespace): it forgets all. */
void vu_known_forget(void);
/* A link may have been made, moved or put in a directory's place: all processes of the session forget. */
void vu_links_changed(void);

#endif
