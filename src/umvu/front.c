/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The front: the process that the user's shell waits for.
 *
 *   connect ──▶ command runs ──▶ command has ended ──▶ only drivers are left ──▶ view ends ──▶ exit
 *                   │                  │ KILL: --kill-on-exit, or a signal
 *                   └──── server gone ─┴──▶ guests are killed ──▶ exit 125
 *
 * All guests descend from the front, which is a subreaper, so that in the end it is the parent of all that
 * are left. Some of them may be drivers, FUSE daemons that a user has started: these are not waited for,
 * since they end when their mount does, and that is done last. Which ones they are the server knows; it
 * is asked whenever a child has ended or a daemon has mounted.
 *
 * Signals are blocked and read from a descriptor. Those that were sent to the front alone are passed on
 * to the command; those of the terminal have reached it already.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/view.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "realm/folder.h"
#include "realm/guests.h"
#include "umvu/first.h"
#include "umvu/front.h"
#include "umvu/front_link.h"
#include "umvu/front_tty.h"
#include "umvu/launch.h"
#include "umvu/link.h"
#include "umvu/stats.h"

#define EXIT_UMVU    125
#define GRACE_MS     2000  /* between SIGTERM and SIGKILL */
#define DRIVERS_MS   10000 /* for daemons to end after the server has died */
#define LOOK_MS	     5000  /* for what nobody tells us of */
#define CHILDREN_MAX 1024

struct front {
	const struct vu_options *o;
	struct vu_front_link link;
	int signals;   /* signalfd */
	sigset_t mask; /* as it was found */
	pid_t command;
	int status;	    /* of the command, as wait(2) gives it */
	bool done;	    /* the command has ended */
	bool kill;	    /* all guests are to go */
	bool killed;	    /* that has been done */
	bool look;	    /* find out whether guests are left */
	bool ended;	    /* the view has */
	bool gone;	    /* the server has */
	bool told;	    /* the user knows whom we wait for */
	unsigned int asked; /* VU_LINK_*: request under way, 0 none */
};

static const int watched[] = { SIGCHLD, SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
			       SIGUSR2, SIGALRM, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU };

static int block_signals(struct front *f)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < VU_ARRAY_SIZE(watched); i++)
		sigaddset(&set, watched[i]);
	sigprocmask(SIG_BLOCK, &set, &f->mask);
	f->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return f->signals < 0 ? -errno : 0;
}

/*
 * Has a signal reached the command already? From the kernel: the terminal's, and so for all. From inside:
 * for a group that we are in.
 */
static bool is_for_all(const struct signalfd_siginfo *si)
{
	return si->ssi_code == SI_KERNEL || vu_proc_descends((pid_t)si->ssi_pid, getpid());
}

/*
 * The terminal has gone. The kernel tells only its foreground group and the session's leader, and leaves
 * it to that to tell the others, as an interactive shell does with its jobs. Here the leader is us.
 */
static int hang_up(void *ctx, pid_t pid)
{
	(void)ctx;
	if (pid != getpid() && getsid(pid) == getpid()) {
		kill(pid, SIGHUP);
		kill(pid, SIGCONT);
	}
	return 0;
}

/* A signal that may be meant for the command. */
static void pass_on(struct front *f, const struct signalfd_siginfo *si)
{
	int sig = (int)si->ssi_signo;
	struct sigaction sa;

	if (sig == SIGHUP && si->ssi_code == SI_KERNEL && getsid(0) == getpid())
		vu_proc_each(hang_up, NULL);
	if (is_for_all(si))
		return;
	if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
		return; /* as nohup(1) wants it; the command has inherited that */
	if (!f->done)
		kill(f->command, sig);
	else if (sig == SIGTERM || sig == SIGHUP || sig == SIGINT || sig == SIGQUIT)
		f->kill = f->look = true;
}

/* Take the ends and stops of children. */
static void reap(struct front *f)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid == f->command && WIFSTOPPED(status)) {
			vu_front_suspend(pid, WSTOPSIG(status));
		} else if (!WIFSTOPPED(status)) {
			f->look = true;
			if (pid == f->command) {
				f->status = status;
				f->done = true;
				f->kill |= f->o->kill_on_exit;
			} else if (pid == f->link.server) {
				f->gone = !f->ended;
			}
		}
	}
}

