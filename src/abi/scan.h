/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What vu-scan tells the server about a file, on its standard output: a head and n_sites sites, ascending
 * by offset, not overlapping. The server keeps such lists in the user's cache, too.
 */
#ifndef VU_ABI_SCAN_H
#define VU_ABI_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define VU_SCAN_MAGIC	  0x4e435356u /* "VSCN" */
#define VU_SCAN_VERSION	  17u	      /* of rules and patches: what is older is made anew */
#define VU_SCAN_SITES	  4000u	      /* most of a file; what is beyond is not patched */
#define VU_SCAN_SHORTEST  5u	      /* bytes of a site, but for VU_SCAN_FAULT and _DEFER */
#define VU_SCAN_LONGEST	  48u
#define VU_SCAN_NO_NUMBER 0xffffffffu
#define VU_SCAN_CPUID \
	0xfffffffeu /* in the place of a number: the instruction is no call, but cpuid */

/*
 * VU_SCAN_WHOLE: every call in the file is known. With all sites of the list patched, no call that may be virtual is
 * made but through the gate.
 */
#define VU_SCAN_WHOLE 0x1u

struct vu_scan_head {
	uint32_t magic, version;
	uint32_t n_sites;
	uint32_t n_candidates; /* `syscall` instructions that were found */
	uint32_t flags;	       /* VU_SCAN_WHOLE */
	uint32_t zero;
	uint64_t pad;	   /* offset of bytes that are mapped with the code, but of no use */
	uint32_t pad_size; /* 0: none; they end with a page */
	uint32_t n_pages;  /* of the mapping of code that the first site is in, 0: there is none */
	uint64_t page;	   /* number of its first page in the file */
	uint64_t sum;	   /* vu_scan_list_sum() */
};

/*
 * A site's bytes, by kind (enum vu_site_kind and the two more here). Between mov and syscall, or syscall and cmp, other instructions may lie, which
 * do not mind to be moved to the other side of the one (of the other) and to another address.
 *	VU_SITE_NR	mov $number,%eax or %rax; ...; syscall
 *	VU_SITE_F000	syscall; ...; cmp $-4096,%rax
 *	VU_SITE_F001	syscall; ...; cmp $-4095,%rax
 *	VU_SCAN_STUB	anything; syscall; anything: where there is room for a jump only, to a copy in the pad
 *	VU_SCAN_STUB_RED	... of a function that uses the red zone
 *	VU_SCAN_RETURN	syscall; ret; then nothing that is used, where the stub is. The return stays in its place
 *	VU_SCAN_FAULT	syscall: becomes an instruction that faults (VU_FAULT_SITE)
 *	VU_SCAN_DEFER	the same, of a number that is not known; to be patched in a file that is whole (VU_DEFER_SITE)
 */
#define VU_SCAN_STUB	      3u
#define VU_SCAN_STUB_RED      4u
#define VU_SCAN_FAULT	      5u
#define VU_SCAN_DEFER	      6u
#define VU_SCAN_RETURN	      7u
#define VU_SCAN_RETURN_LENGTH 18u

struct vu_scan_site {
	uint64_t offset; /* in the file, of the first byte to be patched */
	uint32_t number; /* of the call, or VU_SCAN_NO_NUMBER */
	uint8_t kind;
	uint8_t length;	  /* bytes to be patched */
	uint16_t syscall; /* of stubs: bytes in front of the instruction */
};

#define VU_SCAN_MAX (sizeof(struct vu_scan_head) + VU_SCAN_SITES * sizeof(struct vu_scan_site))

/* FNV-1a: finds accidents, not forgeries. */
static inline uint64_t vu_scan_sum(const void *data, uint64_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	uint64_t sum = 0xcbf29ce484222325ull;

	while (len--)
		sum = (sum ^ *p++) * 0x100000001b3ull;
	return sum;
}

static inline uint64_t vu_scan_list_sum(const struct vu_scan_head *head,
					const struct vu_scan_site *sites)
{
	return vu_scan_sum(head, offsetof(struct vu_scan_head, sum)) ^
	       ~vu_scan_sum(sites, head->n_sites * sizeof(*sites));
}

#endif
