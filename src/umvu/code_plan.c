/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which pages are patched, and how. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "umvu/code_plan.h"

#define JOIN_PAGES 256u /* a mapping costs each process more than such a gap costs the session */

int vu_code_list(const void *data, size_t len, const struct vu_scan_head **head,
		 const struct vu_scan_site **sites)
{
	const struct vu_scan_head *h = data;
	const struct vu_scan_site *s = (const void *)(h + 1);
	uint64_t from = 0;
	size_t i;

	if (len < sizeof(*h) || h->magic != VU_SCAN_MAGIC || h->version != VU_SCAN_VERSION ||
	    h->n_sites > VU_SCAN_SITES || len != sizeof(*h) + h->n_sites * sizeof(*s) ||
	    h->sum != vu_scan_sum(s, h->n_sites * sizeof(*s)))
		return -EPROTO;
	for (i = 0; i < h->n_sites; i++) {
		if (s[i].offset < from || s[i].offset > INT64_MAX || s[i].kind > VU_SITE_F001 ||
		    s[i].length < VU_SCAN_SHORTEST || s[i].length > VU_SCAN_LONGEST)
			return -EPROTO;
		from = s[i].offset + s[i].length;
	}
	*head = h;
	*sites = s;
	return 0;
}

/* --- runs ---------------------------------------------------------------------------------------- */

struct span {
	uint64_t first, end; /* pages of the file */
};

/* Spans of pages, joined where less than JOIN_PAGES lie between. */
static size_t find_spans(struct span *spans, uint64_t size, const struct vu_scan_site *sites,
			 size_t n)
{
	uint64_t first, end;
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		first = sites[i].offset / VU_CODE_PAGE;
		end = (sites[i].offset + sites[i].length - 1) / VU_CODE_PAGE + 1;
		if (sites[i].offset + sites[i].length > size || end > UINT32_MAX)
			break;
		if (k && first <= spans[k - 1].end + JOIN_PAGES)
			spans[k - 1].end = end;
		else
			spans[k++] = (struct span){ first, end };
	}
	return k;
}

/* Close the smallest gap. */
static size_t join_nearest(struct span *spans, size_t n)
{
	size_t i, best = 1;

	for (i = 2; i < n; i++)
		if (spans[i].first - spans[i - 1].end < spans[best].first - spans[best - 1].end)
			best = i;
	spans[best - 1].end = spans[best].end;
	memmove(&spans[best], &spans[best + 1], (n - best - 1) * sizeof(*spans));
	return n - 1;
}

size_t vu_code_plan(struct vu_code_file *f, uint64_t size, const struct vu_scan_site *sites,
		    size_t n)
{
	VU_CLEANUP(free) struct span *spans = calloc(n + 1, sizeof(*spans));
	size_t i, k, pages = 0;

	f->n_runs = 0;
	if (!spans)
		return 0;
	k = find_spans(spans, size, sites, n);
	while (k > VU_CODE_RUNS)
		k = join_nearest(spans, k);
	for (i = 0; i < k; i++) {
		f->run[i] = (struct vu_code_run){
			.file_page = (uint32_t)spans[i].first,
			.n_pages = (uint32_t)(spans[i].end - spans[i].first),
			.memfd_page = (uint32_t)pages,
		};
		pages += spans[i].end - spans[i].first;
	}
	f->n_runs = (uint32_t)k;
	return pages;
}

/* --- patching ------------------------------------------------------------------------------------ */

static size_t put_call(unsigned char *to, uint32_t slot)
{
	uint32_t addr = (uint32_t)VU_GATE_SLOT(slot);

	memcpy(to, "\xff\x14\x25", 3);
	memcpy(to + 3, &addr, sizeof(addr));
	return 7;
}

static void put_nops(unsigned char *to, size_t n)
{
	if (n == 2)
		memcpy(to, "\x66\x90", 2);
	else
		memset(to, 0x90, n);
}

/* mov $nr,%eax or %rax; then what neither uses rax nor depends on its place; syscall. */
static bool patch_nr(unsigned char *at, const struct vu_scan_site *s)
{
	size_t mov = at[0] == 0xb8 ? 5 : memcmp(at, "\x48\xc7\xc0", 3) == 0 ? 7 : 0;
	size_t between = s->length - mov - 2, done;

	if (!mov || s->length < mov + 2 || memcmp(at + mov - 4, &s->number, 4) != 0 ||
	    memcmp(at + s->length - 2, "\x0f\x05", 2) != 0 || s->number >= VU_GATE_F000)
		return false;
	memmove(at, at + mov, between);
	done = between + put_call(at + between, s->number);
	put_nops(at + done, s->length - done);
	return true;
}

/* syscall; then what neither changes rax nor flags nor depends on its place; cmp $-4096 or $-4095,%rax. */
static bool patch_f(unsigned char *at, const struct vu_scan_site *s)
{
	const unsigned char cmp[6] = { 0x48, 0x3d, s->kind == VU_SITE_F001, 0xf0, 0xff, 0xff };
	size_t between = s->length - 2 - sizeof(cmp), done;
	unsigned char kept[VU_SCAN_LONGEST];

	if (s->length < 2 + sizeof(cmp) || memcmp(at, "\x0f\x05", 2) != 0 ||
	    memcmp(at + 2 + between, cmp, sizeof(cmp)) != 0)
		return false;
	memcpy(kept, at + 2, between);
	done = put_call(at, s->kind == VU_SITE_F001 ? VU_GATE_F001 : VU_GATE_F000);
	memcpy(at + done, kept, between);
	done += between;
	put_nops(at + done, s->length - done);
	return true;
}

size_t vu_code_patch(const struct vu_code_file *f, unsigned char *pages,
		     const struct vu_scan_site *sites, size_t n)
{
	size_t i, done = 0;
	uint32_t run = 0;

	for (i = 0; i < n; i++) {
		const struct vu_scan_site *s = &sites[i];
		uint64_t page = s->offset / VU_CODE_PAGE;
		unsigned char *at;

		while (run < f->n_runs &&
		       page >= (uint64_t)f->run[run].file_page + f->run[run].n_pages)
			run++;
		if (run == f->n_runs || page < f->run[run].file_page)
			break;
		at = pages +
		     (page - f->run[run].file_page + f->run[run].memfd_page) * VU_CODE_PAGE +
		     s->offset % VU_CODE_PAGE;
		done += s->kind == VU_SITE_NR ? patch_nr(at, s) : patch_f(at, s);
	}
	return done;
}
