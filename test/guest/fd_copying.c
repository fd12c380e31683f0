/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sendfile, splice, tee, copy_file_range, readv, preadv, lseek between descriptors. */
/* fsmode: mount */
#include "guest.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

int main(void)
{
	char buf[100], a[4], b[10];
	struct iovec iov[2] = { { a, 4 }, { b, 6 } };
	loff_t off = 2, off2 = 0;
	off_t pos = 1;
	int in, out, p[2], q[2];

	close_extra_fds();
	write_text("in", "0123456789abcdef", 0644);
	in = MUST(open("in", O_RDONLY));
	out = MUST(open("out", O_RDWR | O_CREAT | O_TRUNC, 0644));
	MUST(pipe(p));
	MUST(pipe(q));
	SHOW(sendfile(out, in, NULL, 4));
	SHOW(sendfile(out, in, &pos, 4));
	say("offset %ld\n", (long)pos);
	SHOW(splice(in, NULL, p[1], NULL, 5, 0));
	SHOW(tee(p[0], q[1], 3, 0));
	SHOW(splice(p[0], NULL, out, NULL, 5, 0));
	SHOW(read(q[0], buf, sizeof(buf)));
	say("%.3s\n", buf);
	SHOW(splice(in, &off, p[1], NULL, 3, 0));
	SHOW(read(p[0], buf, sizeof(buf)));
	say("%.3s, offset %ld\n", buf, (long)off);
	SHOW(copy_file_range(in, &off2, out, NULL, 6, 0));
	SHOW(lseek(out, 0, SEEK_SET));
	memset(buf, 0, sizeof(buf));
	SHOW(read(out, buf, sizeof(buf)));
	say("%s\n", buf);
	SHOW(lseek(in, 0, SEEK_SET));
	SHOW(readv(in, iov, 2));
	say("%.4s %.6s\n", a, b);
	SHOW(preadv(in, iov, 2, 6));
	say("%.4s %.6s\n", a, b);
	SHOW(pwrite(out, "PP", 2, 1));
	SHOW(writev(out, iov, 2));
	SHOW(pread(out, buf, 4, 0));
	say("%.4s\n", buf);
	SHOW(sendfile(99, in, NULL, 1));
	SHOW(sendfile(out, 99, NULL, 1));
	SHOW(sendfile(in, out, NULL, 1));
	SHOW(splice(in, NULL, out, NULL, 1, 0));
	SHOW(syscall(SYS_read, in, (void *)16, 1));
	SHOW(syscall(SYS_write, out, (void *)16, 1));
	SHOW(lseek(p[0], 0, SEEK_SET));
	SHOW(lseek(in, -1, SEEK_SET));
	SHOW(read(out, buf, 0));
	return 0;
}
