/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many threads open, stat, rename and list at once, while others fork and exec. */
/* libs: -lpthread */
/* variants: static musl */
#include "guest.h"
#include <pthread.h>
#include <sched.h>

#define THREADS 64
#define ROUNDS	60

static pthread_barrier_t barrier;
static int errors, execs;

static void fail(const char *what)
{
	if (__atomic_add_fetch(&errors, 1, __ATOMIC_RELAXED) == 1)
		say("%s: %s\n", what, errname(errno));
}

static void work(int id, int round)
{
	char name[60], other[60], cwd[PATH_MAX], buf[40];
	struct stat st;
	int fd, n;

	snprintf(name, sizeof(name), "dir-%d/./file-%d", id % 8, id);
	snprintf(other, sizeof(other), "dir-%d/../dir-%d/moved-%d", id % 3, id % 8, id);
	fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0) {
		fail("open");
		return;
	}
	n = snprintf(buf, sizeof(buf), "%d %d", id, round);
	if (write(fd, buf, n) != n)
		fail("write");
	if (stat(name, &st) < 0 || st.st_size != n)
		fail("stat");
	if (rename(name, other) < 0)
		fail("rename");
	if (access(name, F_OK) == 0 || errno != ENOENT)
		fail("access");
	if (readlink(other, buf, sizeof(buf)) >= 0 || errno != EINVAL)
		fail("readlink");
	if (!getcwd(cwd, sizeof(cwd)))
		fail("getcwd");
	if (unlink(other) < 0)
		fail("unlink");
	close(fd);
}

static void run_child(int id)
{
	int status;
	pid_t pid = id % 2 ? fork() : vfork();

	if (pid == 0) {
		execl("/proc/self/exe", "x", "child", NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 7 << 8)
		fail("child");
	else
		__atomic_add_fetch(&execs, 1, __ATOMIC_RELAXED);
}

static void *thread(void *arg)
{
	int id = (int)(intptr_t)arg, round;

	pthread_barrier_wait(&barrier);
	for (round = 0; round < ROUNDS; round++) {
		work(id, round);
		if (id % 8 == 0 && round % 20 == 0)
			run_child(id / 8);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	char name[20];
	void *ret;
	int i, joined = 0;

	if (argc > 1 && !strcmp(argv[1], "child"))
		return access("dir-0", F_OK) == 0 ? 7 : 8;
	close_extra_fds();
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "dir-%d", i);
		MUST(mkdir(name, 0755));
	}
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread, (void *)(intptr_t)i))
			return 1;
	for (i = 0; i < THREADS; i++)
		if (!pthread_join(threads[i], &ret) && ret == (void *)(intptr_t)i)
			joined++;
	say("threads %d, children %d, errors %d\n", joined, execs, errors);
	show_open_fds("open");
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "dir-%d", i);
		SHOW(rmdir(name));
	}
	return 0;
}
