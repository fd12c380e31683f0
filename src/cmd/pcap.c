/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recording: a packet socket of the stack (packet(7)), and a file in the format of libpcap (pcap-savefile(5)), times
 * in nanoseconds. A frame on lo passes twice; it is recorded when it comes in.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/pcap.h"

#define MAGIC_NS   0xa1b23c4du
#define LINK_ETHER 1
#define FRAME_MAX  262144
#define ROOM	   (16 << 20) /* bytes that may wait for us */

struct file_head {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, frame_max, link;
};

struct frame_head {
	uint32_t seconds, nanoseconds, stored, length;
};

static pid_t recorder;

/* Take one frame, if there is one. False: there is none. */
static bool record_one(int sock, FILE *to, char *frame)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(sock, frame, FRAME_MAX, MSG_DONTWAIT | MSG_TRUNC,
			     (struct sockaddr *)&from, &len);
	struct timespec now;
	struct frame_head head;

	if (n < 0)
		return errno == EINTR || errno == ENETDOWN;
	if (from.sll_pkttype == PACKET_OUTGOING && from.sll_hatype == ARPHRD_LOOPBACK)
		return true;
	clock_gettime(CLOCK_REALTIME, &now);
	head.seconds = (uint32_t)now.tv_sec;
	head.nanoseconds = (uint32_t)now.tv_nsec;
	head.length = (uint32_t)n;
	head.stored = n < FRAME_MAX ? (uint32_t)n : FRAME_MAX;
	fwrite(&head, sizeof(head), 1, to);
	fwrite(frame, head.stored, 1, to);
	return true;
}

_Noreturn static void record(int sock, FILE *to, int signals)
{
	struct pollfd polls[2] = { { .fd = sock, .events = POLLIN },
				   { .fd = signals, .events = POLLIN } };
	char *frame = malloc(FRAME_MAX);
	bool on = frame != NULL;

	while (on) {
		if (poll(polls, 2, -1) < 0)
			continue;
		on = !polls[1].revents;
		while (record_one(sock, to, frame))
			;
		fflush(to);
	}
	free(frame);
	_exit(fclose(to) == 0 ? 0 : 1);
}

static FILE *begin_file(const char *file, int status)
{
	const struct file_head head = { MAGIC_NS, 2, 4, 0, 0, FRAME_MAX, LINK_ETHER };
	FILE *to = fopen(file, "we");

	if (!to || fwrite(&head, sizeof(head), 1, to) != 1 || fflush(to) != 0)
		err(status, "'%s'", file);
	return to;
}

static int open_socket(int status)
{
	const int room = ROOM;
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	if (sock < 0)
		err(status, "packet socket");
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return sock;
}

void vu_pcap_start(const char *file, int status)
{
	int sock = open_socket(status), signals;
	FILE *to = begin_file(file, status);
	sigset_t set, was;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &was);
	recorder = fork();
	if (recorder < 0)
		err(status, "fork");
	if (recorder == 0) {
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
		signals = signalfd(-1, &set, SFD_CLOEXEC);
		record(sock, to, signals);
	}
	sigprocmask(SIG_SETMASK, &was, NULL);
	fclose(to);
	close(sock);
}

void vu_pcap_stop(void)
{
	if (recorder <= 0)
		return;
	kill(recorder, SIGTERM);
	waitpid(recorder, NULL, 0);
	recorder = 0;
}
