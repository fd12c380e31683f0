/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modules: loaded once a session, in force in those views that have added them.
 *
 * Texts are for the user and at most VU_MODULE_TEXT bytes with their NUL; "" where there is nothing to
 * add to strerror's words.
 */
#ifndef VU_UMVU_MODULES_H
#define VU_UMVU_MODULES_H

#include "base/buf.h"
#include "umvu/plan.h"
#include "umvu/publish.h"
#include "umvu/session.h"
#include "viewos/module.h"

#define VU_MODULE_TEXT 1024

struct vu_view;

struct vu_mod {
	struct vu_list node;
	struct vu_session *session;
	unsigned int refs; /* views that have it, mounts of control files */
	char name[64];
	char *path, *dir;
	void *handle; /* of dlopen(3) */
	const struct viewos_module *desc;
	void *context;
	struct viewos_host host;
};

/* A module in a view. */
struct vu_mod_use {
	struct vu_list node;
	struct vu_mod *mod; /* a reference */
	void *state;	    /* of view_new() */
	bool ended;	    /* there is no state any more: the view ends */
};

/* Add a module to a view. 0 (and a note in text if it was there), or -errno and why. */
int vu_modules_add(struct vu_view *v, const char *name, char *text);

/* Take it out. 0, -ENOENT, or -EBUSY with the mount points that need it. */
int vu_modules_del(struct vu_view *v, const char *name, char *text);

/* A line each as MODULE_LIST of abi/rpc.h. */
void vu_modules_list(const struct vu_view *v, struct vu_buf *b);

/* The module for a type of mounts, loaded if need be. 0 and *m, or -ENODEV, or why it cannot be loaded. */
int vu_modules_for_type(struct vu_view *v, const char *type, struct vu_mod **m, char *text);

/* Have the module describe the driver. 0 or -errno with text. */
int vu_modules_driver(struct vu_mod *m, const struct viewos_mount *mount, struct viewos_driver *d,
		      char *text);

/* Whether mounts of that type, which the module serves, are network stacks. */
bool vu_modules_is_stack(const struct vu_mod *m, const char *type);

/* Have the module describe the stack. 0 or -errno with text. */
int vu_modules_stack(struct vu_mod *m, const struct viewos_mount *mount, struct viewos_stack *s,
		     char *text);

/* Add the rules of the view's modules to what is published. Texts are the modules'. */
void vu_modules_rules(const struct vu_view *v, struct vu_publish *p);

/*
 * The rules of execution of the view's modules, in *list (to be freed; its texts are the modules'), and their
 * number in *n. 0 or -ENOMEM.
 */
int vu_modules_execs(const struct vu_view *v, struct vu_publish_exec **list, size_t *n);

/* What the module keeps for the view, in *state. 0, or -ENOENT: the view has not got it. */
int vu_modules_state(const struct vu_view *v, const struct vu_mod *m, void **state);

/* Give `to`, which has none, the modules of `from`. 0 or -ENOMEM. */
int vu_modules_copy(struct vu_view *to, const struct vu_view *from);

/* The view ends: modules forget what they keep for it, with the files that they hold open. */
void vu_modules_end_view(struct vu_view *v);

void vu_modules_drop_view(struct vu_view *v);

/* A reference for somebody else than a view. */
struct vu_mod *vu_module_get(struct vu_mod *m);
void vu_module_put(struct vu_mod *m);

/* In modpath.c: where modules are looked for. */

/*
 * Make the folders of VU_MODULE_PATH absolute, before the server leaves the one that they are relative
 * to. 0 or -errno.
 */
int vu_modpath_anchor(void);

/* Whether it may be a module's name: letters, digits, "_" and "-". */
bool vu_modpath_name(const char *name);

/* The file of module `name`, malloc'ed, in *path. 0, -ENOENT, -ENOMEM. */
int vu_modpath_find(const struct vu_session *s, const char *name, char **path);

/* The longest name of a module that `type` begins with, into name[64]. 0 or -ENOENT. */
int vu_modpath_for_type(const struct vu_session *s, const char *type, char name[64]);

/* The folders, with colons between, into text[size]. */
void vu_modpath_text(const struct vu_session *s, char *text, size_t size);

#endif
