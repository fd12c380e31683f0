/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tracers among the guests (gdb, strace): ptrace, wait4, waitid.
 *
 * A tracer must not see how its tracee's calls are intercepted. The stops that interception makes are
 * taken here, in the tracer, before its wait call returns, and the tracee goes on:
 *
 *	SIGSYS of our filter		delivered to the tracee's agent; the tracer never sees it
 *	syscall stops in the agent	passed over
 *	a trapped call's own stops	the entry is shown; the exit at the trap is passed over; the exit of
 *					the agent's rt_sigreturn, which has the result, is shown for it
 *	single step over a trapped call	runs to that exit, then shown as the step's SIGTRAP
 *	the stop of an execve		held back until vu-loader has the program in place: the loader is
 *					told to raise a SIGTRAP then (vu_report_exec). With PTRACE_SYSCALL
 *					it is shown at once: strace looks at no memory
 *
 * The tracee's agent is the same file at the same address: its variables and code are at the addresses
 * that they have here.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>

#include "agent/fault.h"
#include "agent/gate.h"
#include "agent/handlers.h"
#include "agent/ptrace.h"
#include "agent/trap.h"

#define PTRACE_TRACEME_		 0
#define PTRACE_PEEKUSR_		 3
#define PTRACE_POKEDATA_	 5
#define PTRACE_CONT_		 7
#define PTRACE_SINGLESTEP_	 9
#define PTRACE_DETACH_		 17
#define PTRACE_SYSCALL_		 24
#define PTRACE_GETSIGINFO_	 0x4202
#define PTRACE_PEEKSIGINFO_	 0x4209
#define PTRACE_GETSIGMASK_	 0x420a
#define PEEKSIGINFO_SHARED_	 1
#define PTRACE_GET_SYSCALL_INFO_ 0x420e
#define PTRACE_EVENT_EXEC_	 4
#define USER_RIP		 128 /* offset of rip in struct user */
#define SIGTRAP_		 5
#define WALL			 0x40000000
#define WNOWAIT_		 0x01000000
#define CLD_TRAPPED_		 4
#define TRACEES			 128
#define INFO_ENTRY		 1
#define INFO_EXIT		 2
#define ERESTARTSYS_		 512
#define ERESTART_RESTARTBLOCK_	 516

extern char vu_text_begin[], vu_text_end[], vu_gate_made_host[], vu_gate_made[], _start[];

/* struct ptrace_syscall_info (ptrace(2)), as far as it is needed. */
struct syscall_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t ip, sp;
	uint64_t nr_or_result; /* of an entry, of an exit */
	uint64_t rest[8];
};

/* What the tracer knows of a process that it traces. */
struct tracee {
	int pid;	     /* 0: free */
	int resume;	     /* how the tracer let it go on last */
	bool marked;	     /* it knows that it is traced: see mark() */
	bool in_trap;	     /* between a trapped call and its result */
	bool entry_reported; /* the tracer has seen an entry whose exit is to come */
	bool cut;	     /* a signal has interrupted the call cut_nr in the agent */
	uint64_t nr, cut_nr; /* nr: of the last entry, shown or not */
	uint64_t shown;	     /* number of the last entry that was shown */
};

uint64_t vu_traced VU_HOT;

/* The loader of a tracee raises SIGTRAP when the program is in place. Written by the tracer. */
uint64_t vu_report_exec VU_HOT;

static struct tracee tracees[TRACEES];

static struct tracee *find(int pid, bool make)
{
	struct tracee *spare = NULL;

	for (int i = 0; i < TRACEES; i++) {
		if (tracees[i].pid == pid)
			return &tracees[i];
		if (!tracees[i].pid && !spare)
			spare = &tracees[i];
	}
	if (!make || !spare)
		return NULL;
	*spare = (struct tracee){ .pid = pid, .resume = PTRACE_CONT_ };
	return spare;
}

