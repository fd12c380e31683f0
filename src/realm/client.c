/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients: programs that set up an interface from inside the stack, such as one of DHCP. They keep the
 * capabilities over the namespace that the maker has, as ambient ones (capabilities(7)).
 */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "realm/maker.h"

#define WORDS_MAX 32

static const int kept[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE };
#define N_KEPT (sizeof(kept) / sizeof(kept[0]))

static void keep_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2];
	size_t i;

	if (syscall(SYS_capget, &head, caps) < 0)
		return;
	for (i = 0; i < N_KEPT; i++)
		caps[0].inheritable |= 1u << kept[i];
	if (syscall(SYS_capset, &head, caps) < 0)
		return;
	for (i = 0; i < N_KEPT; i++)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0);
}

_Noreturn static void run(char **argv, int out)
{
	keep_capabilities();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	setenv(VU_STACK_RESOLV_ENV, VU_STACK_RESOLV_FILE, 1);
	if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(1);
	close_range(3, ~0u, 0);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(1);
}

int vu_maker_client(const char *words, int out)
{
	char *argv[WORDS_MAX + 1];
	size_t n = 0;
	pid_t pid;

	for (; *words && n < WORDS_MAX; words += strlen(words) + 1)
		argv[n++] = (char *)words;
	argv[n] = NULL;
	if (!n)
		return -EINVAL;
	pid = fork();
	if (pid == 0)
		run(argv, out);
	return pid < 0 ? -errno : 0;
}
