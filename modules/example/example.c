/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * example: the model for modules of third parties. It shows what a module can contribute:
 *
 *  - a rule: in a view that has it the host is called "example" (`uname -n`, gethostname);
 *  - a type of mounts: `mount -t exampletar FILE.tar DIR` shows an archive, read-only, by archivemount;
 *  - control files: `mount -t examplefiles none DIR` shows the files "greeting", which can be read and
 *    written, and "about/version". Each view has a greeting of its own.
 *
 * (Rules of execution, the fourth thing, are shown by modules/vubinfmt.)
 *
 * It needs nothing but the public header and is built without the rest of View OS:
 *
 *	cc -shared -fPIC -fvisibility=hidden -o example.so example.c
 *	VU_MODULE_PATH=$PWD umvu sh
 *	$ mount -t exampletar file.tar dir	# loads example.so, because its name begins the type's
 *	$ vu_lsmod
 *
 * The header says which function is called when, what the arguments are and what may be returned.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "viewos/module.h"

#define TYPE	   "exampletar"
#define TYPE_FILES "examplefiles"
#define PROGRAM	   "archivemount"

/*
 * What the functions share. It is handed to each as `context`: a module needs no global variables, which
 * would also be shared by all sessions of the process.
 */
struct example {
	const struct viewos_host *host; /* lives as long as the module does */
};

/* Refuse here, with a reason in the log, what would make all the rest fail. */
static int example_init(const struct viewos_host *host, void **context)
{
	struct example *x;

	/* A server older than what this module was made for lacks the end of the struct. */
	if (!VIEWOS_HAS(host, access_program))
		return -ENOSYS;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->host = host;
	host->log(host, VIEWOS_LOG_DEBUG, "View OS %s, loaded from %s", host->version,
		  host->module_dir);
	*context = x;
	return 0;
}

static void example_fini(void *context)
{
	free(context);
}

static int example_type(void *context, const char *type)
{
	(void)context;
	return !strcmp(type, TYPE) || !strcmp(type, TYPE_FILES);
}

/* ---- control files ---- */

/* What is kept for a view: the functions get it as `state`. */
struct view {
	char greeting[64];
	size_t len;
};

/* A view that begins as a copy of another (`parent`) begins with its greeting. */
static int example_view_new(void *context, struct viewos_view *view, void *parent, void **state)
{
	struct view *v = calloc(1, sizeof(*v));

	(void)context;
	(void)view;
	if (!v)
		return -ENOMEM;
	if (parent)
		*v = *(const struct view *)parent;
	*state = v;
	return 0;
}

static void example_view_free(void *context, void *state)
{
	(void)context;
	free(state);
}

/* The tree. Ids are the module's choice, but for the root's. */
enum { ROOT = VIEWOS_FILES_ROOT, GREETING, ABOUT, VERSION };
static const struct file {
	uint64_t id, dir;
	const char *name;
	uint32_t mode;
} tree[] = {
	{ ROOT, 0, "", S_IFDIR | 0755 },
	{ GREETING, ROOT, "greeting", S_IFREG | 0644 },
	{ ABOUT, ROOT, "about", S_IFDIR | 0555 },
	{ VERSION, ABOUT, "version", S_IFREG | 0444 },
};
#define N_FILES (sizeof(tree) / sizeof(tree[0]))

static int describe(const struct file *f, struct viewos_node *node)
{
	node->id = f->id;
	node->mode = f->mode;
	strcpy(node->name, f->name);
	return 0;
}

static int files_lookup(void *context, struct viewos_access *a, uint64_t dir, const char *name,
			struct viewos_node *node)
{
	size_t i;

	(void)context;
	(void)a;
	for (i = 1; i < N_FILES; i++)
		if (tree[i].dir == dir && !strcmp(tree[i].name, name))
			return describe(&tree[i], node);
	return -ENOENT;
}

static int files_stat(void *context, struct viewos_access *a, uint64_t id, struct viewos_node *node)
{
	(void)context;
	(void)a;
	return id >= ROOT && id <= VERSION ? describe(&tree[id - ROOT], node) : -ENOENT;
}

