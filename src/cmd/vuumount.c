/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vuumount: take mounts out of the view. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"
#include "cmd/mounts.h"

/* Exit status as umount(8)'s. */
enum { EXIT_USAGE = 1, EXIT_SYSTEM = 2, EXIT_FAILED = 32, EXIT_SOME_FAILED = 64 };

struct options {
	bool lazy, force, verbose, all;
};

static const struct vu_opt options[] = {
	VU_OPT_FLAG('l', "lazy", struct options, lazy, true,
		    "take it out now, end it when nobody uses it any more"),
	VU_OPT_FLAG('f', "force", struct options, force, true,
		    "abort the driver: for one that does not answer"),
	VU_OPT_FLAG('a', "all", struct options, all, true, "all mounts of the view"),
	VU_OPT_FLAG('v', "verbose", struct options, verbose, true, "say what is done"),
	VU_OPT_END,
};

static const struct vu_opt_spec spec = {
	.prog = "vuumount",
	.usage = "[-flv] DIR|SOURCE...\n[-flv] -a",
	.summary = "Unmount from this View OS view.",
	.version = VU_VERSION,
	.opts = options,
};

/* Unmount `dir`; `known` tells whether it is in the view's table. 0 or -errno after a message. */
static int unmount(const struct options *o, const char *dir, bool known)
{
	int flags = (o->lazy ? MNT_DETACH : 0) | (o->force ? MNT_FORCE : 0), error;

	if (!umount2(dir, flags)) {
		if (o->verbose)
			printf("vuumount: %s unmounted\n", dir);
		return 0;
	}
	error = errno;
	/* The kernel refuses an ordinary user before it looks whether anything is mounted. */
	if (!known && (error == EINVAL || error == EPERM))
		warnx("'%s': not mounted in this view", dir);
	else
		warnx("'%s': %s", dir, strerror(error));
	if (error == EBUSY && !o->lazy)
		vu_hint("'vuumount -l' takes it out now and ends it when nobody uses it any more");
	return -error;
}

/* Whether `operand` names the source of `line`, as in the table of mounts or by another path. */
static bool is_source(const struct vu_mount_line *line, const char *operand)
{
	VU_CLEANUP(free) char *absolute = realpath(operand, NULL);

	return !strcmp(line->source, operand) || (absolute && !strcmp(line->source, absolute));
}

/*
 * The mount point that an operand means: where it is the source of a mount, that mount's (the last).
 * *known: it is one of the view's.
 */
static const char *mount_point(const struct vu_mount_list *list, const char *operand, bool *known)
{
	VU_CLEANUP(free) char *absolute = NULL;
	size_t i;

	*known = true;
	/* As it is written first: that asks no driver, which may be one that hangs. */
	for (i = list->n; i-- > 0;)
		if (!strcmp(list->line[i].target, operand))
			return operand;
	absolute = realpath(operand, NULL);
	for (i = list->n; i-- > 0;)
		if (absolute && !strcmp(list->line[i].target, absolute))
			return operand;
	for (i = list->n; i-- > 0;)
		if (is_source(&list->line[i], operand))
			return list->line[i].target;
	*known = false;
	return operand;
}

/* Take all mounts out, the last first. The number that failed. */
static int unmount_all(const struct options *o, const struct vu_mount_list *list)
{
	int failed = 0;
	size_t i;

	for (i = list->n; i-- > 0;)
		failed += unmount(o, list->line[i].target, true) < 0;
	return failed;
}

int main(int argc, char **argv)
{
	VU_CLEANUP(mount_list) struct vu_mount_list list = { 0 };
	struct options o = { 0 };
	const char *dir;
	bool known;
	int i = vu_command_options(&spec, argc, argv, &o, EXIT_USAGE), failed = 0, n = argc - i,
	    res;

	if (vu_client_check_session())
		return EXIT_USAGE;
	if (o.all ? n != 0 : n == 0) {
		vu_opt_usage_error(&spec, o.all ? "-a takes no operand" : "nothing to unmount");
		return EXIT_USAGE;
	}
	res = vu_mount_list_view(&list);
	if (res < 0) {
		warnx("cannot read the list of mounts: %s", strerror(-res));
		return EXIT_SYSTEM;
	}
	if (o.all) {
		n = (int)list.n;
		failed = unmount_all(&o, &list);
	}
	for (; i < argc; i++) {
		dir = mount_point(&list, argv[i], &known);
		failed += unmount(&o, dir, known) < 0;
	}
	fflush(stdout);
	return !failed ? 0 : failed < n ? EXIT_SOME_FAILED : EXIT_FAILED;
}
