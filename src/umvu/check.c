/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umvu --check: a table of items, each probed in a child that reports through a pipe.
 *
 * A child that says nothing within TIME_LIMIT_MS is killed and not waited for, since it may be stuck in
 * the kernel; one that dies before it has reported (a container's filter may kill for a call) counts as
 * failed. So neither hurts the other items.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "umvu/check.h"
#include "umvu/check_probes.h"
#include "umvu/worker.h"

#define TIME_LIMIT_MS 5000

enum status { OK, WARN, FAIL };

static const struct status_name {
	const char *text, *json;
} status_names[] = {
	[OK] = { "ok", "ok" },
	[WARN] = { "warn", "warn" },
	[FAIL] = { "FAIL", "fail" },
};

/* `bad` is what it means if the item does not work. */
static const struct item {
	const char *name;
	enum status bad;
	vu_check_probe *probe;
	const char *arg;
} items[] = {
	{ "kernel", FAIL, vu_probe_kernel, NULL },
	{ "no_new_privs", FAIL, vu_probe_no_new_privs, NULL },
	{ "seccomp trap", FAIL, vu_probe_trap, NULL },
	{ "seccomp instruction pointer", FAIL, vu_probe_origin, NULL },
	{ "PR_SET_MM_MAP", WARN, vu_probe_mm_map, NULL },
	{ "process_vm_readv", FAIL, vu_probe_vm_readv, NULL },
	{ "memfd_create", FAIL, vu_probe_memfd, NULL },
	{ "vm.memfd_noexec", WARN, vu_probe_memfd_exec, NULL },
	{ "/proc", FAIL, vu_probe_proc, NULL },
	{ "user namespace", FAIL, vu_probe_userns, NULL },
	{ "tmpfs in a user namespace", FAIL, vu_probe_tmpfs, NULL },
	{ "/dev/fuse", FAIL, vu_probe_fuse_device, NULL },
	{ "FUSE mount in a user namespace", FAIL, vu_probe_fuse_mount, NULL },
	{ "network namespace", WARN, vu_probe_netns, NULL },
	{ "tap in a network namespace", WARN, vu_probe_tap, NULL },
	{ "sysfs in a network namespace", WARN, vu_probe_sysfs, NULL },
	{ "vu-loader", FAIL, vu_probe_loader, NULL },
	{ "patched code", WARN, vu_probe_code, NULL },
	{ "driver fuse2fs", WARN, vu_probe_driver, "fuse2fs" },
	{ "driver squashfuse", WARN, vu_probe_driver, "squashfuse" },
	{ "driver fuseiso", WARN, vu_probe_driver, "fuseiso" },
	{ "driver archivemount", WARN, vu_probe_driver, "archivemount" },
	{ "driver sshfs", WARN, vu_probe_driver, "sshfs" },
	{ "DHCP client udhcpc", WARN, vu_probe_driver, "udhcpc" },
};

/* What a child sends: in one piece, as it is less than PIPE_BUF. */
struct report {
	bool works;
	char text[VU_CHECK_TEXT];
};

_Noreturn static void run_probe(const struct item *item, int out)
{
	struct report r = { .works = false };
	sigset_t none;

	sigemptyset(&none);
	vu_signals_reset(&none);
	r.works = item->probe(item->arg, r.text);
	_exit(vu_fd_write(out, &r, sizeof(r)) < 0);
}

/* Why the child has ended without a report. */
static void tell_death(pid_t pid, char *text)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	if (ended == pid && WIFSIGNALED(status))
		snprintf(text, VU_CHECK_TEXT,
			 "the process that tried it was killed by a signal: %s",
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, VU_CHECK_TEXT, "the process that tried it ended without a report");
}

static void collect(pid_t pid, int in, struct report *r)
{
	struct pollfd p = { .fd = in, .events = POLLIN };
	int res;

	do
		res = poll(&p, 1, TIME_LIMIT_MS);
	while (res < 0 && errno == EINTR);
	if (res <= 0) {
		kill(pid, SIGKILL);
		snprintf(r->text, sizeof(r->text), "no result within %d s", TIME_LIMIT_MS / 1000);
		return;
	}
	if (vu_fd_read(in, r, sizeof(*r)) == sizeof(*r)) {
		waitpid(pid, NULL, 0);
		return;
	}
	r->works = false;
	tell_death(pid, r->text);
}

static enum status check(const struct item *item, struct report *r)
{
	VU_CLEANUP(fd) int in = -1;
	VU_CLEANUP(fd) int out = -1;
	int ends[2];
	pid_t pid;

	memset(r, 0, sizeof(*r));
	if (pipe2(ends, O_CLOEXEC) < 0) {
		snprintf(r->text, sizeof(r->text), "cannot be tried: pipe: %s", strerror(errno));
		return item->bad;
	}
	in = ends[0];
	out = ends[1];
	pid = fork();
	if (pid < 0) {
		snprintf(r->text, sizeof(r->text), "cannot be tried: fork: %s", strerror(errno));
		return item->bad;
	}
	if (pid == 0)
		run_probe(item, out);
	vu_fd_close(&out);
	collect(pid, in, r);
	return r->works ? OK : item->bad;
}

static void add_json(struct vu_buf *b, const char *item, const char *status, const char *detail)
{
	vu_buf_puts(b, b->len ? ",\n  {\"item\": " : "[\n  {\"item\": ");
	vu_buf_json(b, item);
	vu_buf_puts(b, ", \"status\": ");
	vu_buf_json(b, status);
	vu_buf_puts(b, ", \"detail\": ");
	vu_buf_json(b, detail);
	vu_buf_puts(b, "}");
}

int vu_check(bool json)
{
	VU_CLEANUP(buf) struct vu_buf b = { 0 };
	bool failed = false;
	struct report r;
	enum status s;
	size_t i;

	for (i = 0; i < VU_ARRAY_SIZE(items); i++) {
		s = check(&items[i], &r);
		failed |= s == FAIL;
		if (json)
			add_json(&b, items[i].name, status_names[s].json, r.text);
		else
			printf("%-5s %s: %s\n", status_names[s].text, items[i].name, r.text);
		fflush(stdout);
	}
	if (json)
		printf("%s\n]\n", vu_buf_text(&b));
	return failed || b.error || fflush(stdout) || ferror(stdout);
}
