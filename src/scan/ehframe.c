/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * .eh_frame and .eh_frame_hdr, as far as ranges of functions are concerned (Linux Standard Base, "Exception
 * frames"; DWARF 4, 6.4).
 */
#include <string.h>

#include "base/buf.h"
#include "scan/ehframe.h"

#define ENC_OMIT   0xff
#define ENC_PCREL  0x10
#define ENC_DATA   0x30
#define ENC_FORMAT 0x0f
#define ENC_BASE   0x70
#define ENC_INDIR  0x80

/* Bytes of the file with the address of the first. */
struct cursor {
	struct vu_reader r;
	uint64_t addr;
};

static bool cursor_at(const struct vu_elf *e, uint64_t addr, struct cursor *c)
{
	uint64_t avail;
	const unsigned char *p = vu_elf_at(e, addr, &avail);

	if (!p)
		return false;
	vu_reader_init(&c->r, p, avail);
	c->addr = addr;
	return true;
}

static uint64_t here(const struct cursor *c)
{
	return c->addr + (uint64_t)(c->r.at - c->r.start);
}

static uint64_t leb(struct cursor *c, bool is_signed)
{
	unsigned int shift = 0;
	uint64_t value = 0;
	uint8_t byte;

	do {
		byte = vu_reader_u8(&c->r);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && !c->r.error);
	if (is_signed && byte & 0x40 && shift < 64)
		value |= ~0ull << shift;
	return value;
}

static uint64_t plain(struct cursor *c, unsigned int format)
{
	switch (format) {
	case 0x0:
	case 0x4:
	case 0xc:
		return vu_reader_le64(&c->r);
	case 0x1:
		return leb(c, false);
	case 0x2:
		return vu_reader_le16(&c->r);
	case 0x3:
		return vu_reader_le32(&c->r);
	case 0x9:
		return leb(c, true);
	case 0xa:
		return (uint64_t)(int16_t)vu_reader_le16(&c->r);
	case 0xb:
		return (uint64_t)(int32_t)vu_reader_le32(&c->r);
	default:
		c->r.error = -1;
		return 0;
	}
}

/* A pointer in encoding `enc`; what is relative to data counts from `data`. */
static uint64_t encoded(struct cursor *c, unsigned int enc, uint64_t data)
{
	uint64_t at = here(c), value;

	if (enc == ENC_OMIT)
		return 0;
	value = plain(c, enc & ENC_FORMAT);
	if (!value)
		return 0;
	switch (enc & ENC_BASE) {
	case 0:
		return value;
	case ENC_PCREL:
		return at + value;
	case ENC_DATA:
		return data + value;
	default:
		c->r.error = -1;
		return 0;
	}
}

struct cie {
	unsigned int enc, lsda_enc;
	bool augmented;
	bool signal; /* of code that the kernel returns to from a signal's handler */
};

/* The length of an entry, and the cursor is cut to it. False: no entry, or its 64-bit form. */
static bool entry(struct cursor *c, uint64_t *next)
{
	uint32_t len = vu_reader_le32(&c->r);

	if (c->r.error || !len || len == 0xffffffff || len > vu_reader_left(&c->r))
		return false;
	c->r.end = c->r.at + len;
	*next = here(c) + len;
	return true;
}

static bool read_cie(const struct vu_elf *e, uint64_t addr, struct cie *cie)
{
	struct cursor c;
	const char *aug;
	uint8_t version;
	uint64_t next;

	memset(cie, 0, sizeof(*cie));
	cie->lsda_enc = ENC_OMIT;
	if (!cursor_at(e, addr, &c) || !entry(&c, &next) || vu_reader_le32(&c.r) != 0)
		return false;
	version = vu_reader_u8(&c.r);
	aug = vu_reader_str(&c.r);
	if (!aug || (version != 1 && version != 3))
		return false;
	leb(&c, false);
	leb(&c, true);
	if (version == 1)
		vu_reader_u8(&c.r);
	else
		leb(&c, false);
	if (aug[0] != 'z')
		return !aug[0] && !c.r.error;
	cie->augmented = true;
	leb(&c, false);
	for (aug++; *aug && !c.r.error; aug++) {
		if (*aug == 'R')
			cie->enc = vu_reader_u8(&c.r);
		else if (*aug == 'L')
			cie->lsda_enc = vu_reader_u8(&c.r);
		else if (*aug == 'P')
			encoded(&c, vu_reader_u8(&c.r) & 0x7f, 0);
		else if (*aug == 'S')
			cie->signal = true;
		else if (*aug != 'B')
			return false;
	}
	return !c.r.error;
}

/*
 * Read the entry at `addr`; *next is the address of the one after it. 1: it describes a function; 0: something
 * else; -1: there is none.
 */
static int read_fde(const struct vu_elf *e, uint64_t addr, struct vu_fde *f, uint64_t *next)
{
	const struct vu_elf_segment *s;
	struct cursor c;
	struct cie cie;
	uint64_t at, size;
	uint32_t back;

	if (!cursor_at(e, addr, &c) || !entry(&c, next))
		return -1;
	at = here(&c);
	back = vu_reader_le32(&c.r);
	if (!back || !read_cie(e, at - back, &cie))
		return 0;
	f->start = encoded(&c, cie.enc, 0);
	size = plain(&c, cie.enc & ENC_FORMAT);
	/* Such code begins a byte too early, so that it is found by the address in front of it, too. */
	if (cie.signal && size > 1) {
		f->start++;
		size--;
	}
	f->lsda = 0;
	if (cie.augmented) {
		leb(&c, false);
		if (cie.lsda_enc != ENC_OMIT)
			f->lsda = encoded(&c, cie.lsda_enc, 0);
	}
	s = vu_elf_segment(e, f->start);
	if (c.r.error || cie.enc & ENC_INDIR || !s || !s->exec || !size ||
	    size > s->size - (f->start - s->addr))
		return 0;
	f->end = f->start + size;
	return 1;
}

/* The search table: address of its first entry, and their number. */
static bool table(const struct vu_elf *e, uint64_t *addr, uint64_t *n)
{
	unsigned int version, ptr_enc, count_enc, table_enc;
	struct cursor c;

	if (!e->eh_hdr || !cursor_at(e, e->eh_hdr, &c))
		return false;
	version = vu_reader_u8(&c.r);
	ptr_enc = vu_reader_u8(&c.r);
	count_enc = vu_reader_u8(&c.r);
	table_enc = vu_reader_u8(&c.r);
	if (version != 1 || table_enc != (ENC_DATA | 0xb) || count_enc == ENC_OMIT)
		return false;
	encoded(&c, ptr_enc, e->eh_hdr);
	*n = encoded(&c, count_enc, e->eh_hdr);
	*addr = here(&c);
	return !c.r.error && *n && *n <= vu_reader_left(&c.r) / 8;
}

bool vu_eh_indexed(const struct vu_elf *e)
{
	uint64_t addr, n;

	return table(e, &addr, &n);
}

static uint64_t table_value(const struct vu_elf *e, const unsigned char *t, uint64_t n, int which)
{
	int32_t value;

	memcpy(&value, t + n * 8 + (which ? 4 : 0), sizeof(value));
	return e->eh_hdr + (uint64_t)(int64_t)value;
}

bool vu_eh_find(const struct vu_elf *e, uint64_t addr, struct vu_fde *f)
{
	uint64_t first, n, avail, low = 0, high, mid, next;
	const unsigned char *t;

	if (!table(e, &first, &n))
		return false;
	t = vu_elf_at(e, first, &avail);
	if (!t || avail / 8 < n)
		return false;
	/* The last entry that begins at addr or before. */
	for (high = n; low < high;) {
		mid = low + (high - low) / 2;
		if (table_value(e, t, mid, 0) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || read_fde(e, table_value(e, t, low - 1, 1), f, &next) != 1)
		return false;
	return f->start <= addr && addr < f->end;
}

void vu_eh_walk(const struct vu_elf *e, void (*fn)(void *ctx, const struct vu_fde *f), void *ctx)
{
	uint64_t at = e->eh_frame_addr, end = at + e->eh_frame.size, next;
	struct vu_fde f;
	int what;

	while (at < end) {
		what = read_fde(e, at, &f, &next);
		if (what < 0)
			return;
		if (what)
			fn(ctx, &f);
		at = next;
	}
}

bool vu_eh_pads(const struct vu_elf *e, const struct vu_fde *f,
		void (*fn)(void *ctx, uint64_t addr), void *ctx)
{
	uint64_t base = f->start, pad, size;
	unsigned int enc;
	struct cursor c;

	if (!f->lsda)
		return true;
	if (!cursor_at(e, f->lsda, &c))
		return false;
	enc = vu_reader_u8(&c.r);
	if (enc != ENC_OMIT)
		base = encoded(&c, enc, 0);
	enc = vu_reader_u8(&c.r);
	if (enc != ENC_OMIT)
		leb(&c, false);
	enc = vu_reader_u8(&c.r);
	size = leb(&c, false);
	if (c.r.error || size > vu_reader_left(&c.r))
		return false;
	c.r.end = c.r.at + size;
	while (vu_reader_left(&c.r)) {
		plain(&c, enc & ENC_FORMAT);
		plain(&c, enc & ENC_FORMAT);
		pad = plain(&c, enc & ENC_FORMAT);
		leb(&c, false);
		if (c.r.error)
			return false;
		if (pad)
			fn(ctx, base + pad);
	}
	return true;
}
