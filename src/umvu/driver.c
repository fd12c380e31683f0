/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Drivers: starting them, and following them until process and mount are gone.
 *
 *   starting ── its mount request (by token) ──▶ probing ── it answers ──▶ running
 *      │                                            │                         │ unmounted, and
 *      └───────── exits, or is cancelled ───────────┴──▶ failed ──────────────┴ process ended ──▶ freed
 *
 * Starting ends with the first of: mounted, exited, cancelled. There is no time limit, because a driver
 * may ask a remote host, or replay a journal; the client that waits can be interrupted, which cancels.
 * A worker probes: only who waits for the driver's first answer knows that it serves.
 *
 * The process is a guest from its first instruction, so that it opens, mounts and runs in its view. It is
 * started by vu-init, which looks for the program in the view and handles scripts.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/driver.h"
#include "umvu/driver_exec.h"
#include "umvu/files.h"
#include "umvu/session.h"
#include "umvu/view.h"
#include "umvu/view_guests.h"
#include "umvu/worker.h"

#define SAID_MAX       4096
#define EXIT_NOT_FOUND 127  /* vu-init's */
#define KILL_MS	       3000 /* from SIGTERM to SIGKILL of one that has failed */
#define LATE_MS	       500  /* for one that does not serve to end and say why */
#define RELEASE_MS     5000 /* for one that has mounted but fails */

enum state { STARTING, PROBING, RUNNING, FAILED };

struct vu_driver {
	struct vu_list node;
	struct vu_session *session;
	struct vu_view *view, *owner;
	struct vu_mod *mod;
	uint32_t token;
	enum state state;
	struct viewos_driver plan;
	struct vu_files *files; /* NULL: it is no driver of control files */
	char *type, *source, *target;
	uint64_t attr;
	bool is_file;
	pid_t pid; /* -1: has ended */
	struct vu_child child;
	struct vu_timer late;
	struct vu_io out;   /* what it says */
	int report;	    /* pipe of what went wrong before its program ran */
	struct vu_buf said; /* until it runs */
	struct vu_worker *prober, *ender;
	int probed;		/* the errno that it ended with, 0: none yet */
	struct vu_mount *mount; /* a reference until it runs */
	vu_driver_ready *ready;
	void *ctx;
	void (*gone)(void *ctx); /* who waits for the end of one that has failed */
	void *gone_ctx;
};

static void close_output(struct vu_driver *d)
{
	int fd = d->out.fd;

	vu_io_del(&d->session->loop, &d->out);
	vu_fd_close(&fd);
}

static void free_driver(struct vu_driver *d)
{
	void (*gone)(void *ctx) = d->gone;
	void *ctx = d->gone_ctx;

	vu_worker_cancel(d->prober);
	vu_worker_cancel(d->ender);
	vu_files_free(d->files);
	close_output(d);
	vu_fd_close(&d->report);
	vu_child_del(&d->child);
	vu_timer_del(&d->late);
	vu_list_del(&d->node);
	if (d->view)
		vu_view_free(d->view);
	vu_plan_free(&d->plan);
	vu_buf_free(&d->said);
	free(d->type);
	free(d->source);
	free(d->target);
	free(d);
	if (gone)
		gone(ctx);
}

static void free_if_over(struct vu_driver *d)
{
	if (d->pid < 0 && !d->mount && !d->ender)
		free_driver(d);
}

/* Take the mount away from a driver that fails. */
static void release_mount(struct vu_driver *d)
{
	struct vu_release_job job = { .timeout_ms = RELEASE_MS, .kill = true };
	struct vu_mount *m = d->mount;

	/* Whatever it does: who waits for it (the prober) must be let go. */
	vu_realm_abort(vu_session_realm(d->session), m->fd, m->id, NULL);
	if (vu_mount_put(m))
		vu_mounts_release(d->session, &m, 1, &job);
}

static void on_processes_ended(void *ctx, int status, const char *out, size_t len)
{
	struct vu_driver *d = ctx;

	(void)out;
	(void)len;
	d->ender = NULL;
	if (status) {
		vu_log_warn("driver", "the driver of %s could not be ended", d->target);
		vu_child_del(&d->child);
		d->pid = -1;
	}
	free_if_over(d);
}

/* It may have children, in sessions of their own, too. */
static void start_ending(struct vu_driver *d)
{
	struct vu_proc server;
	const struct vu_guests g = {
		.session = d->session->id,
		.drivers = true,
		.view = d->owner->number,
		.cover = d->view->number,
		.grace_ms = KILL_MS,
		.patience_ms = VU_GUESTS_STUCK_MS,
		.spare = &server.id, /* it maps the image, too */
		.n_spare = 1,
	};
	int res = vu_proc_stat(d->session->pid, &server);

	if (!res)
		res = vu_guests_worker(&d->session->loop, &g, on_processes_ended, d, &d->ender);
	if (res < 0)
		vu_log_warn("driver", "the driver of %s cannot be ended: %s", d->target,
			    strerror(-res));
	if (res < 0 && d->pid > 0)
		kill(-d->pid, SIGKILL);
}

