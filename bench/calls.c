/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nanoseconds of single system calls: "calls MILLISECONDS SYMLINK" writes a line "name ns" for each.
 * Each call is made in batches for about that long, and the median of the batches counts. All go by
 * syscall(2), so that what is measured is the same whatever the libc.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH	    50
#define MAX_BATCHES 20000

static const char *symlink_path;
static int zero_fd, null_fd, file_fd;
static uint32_t futex_word;
static char byte, text[256];
static struct stat st;

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static void call_read(void)
{
	syscall(SYS_read, zero_fd, &byte, 1);
}

static void call_write(void)
{
	syscall(SYS_write, null_fd, &byte, 1);
}

static void call_lseek(void)
{
	syscall(SYS_lseek, file_fd, 0, SEEK_SET);
}

static void call_fstat(void)
{
	syscall(SYS_fstat, file_fd, &st);
}

static void call_futex(void)
{
	syscall(SYS_futex, &futex_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void call_stat(void)
{
	syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0);
}

static void call_access(void)
{
	syscall(SYS_faccessat, AT_FDCWD, "/etc/passwd", R_OK);
}

static void call_readlink(void)
{
	syscall(SYS_readlinkat, AT_FDCWD, symlink_path, text, sizeof(text));
}

static void call_open_close(void)
{
	syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}

static void call_getuid(void)
{
	syscall(SYS_getuid);
}

static const struct {
	const char *name;
	void (*call)(void);
} calls[] = {
	{ "getppid", call_getppid },	   { "read", call_read },
	{ "write", call_write },	   { "lseek", call_lseek },
	{ "fstat", call_fstat },	   { "futex", call_futex },
	{ "getuid", call_getuid },	   { "stat", call_stat },
	{ "access", call_access },	   { "readlink", call_readlink },
	{ "open+close", call_open_close },
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Nanoseconds a call, times 100. */
static uint64_t measure(void (*call)(void), uint64_t duration)
{
	static uint64_t batch[MAX_BATCHES];
	uint64_t begin = now(), t = begin, next;
	size_t n = 0;
	int i;

	do {
		for (i = 0; i < BATCH; i++)
			call();
		next = now();
		batch[n++] = next - t;
		t = next;
	} while (n < MAX_BATCHES && (t - begin < duration || n < 5));
	qsort(batch, n, sizeof(batch[0]), compare);
	return batch[n / 2] * 100 / BATCH;
}

int main(int argc, char **argv)
{
	uint64_t duration, ns;
	size_t i;

	if (argc != 3)
		return 1;
	duration = strtoul(argv[1], NULL, 10) * 1000000;
	symlink_path = argv[2];
	zero_fd = open("/dev/zero", O_RDONLY);
	null_fd = open("/dev/null", O_WRONLY);
	file_fd = open("/etc/passwd", O_RDONLY);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		ns = measure(calls[i].call, duration);
		printf("%s %llu.%02llu\n", calls[i].name, (unsigned long long)(ns / 100),
		       (unsigned long long)(ns % 100));
	}
	return 0;
}
