/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Other processes, as /proc tells about them. Most of this may block on a process that hangs in the kernel (its memory map
 * is locked, or it is in the middle of an execve): look at those that may through base/look.h.
 */
#ifndef VU_BASE_PROC_H
#define VU_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process for ever: numbers come back, with another start time. */
struct vu_proc_id {
	pid_t pid;
	uint64_t start; /* clock ticks after boot */
};

struct vu_proc {
	struct vu_proc_id id;
	pid_t ppid;
	char state; /* as in proc(5); 'Z' for a zombie */
	char comm[17];
};

/* What /proc/PID/stat says. 0, or -ESRCH, or -EINVAL for what is not in the expected form. */
int vu_proc_stat(pid_t pid, struct vu_proc *p);

/* The process's parent, or -ESRCH: there is none, or it is a zombie. Does not block. */
pid_t vu_proc_parent(pid_t pid);

/* Whether `pid` is `ancestor` or descends from it. False where that cannot be found out. Does not block. */
bool vu_proc_descends(pid_t pid, pid_t ancestor);

/* Parse the text of a /proc/PID/stat. 0 or -EINVAL. */
int vu_proc_parse_stat(const char *text, struct vu_proc *p);

/*
 * Call fn for each process there is. Stops at the first result other than 0 and returns it; 0 at the
 * end, or -errno if /proc cannot be read.
 */
int vu_proc_each(int (*fn)(void *ctx, pid_t pid), void *ctx);

/*
 * Which of n (at most 32) texts occur in /proc/PID/maps: bit i for needles[i], or -errno (-ESRCH,
 * -EACCES: another user's process). A needle lies in one line and has fewer than 128 characters.
 */
long vu_proc_maps(pid_t pid, const char *const *needles, size_t n);

/* A pidfd (close-on-exec) of the process, only if it is still the one with that id. Or -errno. */
int vu_proc_open(const struct vu_proc_id *id);

/* Send a signal by a pidfd. 0 or -errno. */
int vu_proc_signal(int pidfd, int sig);

/*
 * Processes with the given parent into list[max], zombies left out. Their number, which may be more
 * than max (then list is full), or -errno. Of a process with several threads, those of its other threads
 * may be missing if it asks for its own. Does not block.
 */
ssize_t vu_proc_children(pid_t parent, pid_t *list, size_t max);

#endif