/* Lets the tracee's patched sites trap, and its loader patch none, so that the tracer sees its calls. */
static bool mark(int pid)
{
	return vu_sys(__NR_ptrace, PTRACE_POKEDATA_, pid, &vu_traced, 1) >= 0;
}

void vu_trace_from_now(int pid)
{
	uint64_t yes = 1, iov[2] = { (uint64_t)&yes, sizeof(yes) },
		 there[2] = { (uint64_t)&vu_traced, sizeof(vu_traced) };

	vu_sys(__NR_process_vm_writev, pid, iov, 1, there, 1, 0);
}

static bool is_resume(int request)
{
	return request == PTRACE_CONT_ || request == PTRACE_SYSCALL_ ||
	       request == PTRACE_SINGLESTEP_;
}

/*
 * A vforked child that becomes a tracee stops at its next trapped call, for a tracer that waits in vfork:
 * it becomes one at its execve instead. In such a child the process's pid is its parent's.
 */
static long traceme(struct vu_call *c)
{
	struct vu_thread *t;

	if (vu_sys(__NR_getpid) == agent_process.pid)
		return vu_native(c);
	t = vu_thread_own();
	if (!t)
		return -ENOMEM;
	t->traceme = true;
	return 0;
}

long sys_ptrace(struct vu_call *c)
{
	int request = (int)c->arg[0], pid = (int)c->arg[1];
	struct tracee *t;

	if (request == PTRACE_TRACEME_)
		return traceme(c);
	agent_process.tracer = true;
	t = find(pid, is_resume(request));
	if (t && is_resume(request))
		t->resume = request;
	if (t && request == PTRACE_DETACH_)
		t->pid = 0;
	return vu_native(c);
}

static uint64_t rip_of(int pid)
{
	uint64_t rip = 0;

	vu_sys(__NR_ptrace, PTRACE_PEEKUSR_, pid, USER_RIP, &rip);
	return rip;
}

/* A call that the gate had made as it was, when the tracer came, is the guest's own. */
static bool in_agent(uint64_t rip)
{
	return rip >= (uint64_t)vu_text_begin && rip < (uint64_t)vu_text_end &&
	       rip != (uint64_t)vu_gate_made_host && rip != (uint64_t)vu_gate_made;
}

static void resume(int pid, int request, int sig)
{
	vu_sys(__NR_ptrace, request, pid, 0, sig);
}

static bool is_our_sigsys(const struct vu_siginfo *info)
{
	return info->signo == VU_SIGSYS && info->code == 1 && info->error == VU_TRAP_DATA;
}

/* Signals queued for the tracee, or with PEEKSIGINFO_SHARED for its process; how many of them fit. */
static long queued(int pid, uint32_t flags, struct vu_siginfo *to, int max)
{
	struct {
		uint64_t off;
		uint32_t flags;
		int32_t nr;
	} args = { 0, flags, max };

	return vu_sys(__NR_ptrace, PTRACE_PEEKSIGINFO_, pid, &args, to);
}

/* Is a SIGSYS of our filter queued for the tracee, which is at a call's exit? */
static bool trap_pending(int pid)
{
	struct vu_siginfo info[4];
	long n = queued(pid, 0, info, 4);

	for (long i = 0; i < n; i++)
		if (is_our_sigsys(&info[i]))
			return true;
	return false;
}

/* Will the tracee, which is at a call's exit, take a signal before it goes on? */
static bool signal_follows(int pid)
{
	struct vu_siginfo info[4];
	uint64_t mask = ~0ull;

	vu_sys(__NR_ptrace, PTRACE_GETSIGMASK_, pid, sizeof(mask), &mask);
	for (uint32_t shared = 0; shared <= PEEKSIGINFO_SHARED_; shared++) {
		long n = queued(pid, shared, info, 4);

		for (long i = 0; i < n; i++)
			if (!(mask >> (info[i].signo - 1) & 1))
				return true;
	}
	return false;
}

