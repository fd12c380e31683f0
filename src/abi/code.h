/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patched code: how a `syscall` instruction of a program or library enters the agent without a signal.
 *
 * A call site is rewritten to `call *[slot]`: FF 14 25 and the 32-bit absolute address of a slot, 7 bytes that
 * are the same in every process, wherever the file is mapped. Slots are pointers in a page of vu-loader's
 * own image at VU_GATE_ADDR. So a file is patched once: umvu keeps a copy with the patched pages, in the user's cache or
 * in a memfd, and lists it here; the agent maps these pages over the file's own.
 *
 *	VU_SITE_NR	mov $nr,%eax; syscall		7 bytes		the slot of the number
 *			mov $nr,%rax; syscall		9 bytes		... and a two-byte nop
 *	VU_SITE_F000	syscall; cmp $-4096,%rax	8 bytes		any number; the gate compares, too, and a nop
 *	VU_SITE_F001	syscall; cmp $-4095,%rax	8 bytes
 *
 * Sites without room for it jump to a stub in the same file that calls VU_GATE_ANY, and back (abi/scan.h). Where
 * that cannot be either, the instruction becomes VU_FAULT_SITE, and the agent makes the call in its SIGSEGV handler.
 * Where libraries compare the place with the instruction pointer of a thread that is to be cancelled, the instruction
 * must be made there where there is no room for a stub behind it: it is VU_DEFER_SITE until a process comes to it. That process then gets the
 * filter, and its instruction back.
 *
 * The cpuid instructions of an ELF interpreter call VU_GATE_CPUID, by such a stub (abi/cpuid.h).
 *
 * The call pushes its return address: no site may lie in a function that keeps data below its stack
 * pointer (red zone). Which sites are safe is found out by vu-scan (src/scan).
 *
 * The table is a part of each view image (abi/view.h), the same in all of a session, and only grows: an entry
 * is complete before n_files counts it. A file's entry is found by the chain of its inode's bucket.
 */
#ifndef VU_ABI_CODE_H
#define VU_ABI_CODE_H

#include <stdint.h>

#define VU_GATE_ADDR	0x7e001000ul /* below 2 GiB, so that it fits a sign-extended 32-bit address */
#define VU_GATE_SLOTS	512u
#define VU_GATE_CPUID	508u /* slots below are for the calls of that number */
#define VU_GATE_ANY	509u /* a call of any number */
#define VU_GATE_F000	510u
#define VU_GATE_F001	511u
#define VU_GATE_SLOT(n) (VU_GATE_ADDR + 8ul * (n))

/* Behind the instruction by which the gate lets a call trap all the same. */
#define VU_GATE_TRAPPED (VU_GATE_ADDR + 4096u + 2u)

/*
 * In a stub whose jump stands in the place of the instruction, behind its call: a nop with 32 bits, the distance from
 * here to that place. Then, if it has stepped over the red zone, lea 128(%rsp),%rsp.
 */
#define VU_STUB_PLACE "\x0f\x1f\x80"
#define VU_STUB_RED   "\x48\x8d\xa4\x24\x80\0\0\0"

/* hlt, of which programs have no use, and what was the instruction's second byte. */
#define VU_FAULT_SITE "\xf4\x05"
#define VU_DEFER_SITE "\xf4\x06"

enum vu_site_kind { VU_SITE_NR, VU_SITE_F000, VU_SITE_F001 };

#define VU_CODE_FILES	1024u
#define VU_CODE_BUCKETS 1024u
#define VU_CODE_RUNS	8u
#define VU_CODE_NAMES	(512u << 10) /* bytes of names */

/* Pages of a file that are patched: in the copy they have the same places. */
struct vu_code_run {
	uint32_t file_page; /* number of the first page in the file */
	uint32_t n_pages;
};

/* A file that umvu has looked at. It is the same file as long as all of dev .. ctime_ns are the same. */
struct vu_code_file {
	uint64_t dev, ino; /* dev: as st_dev of stat(2) */
	uint64_t size;
	uint64_t mtime_ns, ctime_ns;
	uint32_t next;	 /* index + 1 of the next entry of the bucket, 0 none */
	uint32_t name;	 /* offset in names: its path on the host, for /proc/PID/maps */
	int32_t fd;	 /* the server's descriptor of the copy; -1: there is nothing to patch */
	uint32_t n_runs; /* in use, ascending, not overlapping */
	uint32_t n_sites, n_candidates; /* patched ones, `syscall` instructions; for information */
	uint32_t whole;	    /* no call that may be virtual is made by it but through the gate */
	uint32_t copy_name; /* offset in names: what the kernel shows of the copy */
	uint64_t copy_dev, copy_ino;
	struct vu_code_run run[VU_CODE_RUNS];
};

struct vu_code_table {
	uint32_t n_files; /* read with acquire */
	uint32_t names_used;
	uint32_t bucket[VU_CODE_BUCKETS]; /* index + 1 of the newest entry, 0 none; read with acquire */
	struct vu_code_file file[VU_CODE_FILES];
	char names[VU_CODE_NAMES];
};

static inline uint32_t vu_code_bucket(uint64_t ino)
{
	return (uint32_t)((ino * 0x9e3779b97f4a7c15ull) >> 54) % VU_CODE_BUCKETS;
}

#endif
