/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vu-scan: lists the system call sites of an ELF file that may be patched. umvu's server runs it with the file
 * as standard input and reads a binary list (abi/scan.h); --list is for people.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/opt.h"
#include "base/str.h"
#include "scan/scan.h"

#define PAGE 4096u

struct options {
	bool list;
};

static const struct vu_opt table[] = {
	VU_OPT_FLAG('l', "list", struct options, list, true, "print what was found, a line each"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "vu-scan",
	.usage = "[OPTION]... [FILE]",
	.summary =
		"Finds the system calls of an ELF file (or of standard input) that umvu can patch.\n"
		"Without --list it writes the list that umvu reads.",
	.version = VU_VERSION,
	.opts = table,
};

/* --- the list for umvu --------------------------------------------------------------------------- */

/* The pages that are mapped with the code at that offset. */
static void note_pages(const struct vu_elf *e, uint64_t offset, struct vu_scan_head *head)
{
	size_t i;

	for (i = 0; i < e->n_segments; i++) {
		const struct vu_elf_segment *g = &e->segment[i];

		if (!g->exec || offset < g->offset || offset - g->offset >= g->size)
			continue;
		head->page = g->offset / PAGE;
		head->n_pages = (uint32_t)((g->offset + g->size - 1) / PAGE - head->page + 1);
	}
}

static int write_sites(const struct vu_elf *e, const struct vu_scan *s)
{
	struct vu_scan_head head = { .magic = VU_SCAN_MAGIC,
				     .version = VU_SCAN_VERSION,
				     .pad = s->pad,
				     .pad_size = s->pad_size,
				     .flags = s->whole ? VU_SCAN_WHOLE : 0 };
	VU_CLEANUP(free) struct vu_scan_site *sites = calloc(VU_SCAN_SITES, sizeof(*sites));
	size_t i;
	int res;

	if (!sites)
		return -ENOMEM;
	for (i = 0; i < s->n_calls; i++) {
		const struct vu_scan_call *c = &s->calls[i];
		struct vu_scan_site *to = &sites[head.n_sites];

		head.n_candidates += c->is_code && !c->is_cpuid;
		if (c->c.why && !c->fault)
			continue;
		if (head.n_sites == VU_SCAN_SITES) {
			head.flags = 0;
			continue;
		}
		to->offset = c->offset - (c->c.addr - c->first);
		to->number = c->c.number;
		to->kind = c->kind;
		to->length = c->length;
		to->syscall = c->syscall;
		head.n_sites++;
	}
	if (head.n_sites)
		note_pages(e, sites[0].offset, &head);
	head.sum = vu_scan_list_sum(&head, sites);
	res = vu_fd_write(STDOUT_FILENO, &head, sizeof(head));
	if (!res)
		res = vu_fd_write(STDOUT_FILENO, sites, head.n_sites * sizeof(*sites));
	return res;
}

/* --- the list for people ------------------------------------------------------------------------- */

struct naming {
	const struct vu_elf *e;
	const struct vu_scan *s;
	const char **names;
	uint64_t *starts;
};

/* The nearest symbol in front of each call. */
static void name_calls(void *ctx, const struct vu_elf_symbol *sym)
{
	struct naming *n = ctx;
	size_t low = 0, high = n->s->n_calls, mid;
	const char *name;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (n->s->calls[mid].c.addr < sym->addr)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < n->s->n_calls &&
	       n->s->calls[low].c.addr - sym->addr < (sym->size ? sym->size : 1);
	     low++) {
		name = vu_elf_symbol_name(n->e, sym);
		if (!name[0] || (n->names[low] && n->starts[low] >= sym->addr))
			continue;
		n->names[low] = name;
		n->starts[low] = sym->addr;
	}
}

