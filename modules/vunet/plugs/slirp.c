/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* plug: vunet-slirp slirp */
/*
 * vunet-slirp NET/LENGTH IP/LENGTH MTU loopback|- [FORWARD]...: connects the tap that is descriptor 3 with the host's
 * network by libslirp. What the stack sends goes out by ordinary sockets of this process.
 *
 * NET/LENGTH is the network in which slirp has the addresses 2 (gateway and host) and 3 (resolver); IP is the stack's.
 * FORWARD is tcp|udp:[HOST-ADDRESS:]HOST-PORT:[STACK-ADDRESS:]STACK-PORT; the host's address is 127.0.0.1 unless
 * another is given. It says "ready" when all forwards are set up, and ends when standard input does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <slirp/libslirp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TAP	   3
#define AT_ONCE	   4 /* frames of the stack before sockets have their turn */
#define TIMERS_MAX 16
#define FRAME_MAX  (65535 + 18)
#define END_S	   2
#define FRAME_MIN  14

struct timer {
	bool used;
	int64_t when; /* ms, < 0: not set */
	SlirpTimerCb fn;
	void *ctx;
};

struct plug {
	Slirp *slirp;
	struct timer timers[TIMERS_MAX];
	struct pollfd *polls; /* the first two are the tap and standard input */
	size_t n_polls, max_polls;
	struct in_addr stack, dns;
	char frame[FRAME_MAX];
};

/* --- what libslirp asks for --- */

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
	(void)opaque;
	return write(TAP, buf, len); /* full: lost, and sent again by TCP */
}

static void guest_error(const char *msg, void *opaque)
{
	(void)msg;
	(void)opaque;
}