static void on_signal(struct front *f)
{
	struct signalfd_siginfo si;

	while (read(f->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(f);
		else if (si.ssi_signo == SIGCONT && !f->done)
			vu_front_continue(f->command);
		else if (si.ssi_signo != SIGCONT)
			pass_on(f, &si);
		/* The terminal's Ctrl-C is for us when nobody else is there to heed it. */
		if (si.ssi_signo == SIGINT && f->done)
			f->kill = f->look = true;
	}
}

/* Ask the server for something. */
static void ask(struct front *f, unsigned int op, uint64_t a, const char *string)
{
	if (vu_front_send(&f->link, op, a, string) < 0)
		f->gone = true;
	else
		f->asked = op;
}

/* Tell a user at a terminal why the prompt does not come back. */
static void tell(struct front *f, const char *pids)
{
	if (f->told || !isatty(STDERR_FILENO))
		return;
	f->told = true;
	fprintf(stderr, "umvu: waiting for the processes of the session to end: %s\n", pids);
}

/* The command has ended: what is to be done next? */
static void look(struct front *f)
{
	pid_t list[CHILDREN_MAX];
	ssize_t n = vu_proc_children(getpid(), list, CHILDREN_MAX), i;
	VU_CLEANUP(buf) struct vu_buf pids = { 0 };

	f->look = false;
	for (i = 0; i < n && i < CHILDREN_MAX; i++)
		if (list[i] != f->link.server || f->link.nested)
			vu_buf_printf(&pids, "%s%d", pids.len ? " " : "", (int)list[i]);
	if (!pids.len || f->killed)
		ask(f, VU_LINK_END, 0, NULL);
	else if (f->kill)
		ask(f, VU_LINK_KILL, GRACE_MS, NULL);
	else
		ask(f, VU_LINK_GUESTS, 0, vu_buf_text(&pids));
}

static void on_answer(struct front *f, const struct vu_front_message *m)
{
	unsigned int asked = f->asked;

	f->asked = 0;
	if (asked == VU_LINK_END) {
		f->ended = true;
		if (m->text[0])
			vu_log_warn("view", "%s", m->text);
	} else if (asked == VU_LINK_KILL) {
		f->killed = true;
		f->look = true;
	} else if (asked == VU_LINK_GUESTS && !m->text[0]) {
		ask(f, VU_LINK_END, 0, NULL);
	} else if (asked == VU_LINK_GUESTS) {
		tell(f, m->text);
	}
}

static void on_message(struct front *f)
{
	struct vu_front_message m;

	if (vu_front_receive(&f->link, &m) <= 0)
		f->gone = true;
	else if (m.kind == VU_LINK_LOG)
		dprintf(STDERR_FILENO, "%s\n", m.text);
	else if (m.kind == VU_LINK_LOOK)
		f->look = true;
	else if (!m.kind)
		on_answer(f, &m);
}

static void serve(struct front *f)
{
	struct pollfd polls[2] = { { .fd = f->signals, .events = POLLIN },
				   { .fd = f->link.fd, .events = POLLIN } };
	int n;

	while (!f->ended && !f->gone) {
		n = poll(polls, 2, f->done && !f->asked ? LOOK_MS : -1);
		if (n == 0)
			f->look = true;
		if (n > 0 && polls[0].revents)
			on_signal(f);
		if (n > 0 && polls[1].revents)
			on_message(f);
		if (f->done && f->look && !f->asked && !f->gone && !f->ended)
			look(f);
	}
}

/*
 * In the child, which has our memory until its exec: become a guest. Until it is one nobody but the front knows of
 * it, and it must not outlive that.
 */
_Noreturn static void run_command(const struct front *f, const struct vu_launch_plan *plan,
				  pid_t parent)
{
	int res;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_UMVU);
	sigprocmask(SIG_SETMASK, &f->mask, NULL);
	vu_front_go(&f->link);
	res = vu_launch_exec(plan);
	vu_log_err("front", "vu-loader cannot be run: %s", strerror(-res));
	_exit(EXIT_UMVU);
}

