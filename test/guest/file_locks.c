/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* flock, POSIX and OFD locks between two processes: conflict, release by close, waiting. */
/* fsmode: mount */
#include "guest.h"
#include <sys/file.h>

static int lock(int fd, int cmd, int type, off_t from, off_t len)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = len };

	return fcntl(fd, cmd, &fl);
}

static void holder(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	MUST(fcntl(fd, F_GETLK, &fl));
	say("F_GETLK: type %d, by the parent %s, from %ld, length %ld\n", fl.l_type,
	    yes(fl.l_pid == getppid()), (long)fl.l_start, (long)fl.l_len);
}

int main(void)
{
	int fd, up[2], down[2];
	pid_t pid;
	char c;

	close_extra_fds();
	write_text("file", "0123456789", 0644);
	fd = MUST(open("file", O_RDWR));
	MUST(pipe(up));
	MUST(pipe(down));
	SHOW(lock(fd, F_SETLK, F_WRLCK, 2, 3));
	pid = MUST(fork());
	if (pid == 0) {
		int own = MUST(open("./file", O_RDWR));
		int ofd = MUST(open("file", O_RDWR));

		holder(own);
		SHOW(lock(own, F_SETLK, F_WRLCK, 0, 2));
		SHOW(lock(own, F_SETLK, F_RDLCK, 4, 1));
		SHOW(lock(own, F_SETLK, F_RDLCK, 5, 1));
		SHOW(lock(ofd, F_OFD_SETLK, F_WRLCK, 4, 1));
		SHOW(lock(ofd, F_OFD_SETLK, F_WRLCK, 8, 1));
		SHOW(lock(own, F_SETLK, F_WRLCK, 8, 1));
		SHOW(flock(own, LOCK_EX | LOCK_NB));
		SHOW(flock(ofd, LOCK_EX | LOCK_NB));
		SHOW(flock(own, LOCK_UN));
		MUST(write(up[1], "x", 1));
		/* Waits until the parent unlocks. */
		SHOW(lock(own, F_SETLKW, F_WRLCK, 2, 3));
		say("child has it\n");
		MUST(write(up[1], "x", 1));
		MUST(read(down[0], &c, 1));
		SHOW(flock(own, LOCK_EX | LOCK_NB));
		SHOW(flock(own, LOCK_EX | LOCK_NB));
		_exit(3);
	}
	MUST(read(up[0], &c, 1));
	/* Closing any descriptor of the file gives up the POSIX locks of the process. */
	close(MUST(open("file", O_RDONLY)));
	MUST(read(up[0], &c, 1));
	SHOW(lock(fd, F_SETLKW, F_RDLCK, 100, 1));
	SHOW(flock(fd, LOCK_SH));
	MUST(write(down[1], "x", 1));
	reap(pid, "child");
	SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	SHOW(flock(fd, LOCK_EX | LOCK_NB));
	SHOW(flock(99, LOCK_EX));
	SHOW(lock(fd, F_SETLK, 77, 0, 0));
	return 0;
}
