/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Measures a network, for bench/run:
 *	net serve ADDRESS		serves what follows at port PORT, until standard input ends; says "up"
 *	net socket N			N times socket(2) (and close, not counted): nanoseconds each, the median
 *	net tcp ADDRESS MIB		megabytes a second by one connection, to the server
 *	net udp ADDRESS N		microseconds a round trip of a datagram of 64 bytes, the median
 *	net connect ADDRESS N		connections a second, one after the other
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT	7357
#define BLOCK	(128 << 10)
#define TRIES	100
#define LOST_MS 1000

static char block[BLOCK];

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
		errx(1, "%s: no address", text);
	return a;
}

static int open_socket(int type)
{
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		err(1, "socket");
	return fd;
}

/* A client: reads until its end, then tells that all has come. */
static void drain(int fd)
{
	while (read(fd, block, sizeof(block)) > 0)
		;
	if (write(fd, "", 1) < 0) {
		/* It did not wait. */
	}
	close(fd);
}

static void serve(const char *where)
{
	struct sockaddr_in a = address(where), from;
	struct pollfd polls[3] = { { .fd = open_socket(SOCK_STREAM), .events = POLLIN },
				   { .fd = open_socket(SOCK_DGRAM), .events = POLLIN },
				   { .fd = STDIN_FILENO, .events = POLLIN } };
	socklen_t len;
	const int one = 1;
	ssize_t n;

	setsockopt(polls[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(polls[0].fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(polls[0].fd, 128) < 0 || bind(polls[1].fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "bind");
	printf("up\n");
	fflush(stdout);
	while (poll(polls, 3, -1) > 0 && !polls[2].revents) {
		if (polls[0].revents)
			drain(accept(polls[0].fd, NULL, NULL));
		len = sizeof(from);
		if (!polls[1].revents)
			continue;
		n = recvfrom(polls[1].fd, block, sizeof(block), 0, (struct sockaddr *)&from, &len);
		if (n > 0 &&
		    sendto(polls[1].fd, block, (size_t)n, 0, (struct sockaddr *)&from, len) < 0)
			continue;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print_median(double *list, int n, double unit)
{
	qsort(list, (size_t)n, sizeof(list[0]), compare);
	printf("%.1f\n", list[n / 2] / unit);
}

static void measure_socket(int n)
{
	double *took = calloc((size_t)n, sizeof(*took)), begin;
	int i, fd;

	for (i = 0; took && i < n; i++) {
		begin = now_ns();
		fd = open_socket(SOCK_STREAM);
		took[i] = now_ns() - begin;
		close(fd);
	}
	print_median(took, n, 1);
	free(took);
}

static int dial(const struct sockaddr_in *a)
{
	int fd = open_socket(SOCK_STREAM), i;

	for (i = 0; connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0; i++) {
		if (i == TRIES)
			err(1, "connect");
		usleep(20000);
		close(fd);
		fd = open_socket(SOCK_STREAM);
	}
	return fd;
}

static void measure_tcp(const struct sockaddr_in *a, int mib)
{
	size_t left = (size_t)mib << 20;
	int fd = dial(a);
	double begin = now_ns();
	ssize_t n;

	while (left) {
		n = write(fd, block, left < sizeof(block) ? left : sizeof(block));
		if (n < 0)
			err(1, "write");
		left -= (size_t)n;
	}
	shutdown(fd, SHUT_WR);
	if (read(fd, block, 1) != 1)
		errx(1, "the server has not got all");
	printf("%.1f\n", (double)mib * (1 << 20) / ((now_ns() - begin) / 1e3));
}

static void measure_udp(const struct sockaddr_in *a, int n)
{
	double *took = calloc((size_t)n, sizeof(*took)), begin;
	int fd = open_socket(SOCK_DGRAM), i, lost = 0;
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0)
		err(1, "connect");
	for (i = 0; took && i < n; i++) {
		begin = now_ns();
		if (send(fd, block, 64, 0) < 0 || poll(&wait, 1, LOST_MS) <= 0) {
			if (++lost > TRIES)
				errx(1, "no answers");
			i--;
			continue;
		}
		if (recv(fd, block, sizeof(block), 0) < 0)
			err(1, "recv");
		took[i] = now_ns() - begin;
	}
	print_median(took, n, 1e3);
	free(took);
}

static void measure_connect(const struct sockaddr_in *a, int n)
{
	double begin = now_ns();
	int i;

	for (i = 0; i < n; i++)
		close(dial(a));
	printf("%.1f\n", n / ((now_ns() - begin) / 1e9));
}

int main(int argc, char **argv)
{
	struct sockaddr_in a;

	if (argc == 3 && !strcmp(argv[1], "socket")) {
		measure_socket(atoi(argv[2]));
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "serve")) {
		serve(argv[2]);
		return 0;
	}
	if (argc != 4)
		errx(2, "see the source");
	a = address(argv[2]);
	if (!strcmp(argv[1], "tcp"))
		measure_tcp(&a, atoi(argv[3]));
	else if (!strcmp(argv[1], "udp"))
		measure_udp(&a, atoi(argv[3]));
	else if (!strcmp(argv[1], "connect"))
		measure_connect(&a, atoi(argv[3]));
	else
		errx(2, "see the source");
	return 0;
}
