/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/status and maps of the caller: without what the agent adds to the process (its filter, its
 * handler for SIGSYS, its mappings), with the ids that the view gives, and with files named as in the view.
 */
#include <asm/unistd_64.h>
#include <linux/fcntl.h>

#include "agent/code.h"
#include "agent/ids.h"
#include "agent/procfs.h"
#include "agent/trap.h"

/* --- status --- */

static bool starts(const char *line, const char *key)
{
	return !vu_strncmp(line, key, vu_strlen(key));
}

static void put_line(struct vu_text *t, const char *line)
{
	vu_puts(t, line);
	vu_puts(t, "\n");
}

static void put_mask(struct vu_text *t, const char *key, uint64_t mask)
{
	char digits[16];

	for (int i = 15; i >= 0; i--, mask >>= 4)
		digits[i] = "0123456789abcdef"[mask & 15];
	vu_puts(t, key);
	vu_puts(t, "\t");
	vu_put(t, digits, sizeof(digits));
	vu_puts(t, "\n");
}

/* The signal lines: kept signals as the guest has them; the mask is not the one that the agent runs with. */
static bool signal_line(struct vu_text *t, const char *line)
{
	static const char *const keys[] = { "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:" };
	const struct vu_thread *thread = t->c->thread;
	uint64_t on[4] = { thread->kept_pending, thread->kept_blocked, 0, 0 }, mask;
	const char *s;

	for (int i = 0; i < VU_N_KEPT; i++) {
		uint64_t handler = agent_process.kept[i].handler;

		if (handler)
			on[handler == 1 ? 2 : 3] |= VU_SIGBIT(vu_kept_signal(i));
	}
	for (int i = 0; i < 4; i++) {
		if (!starts(line, keys[i]))
			continue;
		s = line + 8;
		mask = vu_parse_num(&s, 16);
		if (i == 1 && t->tid == (int)vu_sys(__NR_gettid))
			mask = t->c->regs->sigmask;
		put_mask(t, keys[i], (mask & ~VU_KEPT) | on[i]);
		return true;
	}
	return false;
}

/* The lines about seccomp, as if the session's filter were not there. */
static bool seccomp_line(struct vu_text *t, const char *line, uint64_t *mode)
{
	uint64_t n;

	if (starts(line, "NoNewPrivs:\t")) {
		vu_puts(t, agent_process.no_new_privs ? "NoNewPrivs:\t1\n" : "NoNewPrivs:\t0\n");
		return true;
	}
	if (starts(line,
		   "Seccomp:\t")) { /* waits for the next line, which tells what it is to be */
		line += 9;
		*mode = vu_parse_num(&line, 10);
		return true;
	}
	if (starts(line, "Seccomp_filters:\t")) {
		line += 17;
		n = vu_parse_num(&line, 10);
		n -= n > 0;
		vu_puts(t, "Seccomp:\t");
		vu_put_num(t, n ? *mode : 0);
		vu_puts(t, "\nSeccomp_filters:\t");
		vu_put_num(t, n);
		vu_puts(t, "\n");
		return true;
	}
	return false;
}

/* A line about ids where they are virtual. */
static bool id_line(struct vu_text *t, const char *line)
{
	const struct vu_cred *cred = vu_cred_get();
	size_t n = cred ? vu_status_line(cred, line, t->c->s->tmp[1], sizeof(t->c->s->tmp[1])) : 0;

	vu_put(t, t->c->s->tmp[1], n);
	return n;
}

void vu_text_status(struct vu_text *t)
{
	struct vu_lines l = { .fd = t->native, .buf = t->line_buf, .size = t->line_size };
	uint64_t mode = 0;
	char *line;

	while ((line = vu_next_line(&l)))
		if (!signal_line(t, line) && !seccomp_line(t, line, &mode) && !id_line(t, line))
			put_line(t, line);
}

/* --- maps --- */

static bool is_agents(const struct vu_mapping *m)
{
	if (m->from >= VU_AGENT_ADDR && m->to <= VU_AGENT_END)
		return true;
	return starts(m->path, "/memfd:vu-driver-");
}

/* n with at least `digits` hexadecimal ones. */
static void put_hex(struct vu_text *t, uint64_t n, int digits)
{
	char text[16];
	int at = sizeof(text);

	do {
		text[--at] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n || (int)sizeof(text) - at < digits);
	vu_put(t, text + at, sizeof(text) - (size_t)at);
}

/* Patched pages of a file: a line as of the file's own. The path begins in column 73. */
static void put_unmasked(struct vu_text *t, const struct vu_mapping *m)
{
	size_t from = t->written + t->used;

	put_hex(t, m->from, 8);
	vu_puts(t, "-");
	put_hex(t, m->to, 8);
	vu_puts(t, " ");
	vu_put(t, m->perms, 4);
	vu_puts(t, " ");
	put_hex(t, m->offset, 8);
	vu_puts(t, " ");
	put_hex(t, m->major, 2);
	vu_puts(t, ":");
	put_hex(t, m->minor, 2);
	vu_puts(t, " ");
	vu_put_num(t, m->inode);
	vu_puts(t, " ");
	while (t->written + t->used - from < 73)
		vu_puts(t, " ");
	put_line(t, m->path);
}

/* A file in a mount of the view: the mount's path goes before the kernel's. */
static void put_mapping(struct vu_text *t, const char *line, struct vu_mapping *map)
{
	char *path = t->c->s->tmp[1];
	struct vu_view_mount m;

	if (vu_code_unmask(map)) {
		put_unmasked(t, map);
		return;
	}
	if (map->path[0] != '/' || !vu_mapping_mount(map, &m)) {
		put_line(t, line);
		return;
	}
	vu_put(t, line, (size_t)(map->path - line));
	vu_strlcpy(path, map->path, VU_PATH_MAX);
	vu_put_before(m.id, path, vu_strlen(path));
	put_line(t, path);
}

void vu_text_maps(struct vu_text *t)
{
	struct vu_lines l = { .fd = t->native, .buf = t->line_buf, .size = t->line_size };
	struct vu_mapping m;
	char *line;

	while ((line = vu_next_line(&l))) {
		vu_parse_mapping(line, &m);
		if (!is_agents(&m))
			put_mapping(t, line, &m);
	}
}
