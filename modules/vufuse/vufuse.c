/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vufuse: mounts by unmodified FUSE daemons.
 *
 * Which program serves a type, and with which arguments, is said by a table, vufuse.conf, which users can
 * add to. This file reads it and turns a request into the description of a driver.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "viewos/module.h"

#include "conf.h"
#include "expand.h"

#define FILE_MAX_SIZE  (1u << 20)
#define PROGRAM_MAX    256
#define EXIT_NOT_FOUND 127 /* of a driver whose program is not there */

struct vufuse {
	const struct viewos_host *host;
	struct vufuse_conf conf;
};

/* A driver that is being described. */
struct request {
	const struct viewos_host *host;
	const struct viewos_mount *mount;
	const struct vufuse_entry *entry;
	struct viewos_driver *driver;
	struct vufuse_values values;
	char program[PROGRAM_MAX];
	char uid[16], gid[16];
	bool rdonly;
};

static void report(void *ctx, const char *text)
{
	const struct vufuse *v = ctx;

	v->host->log(v->host, VIEWOS_LOG_ERROR, "%s", text);
}

/* Read all of a regular file. 0 or -errno. */
static int read_all(int fd, char **text, size_t *len)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > FILE_MAX_SIZE)
		return -EFBIG;
	*text = malloc((size_t)st.st_size + 1);
	if (!*text)
		return -ENOMEM;
	*len = 0;
	while (*len < (size_t)st.st_size) {
		n = read(fd, *text + *len, (size_t)st.st_size - *len);
		if (n < 0 && errno != EINTR) {
			free(*text);
			return -EIO;
		}
		if (n == 0)
			break;
		*len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Add a file to the table. A faulty one is reported, and what is good of it used. */
static int load_file(struct vufuse *v, const char *folder, const char *below, bool required)
{
	char path[4096], *text = NULL;
	size_t len = 0;
	int fd, res;

	if (snprintf(path, sizeof(path), "%s%s", folder, below) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	/* Not to wait for the other end of a fifo. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && !required)
		return 0;
	res = fd < 0 ? -errno : read_all(fd, &text, &len);
	if (fd >= 0)
		close(fd);
	if (res < 0) {
		v->host->log(v->host, VIEWOS_LOG_ERROR, "%s: %s", path, strerror(-res));
		return required ? res : 0;
	}
	res = vufuse_conf_parse(&v->conf, text, len, path, report, v);
	free(text);
	return res < 0 ? res : 0;
}

static int vufuse_init(const struct viewos_host *host, void **context)
{
	const char *home = getenv("HOME");
	struct vufuse *v;
	int res;

	if (!VIEWOS_HAS(host, driver_exclusive))
		return -ENOSYS;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->host = host;
	res = load_file(v, host->module_dir, "/vufuse.conf", true);
	if (!res)
		res = load_file(v, "", "/etc/vu/vufuse.conf", false);
	if (!res && home && home[0] == '/')
		res = load_file(v, home, "/.config/vu/vufuse.conf", false);
	if (res) {
		vufuse_conf_free(&v->conf);
		free(v);
		return res;
	}
	*context = v;
	return 0;
}

static void vufuse_fini(void *context)
{
	struct vufuse *v = context;

	vufuse_conf_free(&v->conf);
	free(v);
}

static int vufuse_type(void *context, const char *type)
{
	const struct vufuse *v = context;
	const char *name;

	return vufuse_conf_find(&v->conf, type, &name) != NULL;
}

static bool is_image(const struct vufuse_entry *e)
{
	return e->kind && !strcmp(e->kind, "image");
}

/* What is wrong with the request, whatever the program would say. */
static int check(const struct request *r)
{
	const struct viewos_mount *m = r->mount;

	if (m->source[0] == '-') { /* it would be an option of the program */
		r->host->driver_say(r->driver, "vufuse: a source cannot begin with '-'");
		return -EINVAL;
	}
	if (!is_image(r->entry))
		return 0;
	if (m->flags & VIEWOS_MOUNT_FILE) {
		r->host->driver_say(r->driver, "vufuse: '%s' is no directory", m->target);
		return -ENOTDIR;
	}
	if (m->source_error == ENOTBLK)
		r->host->driver_say(r->driver, "vufuse: '%s' is neither a file nor a block device",
				    m->source);
	else if (m->source_error)
		r->host->driver_say(r->driver, "vufuse: '%s': %s", m->source,
				    strerror((int)m->source_error));
	return -(int)m->source_error;
}

/*
 * The first program of the section that is installed. If none is seen, the first: the driver looks in the
 * PATH of who mounts, too, and if it finds nothing either, the message is at hand.
 */
static int choose_program(struct request *r)
{
	const char *at = r->entry->program, *word, *package = r->entry->package;
	char path[4096], *name;
	size_t len;
	int res;

	r->program[0] = '\0';
	while ((len = vufuse_word(&at, &word))) {
		res = vufuse_expand(word, len, &r->values, &name);
		if (res)
			return res;
		res = r->host->find_program(r->host, name, path, sizeof(path));
		/* The first one is what the message names. */
		if (!res || !r->program[0])
			snprintf(r->program, sizeof(r->program), "%s", name);
		free(name);
		if (!res)
			return 0;
	}
	r->host->driver_say(r->driver, "vufuse: '%s' is not installed%s%s%s", r->program,
			    package ? " (package " : "", package ? package : "",
			    package ? ")" : "");
	return r->host->driver_exit(r->driver, EXIT_NOT_FOUND, ENODEV);
}

static int add_arg(void *ctx, const char *arg)
{
	const struct request *r = ctx;

	return r->host->driver_arg(r->driver, arg);
}

/* Options of which libfuse makes something when a file is opened, and the one that asks for just that. */
static bool wants_opens(const char *options)
{
	static const char *const names[] = { VUFUSE_OPENS_TOLD, "direct_io", "auto_cache" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (vufuse_has_option(options, names[i]))
			return true;
	return false;
}

static int describe(struct request *r)
{
	const struct vufuse_entry *e = r->entry;
	size_t i;
	int res = add_arg(r, r->program);

	if (!res)
		res = vufuse_args(e, &r->values, add_arg, r);
	for (i = 0; !res && i < e->n_exits; i++)
		res = r->host->driver_exit(r->driver, e->exits[i].status, e->exits[i].error);
	if (!res && is_image(e))
		r->host->driver_lock_source(r->driver);
	if (r->rdonly)
		r->host->driver_rdonly(r->driver);
	if (e->opens && strcmp(e->opens, "told") && !wants_opens(r->mount->options)) {
		r->host->driver_lazy_opens(r->driver);
		if (!strcmp(e->opens, "exclusive"))
			r->host->driver_exclusive(r->driver);
	}
	return res;
}

static int vufuse_driver(void *context, const struct viewos_mount *mount, struct viewos_driver *d)
{
	const struct vufuse *v = context;
	struct request r = { .host = v->host, .mount = mount, .driver = d };
	char why[256], *options;
	int res;

	r.entry = vufuse_conf_find(&v->conf, mount->type, &r.values.name);
	if (!r.entry)
		return -ENODEV;
	r.values.source = mount->source;
	r.values.image = mount->source_fd && strpbrk(mount->source, ",\\") ? mount->source_fd :
									     mount->source;
	r.rdonly = mount->flags & VIEWOS_MOUNT_RDONLY;
	r.values.target = mount->target;
	snprintf(r.uid, sizeof(r.uid), "%u", mount->uid);
	snprintf(r.gid, sizeof(r.gid), "%u", mount->gid);
	r.values.uid = r.uid;
	r.values.gid = r.gid;
	res = check(&r);
	if (!res)
		res = choose_program(&r);
	if (res)
		return res;
	res = vufuse_options(r.entry, mount->options, &r.rdonly, &options, why, sizeof(why));
	if (res) {
		if (why[0])
			v->host->driver_say(d, "vufuse: %s", why);
		return res;
	}
	r.values.options = options;
	res = describe(&r);
	free(options);
	return res;
}

const struct viewos_module viewos_module = {
	.abi = VIEWOS_ABI,
	.size = sizeof(viewos_module),
	.name = "vufuse",
	.description = "file systems by FUSE daemons",
	.init = vufuse_init,
	.fini = vufuse_fini,
	.type = vufuse_type,
	.driver = vufuse_driver,
};
