/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nanoseconds of single system calls: "calls MILLISECONDS SYMLINK FILE" writes a line "name<TAB>ns" for each.
 * Each call is made in batches for about that long, and the median of the batches counts. The calls are
 * made by the C library's functions, as programs do. FILE is for the calls "in the image".
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH	    50
#define MAX_BATCHES 20000
#define HOST_FILE   "/etc/passwd"

static const char *symlink_path, *image_path;
static int zero_fd, null_fd, file_fd;
static uint32_t futex_word;
static char byte, text[256];
static struct stat st;
static volatile long sink; /* what the calls return is of no interest */

/* A function that makes the call. */
#define CALL(name, expression)        \
	static void call_##name(void) \
	{                             \
		sink = (expression);  \
	}

CALL(getppid, getppid())
CALL(read, read(zero_fd, &byte, 1))
CALL(write, write(null_fd, &byte, 1))
CALL(lseek, lseek(file_fd, 0, SEEK_SET))
CALL(fstat, fstat(file_fd, &st))
CALL(poll, poll(&(struct pollfd){ zero_fd, POLLIN, 0 }, 1, 0))
CALL(futex, syscall(SYS_futex, &futex_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0))
CALL(getuid, getuid())
CALL(stat, stat(HOST_FILE, &st))
CALL(access, access(HOST_FILE, R_OK))
CALL(readlink, readlink(symlink_path, text, sizeof(text)))
CALL(open_close, close(open(HOST_FILE, O_RDONLY)))
CALL(image_stat, stat(image_path, &st))
CALL(image_open, close(open(image_path, O_RDONLY)))

static const struct {
	const char *name;
	void (*call)(void);
} calls[] = {
	{ "getppid", call_getppid },
	{ "read", call_read },
	{ "write", call_write },
	{ "lseek", call_lseek },
	{ "fstat", call_fstat },
	{ "poll", call_poll },
	{ "futex", call_futex },
	{ "getuid", call_getuid },
	{ "stat", call_stat },
	{ "access", call_access },
	{ "readlink", call_readlink },
	{ "open+close", call_open_close },
	{ "stat in the image", call_image_stat },
	{ "open+close in the image", call_image_open },
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

	if (argc < 4 || argc > 5)
		return 1;
	duration = strtoul(argv[1], NULL, 10) * 1000000;
	symlink_path = argv[2];
	image_path = argv[3];
	zero_fd = open("/dev/zero", O_RDONLY);
	null_fd = open("/dev/null", O_WRONLY);
	file_fd = open(HOST_FILE, O_RDONLY);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (argc == 5 && !strstr(calls[i].name, argv[4]))
			continue;
		ns = measure(calls[i].call, duration);
		printf("%s\t%llu.%02llu\n", calls[i].name, (unsigned long long)(ns / 100),
		       (unsigned long long)(ns % 100));
	}
	return 0;
}