/* SIGSYS: true if it was the agent's and the tracee runs again. */
static bool hide_sigsys(struct tracee *t)
{
	struct vu_siginfo info;

	if (vu_sys(__NR_ptrace, PTRACE_GETSIGINFO_, t->pid, 0, &info) < 0 || !is_our_sigsys(&info))
		return false;
	t->in_trap = true;
	resume(t->pid, t->resume == PTRACE_CONT_ ? PTRACE_CONT_ : PTRACE_SYSCALL_, VU_SIGSYS);
	return true;
}

/* An entry: the guest's own is shown, and that of a call that a signal had cut short and starts again. */
static bool show_entry(struct tracee *t, const struct syscall_info *info)
{
	bool again = t->cut && t->cut_nr == info->nr_or_result;

	t->nr = info->nr_or_result;
	if (in_agent(info->ip) && !again)
		return false;
	t->cut = t->cut && !again;
	t->entry_reported = true;
	t->shown = t->nr;
	return true;
}

/*
 * An exit: the one at the trap is not shown; the one of the agent's rt_sigreturn, which brings the result,
 * is. A signal that the agent's call itself lets in would come between the two: it is shown behind an exit,
 * as natively, and so the exit of that call is.
 */
static bool show_exit(struct tracee *t, const struct syscall_info *info)
{
	long result = (long)info->nr_or_result;
	bool agent = in_agent(info->ip), show;

	if (!t->entry_reported || (!agent && trap_pending(t->pid)))
		return false;
	if (agent && t->in_trap && result <= -ERESTARTSYS_ && result >= -ERESTART_RESTARTBLOCK_) {
		t->cut = true;
		t->cut_nr = t->nr;
		t->entry_reported = false;
		return true;
	}
	if (agent && t->in_trap && t->nr == t->shown && t->nr != __NR_rt_sigreturn &&
	    signal_follows(t->pid)) {
		t->entry_reported = false;
		return true;
	}
	show = !agent || t->nr == __NR_rt_sigreturn || info->ip == (uint64_t)_start;
	if (show)
		t->entry_reported = t->in_trap = false;
	return show;
}

/* A syscall stop: true if it is the agent's own business; *status may become a step's. */
static bool hide_syscall(struct tracee *t, const struct syscall_info *info, int *status)
{
	if (info->op == INFO_ENTRY ? show_entry(t, info) : show_exit(t, info))
		return false;
	if (info->op == INFO_EXIT && t->in_trap && !in_agent(info->ip) &&
	    t->resume == PTRACE_SINGLESTEP_) {
		t->in_trap = false;
		*status = SIGTRAP_ << 8 | 0x7f;
		return false;
	}
	resume(t->pid, PTRACE_SYSCALL_, 0);
	return true;
}

/*
 * The tracee stands at vu-loader's first instruction: lets the loader work. False when it is done and
 * the stop may be shown; *status is another one if the process ended instead.
 */
static void run_loader(int pid, int *status)
{
	int st;

	vu_sys(__NR_ptrace, PTRACE_POKEDATA_, pid, &vu_report_exec, 1);
	resume(pid, PTRACE_CONT_, 0);
	while (vu_sys(__NR_wait4, pid, &st, WALL, 0) == pid) {
		int sig = st >> 8 & 0xff;

		if ((st & 0xff) != 0x7f) {
			*status = st;
			return;
		}
		if (sig == SIGTRAP_ && in_agent(rip_of(pid)))
			return;
		resume(pid, PTRACE_CONT_, st >> 16 ? 0 : sig);
	}
}

