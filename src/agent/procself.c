/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /proc/PID/status, maps and the like: without what the agent adds to the process (its filter, its
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

/*
 * Lines are held back until the next is known: a file's patched pages lie in mappings of their own, which
 * natively are one with those beside them. The path is in tmp[1] of the call's scratch.
 */
struct maps {
	struct vu_text *t;
	struct vu_mapping held;
	char perms[4];
	bool holds;   /* there is one */
	bool patched; /* ... with patched pages */
};

/* As the kernel has it. The path begins in column 73. */
static void put_held(struct maps *h)
{
	const struct vu_mapping *m = &h->held;
	struct vu_text *t = h->t;
	size_t from = t->written + t->used;

	if (!h->holds)
		return;
	h->holds = false;
	put_hex(t, m->from, 8);
	vu_puts(t, "-");
	put_hex(t, m->to, 8);
	vu_puts(t, " ");
	vu_put(t, h->perms, sizeof(h->perms));
	vu_puts(t, " ");
	put_hex(t, m->offset, 8);
	vu_puts(t, " ");
	put_hex(t, m->major, 2);
	vu_puts(t, ":");
	put_hex(t, m->minor, 2);
	vu_puts(t, " ");
	vu_put_num(t, m->inode);
	vu_puts(t, " ");
	while (*m->path && t->written + t->used - from < 73)
		vu_puts(t, " ");
	put_line(t, m->path);
}

/* Does mapping m go on where the one that is held ends, so that without patches they were one? */
static bool goes_on(const struct maps *h, const struct vu_mapping *m, bool patched)
{
	const struct vu_mapping *held = &h->held;

	return h->holds && (patched || h->patched) && held->to == m->from &&
	       held->offset + (held->to - held->from) == m->offset && held->inode == m->inode &&
	       held->major == m->major && held->minor == m->minor &&
	       !memcmp(h->perms, m->perms, sizeof(h->perms));
}

/* A mapping of a file. If it is in a mount of the view, the mount's path goes before the kernel's. */
static void hold(struct maps *h, struct vu_mapping *m)
{
	char *path = h->t->c->s->tmp[1];
	bool patched = vu_code_unmask(m);
	struct vu_view_mount mount;

	if (goes_on(h, m, patched)) {
		h->held.to = m->to;
		h->patched |= patched;
		return;
	}
	put_held(h);
	h->held = *m;
	h->holds = true;
	h->patched = patched;
	memcpy(h->perms, m->perms, sizeof(h->perms));
	vu_strlcpy(path, m->path, VU_PATH_MAX);
	h->held.path = path;
	if (vu_mapping_mount(m, &mount))
		vu_put_before(mount.id, path, vu_strlen(path));
}

/* One that begins a mapping: in smaps lines follow that tell of it, and begin with a capital. */
static bool is_head(const char *line)
{
	return (*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f');
}

/*
 * The agent's addresses are shown as what they are to the program: taken. Who looks for room in maps (qemu-user, for
 * the memory of a 32-bit program) must not find it there. True: it is one of the agent's mappings.
 */
static bool put_taken(struct maps *h, const struct vu_mapping *m, bool *told)
{
	if (m->from < VU_AGENT_ADDR || m->to > VU_AGENT_END)
		return false;
	if (*told)
		return true;
	*told = true;
	put_held(h);
	h->held = (struct vu_mapping){ .from = VU_AGENT_ADDR, .to = VU_AGENT_END, .path = "" };
	h->holds = true;
	h->patched = false;
	memcpy(h->perms, "---p", sizeof(h->perms));
	put_held(h);
	return true;
}

/* maps; and smaps, where each mapping has lines of its own, and patched pages stay apart. */
static void put_maps(struct vu_text *t, bool details)
{
	struct vu_lines l = { .fd = t->native, .buf = t->line_buf, .size = t->line_size };
	struct maps h = { .t = t };
	struct vu_mapping m;
	bool shown = true, told = details;
	char *line;

	while ((line = vu_next_line(&l))) {
		bool is_file = false;

		if (is_head(line)) {
			vu_parse_mapping(line, &m);
			shown = !put_taken(&h, &m, &told) && !is_agents(&m);
			is_file = shown && m.path[0] == '/';
		}
		if (is_file)
			hold(&h, &m);
		if (details || (shown && !is_file))
			put_held(&h);
		if (shown && !is_file)
			put_line(t, line);
	}
	put_held(&h);
}

void vu_text_maps(struct vu_text *t)
{
	put_maps(t, false);
}

void vu_text_smaps(struct vu_text *t)
{
	put_maps(t, true);
}

/* --- numa_maps: "address policy [file=path] ..." --- */

/* The line with the file's name in the place of its patched copy's. */
static void put_unmasked(struct vu_text *t, const char *line)
{
	static const char key[] = " file=";
	const char *at = line, *name = NULL;

	while (!name && (at = vu_strchr(at, ' ')))
		if (vu_strncmp(at++, key, sizeof(key) - 1) == 0)
			name = vu_code_unmask_name(at + sizeof(key) - 2);
	if (!name) {
		put_line(t, line);
		return;
	}
	at += sizeof(key) - 2;
	vu_put(t, line, (size_t)(at - line));
	vu_puts(t, name);
	at = vu_strchr(at, ' ');
	put_line(t, at ? at : "");
}

void vu_text_numa_maps(struct vu_text *t)
{
	struct vu_lines l = { .fd = t->native, .buf = t->line_buf, .size = t->line_size };
	char *line;

	while ((line = vu_next_line(&l))) {
		const char *s = line;
		uint64_t at = vu_parse_num(&s, 16);

		if (at < VU_AGENT_ADDR || at >= VU_AGENT_END)
			put_unmasked(t, line);
	}
}
