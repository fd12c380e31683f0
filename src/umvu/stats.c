/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umvu --stats. The share of patched sites is that of the calls that would trap otherwise. So it leaves out those
 * that are hardly ever trapped (GATE and OWNn in syscalls.def).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/stats.h"

/* May a call trap that is not from a patched site? By what syscalls.def says of when. */
#define TRAPS_HOST   false
#define TRAPS_GATE   false
#define TRAPS_TRAP   true
#define TRAPS_EMPTY  true
#define TRAPS_ENOSYS true
#define TRAPS_OWN0   false
#define TRAPS_OWN1   false
#define TRAPS_ARG1   true
#define TRAPS_ARG3   true
#define TRAPS_ARG4   true
#define TRAPS_ARG5   true

static const struct call {
	const char *name; /* NULL: there is none of that number */
	bool traps;
} calls[VU_STATS_CALLS] = {
#define VU_SYSCALL(number, name, when, handler, args) [number] = { #name, TRAPS_##when },
#include "abi/syscalls.def"
#undef VU_SYSCALL
	[VU_STATS_OTHER] = { "(unknown)", true },
	[VU_STATS_CODE] = { "(code)", false },
};

static const char *const kinds[VU_STATS_KINDS] = {
	[VU_STATS_QUICK] = "quick",
	[VU_STATS_FULL] = "full",
	[VU_STATS_TRAP] = "trapped",
	[VU_STATS_RPC] = "rpcs",
};

struct line {
	const char *name;
	uint64_t count[VU_STATS_KINDS];
};

struct report {
	struct line line[VU_STATS_CALLS];
	size_t n;
	struct line total;
	uint64_t virtualisable,
		patched; /* calls that the share is of, those of them by patched sites */
};

static uint64_t weight(const struct line *l)
{
	return l->count[VU_STATS_QUICK] + l->count[VU_STATS_FULL] + l->count[VU_STATS_TRAP];
}

/* For qsort: the most frequent first. */
static int by_count(const void *a, const void *b)
{
	const struct line *la = a, *lb = b;

	return (weight(la) < weight(lb)) - (weight(la) > weight(lb));
}

static bool is_in_share(size_t nr)
{
	return calls[nr].traps && strcmp(calls[nr].name, "rt_sigreturn") != 0;
}

static void add_call(struct report *r, const struct vu_stats *stats, size_t nr)
{
	struct line *l = &r->line[r->n];
	uint64_t any = 0;
	size_t kind;

	l->name = calls[nr].name ? calls[nr].name : "(no such call)";
	for (kind = 0; kind < VU_STATS_KINDS; kind++) {
		l->count[kind] = __atomic_load_n(&stats->count[kind][nr], __ATOMIC_RELAXED);
		r->total.count[kind] += l->count[kind];
		any |= l->count[kind];
	}
	if (calls[nr].name && is_in_share(nr)) {
		r->virtualisable += weight(l);
		r->patched += weight(l) - l->count[VU_STATS_TRAP];
	}
	r->n += any != 0;
}

static void add_line(struct vu_buf *b, const struct line *l)
{
	size_t kind;

	for (kind = 0; kind < VU_STATS_KINDS; kind++)
		vu_buf_printf(b, "%10llu", (unsigned long long)l->count[kind]);
	vu_buf_printf(b, "  %s\n", l->name);
}

static void add_table(struct vu_buf *b, const struct report *r)
{
	uint64_t share;
	size_t i;

	for (i = 0; i < VU_STATS_KINDS; i++)
		vu_buf_printf(b, "%10s", kinds[i]);
	vu_buf_puts(b, "  call\n");
	for (i = 0; i < r->n; i++)
		add_line(b, &r->line[i]);
	add_line(b, &r->total);
	if (!r->virtualisable)
		return;
	share = (uint64_t)((unsigned __int128)r->patched * 100000 / r->virtualisable);
	vu_buf_printf(b, "%llu of %llu virtualisable calls (%llu.%03llu%%) by patched sites\n",
		      (unsigned long long)r->patched, (unsigned long long)r->virtualisable,
		      (unsigned long long)share / 1000, (unsigned long long)share % 1000);
}

static void add_object(struct vu_buf *b, const struct line *l)
{
	size_t kind;

	vu_buf_puts(b, "{\"call\": ");
	vu_buf_json(b, l->name);
	for (kind = 0; kind < VU_STATS_KINDS; kind++)
		vu_buf_printf(b, ", \"%s\": %llu", kinds[kind], (unsigned long long)l->count[kind]);
	vu_buf_puts(b, "}");
}

static void add_json(struct vu_buf *b, const struct report *r)
{
	size_t i;

	vu_buf_puts(b, "{\"calls\": [");
	for (i = 0; i < r->n; i++) {
		vu_buf_puts(b, i ? ",\n  " : "\n  ");
		add_object(b, &r->line[i]);
	}
	vu_buf_puts(b, "],\n \"total\": ");
	add_object(b, &r->total);
	vu_buf_printf(b, ",\n \"virtualisable\": %llu, \"patched\": %llu}\n",
		      (unsigned long long)r->virtualisable, (unsigned long long)r->patched);
}

void vu_stats_format(struct vu_buf *b, const struct vu_stats *stats, bool json)
{
	VU_CLEANUP(free) struct report *r = calloc(1, sizeof(*r));
	size_t nr;

	if (!r) {
		b->error = -ENOMEM;
		return;
	}
	r->total.name = "total";
	for (nr = 0; nr < VU_STATS_CALLS; nr++)
		add_call(r, stats, nr);
	qsort(r->line, r->n, sizeof(r->line[0]), by_count);
	if (json)
		add_json(b, r);
	else
		add_table(b, r);
}

void vu_stats_print(const struct vu_stats *stats, bool json)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };

	vu_stats_format(&b, stats, json);
	if (b.error)
		vu_log_err("front", "no memory for the counters");
	else
		vu_fd_write(STDERR_FILENO, b.data, b.len);
}