static int start_command(struct front *f, const struct vu_first *first)
{
	struct vu_launch launch = {
		.ref = f->link.ref,
		.first = !f->link.nested,
		.leashed = true,
		.exe_fd = first->fd,
		.interp_fd = first->interp,
		.execfn = first->path,
		.argv = first->argv.list,
	};
	struct vu_launch_plan plan;
	struct vu_cred cred;
	pid_t parent = getpid();
	int res;

	setenv("UMVU", "1", 1);
	setenv("VU_NAME", f->o->name ? f->o->name : "", 1);
	launch.envp = environ;
	if (f->link.nested && (f->link.classes & VU_TOUCH_IDS) && vu_launch_cred(&cred) == 0)
		launch.cred = &cred;
	res = vu_launch_plan(&launch, &plan);
	if (!res) {
		f->command = vfork();
		if (f->command == 0)
			run_command(f, &plan, parent);
		res = f->command < 0 ? -errno : 0;
		vu_launch_drop(&plan);
	}
	if (res < 0) {
		vu_front_go(&f->link);
		vu_log_err("front", "cannot start the command: %s", strerror(-res));
	}
	return res;
}

/* What the server has said before it went. */
static void hear_out(const struct front *f)
{
	struct pollfd poll_link = { .fd = f->link.fd, .events = POLLIN };
	struct vu_front_message m;

	while (poll(&poll_link, 1, 0) > 0 && vu_front_receive(&f->link, &m) > 0)
		if (m.kind == VU_LINK_LOG)
			dprintf(STDERR_FILENO, "%s\n", m.text);
}

/* The server has been killed: nobody else ends the guests (but the realm, later). */
static void clean_up(struct front *f)
{
	struct vu_guests g = { .session = f->link.ref.session,
			       .view = f->link.view,
			       .front = getpid() };
	pid_t list[CHILDREN_MAX];
	int ms;

	hear_out(f);
	vu_log_err("front", "the session's server has ended unexpectedly; its processes are ended");
	vu_orphans_end(&g);
	if (!f->link.nested)
		vu_folder_clear(g.session); /* it may have had no guard yet */
	/* Daemons end when their mounts have gone. */
	for (ms = 0; ms < DRIVERS_MS; ms += 50) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (vu_proc_children(getpid(), list, CHILDREN_MAX) <= 0)
			return;
		poll(NULL, 0, 50);
	}
	if (!f->link.nested)
		vu_drivers_end(g.session, 0);
}

/* As the command has ended, so do we. */
static int exit_like(const struct front *f)
{
	static const struct rlimit no_core = { 0, 0 };
	int sig;
	sigset_t set;

	if (!WIFSIGNALED(f->status))
		return WEXITSTATUS(f->status);
	sig = WTERMSIG(f->status);
	setrlimit(RLIMIT_CORE, &no_core); /* the command's is there already */
	prctl(PR_SET_DUMPABLE, 0);	  /* nor by a pipe (core(5)) */
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
	return 128 + sig;
}

/* The view has ended; so does a server that has no other. */
static void part(struct front *f)
{
	vu_fd_close(&f->link.fd);
	if (!f->link.nested)
		waitpid(f->link.server, NULL, 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int vu_front_run(const struct vu_options *o)
{
	struct front f = { .o = o };
	struct vu_first first;
	char text[PATH_MAX + 8];
	int res;

	if (access("/proc/self", F_OK) < 0) {
		vu_log_err("front",
			   "/proc is not mounted, and nothing works without (see 'umvu --check')");
		return EXIT_UMVU;
	}
	res = block_signals(&f);
	if (res < 0) {
		vu_log_err("front", "cannot begin: %s", strerror(-res));
		return EXIT_UMVU;
	}
	res = vu_front_connect(&f.link, o, &first, text, sizeof(text));
	if (res < 0) {
		vu_log_err("front", "no session: %s%s%s", text, text[0] ? ": " : "",
			   strerror(-res));
		return EXIT_UMVU;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* Before: with the session's descriptors the command's table of them would be larger (select(2) shows it). */
	vu_front_let_go(&f.link);
	res = start_command(&f, &first);
	vu_first_drop(&first);
	if (res < 0) {
		f.status = EXIT_UMVU << 8;
		f.done = true;
		f.look = true;
		look(&f);
	}
	serve(&f);
	if (f.ended)
		part(&f);
	else
		clean_up(&f);
	if (f.link.stats)
		vu_stats_print(f.link.stats, o->json);
	return f.ended ? exit_like(&f) : EXIT_UMVU;
}