/* True if the stop is one that the tracer is not to see; the tracee runs again. */
static bool hide(int pid, int *status)
{
	int sig = *status >> 8 & 0x7f, event = *status >> 16;
	struct tracee *t;
	struct syscall_info info;

	if ((*status & 0xff) != 0x7f) {
		if ((t = find(pid, false)))
			t->pid = 0;
		return false;
	}
	t = find(pid, true);
	if (!t)
		return false;
	if (!t->marked)
		t->marked = mark(pid); /* not yet if it is a child that is to be traced later */
	if (sig == VU_SIGSYS && !event)
		return hide_sigsys(t);
	if ((sig == VU_SIGSEGV || sig == VU_SIGBUS) && !event && vu_is_mended(rip_of(pid))) {
		resume(pid, t->resume, sig);
		return true;
	}
	if (sig != SIGTRAP_)
		return false;
	if (rip_of(pid) == (uint64_t)_start)
		mark(pid);
	if (t->resume != PTRACE_SYSCALL_ && (!event || event == PTRACE_EVENT_EXEC_) &&
	    rip_of(pid) == (uint64_t)_start) {
		run_loader(pid, status);
		t->in_trap = t->entry_reported = false;
		return false;
	}
	if (event || (t->resume == PTRACE_CONT_))
		return false;
	info.op = 0;
	if (vu_sys(__NR_ptrace, PTRACE_GET_SYSCALL_INFO_, pid, sizeof(info), &info) > 0 &&
	    (info.op == INFO_ENTRY || info.op == INFO_EXIT))
		return hide_syscall(t, &info, status);
	return false;
}

/*
 * Is the caller a tracer? A child can have made it one (PTRACE_TRACEME) that it has not told us of: it is
 * when a child's stop is one that ptrace can ask about.
 */
static bool is_tracer(int pid, int status)
{
	struct vu_siginfo info;

	if (!agent_process.tracer && (status & 0xff) == 0x7f)
		agent_process.tracer = vu_sys(__NR_ptrace, PTRACE_GETSIGINFO_, pid, 0, &info) >= 0;
	return agent_process.tracer;
}

bool vu_wait_hides(int pid, int *status)
{
	return is_tracer(pid, *status) && hide(pid, status);
}

long sys_wait4(struct vu_call *c)
{
	unsigned long to = c->arg[1];
	int status;
	long pid;

	c->arg[1] = (unsigned long)&status;
	do {
		status = 0;
		pid = vu_native_blocking(c);
	} while (pid > 0 && vu_wait_hides((int)pid, &status));
	if (pid > 0 && to && guest_write(to, &status, sizeof(status)) < 0)
		return -EFAULT;
	return pid;
}

/* siginfo_t of waitid(2). */
struct wait_info {
	int32_t signo, error, code, pad;
	int32_t pid;
	uint32_t uid;
	int32_t status;
	uint8_t rest[100];
};

/* A stop that waitid shows, by its siginfo; consumed first if WNOWAIT has left it. */
static bool hide_waitid(struct vu_call *c, struct wait_info *info)
{
	int status = info->status << 8 | 0x7f, st;

	if (info->code != CLD_TRAPPED_)
		return false;
	agent_process.tracer = true;
	if (c->arg[3] & WNOWAIT_) {
		struct vu_siginfo why;

		if (info->status != VU_SIGSYS ||
		    vu_sys(__NR_ptrace, PTRACE_GETSIGINFO_, info->pid, 0, &why) < 0 ||
		    !is_our_sigsys(&why))
			return false;
		vu_sys(__NR_wait4, info->pid, &st, WALL, 0);
	}
	return hide(info->pid, &status);
}

long sys_waitid(struct vu_call *c)
{
	unsigned long to = c->arg[2];
	struct wait_info info;
	long r;

	if (!to)
		return vu_native_blocking(c);
	c->arg[2] = (unsigned long)&info;
	do {
		memset(&info, 0, sizeof(info));
		r = vu_native_blocking(c);
	} while (!r && info.pid && hide_waitid(c, &info));
	if (!r && guest_write(to, &info, sizeof(info)) < 0)
		return -EFAULT;
	return r;
}
