/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What programs do, for foreign.bats: built for this machine and for others, it has to print the same.
 *
 *	foreign SUBJECT...	in the working folder
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char **arguments;

static void show(const char *what, long result)
{
	printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "",
	       result < 0 ? strerrorname_np(errno) : "");
}

static void subject_args(void)
{
	char exe[4096] = "";

	for (int i = 0; arguments[i]; i++)
		printf("argument %d: %s\n", i, arguments[i]);
	show("readlink", readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	printf("exe %s, V=%s\n", strrchr(exe, '/'), getenv("V"));
}

static void subject_files(void)
{
	char buf[64] = "", cwd[4096];
	struct stat st;
	int fd;
	DIR *d;

	show("mkdir", mkdir("sub", 0755));
	show("mkdir again", mkdir("sub", 0755));
	fd = open("sub/file", O_RDWR | O_CREAT | O_EXCL, 0640);
	show("open", fd >= 0);
	show("write", write(fd, "contents\n", 9));
	show("pread", pread(fd, buf, sizeof(buf), 4));
	show("fstat", fstat(fd, &st));
	printf("size %ld mode %o links %ld\n", (long)st.st_size, st.st_mode, (long)st.st_nlink);
	show("link", link("sub/file", "sub/other"));
	show("symlink", symlink("sub/file", "name"));
	show("lstat", lstat("name", &st) == 0 && S_ISLNK(st.st_mode));
	show("rename", rename("sub/other", "third"));
	show("stat none", stat("sub/other", &st));
	show("open none", open("sub/other", O_RDONLY));
	show("chdir", chdir("sub"));
	printf("in %s\n", strrchr(getcwd(cwd, sizeof(cwd)), '/'));
	show("access", access("../third", R_OK));
	show("chdir", chdir(".."));
	char *p = mmap(NULL, 9, PROT_READ, MAP_PRIVATE, fd, 0);
	printf("mapped %.8s\n", p == MAP_FAILED ? "not" : p);
	show("rmdir", rmdir("sub"));
	d = opendir(".");
	for (struct dirent *e; (e = readdir(d));)
		if (!strcmp(e->d_name, "third"))
			puts("found third");
	closedir(d);
	show("unlink", unlink("sub/file") | unlink("third") | unlink("name") | rmdir("sub"));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static long count;
static _Thread_local long mine;

static void *run(void *arg)
{
	char name[32];

	snprintf(name, sizeof(name), "t%ld", (long)arg);
	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&lock);
		while (count % 8 != (long)arg)
			pthread_cond_wait(&turn, &lock);
		count++;
		mine++;
		pthread_cond_broadcast(&turn);
		pthread_mutex_unlock(&lock);
		if (i % 50 == 0) {
			close(open(name, O_CREAT | O_WRONLY, 0600));
			unlink(name);
		}
	}
	return (void *)mine;
}

static void subject_threads(void)
{
	pthread_t t[8];
	void *result;
	long sum = 0;

	for (long i = 0; i < 8; i++)
		show("create", pthread_create(&t[i], NULL, run, (void *)i));
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &result);
		sum += (long)result;
	}
	printf("count %ld sum %ld mine %ld\n", count, sum, mine);
}

