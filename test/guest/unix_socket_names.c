/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AF_UNIX addresses: relative, long, without a NUL, abstract, automatic; read back. */
#include "guest.h"
#include <sys/socket.h>
#include <sys/un.h>

#define BASE offsetof(struct sockaddr_un, sun_path)

static void show_addr(const char *what, int (*get)(int, struct sockaddr *, socklen_t *), int fd)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un), i;

	memset(&un, '#', sizeof(un));
	if (get(fd, (struct sockaddr *)&un, &len) < 0) {
		say("  %s: %s\n", what, errname(errno));
		return;
	}
	say("  %s: length %u", what, (unsigned int)len);
	if (len > BASE && un.sun_path[0] == '\0' && len > BASE + 6) {
		say(" abstract");
		for (i = BASE + 1; i < len; i++)
			say("%c", un.sun_path[i - BASE] ? un.sun_path[i - BASE] : '|');
	} else if (len == BASE + 6 && un.sun_path[0] == '\0') {
		say(" automatic");
	} else if (len > BASE) {
		say(" \"%.*s\"", (int)(len - BASE), un.sun_path);
	}
	if (len < sizeof(un))
		say(", next byte %c", ((char *)&un)[len] == '#' ? '#' : '?');
	say("\n");
}

/* Binds, listens, connects and sends a byte through; len is what the calls are told. */
static void try(const char *what, const char *name, size_t name_len, socklen_t len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int server = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	int client = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	int conn;
	char c = 0;

	memcpy(un.sun_path, name, name_len);
	say("%s\n", what);
	showf(connect(client, (struct sockaddr *)&un, len), "  connect before");
	showf(bind(server, (struct sockaddr *)&un, len), "  bind");
	show_addr("server", getsockname, server);
	showf(bind(server, (struct sockaddr *)&un, len), "  bind again");
	showf(connect(client, (struct sockaddr *)&un, len), "  connect before listen");
	showf(listen(server, 5), "  listen");
	showf(connect(client, (struct sockaddr *)&un, len), "  connect");
	show_addr("client", getsockname, client);
	show_addr("peer", getpeername, client);
	fcntl(server, F_SETFL, O_NONBLOCK);
	conn = accept(server, NULL, NULL);
	showf_ok(conn, "  accept");
	if (conn >= 0) {
		show_addr("accepted", getsockname, conn);
		show_addr("its peer", getpeername, conn);
		MUST(write(client, "x", 1));
		showf(read(conn, &c, 1), "  read");
		close(conn);
	}
	close(client);
	close(server);
}

int main(void)
{
	char name[120];
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct stat st;
	size_t n;
	int fd;

	close_extra_fds();
	umask(022);
	MUST(mkdir("dir", 0755));
	MUST(symlink("dir", "link"));
	write_text("file", "x", 0644);

	try("relative", "sock", 5, BASE + 5);
	SHOW(stat("sock", &st));
	say("a socket: %s, mode %o\n", yes(S_ISSOCK(st.st_mode)), (unsigned int)st.st_mode & 0777);
	SHOW_FD(open("sock", O_RDWR));
	try("the name exists", "sock", 5, BASE + 5);
	try("in a directory", "dir/sock", 9, sizeof(struct sockaddr_un));
	try("through a link", "link/sock2", 11, BASE + 11);
	SHOW(access("dir/sock2", F_OK));
	try("without a NUL", "nonul", 5, BASE + 5);
	SHOW(access("nonul", F_OK));
	try("length cuts the name", "cut-here-not", 12, BASE + 8);
	SHOW(access("cut-here", F_OK));
	try("bytes behind the NUL", "nul\0more", 8, BASE + 8);
	SHOW(access("nul", F_OK));
	try("in a missing directory", "no/sock", 8, BASE + 8);
	try("below a file", "file/sock", 10, BASE + 10);
	try("a plain file", "file", 5, BASE + 5);
	try("empty name", "", 1, BASE);
	try("with a slash", "slash/", 7, BASE + 7);
	try("too short", "x", 1, 1);
	try("only the family", "x", 1, 2);
	try("too long", "x", 1, sizeof(struct sockaddr_un) + 1);
	try("length negative", "x", 1, (socklen_t)-1);

	memset(name, 'n', sizeof(name));
	name[107] = '\0';
	try("107 characters and a NUL", name, 108, BASE + 108);
	SHOW(access(name, F_OK));
	name[107] = 'n';
	try("108 characters", name, 108, BASE + 108);
	name[108] = '\0';
	SHOW(access(name, F_OK));

	snprintf(name, sizeof(name), "@viewos-test-%d", getpid());
	n = strlen(name);
	name[0] = '\0';
	un.sun_family = AF_UNIX;
	memcpy(un.sun_path, name, n);
	fd = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	SHOW(bind(fd, (struct sockaddr *)&un, BASE + n));
	close(fd);

	fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	show_addr("unbound", getsockname, fd);
	show_addr("unbound", getpeername, fd);
	un.sun_family = AF_INET;
	strcpy(un.sun_path, "other");
	SHOW(bind(fd, (struct sockaddr *)&un, sizeof(un)));
	SHOW(connect(fd, (struct sockaddr *)&un, sizeof(un)));
	un.sun_family = AF_UNSPEC;
	SHOW(connect(fd, (struct sockaddr *)&un, sizeof(un)));
	close(fd);
	SHOW(bind(99, (struct sockaddr *)&un, sizeof(un)));
	SHOW(connect(1, (struct sockaddr *)&un, sizeof(un)));
	return 0;
}
