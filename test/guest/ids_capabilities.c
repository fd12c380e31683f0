/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* capget, capset and prctl about capabilities, of a process that has none. */
#include "guest.h"
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

static struct __user_cap_header_struct head;
static struct __user_cap_data_struct data[2];

#define V1 0x19980330
#define V2 0x20071026
#define V3 0x20080522

static void set_head(unsigned int version, int pid)
{
	head.version = version;
	head.pid = pid;
}

static void try_get(unsigned int version, int pid, void *to)
{
	long ret;

	set_head(version, pid);
	memset(data, 0xa5, sizeof(data));
	ret = syscall(SYS_capget, &head, to);
	showf(ret, "capget(%#x, %s, %s)", version,
	      pid == getpid() ? "own" :
	      pid	      ? "pid" :
				"0",
	      to == data ? "data" :
	      to	 ? "bad" :
			   "NULL");
	say("  version %#x: %x %x %x, %x %x %x\n", head.version, data[0].effective,
	    data[0].permitted, data[0].inheritable, data[1].effective, data[1].permitted,
	    data[1].inheritable);
}

static void try_set(unsigned int version, int pid, unsigned int eff, unsigned int perm,
		    unsigned int inh)
{
	long ret;

	set_head(version, pid);
	data[0].effective = eff;
	data[0].permitted = perm;
	data[0].inheritable = inh;
	memset(&data[1], 0, sizeof(data[1]));
	ret = syscall(SYS_capset, &head, data);
	showf(ret, "capset(%#x, %s, %x, %x, %x)", version, pid ? "pid" : "0", eff, perm, inh);
}

static void headers(void)
{
	unsigned int version = V3;

	try_get(V1, 0, data);
	try_get(V2, 0, data);
	try_get(V3, 0, data);
	try_get(V3, getpid(), data);
	try_get(V3, -1, data);
	try_get(V3, 0x7ffffff0, data);
	try_get(0, 0, data);
	try_get(0, 0, NULL);
	try_get(V3, 0, NULL);
	try_get(V3, 0, (void *)8);
	try_get(V3, -1, (void *)8);
	SHOW(syscall(SYS_capget, NULL, data));
	SHOW(syscall(SYS_capget, NULL, NULL));
	SHOW(syscall(SYS_capget, edge_copy(&version, sizeof(version)), data));
	SHOW(syscall(SYS_capset, edge_copy(&version, sizeof(version)), data));
	set_head(V3, 0);
	SHOW(syscall(SYS_capget, &head, edge_new(1) - 20));
	SHOW(syscall(SYS_capset, &head, edge_new(1) - 20));
	SHOW(syscall(SYS_capset, &head, edge_new(1) - 24));
	SHOW(syscall(SYS_capset, &head, NULL));
	SHOW(syscall(SYS_capset, NULL, NULL));
}

static void sets(void)
{
	try_set(V3, 0, 0, 0, 0);
	try_set(V1, 0, 0, 0, 0);
	try_set(V3, getpid(), 0, 0, 0);
	try_set(V3, 1, 0, 0, 0);
	try_set(V3, -1, 0, 0, 0);
	try_set(0, 0, 0, 0, 0);
	try_set(V3, 0, 1, 0, 0);
	try_set(V3, 0, 0, 1, 0);
	try_set(V3, 0, 1, 1, 0);
	try_set(V3, 0, 0, 0, 1);
	try_get(V3, 0, data);
}

static void options(void)
{
	int cap, n = 0;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		n += prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1;
	say("%d capabilities in the bounding set\n", n);
	SHOW(prctl(PR_CAPBSET_READ, 64, 0, 0, 0));
	SHOW(prctl(PR_CAPBSET_READ, -1ul, 0, 0, 0));
	SHOW(prctl(PR_CAPBSET_DROP, 0, 0, 0, 0));
	SHOW(prctl(PR_CAPBSET_DROP, 99, 0, 0, 0));
	SHOW(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
	SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0));
	SHOW(prctl(PR_SET_SECUREBITS, 0x10000, 0, 0, 0));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 64, 0, 0));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 1, 0));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 64, 0, 0));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_CHOWN, 0, 0));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
	SHOW(prctl(PR_CAP_AMBIENT, 9, 0, 0, 0));
	SHOW(prctl(PR_SET_KEEPCAPS, 2, 0, 0, 0));
}

int main(int argc, char **argv)
{
	SHOW(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
	if (argc > 1)
		return 0;
	headers();
	sets();
	options();
	SHOW(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
	SHOW(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
	SHOW(prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
	if (!fork()) {
		SHOW(prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0));
		_exit(0);
	}
	wait(NULL);
	headers();
	sets();
	options();
	execl("/proc/self/exe", argv[0], "again", NULL);
	return 1;
}
