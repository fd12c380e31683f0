/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log lines by level and subject ("tag"), and assertions.
 *
 * The log is one of the two places with state of its own: what is wanted and where it goes. A process
 * sets it up before it makes threads. Where nothing is wanted a call costs one test.
 */
#ifndef VU_BASE_LOG_H
#define VU_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum vu_log_level { VU_LOG_ERR, VU_LOG_WARN, VU_LOG_INFO, VU_LOG_DEBUG, VU_LOG_TRACE };

/*
 * Gets each line that is wanted, without newline; `line` lives during the call. It must not log.
 * Default: to standard error with a newline.
 */
typedef void (*vu_log_sink)(void *ctx, enum vu_log_level level, const char *line);

/* Program name that lines begin with (not copied). Default: "umvu". */
void vu_log_name(const char *name);

/* Where lines go; NULL: to standard error. */
void vu_log_to(vu_log_sink sink, void *ctx);

/*
 * What is wanted beside errors and warnings: comma separated tags, each with ":LEVEL" (info, debug,
 * trace; debug without), or "all". NULL or "": nothing. 0, or -EINVAL for an unknown level or a list
 * that is too long; then nothing is changed.
 */
int vu_log_tags(const char *tags);

/* Whether a tag was asked for by name or by "all". */
bool vu_log_has(const char *tag);

extern enum vu_log_level vu_log_most; /* most detailed level that is wanted of any tag; read only */

/* Not called directly. errno is kept. */
void vu_log_line(enum vu_log_level level, const char *tag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define vu_log(level, tag, ...)                                   \
	do {                                                      \
		if ((level) <= vu_log_most)                       \
			vu_log_line((level), (tag), __VA_ARGS__); \
	} while (0)
#define vu_log_err(tag, ...)   vu_log(VU_LOG_ERR, tag, __VA_ARGS__)
#define vu_log_warn(tag, ...)  vu_log(VU_LOG_WARN, tag, __VA_ARGS__)
#define vu_log_info(tag, ...)  vu_log(VU_LOG_INFO, tag, __VA_ARGS__)
#define vu_log_debug(tag, ...) vu_log(VU_LOG_DEBUG, tag, __VA_ARGS__)
#define vu_log_trace(tag, ...) vu_log(VU_LOG_TRACE, tag, __VA_ARGS__)

/* Says where and aborts. */
_Noreturn void vu_bug(const char *file, int line, const char *what);

/* For what only a mistake in this program can make true; stays in all builds. */
#define VU_BUG_ON(cond)                                    \
	do {                                               \
		if (__builtin_expect(!!(cond), 0))         \
			vu_bug(__FILE__, __LINE__, #cond); \
	} while (0)

#endif
