/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which pages are patched, and how. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "umvu/code_plan.h"

#define WHOLE_PAGES 512u /* of code that is copied whole */
#define JOIN_PAGES  256u /* a mapping costs each process more than such a gap costs the session */

int vu_code_list(const void *data, size_t len, const struct vu_scan_head **head,
		 const struct vu_scan_site **sites)
{
	const struct vu_scan_head *h = data;
	const struct vu_scan_site *s = (const void *)(h + 1);
	uint64_t from = 0;
	size_t i;

	if (len < sizeof(*h) || h->magic != VU_SCAN_MAGIC || h->version != VU_SCAN_VERSION ||
	    h->n_sites > VU_SCAN_SITES || len != sizeof(*h) + h->n_sites * sizeof(*s) ||
	    h->sum != vu_scan_list_sum(h, s) || h->pad > INT64_MAX || h->pad_size >= VU_CODE_PAGE ||
	    (h->pad_size && (h->pad + h->pad_size) % VU_CODE_PAGE))
		return -EPROTO;
	for (i = 0; i < h->n_sites; i++) {
		bool fault = s[i].kind == VU_SCAN_FAULT || s[i].kind == VU_SCAN_DEFER;

		if (s[i].offset < from || s[i].offset > INT64_MAX || s[i].kind > VU_SCAN_RETURN ||
		    s[i].length < (fault ? 2 : VU_SCAN_SHORTEST) ||
		    s[i].length > (fault ? 2 : VU_SCAN_LONGEST) || s[i].syscall + 2u > s[i].length)
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

static int by_page(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static bool is_stub(const struct vu_scan_site *s)
{
	return s->kind == VU_SCAN_STUB || s->kind == VU_SCAN_STUB_RED;
}

/* Spans of pages that hold sites, and that of the pad where it is wanted. */
static size_t find_spans(struct span *spans, uint64_t size, const struct vu_scan_head *head,
			 const struct vu_scan_site *sites)
{
	bool stubs = false;
	uint64_t first, end;
	size_t i, k = 0;

	for (i = 0; i < head->n_sites; i++) {
		first = sites[i].offset / VU_CODE_PAGE;
		end = (sites[i].offset + sites[i].length - 1) / VU_CODE_PAGE + 1;
		if (sites[i].offset + sites[i].length > size || end > UINT32_MAX)
			break;
		stubs |= is_stub(&sites[i]);
		spans[k++] = (struct span){ first, end };
	}
	/* Small code has all of its pages there: then it needs one mapping only. */
	end = head->page + head->n_pages;
	if (k && head->n_pages && head->n_pages <= WHOLE_PAGES && end > head->page &&
	    end <= (size + VU_CODE_PAGE - 1) / VU_CODE_PAGE)
		spans[k++] = (struct span){ head->page, end };
	first = head->pad / VU_CODE_PAGE;
	if (stubs && head->pad_size && head->pad <= size + 15 && first < UINT32_MAX)
		spans[k++] = (struct span){ first, first + 1 };
	if (k)
		qsort(spans, k, sizeof(*spans), by_page);
	return k;
}

/* Join them where less than JOIN_PAGES lie between. */
static size_t join_near(struct span *spans, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (k && spans[i].first <= spans[k - 1].end + JOIN_PAGES) {
			if (spans[i].end > spans[k - 1].end)
				spans[k - 1].end = spans[i].end;
		} else {
			spans[k++] = spans[i];
		}
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

size_t vu_code_plan(struct vu_code_file *f, uint64_t size, const struct vu_scan_head *head,
		    const struct vu_scan_site *sites)
{
	VU_CLEANUP(free) struct span *spans = calloc(head->n_sites + 2, sizeof(*spans));
	size_t i, k, pages = 0;

	f->n_runs = 0;
	if (!spans)
		return 0;
	k = join_near(spans, find_spans(spans, size, head, sites));
	while (k > VU_CODE_RUNS)
		k = join_nearest(spans, k);
	for (i = 0; i < k; i++) {
		f->run[i] = (struct vu_code_run){
			.file_page = (uint32_t)spans[i].first,
			.n_pages = (uint32_t)(spans[i].end - spans[i].first),
		};
		pages += spans[i].end - spans[i].first;
	}
	f->n_runs = (uint32_t)k;
	return pages;
}

size_t vu_code_pages(const struct vu_code_file *f)
{
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < f->n_runs; i++)
		n += f->run[i].n_pages;
	return n;
}

unsigned char *vu_code_read(int fd, const struct vu_code_file *f)
{
	unsigned char *pages = calloc(vu_code_pages(f), VU_CODE_PAGE), *to = pages;
	size_t want, got;
	ssize_t n;
	uint32_t i;

	for (i = 0; pages && i < f->n_runs; i++, to += want) {
		off_t from = (off_t)f->run[i].file_page * VU_CODE_PAGE;

		want = (size_t)f->run[i].n_pages * VU_CODE_PAGE;
		for (got = 0, n = 1; got < want && n; got += (size_t)n) {
			do
				n = pread(fd, to + got, want - got, from + (off_t)got);
			while (n < 0 && errno == EINTR);
			if (n < 0) {
				free(pages);
				return NULL;
			}
		}
	}
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
	    memcmp(at + s->length - 2, "\x0f\x05", 2) != 0 || s->number >= VU_GATE_CPUID)
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

/* Where `length` bytes of the file at `offset` are in the runs, NULL: not there. */
static unsigned char *locate(const struct vu_code_file *f, unsigned char *pages, uint64_t offset,
			     uint64_t length)
{
	uint32_t i;

	for (i = 0; i < f->n_runs; i++) {
		const struct vu_code_run *r = &f->run[i];
		uint64_t start = (uint64_t)r->file_page * VU_CODE_PAGE;
		uint64_t size = (uint64_t)r->n_pages * VU_CODE_PAGE;

		if (offset >= start && length <= size && offset - start <= size - length)
			return pages + (offset - start);
		pages += size;
	}
	return NULL;
}

/* The instruction becomes one that faults, in its place. */
static bool patch_fault(unsigned char *at, const char *site)
{
	if (memcmp(at, "\x0f\x05", 2) != 0)
		return false;
	memcpy(at, site, 2);
	return true;
}

/* What is left of the pad. */
struct pad {
	unsigned char *at; /* NULL: there is none */
	uint64_t offset;   /* of `at` in the file */
	size_t left;
};

static size_t put_jump(unsigned char *to, uint64_t from, uint64_t target)
{
	int32_t distance = (int32_t)(target - (from + 5));

	to[0] = 0xe9;
	memcpy(to + 1, &distance, sizeof(distance));
	return 5;
}

/* The stub: what is in front of the call, the call, what follows it, back. */
static bool patch_stub(unsigned char *at, const struct vu_scan_site *s, struct pad *pad)
{
	static const unsigned char down[] = { 0x48, 0x8d, 0x64, 0x24, 0x80 }; /* lea -128(%rsp) */
	bool red = s->kind == VU_SCAN_STUB_RED, cpuid = s->number == VU_SCAN_CPUID;
	size_t after = s->length - s->syscall - 2u, done = s->syscall;
	unsigned char stub[VU_SCAN_LONGEST + 48];
	int32_t distance;

	if (memcmp(at + s->syscall, cpuid ? "\x0f\xa2" : "\x0f\x05", 2) != 0)
		return false;
	memcpy(stub, at, done);
	if (red) {
		memcpy(stub + done, down, sizeof(down));
		done += sizeof(down);
	}
	done += put_call(stub + done, cpuid ? VU_GATE_CPUID : VU_GATE_ANY);
	if (!s->syscall && !cpuid) {
		distance = (int32_t)(s->offset - (pad->offset + done));
		memcpy(stub + done, VU_STUB_PLACE, sizeof(VU_STUB_PLACE) - 1);
		memcpy(stub + done + sizeof(VU_STUB_PLACE) - 1, &distance, sizeof(distance));
		done += sizeof(VU_STUB_PLACE) - 1 + sizeof(distance);
	}
	if (red) {
		memcpy(stub + done, VU_STUB_RED, sizeof(VU_STUB_RED) - 1);
		done += sizeof(VU_STUB_RED) - 1;
	}
	memcpy(stub + done, at + s->length - after, after);
	done += after;
	if (!pad->at || done + 5 > pad->left || s->offset > pad->offset ||
	    pad->offset - s->offset > INT32_MAX)
		return false;
	done += put_jump(stub + done, pad->offset + done, s->offset + s->length);
	memcpy(pad->at, stub, done);
	put_nops(at + put_jump(at, s->offset, pad->offset), s->length - 5u);
	pad->at += done;
	pad->offset += done;
	pad->left -= done;
	return true;
}

/* A jump over the return to the stub that follows: the call, where it stands for the instruction, a return. */
static bool patch_return(unsigned char *at, const struct vu_scan_site *s)
{
	int32_t distance = -10; /* from behind the call */

	if (s->length != VU_SCAN_RETURN_LENGTH || memcmp(at, "\x0f\x05\xc3", 3) != 0)
		return false;
	memcpy(at, "\xeb\x01", 2);
	at += 3;
	at += put_call(at, VU_GATE_ANY);
	memcpy(at, VU_STUB_PLACE, sizeof(VU_STUB_PLACE) - 1);
	memcpy(at + 3, &distance, sizeof(distance));
	at[7] = 0xc3;
	return true;
}

/* What can be left as it is comes when all calls have got their room in the pad. The number of such sites. */
static size_t patch_cpuid(const struct vu_code_file *f, unsigned char *pages,
			  const struct vu_scan_head *head, const struct vu_scan_site *sites,
			  struct pad *pad)
{
	size_t i, n = 0;

	for (i = 0; i < head->n_sites; i++) {
		unsigned char *at = locate(f, pages, sites[i].offset, sites[i].length);

		if (sites[i].number != VU_SCAN_CPUID)
			continue;
		n++;
		if (at && is_stub(&sites[i]))
			patch_stub(at, &sites[i], pad);
	}
	return n;
}

size_t vu_code_patch(const struct vu_code_file *f, unsigned char *pages,
		     const struct vu_scan_head *head, const struct vu_scan_site *sites)
{
	struct pad pad = { locate(f, pages, head->pad, head->pad_size), head->pad, head->pad_size };
	size_t i, done = 0;

	for (i = 0; i < head->n_sites; i++) {
		const struct vu_scan_site *s = &sites[i];
		unsigned char *at = locate(f, pages, s->offset, s->length);

		if (!at || s->number == VU_SCAN_CPUID)
			continue;
		if (s->kind == VU_SCAN_DEFER)
			done += head->flags & VU_SCAN_WHOLE && patch_fault(at, VU_DEFER_SITE);
		else if (s->kind == VU_SCAN_FAULT)
			done += patch_fault(at, VU_FAULT_SITE);
		else if (s->kind == VU_SCAN_RETURN)
			done += patch_return(at, s);
		else if (is_stub(s)) /* the pad may be too small for all */
			done += patch_stub(at, s, &pad) ||
				patch_fault(at + s->syscall, VU_FAULT_SITE);
		else
			done += s->kind == VU_SITE_NR ? patch_nr(at, s) : patch_f(at, s);
	}
	return done + patch_cpuid(f, pages, head, sites, &pad);
}