static const char *form_name(const struct vu_scan_call *c)
{
	static const char *const names[] = { [VU_SITE_NR] = "number",
					     [VU_SITE_F000] = "compare-4096",
					     [VU_SITE_F001] = "compare-4095",
					     [VU_SCAN_STUB] = "stub",
					     [VU_SCAN_STUB_RED] = "stub (red zone)",
					     [VU_SCAN_RETURN] = "stub behind the return" };

	return c->c.why ? vu_why_text(c->c.why) : names[c->kind];
}

static void print_call(const struct vu_scan_call *c, const char *name)
{
	char number[16] = "?";

	if (c->is_cpuid)
		strcpy(number, "-");
	else if (c->c.number != VU_SCAN_NO_NUMBER)
		snprintf(number, sizeof(number), "%u", c->c.number);
	printf("%8llx %-28s %4s %-20s %s %s%s\n", (unsigned long long)c->offset, name ? name : "-",
	       number, c->is_cpuid ? "(cpuid)" : vu_scan_name(c->c.number), c->c.why ? "-" : "+",
	       form_name(c), c->fault ? ": made to fault" : "");
}

static int print_list(const struct vu_elf *e, const struct vu_scan *s)
{
	VU_CLEANUP(free) const char **names = calloc(s->n_calls + 1, sizeof(*names));
	VU_CLEANUP(free) uint64_t *starts = calloc(s->n_calls + 1, sizeof(*starts));
	struct naming n = { e, s, names, starts };
	size_t i, code = 0, patched = 0, wanted = 0, other = 0;

	if (!names || !starts)
		return -ENOMEM;
	vu_elf_each_symbol(e, name_calls, &n);
	for (i = 0; i < s->n_calls; i++) {
		const struct vu_scan_call *c = &s->calls[i];

		if (!c->is_code && c->c.why == VU_WHY_UNREACHED) {
			other++;
			continue;
		}
		print_call(c, names[i]);
		if (c->is_cpuid)
			continue;
		code += c->is_code;
		wanted += c->virtual_number || !c->is_code;
		patched += !c->c.why;
	}
	if (s->whole)
		puts("all calls are known");
	else
		printf("not all calls are known: in doubt at %llx\n", (unsigned long long)s->doubt);
	printf("%zu instructions, %zu of numbers that may be virtual, %zu of these patched (%.1f%%), "
	       "%zu other places\n",
	       code, wanted, patched, wanted ? 100.0 * (double)patched / (double)wanted : 100.0,
	       other);
	return ferror(stdout) ? -EIO : 0;
}

static int scan(int fd, bool list)
{
	struct vu_scan s = { 0 };
	struct vu_elf e;
	struct stat st;
	void *data;
	int res;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return -ENOEXEC;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	res = vu_elf_open(&e, data, (uint64_t)st.st_size);
	if (!res)
		res = vu_scan_file(&e, &s);
	if (!res)
		res = list ? print_list(&e, &s) : write_sites(&e, &s);
	vu_scan_free(&s);
	munmap(data, (size_t)st.st_size);
	return res;
}

int main(int argc, char **argv)
{
	struct options o = { .list = false };
	int first = vu_opt_parse(&spec, argc, argv, &o), fd = STDIN_FILENO, res;
	const char *name = "standard input";

	if (first < 0)
		return first == -ECANCELED ? 0 : 2;
	if (argc - first > 1) {
		vu_opt_usage_error(&spec, "extra operand '%s'", argv[first + 1]);
		return 2;
	}
	if (first < argc) {
		name = argv[first];
		fd = open(name, O_RDONLY | O_CLOEXEC);
	}
	res = fd < 0 ? -errno : scan(fd, o.list);
	if (res == -ENOEXEC && !o.list) /* an answer, too: it need not be asked again */
		res = write_sites(&(struct vu_elf){ 0 }, &(struct vu_scan){ 0 });
	if (res < 0) {
		fprintf(stderr, "vu-scan: %s: %s\n", name,
			res == -ENOEXEC ? "no ELF file that could be patched" : strerror(-res));
		return 1;
	}
	return 0;
}
