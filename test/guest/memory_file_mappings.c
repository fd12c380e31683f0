/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files in memory: shared between processes, private, executable, remapped; errors. */
/* fsmode: mount */
#include "guest.h"

int main(void)
{
	static const unsigned char ret42[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	char buf[100];
	char *shared, *private, *grown;
	int fd, ro, p[2], q[2];
	pid_t pid;
	char c;

	close_extra_fds();
	write_text("file", "0123456789", 0644);
	fd = MUST(open("file", O_RDWR));
	ro = MUST(open("file", O_RDONLY));
	MUST(ftruncate(fd, 8192));
	private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0);
	say("private: %.4s\n", private == MAP_FAILED ? errname(errno) : private);
	private[0] = 'P';
	MUST(pread(fd, buf, 4, 0));
	say("file: %.4s\n", buf);
	SHOW_OK((long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0));
	shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED) {
		say("shared: %s\n", errname(errno));
		return 0;
	}
	MUST(pipe(p));
	MUST(pipe(q));
	pid = MUST(fork());
	if (pid == 0) {
		/* The child maps the file anew, by its name. */
		int own = MUST(open("./file", O_RDWR));
		char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);

		MUST(read(p[0], &c, 1));
		say("child sees: %.5s %c\n", m, m[5000]);
		memcpy(m, "CHILD", 5);
		m[5000] = 'c';
		MUST(write(q[1], "x", 1));
		_exit(3);
	}
	memcpy(shared, "WORLD", 5);
	shared[5000] = 'w';
	MUST(write(p[1], "x", 1));
	MUST(read(q[0], &c, 1));
	say("parent sees: %.5s %c\n", shared, shared[5000]);
	reap(pid, "child");
	MUST(msync(shared, 8192, MS_SYNC));
	MUST(pread(ro, buf, 5, 0));
	say("file: %.5s\n", buf);
	grown = mremap(shared, 8192, 65536, MREMAP_MAYMOVE);
	say("mremap: %.5s\n", grown == MAP_FAILED ? errname(errno) : grown);
	SHOW(munmap(grown, 65536));
	SHOW(truncate("file", 3));
	SHOW_OK((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, 99, 0));
	SHOW_OK((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 1));
	SHOW_OK((long)mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0));
	close(fd);
	fd = MUST(open("file", O_WRONLY));
	SHOW_OK((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	close(fd);
	fd = MUST(open("file", O_PATH));
	SHOW_OK((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
	close(fd);

#if defined(__x86_64__)
	write_file("code", ret42, sizeof(ret42), 0644);
	fd = MUST(open("code", O_RDONLY));
	private = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (private == MAP_FAILED)
		say("executable mapping: %s\n", errname(errno));
	else
		say("code in a file returns %d\n", ((int (*)(void))(uintptr_t) private)());
	SHOW(mprotect(private, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	private[1] = 43;
	say("changed code returns %d\n", ((int (*)(void))(uintptr_t) private)());
#else
	(void)ret42;
#endif
	/* The mapping outlives the descriptor and the name. */
	close(fd);
	SHOW(unlink("code"));
	say("still mapped: %d\n", (unsigned char)private[0] == 0xb8);
	return 0;
}