/* End process and mount; what is left follows by itself. */
static void give_up(struct vu_driver *d)
{
	d->state = FAILED;
	d->ready = NULL;
	vu_worker_cancel(d->prober);
	d->prober = NULL;
	vu_timer_del(&d->late);
	if (d->pid > 0)
		kill(-d->pid, SIGTERM);
	if (d->report >= 0) /* there was one */
		start_ending(d);
	if (d->mount)
		release_mount(d);
	else
		free_if_over(d);
}

static void fail(struct vu_driver *d, int res, const char *text)
{
	vu_driver_ready *ready = d->ready;
	void *ctx = d->ctx;

	vu_log_debug("driver", "%s on %s: %s: %s", d->type, d->target, strerror(-res), text);
	d->ready = NULL;
	if (ready)
		ready(ctx, res, text, NULL);
	give_up(d);
}

/* Log what a running driver says, line by line. */
static void log_output(struct vu_driver *d, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		if (*line)
			vu_log_info("driver", "%s: %s", d->target, line);
}

/* Read what is there; false at the end. */
static bool read_output(struct vu_driver *d)
{
	char chunk[2048];
	ssize_t n = read(d->out.fd, chunk, sizeof(chunk) - 1);

	if (n < 0)
		return errno == EINTR;
	if (n == 0) {
		close_output(d);
		return false;
	}
	chunk[n] = '\0';
	if (d->state == RUNNING)
		log_output(d, chunk);
	else if (d->said.len + (size_t)n <= SAID_MAX)
		vu_buf_add(&d->said, chunk, strlen(chunk));
	return true;
}

static void on_output(struct vu_io *io, uint32_t events)
{
	(void)events;
	read_output(vu_container_of(io, struct vu_driver, out));
}

/* Its messages without newlines at the end. */
static const char *messages(struct vu_driver *d)
{
	while (d->out.fd >= 0 && read_output(d))
		;
	while (d->said.len && strchr("\n ", d->said.data[d->said.len - 1]))
		d->said.data[--d->said.len] = '\0';
	return vu_buf_text(&d->said);
}

/* Why one that has ended without having served did so. */
static int diagnose(struct vu_driver *d, int status, char *text, size_t size)
{
	struct vu_driver_report report;
	const char *name = d->plan.argv.list[0];

	if (read(d->report, &report, sizeof(report)) == (ssize_t)sizeof(report)) {
		if (report.step == VU_DRIVER_LOCK && report.error == EWOULDBLOCK) {
			snprintf(text, size, "'%s' is in use by another mount", d->source);
			return -EBUSY;
		}
		snprintf(text, size, "%s cannot be started: %s", name, strerror(report.error));
		return report.error == ENOENT ? -EIO : -report.error;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_FOUND && d->plan.said[0]) {
		vu_str_copy(text, size, d->plan.said);
		return vu_plan_error(&d->plan, EXIT_NOT_FOUND);
	}
	snprintf(text, size, "%s", messages(d));
	if (WIFSIGNALED(status)) {
		snprintf(text, size, "%s%s%s was killed by signal %d", messages(d),
			 d->said.len ? "\n" : "", name, WTERMSIG(status));
		return -EIO;
	}
	if (!text[0])
		snprintf(text, size, "%s ended with status %d", name, WEXITSTATUS(status));
	if (WEXITSTATUS(status) == 0)
		return -EIO;
	return vu_plan_error(&d->plan, WEXITSTATUS(status));
}

static void on_exit_of(struct vu_child *c, int status)
{
	struct vu_driver *d = vu_container_of(c, struct vu_driver, child);
	char text[SAID_MAX + 256];
	int res;

	d->pid = -1;
	vu_log_debug("driver", "the driver of %s has ended with status 0x%x", d->target, status);
	if (d->state == RUNNING && WIFSIGNALED(status) && d->mount && d->mount->fd >= 0)
		vu_log_warn("driver", "the driver of %s was killed by signal %d", d->target,
			    WTERMSIG(status));
	/* One that goes to the background has not failed. */
	if (d->state == STARTING || (d->state == PROBING && (status || d->probed))) {
		res = diagnose(d, status, text, sizeof(text));
		fail(d, res, text);
		return;
	}
	free_if_over(d);
}

