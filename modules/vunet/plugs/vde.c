/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plug: vunet-vde vdeplug */
/*
 * vunet-vde URL: connects the tap that is descriptor 3 with a VDE network (libvdeplug 4).
 *
 * It says "ready" when the URL is open. When the connection ends (a switch that dies), it tries to open the URL again
 * each second; until then the tap has no carrier, as a cable that is pulled. It ends when standard input does.
 *
 * Frames are passed as they are if their length is one that Ethernet and the interface allow; the kernel looks into
 * them. Nothing is kept: a frame that one side does not take is lost, as on any Ethernet.
 */
#include <errno.h>
#include <fcntl.h>
#include <libvdeplug.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TAP	  3
#define AT_ONCE	  8 /* frames of the stack before the net has its turn */
#define RETRY_MS  1000
#define END_S	  2
#define FRAME_MIN 14
#define FRAME_MAX (65535 + 18)

static char frame[FRAME_MAX];

static void set_carrier(int on)
{
	ioctl(TAP, TUNSETCARRIER, &on); /* where the kernel is too old the link seems up */
}

static VDECONN *open_net(char *url)
{
	return vde_open(url, (char *)"viewos", NULL);
}

/* From the tap to the net. False: the net is gone; not if the peer is not there (yet): that is a frame lost. */
static bool send_frames(VDECONN *net)
{
	ssize_t n;
	int i;

	for (i = 0; i < AT_ONCE; i++) {
		n = read(TAP, frame, sizeof(frame));
		if (n < FRAME_MIN)
			return true;
		if (vde_send(net, frame, (size_t)n, 0) < 0 && (errno == EPIPE || errno == EBADF))
			return false;
	}
	return true;
}

/* One frame from the net to the tap: whether there is another one poll() must tell. False: the net is gone. */
static bool receive_frame(VDECONN *net)
{
	ssize_t n = vde_recv(net, frame, sizeof(frame), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR || errno == EMSGSIZE || errno == ENOBUFS ||
		       errno == ECONNREFUSED;
	if (n >= FRAME_MIN && n < (ssize_t)sizeof(frame) && write(TAP, frame, (size_t)n) < 0)
		return true; /* full, or down: it is lost */
	return n != 0;
}

/* Until the net is gone; false: we are to end. */
static bool pass_frames(VDECONN *net)
{
	struct pollfd polls[4] = { { .fd = TAP, .events = POLLIN },
				   { .fd = vde_datafd(net), .events = POLLIN },
				   { .fd = STDIN_FILENO, .events = POLLIN },
				   { .fd = vde_ctlfd(net), .events = POLLIN } };

	if (polls[3].fd == polls[1].fd)
		polls[3].fd = -1;
	for (;;) {
		if (poll(polls, 4, -1) < 0)
			continue;
		if (polls[2].revents)
			return false;
		if (polls[0].revents && !send_frames(net))
			return true;
		if (polls[1].revents && !receive_frame(net))
			return true;
		if (polls[3].revents) /* silent after the beginning: its end */
			return true;
	}
}

/* The net was lost: open it again. NULL: we are to end. */
static VDECONN *reopen(char *url)
{
	struct pollfd polls[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
				   { .fd = TAP, .events = POLLIN } };
	VDECONN *net = NULL;

	set_carrier(0);
	while (!net) {
		if (poll(polls, 1, RETRY_MS) > 0)
			return NULL;
		while (read(TAP, frame, sizeof(frame)) > 0)
			; /* what was sent meanwhile is lost */
		net = open_net(url);
	}
	set_carrier(1);
	return net;
}

/* Standard input ends with umvu: that leaves time to tidy up, unless the net keeps us waiting. */
static void end_soon(int sig)
{
	(void)sig;
	alarm(END_S);
}

int main(int argc, char **argv)
{
	VDECONN *net;
	int error;

	if (argc != 2) {
		fprintf(stderr, "usage: vunet-vde URL (started by umvu)\n");
		return EINVAL;
	}
	signal(SIGPIPE, SIG_IGN);
	errno = 0;
	net = open_net(argv[1]);
	if (!net) {
		error = errno ? errno : EPROTONOSUPPORT;
		fprintf(stderr, "'%s': %s\n", argv[1], strerror(error));
		return error < 126 ? error : EIO;
	}
	signal(SIGTERM, end_soon);
	printf("ready\n");
	fflush(stdout);
	while (net && pass_frames(net)) {
		vde_close(net);
		net = reopen(argv[1]);
	}
	if (net)
		vde_close(net);
	return 0;
}
