/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The description of a driver. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "umvu/plan.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define SBIN_PATH    "/usr/local/sbin:/usr/sbin:/sbin"

void vu_plan_init(struct viewos_driver *d)
{
	memset(d, 0, sizeof(*d));
	d->other = EIO;
}

void vu_plan_free(struct viewos_driver *d)
{
	vu_strings_free(&d->argv);
	vu_strings_free(&d->env);
}

int vu_plan_error(const struct viewos_driver *d, int status)
{
	size_t i;

	for (i = 0; i < d->n_exits; i++)
		if (d->exits[i].status == status)
			return -d->exits[i].error;
	return -d->other;
}

static int host_arg(struct viewos_driver *d, const char *arg)
{
	return vu_strings_add(&d->argv, arg);
}

static int host_env(struct viewos_driver *d, const char *name, const char *value)
{
	return vu_strings_setenv(&d->env, name, value);
}

static void host_lock(struct viewos_driver *d)
{
	d->lock = true;
}

static void host_rdonly(struct viewos_driver *d)
{
	d->rdonly = true;
}

static void host_lazy(struct viewos_driver *d)
{
	d->lazy = true;
}

static void host_exclusive(struct viewos_driver *d)
{
	d->exclusive = true;
}

static int host_files(struct viewos_driver *d, const struct viewos_files *files)
{
	d->files = files;
	return 0;
}

static int host_exit(struct viewos_driver *d, int status, int error)
{
	if (status == -1) {
		d->other = error;
		return 0;
	}
	if (d->n_exits == VU_PLAN_EXITS)
		return -ENOMEM;
	d->exits[d->n_exits].status = status;
	d->exits[d->n_exits++].error = error;
	return 0;
}

static void host_say(struct viewos_driver *d, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(d->said, sizeof(d->said), format, ap);
	va_end(ap);
}

void vu_plan_host(struct viewos_host *host)
{
	host->driver_arg = host_arg;
	host->driver_env = host_env;
	host->driver_lock_source = host_lock;
	host->driver_exit = host_exit;
	host->driver_say = host_say;
	host->driver_rdonly = host_rdonly;
	host->driver_files = host_files;
	host->driver_lazy_opens = host_lazy;
	host->driver_exclusive = host_exclusive;
}

static bool in_folders(const char *folders, const char *name, char *to, size_t size)
{
	const char *end;
	int n;

	for (; folders; folders = *end ? end + 1 : NULL) {
		end = strchrnul(folders, ':');
		n = snprintf(to, size, "%.*s/%s", (int)(end - folders), folders, name);
		if (end > folders && n < (int)size && access(to, X_OK) == 0)
			return true;
	}
	return false;
}

int vu_plan_find(const char *path, const char *name, char *to, size_t size)
{
	if (!name[0])
		return -ENOENT;
	if (strchr(name, '/'))
		return access(name, X_OK) == 0 && vu_str_copy(to, size, name) == 0 ? 0 : -ENOENT;
	if (in_folders(path && path[0] ? path : DEFAULT_PATH, name, to, size) ||
	    in_folders(SBIN_PATH, name, to, size))
		return 0;
	return -ENOENT;
}
