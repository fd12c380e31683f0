/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making mounts. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "realm/names.h"
#include "umvu/clients.h"
#include "umvu/driver.h"
#include "umvu/fscontext.h"
#include "umvu/mounting.h"
#include "umvu/stacking.h"

#define PROCS_MAX 64
#define CHANGEABLE \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR__ATIME)

/* A mount by a driver that is under way. */
struct op {
	struct vu_conn *conn;
	struct vu_view *view;
	struct vu_driver *driver;
	char *target;
	uint32_t parent;
	uint64_t bits;
	int log;
	bool forced_ro;
};

/*
 * Where a driver mounts what is to be the root of the view: its own view is what was there before.
 */
#define ROOT_PLACE "/.umvu-root"

static void free_op(struct op *op)
{
	vu_fd_close(&op->log);
	free(op->target);
	free(op);
}

static void cancel_op(void *ctx)
{
	struct op *op = ctx;

	vu_driver_cancel(op->driver);
	free_op(op);
}

int vu_mounting_place(struct vu_view *v, struct vu_mount *m, uint32_t parent, const char *target,
		      uint64_t bits)
{
	bool exists = bits & (VU_MNT_TARGET_DIR | VU_MNT_TARGET_REG);

	if (target[0] != '/')
		return -EINVAL;
	if (parent && !vu_view_entry(v, parent))
		return -ENOENT; /* it was unmounted meanwhile */
	if (exists && !(bits & VU_MNT_TARGET_DIR) != !!(m->flags & VU_MOUNT_FILE))
		return -ENOTDIR;
	if (!m->driver && !strcmp(target, "/"))
		return -EBUSY; /* the daemon would wait for itself at each path */
	return vu_view_add(v, m, vu_view_top(v, parent, target), target,
			   exists ? 0 : VU_MOUNT_GHOST);
}

static void on_ready(void *ctx, int res, const char *text, struct vu_mount *m)
{
	struct vu_release_job job = { .timeout_ms = 5000, .kill = true };
	struct op *op = ctx;

	if (!res)
		res = vu_mounting_place(op->view, m, op->parent, op->target, op->bits);
	if (!res && op->forced_ro)
		text = "the source can only be read: mounted read-only";
	if (res < 0)
		vu_fscontext_log(op->log, text);
	vu_conn_result(op->conn, res, text);
	if (m && vu_mount_put(m))
		vu_mounts_release(op->view->session, &m, 1, &job);
	free_op(op);
}

static const char *place_of(const struct vu_mounting *mt)
{
	return strcmp(mt->target, "/") ? mt->target : ROOT_PLACE;
}

#define STRING_(n)  #n
#define STRING(n)   STRING_(n)
#define SOURCE_NAME "/proc/self/fd/" STRING(VU_DRIVER_SOURCE_FD)

/* What the module is asked, from the request. */
static void fill_request(const struct vu_mounting *mt, const char *options, bool rdonly,
			 struct viewos_mount *rq)
{
	struct stat st;
	int fd = mt->source_fd ? *mt->source_fd : -1;

	*rq = (struct viewos_mount){
		.size = sizeof(*rq),
		.type = mt->type,
		.source = mt->source,
		.target = place_of(mt),
		.options = options,
		.uid = mt->view->session->uid,
		.gid = mt->view->session->gid,
		.flags = (rdonly ? VIEWOS_MOUNT_RDONLY : 0) |
			 (mt->bits & VU_MNT_TARGET_REG ? VIEWOS_MOUNT_FILE : 0),
		.source_error = VU_MNT_ERROR_OF(mt->bits),
		.source_fd = fd >= 0 ? SOURCE_NAME : NULL,
	};
	if (fd >= 0 && fstat(fd, &st) == 0)
		rq->source_mode = st.st_mode;
	/* The cover will hide what lies beneath the mount point: then by descriptor. */
	if (fd >= 0 && vu_path_beneath(mt->source, rq->target))
		rq->source = SOURCE_NAME;
}

/* Control files: the driver is our own. */
static int plan_files(const struct vu_mounting *mt, struct viewos_driver *plan, char *text)
{
	const char *program = mt->view->session->paths.files;
	char session[24];
	int res;

	if (access(program, X_OK) < 0) {
		snprintf(text, VU_MODULE_TEXT, "there is no %.900s (built without libfuse3)",
			 program);
		return -ENOSYS;
	}
	res = vu_strings_add(&plan->argv, program);
	if (!res)
		res = vu_strings_add(&plan->argv, place_of(mt));
	snprintf(session, sizeof(session), "%" PRIx64, mt->view->session->id);
	if (!res)
		res = vu_strings_add(&plan->argv, session);
	return res;
}

/* Have the module write the plan. 0, or -errno with text. */
static int make_plan(struct vu_mounting *mt, const char *options, bool rdonly,
		     struct viewos_driver *plan, struct vu_mod *mod, char *text)
{
	struct viewos_mount rq;
	int res;