/* In the worker: ask the driver for the root. */
static int probe(void *arg, int out)
{
	const struct vu_mount *m = arg;
	struct statx st;
	int type;

	(void)out;
	if (statx(m->fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st) < 0)
		return errno > 125 ? EIO : errno;
	type = st.stx_mode & S_IFMT;
	return (type == S_IFDIR) == !(m->flags & VU_MOUNT_FILE) ? 0 : ENOTDIR;
}

static void on_late(struct vu_timer *t)
{
	struct vu_driver *d = vu_container_of(t, struct vu_driver, late);
	char text[SAID_MAX + 256];

	snprintf(text, sizeof(text), "%s", messages(d));
	/* It had mounted when it found what it could not do, and is gone. */
	if (d->pid < 0 && d->probed == ENOTCONN)
		d->probed = EIO;
	/* The kernel calls it an error of the driver if the root is a directory and the target is not. */
	if (d->is_file && d->probed == EIO) {
		d->probed = ENOTDIR;
		snprintf(text, sizeof(text), "'%s' is no directory", d->target);
	}
	if (!text[0])
		snprintf(text, sizeof(text), "%s does not serve: %s", d->plan.argv.list[0],
			 strerror(d->probed));
	fail(d, -d->probed, text);
}

static void on_probed(void *ctx, int status, const char *out, size_t len)
{
	struct vu_driver *d = ctx;
	vu_driver_ready *ready = d->ready;

	(void)out;
	(void)len;
	d->prober = NULL;
	if (status) {
		/* A driver that is about to end: its exit status says more. */
		d->probed = status < 0 ? EIO : status;
		vu_timer_set(&d->session->loop, &d->late, d->pid > 0 ? LATE_MS : 0, on_late);
		return;
	}
	vu_log_debug("driver", "%s on %s is ready", d->type, d->target);
	d->state = RUNNING;
	d->ready = NULL;
	ready(d->ctx, 0, messages(d), d->mount);
	vu_buf_free(&d->said);
}

struct vu_driver *vu_driver_by_token(struct vu_session *s, uint32_t token)
{
	struct vu_driver *d;

	vu_list_for_each(d, &s->drivers, node)
		if (token && d->token == token)
			return d;
	return NULL;
}

struct vu_mount *vu_driver_mount(const struct vu_driver *d)
{
	return d->mount;
}

bool vu_driver_expects(const struct vu_driver *d, struct vu_mount_init *init)
{
	if (d->state != STARTING)
		return false;
	init->type = d->type;
	init->source = d->source;
	init->attr |= d->attr;
	return true;
}

void vu_driver_mounted(struct vu_driver *d, struct vu_mount *take_m)
{
	struct vu_worker_job job = { .fn = probe,
				     .arg = take_m,
				     .keep = &take_m->fd,
				     .n_keep = 1,
				     .done = on_probed,
				     .ctx = d };
	int res;

	d->mount = take_m;
	take_m->driver = d;
	take_m->module = d->mod;
	d->state = PROBING;
	res = vu_worker_start(&d->session->loop, &job, &d->prober);
	if (res < 0)
		fail(d, res, "");
}

void vu_driver_unmounted(struct vu_driver *d)
{
	d->mount = NULL;
	free_if_over(d);
}

void vu_driver_cancel(struct vu_driver *d)
{
	d->ready = NULL;
	give_up(d);
}

unsigned int vu_drivers_starting(const struct vu_view *v, const struct vu_mod *mod,
				 const char *before, struct vu_buf *b)
{
	struct vu_driver *d;
	unsigned int n = 0;

	vu_list_for_each(d, &v->session->drivers, node) {
		if (d->owner != v || d->mod != mod || !d->ready)
			continue;
		if (b)
			vu_buf_printf(b, "%s%s", n ? ", " : before, d->target);
		n++;
	}
	return n;
}

void vu_drivers_cancel_view(struct vu_view *v)
{
	struct vu_driver *d, *tmp;

	vu_list_for_each_safe(d, tmp, &v->session->drivers, node)
		if (d->owner == v && d->ready)
			vu_driver_cancel(d);
}

bool vu_drivers_await(const struct vu_view *v, void (*gone)(void *ctx), void *ctx)
{
	struct vu_driver *d;

	vu_list_for_each(d, &v->session->drivers, node) {
		if (d->owner != v || d->state != FAILED)
			continue;
		d->gone = gone;
		d->gone_ctx = ctx;
		return true;
	}
	return false;
}

/* Another user's view that has the mount. */
static struct vu_view *another_owner(const struct vu_driver *d)
{
	struct vu_view *v;

	vu_list_for_each(v, &d->session->views, node)
		if (v != d->owner && !v->owner && d->mount && vu_view_entry(v, d->mount->id))
			return v;
	return NULL;
}

