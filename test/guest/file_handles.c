/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* name_to_handle_at: sizes and errors; open_by_handle_at is refused to ordinary users. */
/* flavours: trap */
#include "guest.h"

struct handle {
	unsigned int bytes;
	int type;
	unsigned char data[128];
};

static long to_handle(int dfd, const char *path, struct handle *h, int flags)
{
	int mount_id;

	return syscall(SYS_name_to_handle_at, dfd, path, h, &mount_id, flags);
}

int main(void)
{
	struct handle h = { .bytes = 128 };
	int id;

	close_extra_fds();
	write_text("file", "x", 0644);
	MUST(symlink("missing", "dangling"));
	if (to_handle(AT_FDCWD, "file", &h, 0) < 0) {
		say("no handles here: %s\n", errname(errno));
		return 0;
	}
	h.bytes = 0;
	SHOW(to_handle(AT_FDCWD, "file", &h, 0));
	say("needed: %s\n", yes(h.bytes > 0));
	h.bytes = 129;
	SHOW(to_handle(AT_FDCWD, "file", &h, 0));
	h.bytes = 128;
	SHOW(to_handle(AT_FDCWD, "missing", &h, 0));
	SHOW(to_handle(AT_FDCWD, "dangling", &h, 0));
	SHOW(to_handle(AT_FDCWD, "dangling", &h, AT_SYMLINK_FOLLOW));
	SHOW(to_handle(AT_FDCWD, "", &h, 0));
	SHOW(to_handle(AT_FDCWD, "", &h, AT_EMPTY_PATH));
	h.bytes = 128;
	SHOW(to_handle(99, "file", &h, 0));
	SHOW(to_handle(AT_FDCWD, "file", &h, 0x8000));
	SHOW(syscall(SYS_name_to_handle_at, AT_FDCWD, NULL, &h, &id, 0));
	SHOW(syscall(SYS_name_to_handle_at, AT_FDCWD, "file", NULL, &id, 0));
	h.bytes = 128;
	SHOW(syscall(SYS_name_to_handle_at, AT_FDCWD, "file", &h, NULL, 0));
	h.bytes = 128;
	SHOW(to_handle(AT_FDCWD, "file", &h, 0));
	if (geteuid() != 0)
		SHOW_FD(syscall(SYS_open_by_handle_at, AT_FDCWD, &h, O_RDONLY));
	return 0;
}