static int files_list(void *context, struct viewos_access *a, uint64_t dir, uint64_t index,
		      struct viewos_node *node)
{
	size_t i;

	(void)context;
	(void)a;
	for (i = 1; i < N_FILES; i++)
		if (tree[i].dir == dir && !index--)
			return describe(&tree[i], node);
	return -ENOENT;
}

static int files_read(void *context, struct viewos_access *a, uint64_t id)
{
	const struct viewos_host *host = ((const struct example *)context)->host;
	const struct view *v = a->state;

	if (id == GREETING)
		return host->access_text(a, v->greeting, v->len);
	return host->access_text(a, host->version, strlen(host->version));
}

/* The kernel has checked that the file may be written: it is the greeting. */
static int files_write(void *context, struct viewos_access *a, uint64_t id, const char *data,
		       size_t size, uint64_t offset)
{
	struct view *v = a->state;

	(void)context;
	(void)offset; /* each write is a greeting */
	if (id != GREETING)
		return -EINVAL;
	if (size > sizeof(v->greeting))
		return -EFBIG;
	memcpy(v->greeting, data, size);
	v->len = size;
	return (int)size;
}

static const struct viewos_files files = {
	.size = sizeof(files),
	.lookup = files_lookup,
	.stat = files_stat,
	.list = files_list,
	.read = files_read,
	.write = files_write,
};

/* ---- mounts ---- */

/* What can be said about the request before anything is started. */
static int check(const struct example *x, const struct viewos_mount *mount, struct viewos_driver *d)
{
	const struct viewos_host *host = x->host;
	char path[4096];

	if (mount->flags & VIEWOS_MOUNT_FILE)
		return -ENOTDIR;
	/* A mode of 0: not seen from here; then archivemount will say what is wrong with it. */
	if (mount->source_mode && !S_ISREG(mount->source_mode)) {
		host->driver_say(d, "'%s' is no archive but something else than a file",
				 mount->source);
		return -EINVAL;
	}
	if (mount->options[0]) {
		host->driver_say(d, "%s: unknown option '%s'", mount->type, mount->options);
		return -EINVAL;
	}
	if (host->find_program(host, PROGRAM, path, sizeof(path)) < 0) {
		host->driver_say(d, "'%s' is not installed (package archivemount)", PROGRAM);
		return -ENODEV;
	}
	return 0;
}

/*
 * Describe the driver. umvu runs it as a guest of the view, in which it opens /dev/fuse and mounts as it
 * does anywhere; the mount that appears at `target` is then the user's.
 */
static int example_driver(void *context, const struct viewos_mount *mount, struct viewos_driver *d)
{
	const struct example *x = context;
	const struct viewos_host *host = x->host;
	const char *const argv[] = {
		PROGRAM,	 "-f", /* stay in the foreground: umvu follows the process */
		"-oro,readonly",       /* "ro" for the kernel, "readonly" for the program */
		mount->source,	 mount->target,
	};
	size_t i;
	int res;

	if (!strcmp(mount->type, TYPE_FILES))
		return mount->flags & VIEWOS_MOUNT_FILE ? -ENOTDIR : host->driver_files(d, &files);
	res = check(x, mount, d);
	for (i = 0; !res && i < sizeof(argv) / sizeof(argv[0]); i++)
		res = host->driver_arg(d, argv[i]);
	if (!res) /* whatever it exits with: it could not read the archive */
		res = host->driver_exit(d, -1, EINVAL);
	if (!res) /* nobody may mount it for writing meanwhile */
		host->driver_lock_source(d);
	return res;
}

/* In the order of the header; what is NULL stays the host's. */
static const char *const uts[6] = { NULL, "example", NULL, NULL, NULL, NULL };

const struct viewos_module viewos_module = {
	.abi = VIEWOS_ABI,
	.size = sizeof(viewos_module),
	.name = "example",
	.description = "the model for modules of your own",
	.init = example_init,
	.fini = example_fini,
	.rules = VIEWOS_RULE_UTS,
	.uts = uts,
	.type = example_type,
	.driver = example_driver,
	.view_new = example_view_new,
	.view_free = example_view_free,
};