void vu_drivers_drop_view(struct vu_view *v)
{
	struct vu_driver *d, *tmp;

	vu_list_for_each_safe(d, tmp, &v->session->drivers, node) {
		if (d->owner != v)
			continue;
		d->owner = another_owner(d);
		if (!d->owner) {
			if (d->mount)
				d->mount->driver = NULL;
			d->mount = NULL;
			free_driver(d);
			continue;
		}
		d->view->owner = d->owner;
		vu_list_del(&d->view->covered);
		vu_list_add(&d->owner->covers, &d->view->covered);
		vu_view_publish(d->view);
	}
}

static int make_strings(struct vu_driver *d, const struct vu_driver_init *init)
{
	d->type = strdup(init->type);
	d->source = strdup(init->source);
	d->target = strdup(init->target);
	return d->type && d->source && d->target ? 0 : -ENOMEM;
}

/* Its view, with an empty directory or file in the place of the mount point. */
static int make_view(struct vu_driver *d, const struct vu_driver_init *init, char *text,
		     size_t size)
{
	struct vu_mount_init cover = { .type = "tmpfs",
				       .source = "umvu",
				       .super = "",
				       .attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
				       .is_file = init->is_file };
	char why[VU_REALM_TEXT];
	struct vu_mount *m;
	int res, fd;

	fd = vu_realm_cover(vu_session_realm(d->session), init->is_file, why);
	if (fd < 0) {
		snprintf(text, size, "%s", why);
		return fd;
	}
	res = vu_mount_new(d->session, fd, &cover, &m);
	if (res < 0)
		return res;
	res = vu_view_new_cover(init->owner, d, &d->view);
	if (!res)
		res = vu_view_add(d->view, m, init->parent, init->place, VU_MOUNT_HIDDEN);
	if (vu_mount_put(m))
		vu_mount_free(m);
	return res;
}

/* A driver of control files has the socket to us in the place of a source. */
static int open_files(struct vu_driver *d, int *source)
{
	struct vu_files_init init = {
		.session = d->session,
		.mod = d->mod,
		.table = d->plan.files,
		.owner = &d->owner,
	};

	vu_fd_close(source);
	return vu_files_new(&init, &d->files, source);
}

static int run(struct vu_driver *d, const struct vu_driver_init *init, int source)
{
	struct vu_driver_exec x = {
		.session = d->session,
		.ref = vu_view_ref(d->view),
		.token = d->token,
		.plan = &d->plan,
		.client = init->client,
		.stack = init->stack,
		.source = source,
		.rdonly = (d->attr & MOUNT_ATTR_RDONLY) != 0,
	};
	int fds[2], res;

	res = vu_driver_fork(&x, &d->pid, fds);
	if (res < 0)
		return res;
	d->report = fds[1];
	vu_child_add(&d->session->loop, &d->child, d->pid, on_exit_of);
	res = vu_io_add(&d->session->loop, &d->out, fds[0], EPOLLIN, on_output);
	if (res < 0)
		close(fds[0]);
	return res;
}

int vu_driver_start(const struct vu_driver_init *init, struct viewos_driver *take_plan,
		    int take_source, struct vu_driver **out, char *text, size_t size)
{
	struct vu_session *s = init->owner->session;
	struct vu_driver *d = calloc(1, sizeof(*d));
	int res = d ? make_strings(d, init) : -ENOMEM;

	text[0] = '\0';
	if (!d) {
		vu_plan_free(take_plan);
		vu_fd_close(&take_source);
		return res;
	}
	d->session = s;
	d->owner = init->owner;
	d->mod = init->mod;
	d->attr = init->attr | (take_plan->rdonly ? MOUNT_ATTR_RDONLY : 0);
	d->is_file = init->is_file;
	d->plan = *take_plan;
	memset(take_plan, 0, sizeof(*take_plan));
	d->pid = -1;
	d->out.fd = -1;
	d->report = -1;
	d->ready = init->ready;
	d->ctx = init->ctx;
	vu_child_init(&d->child);
	vu_timer_init(&d->late);
	vu_list_init(&d->node);
	vu_list_add_tail(&s->drivers, &d->node);
	while (!d->token || vu_driver_by_token(s, d->token) != d)
		if (getrandom(&d->token, sizeof(d->token), 0) < 0)
			d->token++;
	if (!res)
		res = make_view(d, init, text, size);
	if (!res && d->plan.files)
		res = open_files(d, &take_source);
	if (!res)
		res = run(d, init, take_source);
	vu_fd_close(&take_source);
	if (res < 0) {
		vu_driver_cancel(d);
		return res;
	}
	*out = d;
	return 0;
}
