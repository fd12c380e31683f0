/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands share: messages, the end of a command, JSON output. */
#ifndef VU_CMD_COMMON_H
#define VU_CMD_COMMON_H

#include "base/buf.h"
#include "base/opt.h"

/*
 * Parse the options of a command; the index of the first operand. Exits with 0 after --help and
 * --version, with `usage_status` after a wrong command line.
 */
int vu_command_options(const struct vu_opt_spec *spec, int argc, char **argv, void *to,
		       int usage_status);

/* Exit with `status`, or with 1 and a message where what was printed could not be written. */
_Noreturn void vu_command_exit(int status);

/* Write "hint: ..." to stderr: the cause that has been found, or what to do. */
void vu_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Write `text` (of umvu) to stderr, each line after "program: "; nothing if it is empty. */
void vu_relay(const char *text);

/* Say why a request about `what` failed: umvu's words, or where it gave none strerror(-result). */
void vu_refused(const char *what, int result, const char *text);

/* Add `"key": "value"` to a JSON object, after a comma unless `first`; value NULL is null. */
void vu_json_member(struct vu_buf *b, bool first, const char *key, const char *value);

#endif
