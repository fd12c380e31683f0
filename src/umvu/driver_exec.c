/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The birth of a driver's process. The child undoes what the server changed for itself (signals, limits,
 * umask, folder), takes the lock on the image, since that may block, and executes vu-loader.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/fuse.h"
#include "base/fd.h"
#include "base/str.h"
#include "umvu/clients.h"
#include "umvu/driver.h"
#include "umvu/driver_exec.h"
#include "umvu/launch.h"
#include "umvu/worker.h"

#define PROGRAM_FD 4
#define FREE_FD	   16 /* descriptors from here on are in nobody's way */

_Noreturn static void give_up(int report, int step, int error)
{
	struct vu_driver_report r = { step, error };

	if (write(report, &r, sizeof(r)) < 0) {
		/* The server sees the exit status all the same. */
	}
	_exit(125);
}

/* A copy of fd (< 0: errno tells why there is none) where it is in nobody's way. */
static int out_of_the_way(int report, int fd)
{
	int copy = fd < 0 ? -errno : vu_fd_dup(fd, FREE_FD);

	if (copy < 0)
		give_up(report, VU_DRIVER_EXEC, copy == -EINVAL ? EMFILE : -copy);
	return copy;
}

/*
 * Descriptors: 0 /dev/null, 1 and 2 the output, 3 the source, 4 the program that the loader is to map,
 * and the report, which exec closes. The number of the report.
 */
static int place_fds(const struct vu_driver_exec *x, int output, int report)
{
	int null = out_of_the_way(report, open("/dev/null", O_RDWR | O_CLOEXEC));
	int program = out_of_the_way(report, open(x->session->paths.init, O_RDONLY | O_CLOEXEC));
	int source = x->source < 0 ? -1 : out_of_the_way(report, x->source);
	int keep[3] = { VU_DRIVER_SOURCE_FD, PROGRAM_FD, out_of_the_way(report, report) };

	output = out_of_the_way(report, output);
	dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	if (source >= 0)
		dup2(source, VU_DRIVER_SOURCE_FD);
	else
		keep[0] = PROGRAM_FD;
	dup2(program, PROGRAM_FD);
	vu_close_all_but(keep, 3);
	return keep[2];
}

static bool preloads(const struct vu_driver_exec *x)
{
	return x->rdonly ? x->plan->lazy : x->plan->exclusive;
}

/*
 * vu-init with the plan's words behind it. A driver that need not be told of opens gets a library that keeps
 * them from it.
 */
static char **make_argv(const struct vu_driver_exec *x)
{
	const char *lazy = x->session->paths.lazy;
	const char *lead[] = { "vu-init", "--norc", "--preload", lazy, "--" };
	const struct vu_strings *words = &x->plan->argv;
	char **argv = calloc(words->n + VU_ARRAY_SIZE(lead) + 1, sizeof(*argv));
	size_t i, n = 0;

	for (i = 0; argv && i < VU_ARRAY_SIZE(lead); i++)
		if (preloads(x) || (i != 2 && i != 3))
			argv[n++] = (char *)lead[i];
	for (i = 0; argv && i < words->n; i++)
		argv[n++] = words->list[i];
	return argv;
}

/*
 * The client's environment, with the PATH that modules look for programs in and the folders of system
 * programs behind its own, what the module has set, and how the library that is
 * preloaded has to go about it.
 */
static int make_environment(const struct vu_driver_exec *x, struct vu_strings *env)
{
	const struct vu_strings *set = &x->plan->env;
	const char *path, *ours = getenv("PATH"), *equals;
	char *text;
	size_t i;
	int res = vu_client_environ(x->client, env);

	if (res < 0)
		return res;
	path = vu_strings_getenv(env, "PATH");
	if (asprintf(&text, "%s%s%s:/usr/local/sbin:/usr/sbin:/sbin", path ? path : "",
		     path && *path ? ":" : "",
		     ours && *ours ? ours : "/usr/local/bin:/usr/bin:/bin") < 0)
		return -ENOMEM;
	res = vu_strings_setenv(env, "PATH", text);
	free(text);
	if (!res && preloads(x) && !x->rdonly)
		res = vu_strings_setenv(env, VU_FUSE_EXCLUSIVE, "1");
	for (i = 0; !res && i < set->n; i++) {
		equals = strchr(set->list[i], '=');
		text = vu_str_ndup(set->list[i], (size_t)(equals - set->list[i]));
		res = text ? vu_strings_setenv(env, text, equals + 1) : -ENOMEM;
		free(text);
	}
	return res;
}

_Noreturn static void run(const struct vu_driver_exec *x, int output, int report)
{
	struct vu_launch launch = {
		.ref = x->ref,
		.driver = x->token,
		.first = true,
		.stack = x->stack,
		.exe_fd = PROGRAM_FD,
		.execfn = x->session->paths.init,
		.argv = make_argv(x),
	};
	struct vu_launch_plan plan;
	struct vu_strings env = { NULL, 0 };
	char folder[40];
	sigset_t none;
	int res;

	sigemptyset(&none);
	vu_signals_reset(&none);
	setpgid(0, 0);
	setrlimit(RLIMIT_NOFILE, &x->session->nofile);
	umask(x->session->umask);
	snprintf(folder, sizeof(folder), "/proc/%d/cwd", (int)x->client);
	if (chdir(folder) < 0 && chdir("/") < 0)
		give_up(report, VU_DRIVER_EXEC, errno);
	if (x->source >= 0 && x->plan->lock &&
	    flock(x->source, (x->rdonly ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0)
		give_up(report, VU_DRIVER_LOCK, errno);
	res = make_environment(x, &env);
	report = place_fds(x, output, report);
	launch.interp_fd = vu_launch_interpreter(PROGRAM_FD);
	launch.envp = env.list;
	if (!res)
		res = launch.argv && env.list ? vu_launch_plan(&launch, &plan) : -ENOMEM;
	if (!res)
		res = vu_launch_exec(&plan);
	give_up(report, VU_DRIVER_EXEC, -res);
}

int vu_driver_fork(const struct vu_driver_exec *x, pid_t *pid, int fds[2])
{
	int output[2] = { -1, -1 }, report[2] = { -1, -1 }, res = 0;

	if (pipe2(output, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		res = -errno;
	if (!res) {
		*pid = fork();
		if (*pid == 0)
			run(x, output[1], report[1]);
		res = *pid < 0 ? -errno : 0;
	}
	vu_fd_close(&output[1]);
	vu_fd_close(&report[1]);
	if (res < 0) {
		vu_fd_close(&output[0]);
		vu_fd_close(&report[0]);
		*pid = -1;
		return res;
	}
	setpgid(*pid, *pid); /* whoever comes first */
	vu_fd_nonblock(output[0], true);
	vu_fd_nonblock(report[0], true);
	fds[0] = output[0];
	fds[1] = report[0];
	return 0;
}