static void subject_processes(void)
{
	char *argv[] = { (char *)"spawned", (char *)"args", NULL };
	char prefix[256], *env[] = { (char *)"V=own", prefix, NULL };
	int fds[2], status, n;
	char buf[64] = "";
	pid_t pid;

	snprintf(prefix, sizeof(prefix), "QEMU_LD_PREFIX=%s", getenv("QEMU_LD_PREFIX") ?: "");
	fflush(stdout);
	show("pipe", pipe(fds));
	pid = fork();
	if (!pid)
		_exit(write(fds[1], "child", 5) == 5 ? 5 : 1);
	n = (int)read(fds[0], buf, sizeof(buf));
	show("waitpid", waitpid(pid, &status, 0) == pid);
	printf("%.*s, status %d\n", n, buf, WEXITSTATUS(status));
	fflush(stdout);
	show("posix_spawn", posix_spawn(&pid, arguments[0], NULL, NULL, argv, env));
	fflush(stdout);
	waitpid(pid, &status, 0);
	show("status", WEXITSTATUS(status));
	fflush(stdout);
	pid = vfork();
	if (!pid) {
		execve("./none", argv, env);
		_exit(errno == ENOENT ? 3 : 4);
	}
	waitpid(pid, &status, 0);
	show("vfork", WEXITSTATUS(status));
	fflush(stdout);
	show("system", WEXITSTATUS(system("echo by a shell; exit 9")));
	show("no child", waitpid(-1, &status, 0));
	pid = fork();
	if (!pid) {
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	show("killed by", WTERMSIG(status));
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	(void)sig;
	caught++;
}

static int restarts[2];

static void write_a_byte(int sig)
{
	(void)sig;
	write(restarts[1], "x", 1);
}

/* Signals blocked, waited for, by a timer, in read(), between processes. */
static void subject_signals(void)
{
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	sigset_t set, old;
	int fds[2], status;
	char c;
	pid_t pid;

	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	show("block", sigprocmask(SIG_BLOCK, &set, &old));
	show("raise", raise(SIGUSR1));
	show("caught", caught);
	show("sigsuspend", sigsuspend(&old));
	show("caught", caught);
	sigprocmask(SIG_SETMASK, &old, NULL);
	fflush(stdout);
	pipe(fds);
	pid = fork();
	if (!pid) { /* writes when its parent has caught signals in read() */
		close(fds[0]);
		for (int i = 0; i < 3; i++)
			pause();
		_exit(write(fds[1], "x", 1) != 1);
	}
	caught = 0;
	setitimer(ITIMER_REAL, &soon, NULL);
	while (caught < 3)
		pause();
	for (int i = 0; i < 50; i++) {
		kill(pid, SIGUSR1);
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		usleep(20000);
	}
	show("read", read(fds[0], &c, 1));
	setitimer(ITIMER_REAL, &never, NULL);
	close(fds[0]);
	close(fds[1]);
	show("timer", caught >= 3);
}

/* A handler that restarts calls runs while a call waits: it is what lets the child go on, and the call end. */
static void subject_restarts(void)
{
	struct sigaction sa = { .sa_handler = write_a_byte, .sa_flags = SA_RESTART };
	int status;
	pid_t pid;
	char c;

	show("pipe", pipe(restarts));
	show("mkfifo", mkfifo("fifo", 0600));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(restarts[1]);
		read(restarts[0], &c, 1);
		close(open("fifo", O_WRONLY));
		_exit(read(restarts[0], &c, 1) != 1);
	}
	sigaction(SIGALRM, &sa, NULL);
	ualarm(300000, 0);
	show("fifo", open("fifo", O_RDONLY) > 0);
	show("unlink", unlink("fifo"));
	ualarm(300000, 0);
	show("waitpid", waitpid(pid, &status, 0) == pid);
	show("status", WEXITSTATUS(status));
}

/* A blocked signal that a call with a mask lets in: a child sends many, none is to be lost. */
static void subject_masks(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct pollfd never = { .fd = -1 };
	sigset_t blocked, none;
	int status, i;
	pid_t pid, parent = getpid();

	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	caught = 0;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		for (i = 0; i < 300; i++) {
			kill(parent, SIGUSR1);
			sigwait(&blocked, &status); /* that it has come */
		}
		_exit(0);
	}
	for (i = 0; i < 300; i++) {
		if (i % 3 == 0)
			status = pselect(0, NULL, NULL, NULL, NULL, &none);
		else if (i % 3 == 1)
			status = ppoll(&never, 1, NULL, &none);
		else
			status = sigsuspend(&none);
		if (status != -1 || errno != EINTR)
			show("interrupted", status);
		kill(pid, SIGUSR1);
	}
	show("caught", caught);
	show("waitpid", waitpid(pid, &status, 0) == pid);
}

static void subject_ids(void)
{
	uid_t r, e, s;

	show("getuid", getuid());
	show("setresuid", setresuid(12, 34, 56));
	getresuid(&r, &e, &s);
	printf("ids %d %d %d\n", (int)r, (int)e, (int)s);
	show("setgroups", setgroups(0, NULL));
	show("getgroups", getgroups(0, NULL));
}

static void subject_sockets(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), t;
	char buf[8] = "";

	show("bind", bind(s, (void *)&a, sizeof(a)));
	show("listen", listen(s, 1));
	show("connect", connect(c, (void *)&a, sizeof(a)));
	t = accept(s, NULL, NULL);
	show("send", send(c, "hi", 3, 0));
	show("recv", recv(t, buf, sizeof(buf), 0));
	puts(buf);
	unlink("socket");
}

static const struct {
	const char *name;
	void (*run)(void);
} subjects[] = {
	{ "args", subject_args },	  { "files", subject_files },
	{ "threads", subject_threads },	  { "processes", subject_processes },
	{ "signals", subject_signals },	  { "ids", subject_ids },
	{ "masks", subject_masks },	  { "sockets", subject_sockets },
	{ "restarts", subject_restarts },
};

int main(int argc, char **argv)
{
	arguments = argv;
	for (int i = 1; i < argc; i++) {
		for (size_t k = 0; k < sizeof(subjects) / sizeof(subjects[0]); k++) {
			if (strcmp(subjects[k].name, argv[i]))
				continue;
			printf("== %s\n", argv[i]);
			subjects[k].run();
		}
	}
	return 7;
}
