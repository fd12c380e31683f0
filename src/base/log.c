/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines by level and subject. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

#define LINE_MAX_LEN 2048
#define TAGS_MAX     16

static const char *const levels[] = {
	[VU_LOG_ERR] = "error",	  [VU_LOG_WARN] = "warning", [VU_LOG_INFO] = "info",
	[VU_LOG_DEBUG] = "debug", [VU_LOG_TRACE] = "trace",
};

struct tag {
	char name[24];
	enum vu_log_level level;
};

enum vu_log_level vu_log_most = VU_LOG_WARN;

static struct {
	const char *name;
	vu_log_sink sink;
	void *ctx;
	struct tag tags[TAGS_MAX];
	size_t n_tags;
} state = { .name = "umvu" };

void vu_log_name(const char *name)
{
	state.name = name;
}

void vu_log_to(vu_log_sink sink, void *ctx)
{
	state.sink = sink;
	state.ctx = ctx;
}

/* Parse one item "tag[:level]" of `len` characters. */
static int parse_tag(const char *item, size_t len, struct tag *to)
{
	const char *colon = memchr(item, ':', len);
	size_t name = colon ? (size_t)(colon - item) : len, i;

	if (!name || name >= sizeof(to->name))
		return -EINVAL;
	memcpy(to->name, item, name);
	to->name[name] = '\0';
	to->level = VU_LOG_DEBUG;
	if (!colon)
		return 0;
	for (i = 0; i < VU_ARRAY_SIZE(levels); i++) {
		if (strlen(levels[i]) == len - name - 1 &&
		    !memcmp(levels[i], colon + 1, len - name - 1)) {
			to->level = (enum vu_log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

int vu_log_tags(const char *tags)
{
	enum vu_log_level most = VU_LOG_WARN;
	struct tag list[TAGS_MAX];
	const char *item;
	size_t len, n = 0;
	int res;

	while (tags && (item = vu_comma_next(&tags, &len))) {
		if (n == TAGS_MAX)
			return -EINVAL;
		res = parse_tag(item, len, &list[n]);
		if (res < 0)
			return res;
		if (list[n].level > most)
			most = list[n].level;
		n++;
	}
	memcpy(state.tags, list, n * sizeof(list[0]));
	state.n_tags = n;
	vu_log_most = most;
	return 0;
}

static enum vu_log_level wanted(const char *tag)
{
	enum vu_log_level level = VU_LOG_WARN;
	size_t i;

	for (i = 0; i < state.n_tags; i++)
		if ((!strcmp(state.tags[i].name, tag) || !strcmp(state.tags[i].name, "all")) &&
		    state.tags[i].level > level)
			level = state.tags[i].level;
	return level;
}

bool vu_log_has(const char *tag)
{
	return wanted(tag) > VU_LOG_WARN;
}

/* "name: " for what the user is to see, with time, process and subject for what is to be studied. */
static size_t prefix(char *line, size_t size, enum vu_log_level level, const char *tag)
{
	struct timespec now;
	int n;

	if (level <= VU_LOG_WARN) {
		n = snprintf(line, size, "%s: ", state.name);
	} else {
		clock_gettime(CLOCK_MONOTONIC, &now);
		n = snprintf(line, size, "%s[%d] %lld.%06ld %s %s: ", state.name, (int)getpid(),
			     (long long)now.tv_sec, now.tv_nsec / 1000, levels[level], tag);
	}
	return (size_t)n < size ? (size_t)n : size - 1;
}

void vu_log_line(enum vu_log_level level, const char *tag, const char *format, ...)
{
	char line[LINE_MAX_LEN];
	int saved = errno;
	size_t n;
	va_list ap;

	if (level > wanted(tag))
		return;
	n = prefix(line, sizeof(line) - 1, level, tag);
	va_start(ap, format);
	vsnprintf(line + n, sizeof(line) - 1 - n, format, ap);
	va_end(ap);
	if (state.sink) {
		state.sink(state.ctx, level, line);
	} else {
		n = strlen(line);
		line[n] = '\n';
		if (write(STDERR_FILENO, line, n + 1) < 0) {
			/* There is nobody to tell. */
		}
	}
	errno = saved;
}

void vu_bug(const char *file, int line, const char *what)
{
	vu_log_line(VU_LOG_ERR, "bug", "bug in %s:%d: %s", file, line, what);
	abort();
}