static int64_t now_ns(void *opaque)
{
	struct timespec t;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *timer_new(SlirpTimerCb fn, void *ctx, void *opaque)
{
	struct plug *p = opaque;
	int i;

	for (i = 0; i < TIMERS_MAX; i++) {
		if (p->timers[i].used)
			continue;
		p->timers[i] = (struct timer){ true, -1, fn, ctx };
		return &p->timers[i];
	}
	abort(); /* it has one */
}

static void timer_free(void *timer, void *opaque)
{
	(void)opaque;
	((struct timer *)timer)->used = false;
}

static void timer_mod(void *timer, int64_t when, void *opaque)
{
	(void)opaque;
	((struct timer *)timer)->when = when;
}

static void ignore_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void ignore(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = now_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = ignore_fd,
	.unregister_poll_fd = ignore_fd,
	.notify = ignore,
};

/* --- the loop --- */

static const struct {
	int slirp, poll;
} events[] = {
	{ SLIRP_POLL_IN, POLLIN },   { SLIRP_POLL_OUT, POLLOUT }, { SLIRP_POLL_PRI, POLLPRI },
	{ SLIRP_POLL_ERR, POLLERR }, { SLIRP_POLL_HUP, POLLHUP },
};
#define N_EVENTS (sizeof(events) / sizeof(events[0]))

static int add_poll(int fd, int wanted, void *opaque)
{
	struct plug *p = opaque;
	struct pollfd *more;
	short mask = 0;
	size_t i;

	for (i = 0; i < N_EVENTS; i++)
		if (wanted & events[i].slirp)
			mask |= (short)events[i].poll;
	if (p->n_polls == p->max_polls) {
		more = realloc(p->polls, 2 * p->max_polls * sizeof(*more));
		if (!more)
			return -1;
		p->polls = more;
		p->max_polls *= 2;
	}
	p->polls[p->n_polls] = (struct pollfd){ .fd = fd, .events = mask };
	return (int)p->n_polls++;
}

static int get_events(int index, void *opaque)
{
	const struct plug *p = opaque;
	int found = 0;
	size_t i;

	if (index < 0)
		return 0;
	for (i = 0; i < N_EVENTS; i++)
		if (p->polls[index].revents & events[i].poll)
			found |= events[i].slirp;
	return found;
}

static void run_timers(struct plug *p)
{
	int64_t now = now_ns(NULL) / 1000000;
	int i;

	for (i = 0; i < TIMERS_MAX; i++) {
		struct timer *t = &p->timers[i];

		if (!t->used || t->when < 0 || t->when > now)
			continue;
		t->when = -1;
		t->fn(t->ctx);
	}
}

/* Milliseconds until the first timer is due, at most `most`. */
static int until_timer(const struct plug *p, uint32_t most)
{
	int64_t now = now_ns(NULL) / 1000000, wait = most > INT32_MAX ? INT32_MAX : most;
	int i;

	for (i = 0; i < TIMERS_MAX; i++)
		if (p->timers[i].used && p->timers[i].when >= 0 && p->timers[i].when - now < wait)
			wait = p->timers[i].when - now;
	return wait < 0 ? 0 : (int)wait;
}

static void take_frames(struct plug *p)
{
	ssize_t n;
	int i;

	for (i = 0; i < AT_ONCE; i++) {
		n = read(TAP, p->frame, sizeof(p->frame));
		if (n < FRAME_MIN)
			return;
		slirp_input(p->slirp, (const uint8_t *)p->frame, (int)n);
	}
}

/* One round; false: we are to end. */
static bool turn(struct plug *p)
{
	uint32_t timeout = 1000000;
	int n;

	p->polls[0] = (struct pollfd){ .fd = TAP, .events = POLLIN };
	p->polls[1] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	p->n_polls = 2;
	slirp_pollfds_fill(p->slirp, &timeout, add_poll, p);
	n = poll(p->polls, p->n_polls, until_timer(p, timeout));
	if (n > 0 && p->polls[1].revents)
		return false;
	if (n > 0 && p->polls[0].revents)
		take_frames(p);
	slirp_pollfds_poll(p->slirp, n < 0, get_events, p);
	run_timers(p);
	return true;
}

/* --- setting it up --- */

_Noreturn static void die(int error, const char *what, const char *arg)
{
	fprintf(stderr, "%s%s'%s': %s\n", what, *what ? " " : "", arg, strerror(error));
	exit(error < 126 ? error : EIO);
}

/* The last word of `text` up to a colon, which is cut off; NULL: there is none. */
static char *cut_last(char *text)
{
	char *colon = strrchr(text, ':');

	if (!colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static bool parse_port(const char *text, int *port)
{
	char *end;
	unsigned long n;

	if (!text || *text < '0' || *text > '9')
		return false;
	n = strtoul(text, &end, 10);
	*port = (int)n;
	return !*end && n > 0 && n < 65536;
}

/* tcp|udp:[HOST-ADDRESS:]HOST-PORT:[STACK-ADDRESS:]STACK-PORT, read from its end. */
static void forward(struct plug *p, const char *arg)
{
	struct in_addr host = { htonl(INADDR_LOOPBACK) }, stack = p->stack;
	int host_port = 0, stack_port = 0;
	char text[128], *rest, *word;
	bool udp, good;

	udp = !strncmp(arg, "udp:", 4);
	good = (udp || !strncmp(arg, "tcp:", 4)) &&
	       snprintf(text, sizeof(text), "%s", arg + 4) < (int)sizeof(text);
	good = good && parse_port(cut_last(text), &stack_port);
	rest = text;
	if (good && (word = cut_last(rest))) {
		/* Either ADDRESS:PORT and a stack's address, or PORT behind an address. */
		if (strchr(word, '.')) {
			good = inet_pton(AF_INET, word, &stack) == 1;
			word = cut_last(rest);
		}
		if (word) {
			good = good && parse_port(word, &host_port) &&
			       inet_pton(AF_INET, rest, &host) == 1;
		} else {
			good = good && parse_port(rest, &host_port);
		}
	} else {
		good = good && parse_port(rest, &host_port);
	}
	if (!good) {
		fprintf(stderr,
			"hostfwd=%s: is not of the form tcp|udp:[ADDRESS:]PORT:[ADDRESS:]PORT\n",
			arg);
		exit(EINVAL);
	}
	if (slirp_add_hostfwd(p->slirp, udp, host, host_port, stack, stack_port) < 0)
		die(errno ? errno : EADDRINUSE, "hostfwd", arg);
}

static struct in_addr address_of(const char *arg, unsigned int *prefix)
{
	char text[64], *slash;
	struct in_addr a;

	snprintf(text, sizeof(text), "%s", arg);
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (inet_pton(AF_INET, text, &a) != 1 || !slash)
		die(EINVAL, "address", arg);
	*prefix = (unsigned int)atoi(slash);
	return a;
}

static void configure(struct plug *p, SlirpConfig *c, char **argv)
{
	unsigned int prefix;
	struct in_addr net = address_of(argv[1], &prefix);
	uint32_t base = ntohl(net.s_addr);

	p->stack = address_of(argv[2], &prefix);
	c->version = 1;
	c->in_enabled = true;
	c->vnetwork = net;
	c->vnetmask.s_addr = htonl(~0u << (32 - prefix));
	c->vhost.s_addr = htonl(base + 2);
	c->vnameserver.s_addr = htonl(base + 3);
	c->vdhcp_start.s_addr = htonl(base + 15);
	c->in6_enabled = true;
	inet_pton(AF_INET6, "fd00::", &c->vprefix_addr6);
	c->vprefix_len = 64;
	inet_pton(AF_INET6, "fd00::2", &c->vhost6);
	inet_pton(AF_INET6, "fd00::3", &c->vnameserver6);
	c->if_mtu = c->if_mru = (size_t)atoi(argv[3]);
	c->disable_host_loopback = strcmp(argv[4], "loopback") != 0;
}

/* Standard input ends with umvu: that leaves time to tidy up, unless the net keeps us waiting. */
static void end_soon(int sig)
{
	(void)sig;
	alarm(END_S);
}

int main(int argc, char **argv)
{
	struct plug *p = calloc(1, sizeof(*p));
	SlirpConfig config = { 0 };
	int i;

	if (argc < 5) {
		fprintf(stderr, "usage: vunet-slirp NET IP MTU loopback|- [FORWARD]... "
				"(started by umvu)\n");
		return EINVAL;
	}
	signal(SIGPIPE, SIG_IGN);
	if (p) {
		p->max_polls = 64;
		p->polls = calloc(p->max_polls, sizeof(*p->polls));
	}
	if (!p || !p->polls)
		return ENOMEM;
	configure(p, &config, argv);
	p->slirp = slirp_new(&config, &callbacks, p);
	if (!p->slirp)
		die(EIO, "", "slirp");
	for (i = 5; i < argc; i++)
		forward(p, argv[i]);
	signal(SIGTERM, end_soon);
	printf("ready\n");
	fflush(stdout);
	while (turn(p))
		;
	slirp_cleanup(p->slirp);
	return 0;
}