	fill_request(mt, options, rdonly, &rq);
	res = vu_modules_driver(mod, &rq, plan, text);
	return res || !plan->files ? res : plan_files(mt, plan, text);
}

static struct op *new_op(const struct vu_mounting *mt)
{
	struct op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->conn = mt->conn;
	op->view = mt->view;
	op->parent = mt->parent;
	op->bits = mt->bits;
	op->log = mt->log ? vu_fd_dup(*mt->log, 0) : -1;
	op->target = strdup(mt->target);
	if (op->target)
		return op;
	free_op(op);
	return NULL;
}

/* With the plan at hand. 0: deferred. */
static int start(struct vu_mounting *mt, struct viewos_driver *plan, struct vu_mod *mod,
		 bool forced_ro, char *text)
{
	struct op *op = new_op(mt);
	struct vu_driver_init init = {
		.owner = mt->view,
		.mod = mod,
		.type = mt->type,
		.source = mt->source,
		.target = mt->target,
		.place = place_of(mt),
		.parent = vu_view_top(mt->view, mt->parent, mt->target),
		.attr = mt->attr,
		.is_file = mt->bits & VU_MNT_TARGET_REG,
		.client = mt->conn->pid,
		.stack = mt->stack,
		.ready = on_ready,
		.ctx = op,
	};
	int res;

	if (!op)
		return -ENOMEM;
	op->forced_ro = forced_ro;
	res = vu_driver_start(&init, plan, mt->source_fd ? vu_steal_fd(mt->source_fd) : -1,
			      &op->driver, text, VU_MODULE_TEXT);
	if (res < 0) {
		free_op(op);
		return res;
	}
	vu_conn_defer(mt->conn, cancel_op, op);
	return 0;
}

/* A mount that a driver serves. 0: deferred. */
static int start_driver(struct vu_mounting *mt, struct vu_mod *mod, char *text)
{
	bool rdonly = mt->attr & MOUNT_ATTR_RDONLY, forced = false;
	VU_CLEANUP(free) char *options = vu_mount_clean_options(mt->options, &rdonly);
	struct viewos_driver plan;
	int res = options ? 0 : -ENOMEM;

	vu_plan_init(&plan);
	if (!rdonly && (mt->bits & VU_MNT_SOURCE_RO)) {
		rdonly = true;
		forced = true;
	}
	if (rdonly)
		mt->attr |= MOUNT_ATTR_RDONLY;
	if (!res)
		res = make_plan(mt, options, rdonly, &plan, mod, text);
	if (!res)
		res = start(mt, &plan, mod, forced, text);
	vu_plan_free(&plan);
	return res;
}

/* A mount that is a network stack. 0: deferred, or done. */
static int start_stack(struct vu_mounting *mt, struct vu_mod *mod, char *text)
{
	bool rdonly = false;
	VU_CLEANUP(free) char *options = vu_mount_clean_options(mt->options, &rdonly);
	struct viewos_stack plan;
	struct viewos_mount rq;
	int res = options ? 0 : -ENOMEM;

	vu_stack_plan_init(&plan, mt->view->session->gid);
	if (!res) {
		fill_request(mt, options, rdonly, &rq);
		rq.source = mt->source;
		res = vu_modules_stack(mod, &rq, &plan, text);
	}
	if (!res)
		res = vu_stacking_start(mt, mod, options, &plan, text);
	vu_stack_plan_free(&plan);
	return res;
}

void vu_mounting_start(struct vu_mounting *mt)
{
	char text[VU_MODULE_TEXT] = "";
	struct vu_mod *mod = NULL;
	int res = 0;

	if (mt->target[0] != '/' || (mt->parent && !vu_view_entry(mt->view, mt->parent)))
		res = -EINVAL;
	if (!res)
		res = vu_modules_for_type(mt->view, mt->type, &mod, text);
	if (!res)
		res = vu_modules_is_stack(mod, mt->type) ? start_stack(mt, mod, text) :
							   start_driver(mt, mod, text);
	if (res < 0) {
		if (mt->log)
			vu_fscontext_log(*mt->log, text);
		vu_conn_result(mt->conn, res, text);
	}
}

/* Note who serves: the process, its children, and the daemon that had fusermount mount for it. */
static void note_daemons(struct vu_mount *m, pid_t pid)
{
	struct vu_proc_id procs[PROCS_MAX];
	struct vu_proc p;
	size_t n, i;

	if (vu_proc_stat(pid, &p) == 0 && vu_str_starts(p.comm, "fusermount"))
		pid = p.ppid;
	n = vu_client_family(pid, procs, PROCS_MAX);
	for (i = 0; i < n && i < VU_MOUNT_DAEMONS; i++)
		m->daemons[i] = procs[i];
	m->n_daemons = i;
}

