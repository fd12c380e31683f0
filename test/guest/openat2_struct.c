/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* openat2: sizes of the struct, unknown bits, flags and modes that open would ignore. */
#include "guest.h"
#include <linux/openat2.h>

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

static void try(const char *what, const void *how, size_t size)
{
	long fd = syscall(SYS_openat2, AT_FDCWD, "file", how, size);

	showf_ok(fd, "%s", what);
	if (fd >= 0)
		close(fd);
}

static void try_how(const char *what, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };

	try(what, &how, sizeof(how));
}

int main(void)
{
	static char big[8192];
	uint64_t four[4] = { O_RDONLY, 0, 0, 0 };
	char *edge;

	write_text("file", "x", 0644);
	try("size 0", four, 0);
	try("size 8", four, 8);
	try("size 23", four, 23);
	try("size 24", four, 24);
	try("size 25, zero", four, 25);
	try("size 32, zero", four, 32);
	four[3] = 1;
	try("size 32, not zero", four, 32);
	four[3] = 1ULL << 63;
	try("size 31, not zero behind", four, 31);
	try("size 32, last byte not zero", four, 32);
	try("size 4096, zero", big, 4096);
	try("size 4097, zero", big, 4097);
	try("size 2^63", big, 1UL << 63);
	big[4095] = 1;
	try("size 4096, last byte not zero", big, 4096);
	try("NULL", NULL, 24);
	try("NULL, size 0", NULL, 0);
	try("unmapped", (void *)16, 24);
	try("kernel", (void *)0xffff888000000000UL, 24);
	four[3] = 0;
	edge = edge_copy(four, 24);
	try("at the edge", edge, 24);
	try("over the edge", edge, 32);
	try("misaligned", memmove(edge - 3, edge, 24), 24);

	try_how("plain", O_RDONLY, 0, 0);
	try_how("mode without O_CREAT", O_RDONLY, 0644, 0);
	try_how("O_CREAT with mode", O_RDWR | O_CREAT, 0644, 0);
	try_how("mode 010000", O_RDWR | O_CREAT, 010000, 0);
	try_how("mode above 32 bits", O_RDWR | O_CREAT, 1ULL << 40, 0);
	try_how("unknown flag", 1ULL << 30, 0, 0);
	try_how("flag above 32 bits", 1ULL << 33, 0, 0);
	try_how("unknown resolve bit", O_RDONLY, 0, 0x40);
	try_how("resolve above 32 bits", O_RDONLY, 0, 1ULL << 40);
	try_how("BENEATH and IN_ROOT", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT);
	try_how("O_PATH with O_TRUNC", O_PATH | O_TRUNC, 0, 0);
	try_how("O_PATH with O_RDWR", O_PATH | O_RDWR, 0, 0);
	try_how("O_PATH with O_CLOEXEC", O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0);
	try_how("O_TMPFILE read only", O_TMPFILE | O_RDONLY, 0600, 0);
	try_how("RESOLVE_CACHED with O_CREAT", O_RDWR | O_CREAT, 0644, RESOLVE_CACHED);
	return 0;
}
