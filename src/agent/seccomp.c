/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests with filters of their own, and prctl(2).
 *
 * A guest's filter is installed with a prefix that lets the agent's own calls pass (those between
 * vu_exempt_begin and vu_exempt_end); the calls that the agent makes in the guest's name are judged by it
 * like any other. As our filter's TRAP outranks a guest's ERRNO, a refused call comes to the agent first,
 * which issues it in the guest's name, where the guest's filter has its say. Ours is there first, since a guest's
 * may forbid that one comes later, or be that of one thread.
 *
 * Strict mode is refused by the kernel in a process with filters: it is made of a filter.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "agent/filter.h"
#include "agent/handlers.h"
#include "agent/trap.h"

extern char vu_exempt_begin[], vu_exempt_end[];

#define PREFIX	       7
#define CAP_SYS_ADMIN_ 21

/* struct sock_fprog as the guest passes it. */
struct fprog {
	uint16_t len;
	uint16_t pad[3];
	uint64_t filter;
};

static void fill_prefix(struct sock_filter *f)
{
	uint64_t lo = (uint64_t)vu_exempt_begin, hi = (uint64_t)vu_exempt_end;
	const struct sock_filter prefix[PREFIX] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(lo >> 32), 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)lo, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)hi, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_IMM, 0), /* a filter starts with A = 0 */
	};

	memcpy(f, prefix, sizeof(prefix));
}

/* Installs n instructions that stand at f[PREFIX...]. */
static long install(struct sock_filter *f, unsigned int n, unsigned long flags)
{
	struct sock_fprog prog = { .len = (unsigned short)(n + PREFIX), .filter = f };
	long r = vu_filter_need();

	if (r < 0)
		return r;
	fill_prefix(f);
	agent_process.judged = true;
	return vu_sys(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}

/* Without no_new_privs only CAP_SYS_ADMIN may install a filter; the guest may not know that it is set. */
static bool may_install(struct vu_call *c)
{
	if (agent_process.no_new_privs)
		return true;
	return c->thread->has_cred && (c->thread->cred.cap_effective >> CAP_SYS_ADMIN_ & 1);
}

static long set_filter(struct vu_call *c, unsigned long flags, unsigned long addr)
{
	struct fprog prog;
	struct sock_filter *f;
	long r;

	if (guest_read(&prog, addr, sizeof(prog)) < 0)
		return -EFAULT;
	if (!prog.len || prog.len > BPF_MAXINSNS)
		return -EINVAL;
	if (prog.len + PREFIX > BPF_MAXINSNS)
		return -ENOMEM;
	if (!may_install(c))
		return -EACCES;
	f = vu_scratch_map(c->s, (prog.len + PREFIX) * sizeof(*f));
	if (!f)
		return -ENOMEM;
	if (guest_read(f + PREFIX, prog.filter, prog.len * sizeof(*f)) < 0)
		return -EFAULT;
	r = install(f, prog.len, flags);
	return r;
}

static long set_strict(void)
{
	static const struct sock_filter strict[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_read, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigreturn, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | VU_TRAP_DATA),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter f[PREFIX + sizeof(strict) / sizeof(strict[0])];

	agent_process.strict = true; /* a call that traps is now the last one: SIGKILL */
	memcpy(f + PREFIX, strict, sizeof(strict));
	return install(f, sizeof(strict) / sizeof(strict[0]), 0);
}

long sys_seccomp(struct vu_call *c)
{
	if (c->arg[0] == SECCOMP_SET_MODE_FILTER)
		return set_filter(c, c->arg[1], c->arg[2]);
	if (c->arg[0] == SECCOMP_SET_MODE_STRICT && !c->arg[1] && !c->arg[2])
		return set_strict();
	return vu_native(c);
}

static long set_no_new_privs(struct vu_call *c)
{
	if (c->arg[1] != 1 || c->arg[2] || c->arg[3] || c->arg[4])
		return -EINVAL;
	agent_process.no_new_privs = true;
	return 0;
}

static long get_no_new_privs(struct vu_call *c)
{
	if (c->arg[1] || c->arg[2] || c->arg[3] || c->arg[4])
		return -EINVAL;
	return agent_process.no_new_privs;
}

static long set_seccomp(struct vu_call *c)
{
	if (c->arg[1] == SECCOMP_MODE_FILTER)
		return set_filter(c, 0, c->arg[2]);
	return c->arg[1] == SECCOMP_MODE_STRICT ? set_strict() : -EINVAL;
}

static long set_tsc(struct vu_call *c)
{
	long r = vu_native(c);

	if (!r)
		agent_process.no_clock = c->arg[1] != PR_TSC_ENABLE;
	return r;
}

static const struct {
	unsigned long option;
	vu_handler *handler;
} prctls[] = {
	{ PR_SET_NO_NEW_PRIVS, set_no_new_privs },
	{ PR_GET_NO_NEW_PRIVS, get_no_new_privs },
	{ PR_SET_SECCOMP, set_seccomp },
	{ PR_SET_TSC, set_tsc },
};

long sys_prctl(struct vu_call *c)
{
	bool handled = false;
	long r = vu_prctl_ids(c, &handled);

	if (handled)
		return r;
	for (unsigned int i = 0; i < sizeof(prctls) / sizeof(prctls[0]); i++)
		if (prctls[i].option == (unsigned int)c->arg[0])
			return prctls[i].handler(c);
	return vu_native(c);
}
