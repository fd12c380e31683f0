/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vustack: run a command with another network stack of the view.
 *
 * umvu leaves word for the process (abi/stack.h): for this one, which then becomes the command, or with -s for the
 * shell that it was called by.
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/stack.h"
#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"
#include "cmd/mounts.h"
#include "cmd/pcap.h"
#include "cmd/stacks.h"

enum { EXIT_OWN = 125, EXIT_CANNOT_EXEC = 126, EXIT_NOT_FOUND = 127 };

struct options {
	bool shell, verbose, list, json;
	uint32_t families;
	const char *new; /* TYPE[,OPTIONS][:SOURCE] */
	const char *pcap;
};

static int set_families(void *to, const char *arg, const char **why)
{
	struct options *o = to;

	*why = "is not a list of ipv4, ipv6, packet, netlink, other, all";
	return vu_stack_families(arg, &o->families);
}

static const struct vu_opt options[] = {
	VU_OPT_FLAG('s', "set", struct options, shell, true,
		    "set the stack of the shell that vustack is called by"),
	VU_OPT_CALL('f', "families", set_families, "LIST",
		    "only for sockets of these families: ipv4, ipv6, packet, netlink,\n"
		    "other, all; comma separated"),
	VU_OPT_FLAG('v', "verbose", struct options, verbose, true, "say what is done"),
	VU_OPT_STRING(0, "new", struct options, new, "TYPE[,OPTS][:SRC]",
		      "make a stack for the command only"),
	VU_OPT_STRING(0, "pcap", struct options, pcap, "FILE",
		      "record what goes through the stack, while the command runs"),
	VU_OPT_FLAG('l', "list", struct options, list, true, "list the stacks of the view"),
	VU_OPT_FLAG('J', "json", struct options, json, true, "list as JSON"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "vustack",
	.usage = "[-v] [-f LIST] [--pcap FILE] STACK [COMMAND [ARGUMENT]...]\n"
		 "-s [-v] [-f LIST] STACK\n"
		 "--new TYPE[,OPTS][:SRC] [--pcap FILE] -- [COMMAND [ARGUMENT]...]\n"
		 "--list [--json]",
	.summary =
		"Run COMMAND (a shell, if there is none) with the network stack STACK: the mount point\n"
		"of a stack, or 'host'.",
	.notes = "The exit status is that of COMMAND; 125 if vustack itself fails, 126 if COMMAND\n"
		 "cannot be run, 127 if it is not found.",
	.version = VU_VERSION,
	.opts = options,
	.stop_at_operand = true,
};

static _Noreturn void run(char **command)
{
	char *shell[2] = { getenv("SHELL"), NULL };
	int error;

	if (!shell[0] || !*shell[0])
		shell[0] = (char *)"/bin/sh";
	if (!command[0])
		command = shell;
	execvp(command[0], command);
	error = errno;
	warnx("'%s': %s", command[0], strerror(error));
	exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC);
}

static volatile sig_atomic_t child; /* the command's process */

static void pass_on(int sig)
{
	kill((pid_t)child, sig);
}

/* Run it in a child. Its exit status as a shell tells it. */
static int run_and_wait(char **command)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(EXIT_OWN, "fork");
	if (pid == 0)
		run(command);
	/* What the terminal sends goes to the command, too; its end is waited for, to tidy up. */
	child = pid;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTERM, pass_on);
	signal(SIGHUP, pass_on);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(EXIT_OWN, "wait");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void set_stack(const struct options *o, const char *name, pid_t pid)
{
	int res = vu_stack_set(name, pid, o->families);

	if (res < 0)
		exit(EXIT_OWN);
	if (o->verbose)
		warnx("process %d: %s", (int)pid, name);
}

/* A mount point for a stack that only this command knows. */
static int run_new(const struct options *o, char **command)
{
	char target[64], name[32];
	int status, res;

	snprintf(name, sizeof(name), "vustack-%d", (int)getpid());
	vu_stack_place(target, sizeof(target), name);
	res = vu_stack_mount("vustack", o->new, target);
	if (res < 0)
		return EXIT_OWN;
	set_stack(o, target, getpid());
	if (o->pcap)
		vu_pcap_start(o->pcap, EXIT_OWN);
	status = run_and_wait(command);
	vu_pcap_stop();
	vu_stack_set("host", getpid(), VU_FAMILIES_ALL);
	vu_stack_unmount(target);
	return status;
}

static int run_in(const struct options *o, const char *stack, char **command)
{
	int status;

	set_stack(o, stack, getpid());
	if (!o->pcap)
		run(command);
	vu_pcap_start(o->pcap, EXIT_OWN);
	status = run_and_wait(command);
	vu_pcap_stop();
	return status;
}

int main(int argc, char **argv)
{
	struct options o = { .families = VU_FAMILIES_ALL };
	int first = vu_command_options(&spec, argc, argv, &o, EXIT_OWN), n = argc - first;
	bool wrong = o.list ? n || o.shell || o.new || o.pcap :
			      o.json || (o.new ? o.shell : !n) || (o.shell && (n != 1 || o.pcap));

	if (wrong) {
		vu_opt_usage_error(&spec, "needs a STACK, --new or --list");
		return EXIT_OWN;
	}
	if (vu_client_check_session())
		return EXIT_OWN;
	if (o.list)
		vu_command_exit(vu_stack_list(o.json) < 0 ? EXIT_OWN : 0);
	if (o.new)
		return run_new(&o, argv + first);
	if (!o.shell)
		return run_in(&o, argv[first], argv + first + 1);
	set_stack(&o, argv[first], getppid());
	return 0;
}
