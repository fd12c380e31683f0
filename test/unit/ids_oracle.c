/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The oracle of ids_test.c: a child that plays calls about ids on the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ids_oracle.h"

const char *const status_keys[] = {
	"Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", NULL,
};

void bind_args(const struct op *op, uint32_t *data, unsigned long *arg)
{
	int i;

	memcpy(data, op->data, sizeof(op->data));
	for (i = 0; i < WORDS; i++)
		if (data[i] == SELF_PID)
			data[i] = (uint32_t)syscall(SYS_gettid);
	for (i = 0; i < 5; i++) {
		arg[i] = op->arg[i];
		if (op->ptr[i] == PTR_BAD)
			arg[i] = BAD;
		else if (op->ptr[i])
			arg[i] = (unsigned long)&data[op->ptr[i] - 1];
	}
}

void take_data(const struct op *op, const uint32_t *data, uint32_t *out)
{
	uint32_t pid = (uint32_t)syscall(SYS_gettid);
	int i;

	for (i = 0; i < WORDS; i++)
		out[i] = op->data[i] == SELF_PID && data[i] == pid ? SELF_PID : data[i];
}

void kernel_status(char *out, size_t size)
{
	char line[8192];
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = 0;
	size_t i;

	*out = '\0';
	while (f && fgets(line, sizeof(line), f))
		for (i = 0; status_keys[i]; i++)
			if (!strncmp(line, status_keys[i], strlen(status_keys[i])) && len < size)
				len += (size_t)snprintf(out + len, size - len, "%s", line);
	if (f)
		fclose(f);
}

static void kernel_outcome(struct outcome *out)
{
	int sig = 0;

	out->securebits = prctl(PR_GET_SECUREBITS);
	prctl(PR_GET_PDEATHSIG, &sig);
	out->pdeathsig = sig;
	kernel_status(out->status, sizeof(out->status));
}

static long kernel_call(const struct op *op, uint32_t *out)
{
	unsigned long arg[5];
	uint32_t data[WORDS];
	long ret;

	bind_args(op, data, arg);
	errno = 0;
	ret = syscall(op->nr, arg[0], arg[1], arg[2], arg[3], arg[4]);
	take_data(op, data, out);
	return ret == -1 && errno ? -errno : ret;
}

/* Serves calls from `sock` for ever; /proc/self/exe is open as `exe`. */
void oracle_serve(int sock, int exe, bool after_exec)
{
	char sock_arg[16], exe_arg[16];
	char *argv[] = { "ids_test", "--oracle", sock_arg, exe_arg, NULL };
	struct outcome out = { 0 };
	struct op op;

	snprintf(sock_arg, sizeof(sock_arg), "%d", sock);
	snprintf(exe_arg, sizeof(exe_arg), "%d", exe);
	if (after_exec)
		prctl(PR_SET_PDEATHSIG, 0);
	do {
		if (!after_exec) {
			if (recv(sock, &op, sizeof(op), 0) != sizeof(op) || op.nr == OP_QUIT)
				_exit(0);
			memset(&out, 0, sizeof(out));
			if (op.nr == OP_EXEC) {
				syscall(SYS_execveat, exe, "", argv, environ, AT_EMPTY_PATH);
				_exit(3);
			}
			out.ret = kernel_call(&op, out.data);
		}
		after_exec = false;
		kernel_outcome(&out);
	} while (send(sock, &out, sizeof(out), MSG_NOSIGNAL) == sizeof(out));
	_exit(0);
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool map_ids(pid_t pid, bool whole)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	if (!whole && !write_file(path, "deny"))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	snprintf(text, sizeof(text), whole ? "0 0 4294967295" : "0 %u 1", getgid());
	if (!write_file(path, text))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	snprintf(text, sizeof(text), whole ? "0 0 4294967295" : "0 %u 1", getuid());
	return write_file(path, text);
}

static void oracle_main(int sock, bool whole)
{
	int exe = open("/proc/self/exe", O_RDONLY);
	char ready = unshare(CLONE_NEWUSER) == 0;

	send(sock, &ready, 1, MSG_NOSIGNAL);
	if (recv(sock, &ready, 1, 0) != 1 || !ready || exe < 0)
		_exit(0);
	if (whole && syscall(SYS_setgroups, 0, NULL))
		_exit(0);
	oracle_serve(sock, exe, false);
}

bool oracle_start(struct oracle *o)
{
	char ready = 0;
	int pair[2];

	o->whole = geteuid() == 0;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	fflush(NULL);
	o->pid = fork();
	assert_true(o->pid >= 0);
	if (!o->pid) {
		close(pair[0]);
		oracle_main(pair[1], o->whole);
	}
	close(pair[1]);
	o->sock = pair[0];
	if (recv(o->sock, &ready, 1, 0) == 1 && ready && map_ids(o->pid, o->whole) &&
	    send(o->sock, &ready, 1, MSG_NOSIGNAL) == 1)
		return true;
	close(o->sock);
	waitpid(o->pid, NULL, 0);
	return false;
}

void oracle_end(struct oracle *o)
{
	struct op op = { .nr = OP_QUIT };
	int status;

	send(o->sock, &op, sizeof(op), MSG_NOSIGNAL);
	close(o->sock);
	assert_int_equal(waitpid(o->pid, &status, 0), o->pid);
	assert_int_equal(status, 0);
}

void oracle_run(struct oracle *o, const struct op *op, struct outcome *out)
{
	assert_int_equal(send(o->sock, op, sizeof(*op), MSG_NOSIGNAL), sizeof(*op));
	assert_int_equal(recv(o->sock, out, sizeof(*out), 0), sizeof(*out));
}
