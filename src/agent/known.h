/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the process has found out about paths a moment ago (known.c). */
#ifndef VU_AGENT_KNOWN_H
#define VU_AGENT_KNOWN_H

#include "agent/agent.h"

struct stat;

enum vu_known_kind {
	VU_KNOWN_DIR =
		1, /* the directories of a path (with the last slash) are the kernel's own, or missing */
	VU_KNOWN_FOLLOW, /* the path is, a link at its end being followed */
	VU_KNOWN_LINKED, /* the directories of a path are, although there are links among them: their place is known */
	VU_KNOWN_PLACE, /* the place to which they lead */
};

/*
 * A moment: the hash key, made of all that was changed until then, and the time; stamp 0: nothing can be known.
 */
struct vu_moment {
	uint64_t key, stamp;
};

/* To be taken before something is looked up or found out, of an absolute path or of one relative to the cwd. */
struct vu_moment vu_known_now(bool absolute);
/* Is it known of the n bytes of s? */
bool vu_known(const struct vu_moment *now, enum vu_known_kind kind, const char *s, size_t n);
/* Was it known until lately? */
bool vu_known_lately(const struct vu_moment *now, enum vu_known_kind kind, const char *s, size_t n);
/*
 * Can what is found out here be told to others? Not on the quick way, where there is little stack, in a process that
 * has not told them anything yet: that is for the full way.
 */
bool vu_may_know(const struct vu_moment *now);
/*
 * Is that the place (device and inode) to which the directories of a path (n bytes, a slash the last of them) have
 * led, by links that were the kernel's own? Asked before it is looked at: vu_known_linked(). It is known for much longer
 * than the rest, because it is looked at.
 */
bool vu_known_linked(const struct vu_moment *now, const char *s, size_t n);
bool vu_known_place(const struct vu_moment *now, const char *s, size_t n, const struct stat *st);
void vu_know_place(const struct vu_moment *then, const char *s, size_t n, const struct stat *st);
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
/* Where relative paths begin has changed for this process: it forgets what it alone knows. */
void vu_known_forget(void);
/* Where all paths begin may have (root, namespace): it forgets all, and shares nothing any more. */
void vu_known_leave(void);
/* A link may have been made, moved or put in a directory's place: all processes of the session forget. */
void vu_links_changed(void);

#endif