static int new_tag(const struct vu_mount *m)
{
	char name[VU_NAME_MAX];
	int fd;

	vu_name_driver(name, m->session->id, m->id);
	fd = memfd_create(name, MFD_CLOEXEC);
	if (fd >= 0 && ftruncate(fd, 4096) < 0) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? -errno : fd;
}

/* "fuse", or "fuse.NAME" where a sub-type is known; the sub-type itself goes to sub[64]. */
static int kernel_type(const struct vu_daemon_mount *dm, char *type, size_t size, char *sub)
{
	const char *dot = strchr(dm->type, '.');

	if (vu_str_copy(sub, 64, dot ? dot + 1 : dm->data.subtype) < 0)
		return -EINVAL;
	if (snprintf(type, size, "fuse%s%s", sub[0] ? "." : "", sub) >= (int)size)
		return -EINVAL;
	return 0;
}

/* Make the kernel's mount; its descriptor or -errno. `super` gets its options as /proc/mounts shows them. */
static int make_fuse(struct vu_session *s, const struct vu_daemon_mount *dm, const char *subtype,
		     uint64_t attr, char super[128], char *text)
{
	struct vu_realm_fuse f = {
		.rootmode = dm->data.rootmode,
		.user_id = s->uid,
		.group_id = s->gid,
		.max_read = dm->data.max_read,
		.default_permissions = dm->data.default_permissions,
		.rdonly = (attr & MOUNT_ATTR_RDONLY) != 0,
		.attr = attr,
	};
	char max_read[32] = "";

	if (vu_str_copy(f.source, sizeof(f.source), dm->source) < 0)
		return -EINVAL;
	vu_str_copy(f.subtype, sizeof(f.subtype), subtype);
	if (f.max_read)
		snprintf(max_read, sizeof(max_read), ",max_read=%u", f.max_read);
	snprintf(super, 128, "user_id=%u,group_id=%u%s%s", f.user_id, f.group_id,
		 f.default_permissions ? ",default_permissions" : "", max_read);
	return vu_realm_fuse_mount(vu_session_realm(s), &f, dm->dev, text);
}

int vu_mounting_daemon(struct vu_session *s, const struct vu_daemon_mount *dm,
		       struct vu_mount **out, int *tag, char *text)
{
	struct vu_driver *driver = vu_driver_by_token(s, dm->token);
	char type[80], subtype[64], super[128], why[VU_REALM_TEXT] = "";
	struct vu_mount_init init = { .type = type, .source = dm->source, .super = super };
	struct vu_mount *m;
	int res = kernel_type(dm, type, sizeof(type), subtype);

	if (res < 0)
		return res;
	/* As fusermount(1) does for all who are not root. */
	init.attr = dm->attr | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	init.is_file = (dm->data.rootmode & S_IFMT) != S_IFDIR;
	if (dm->data.rdonly)
		init.attr |= MOUNT_ATTR_RDONLY;
	if (driver && !vu_driver_expects(driver, &init)) {
		snprintf(text, VU_MODULE_TEXT, "the driver has mounted already");
		return -EPERM;
	}
	res = make_fuse(s, dm, subtype, init.attr, super, why);
	if (res < 0) {
		vu_str_copy(text, VU_MODULE_TEXT, why);
		return res;
	}
	res = vu_mount_new(s, res, &init, &m);
	if (res < 0)
		return res;
	note_daemons(m, dm->pid);
	*tag = new_tag(m);
	*out = driver ? NULL : m;
	if (driver)
		vu_driver_mounted(driver, m);
	return 0;
}

/* Publish all views that show a mount. */
static void publish_mount(const struct vu_mount *m)
{
	struct vu_view *v;

	vu_list_for_each(v, &m->session->views, node)
		if (!v->owner && vu_view_entry(v, m->id))
			vu_view_publish(v);
}

int vu_mounting_change(struct vu_mount *m, uint64_t set, uint64_t clear, char *text)
{
	uint64_t had = m->attr & CHANGEABLE;
	uint64_t want = ((had & ~clear) | set) & CHANGEABLE;
	int res;

	if (m->rdonly && !(want & MOUNT_ATTR_RDONLY))
		return -EROFS;
	/* The bits of access times are no flags but one choice: all of them are to be cleared. */
	res = vu_realm_setattr(vu_session_realm(m->session), m->fd, want,
			       MOUNT_ATTR__ATIME | (had & ~want), text);
	if (res < 0)
		return res;
	m->attr = (m->attr & ~(uint64_t)CHANGEABLE) | want;
	m->flags &= ~VU_MOUNT_RDONLY;
	if (want & MOUNT_ATTR_RDONLY)
		m->flags |= VU_MOUNT_RDONLY;
	publish_mount(m);
	return 0;
}
