/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modules: loading, unloading, and what they contribute. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "umvu/driver.h"
#include "umvu/files.h"
#include "umvu/modules.h"
#include "umvu/stack_plan.h"
#include "umvu/view.h"

static void host_log(const struct viewos_host *host, enum viewos_log level, const char *format, ...)
{
	static const enum vu_log_level levels[] = { VU_LOG_ERR, VU_LOG_WARN, VU_LOG_INFO,
						    VU_LOG_DEBUG };
	const struct vu_mod *m = vu_container_of(host, struct vu_mod, host);
	char line[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	vu_log(levels[level <= VIEWOS_LOG_DEBUG ? level : VIEWOS_LOG_DEBUG], "module", "%s: %s",
	       m->name, line);
}

static int host_find_program(const struct viewos_host *host, const char *name, char *path,
			     size_t size)
{
	(void)host;
	return vu_plan_find(getenv("PATH"), name, path, size);
}

static void fill_host(struct vu_mod *m)
{
	m->host.size = sizeof(m->host);
	m->host.abi = VIEWOS_ABI;
	m->host.version = VU_VERSION;
	m->host.module_dir = m->dir;
	m->host.log = host_log;
	m->host.find_program = host_find_program;
	vu_plan_host(&m->host);
	vu_files_host(&m->host);
	vu_stack_plan_host(&m->host);
}

/* The description is foreign data until this says that it is not. */
static int check(const struct viewos_module *d, const char *name, char *text)
{
	if (d->abi != VIEWOS_ABI)
		snprintf(text, VU_MODULE_TEXT,
			 "module '%s' was made for module API %u; this is View OS %s with API %u",
			 name, d->abi, VU_VERSION, VIEWOS_ABI);
	else if (d->size < offsetof(struct viewos_module, init))
		snprintf(text, VU_MODULE_TEXT, "module '%s' is damaged (size %u)", name, d->size);
	else if (!d->name || strcmp(d->name, name) != 0)
		snprintf(text, VU_MODULE_TEXT, "the file of module '%s' is module '%s'", name,
			 d->name ? d->name : "");
	else if (VIEWOS_HAS(d, type) && d->type && !(VIEWOS_HAS(d, driver) && d->driver) &&
		 !(VIEWOS_HAS(d, stack) && d->stack))
		snprintf(text, VU_MODULE_TEXT, "module '%s' has types but no driver() or stack()",
			 name);
	else
		return 0;
	return -EINVAL;
}

/*
 * Whether the file has all that its headers promise: dlopen() maps what they say, and a file that was cut
 * short would kill the server, and all its guests, by SIGBUS. 0 or -errno.
 */
static int check_file(const char *path)
{
	VU_CLEANUP(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	Elf64_Ehdr head;
	Elf64_Phdr ph;
	int i;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(ph))
		return 0; /* dlopen() says what is wrong with it */
	for (i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &ph, sizeof(ph), (off_t)(head.e_phoff + (size_t)i * sizeof(ph))) !=
			    (ssize_t)sizeof(ph) ||
		    ph.p_filesz > (uint64_t)st.st_size ||
		    ph.p_offset > (uint64_t)st.st_size - ph.p_filesz)
			return -ENODATA;
	}
	return 0;
}

static int open_file(struct vu_mod *m, char *text)
{
	int res = check_file(m->path);

	if (res < 0) {
		snprintf(text, VU_MODULE_TEXT, "'%s' cannot be loaded: %s", m->path,
			 res == -ENODATA ? "the file is cut short" : strerror(-res));
		return -ENOEXEC;
	}
	m->handle = dlopen(m->path, RTLD_NOW | RTLD_LOCAL);
	if (!m->handle) {
		snprintf(text, VU_MODULE_TEXT, "'%s' cannot be loaded: %s", m->path, dlerror());
		return -ENOEXEC;
	}
	m->desc = dlsym(m->handle, "viewos_module");
	if (!m->desc) {
		snprintf(text, VU_MODULE_TEXT, "'%s' is no View OS module", m->path);
		return -ENOEXEC;
	}
	return check(m->desc, m->name, text);
}

static void free_mod(struct vu_mod *m)
{
	vu_list_del(&m->node);
	if (m->handle)
		dlclose(m->handle);
	free(m->path);
	free(m->dir);
	free(m);
}

/* Fill and start what has a name and nothing else. */
static int load(struct vu_mod *m, char *text)
{
	char places[VU_MODULE_TEXT / 2];
	int res = vu_modpath_find(m->session, m->name, &m->path);

	if (res == -ENOENT) {
		vu_modpath_text(m->session, places, sizeof(places));
		snprintf(text, VU_MODULE_TEXT, "there is no module '%s' in %s", m->name, places);
	}
	if (!res) {
		m->dir = vu_str_ndup(m->path, (size_t)(strrchr(m->path, '/') - m->path));
		res = m->dir ? 0 : -ENOMEM;
	}
	if (!res)
		res = open_file(m, text);
	if (res)
		return res;
	fill_host(m);
	if (VIEWOS_HAS(m->desc, init) && m->desc->init)
		res = m->desc->init(&m->host, &m->context);
	if (res < 0)
		snprintf(text, VU_MODULE_TEXT, "module '%s' cannot work here: %s", m->name,
			 strerror(-res));
	return res < 0 ? res : 0;
}

/* The session's module of that name with one more reference. */
static int get(struct vu_session *s, const char *name, struct vu_mod **out, char *text)
{
	struct vu_mod *m;
	int res;

	vu_list_for_each(m, &s->modules, node) {
		if (!strcmp(m->name, name)) {
			m->refs++;
			*out = m;
			return 0;
		}
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	vu_list_init(&m->node);
	m->session = s;
	m->refs = 1;
	vu_str_copy(m->name, sizeof(m->name), name);
	res = load(m, text);
	if (res < 0) {
		free_mod(m);
		return res;
	}
	vu_list_add_tail(&s->modules, &m->node);
	vu_log_info("module", "loaded %s", m->path);
	*out = m;
	return 0;
}

struct vu_mod *vu_module_get(struct vu_mod *m)
{
	m->refs++;
	return m;
}

void vu_module_put(struct vu_mod *m)
{
	if (--m->refs)
		return;
	if (VIEWOS_HAS(m->desc, fini) && m->desc->fini)
		m->desc->fini(m->context);
	free_mod(m);
}

static struct vu_mod_use *find_use(const struct vu_view *v, const char *name)
{
	struct vu_mod_use *u;

	vu_list_for_each(u, &v->uses, node)
		if (!strcmp(u->mod->name, name))
			return u;
	return NULL;
}

static void free_use(struct vu_mod_use *u)
{
	struct vu_mod *m = u->mod;

	vu_list_del(&u->node);
	free(u);
	vu_module_put(m);
}

/* Takes the reference. `parent`: what the module keeps for the view that v is a copy of; NULL: none. */
static int add_use(struct vu_view *v, struct vu_mod *m, void *parent)
{
	struct vu_mod_use *u = calloc(1, sizeof(*u));
	int res = 0;

	if (!u) {
		vu_module_put(m);
		return -ENOMEM;
	}
	u->mod = m;
	vu_list_add_tail(&v->uses, &u->node);
	if (VIEWOS_HAS(m->desc, view_new) && m->desc->view_new)
		res = m->desc->view_new(m->context, (struct viewos_view *)v, parent, &u->state);
	if (res < 0)
		free_use(u);
	return res < 0 ? res : 0;
}

static void forget_state(struct vu_mod_use *u)
{
	struct vu_mod *m = u->mod;

	if (!u->ended && VIEWOS_HAS(m->desc, view_free) && m->desc->view_free)
		m->desc->view_free(m->context, u->state);
	u->ended = true;
}

static void drop_use(struct vu_mod_use *u)
{
	forget_state(u);
	free_use(u);
}

int vu_modules_add(struct vu_view *v, const char *name, char *text)
{
	struct vu_mod *m;
	int res;

	text[0] = '\0';
	if (!vu_modpath_name(name)) {
		snprintf(text, VU_MODULE_TEXT, "'%.64s' is no name of a module", name);
		return -EINVAL;
	}
	if (find_use(v, name)) {
		snprintf(text, VU_MODULE_TEXT, "module '%s' is already loaded", name);
		return 0;
	}
	res = get(v->session, name, &m, text);
	if (!res)
		res = add_use(v, m, NULL);
	return res < 0 ? res : vu_view_publish(v);
}

/* How many mounts of the view use the module; their mount points, with commas between, go to b. */
static unsigned int count_uses(const struct vu_view *v, const struct vu_mod *m, struct vu_buf *b)
{
	struct vu_entry *e;
	unsigned int n = 0;

	vu_list_for_each(e, &v->entries, node) {
		if (e->mount->module != m)
			continue;
		if (b)
			vu_buf_printf(b, "%s%s", n ? ", " : "", e->path);
		n++;
	}
	return n + vu_drivers_starting(v, m, b && n ? ", " : "", b);
}

int vu_modules_del(struct vu_view *v, const char *name, char *text)
{
	VU_CLEANUP(buf) struct vu_buf where = { .max = VU_MODULE_TEXT / 2 };
	struct vu_mod_use *u = find_use(v, name);

	text[0] = '\0';
	if (!u) {
		snprintf(text, VU_MODULE_TEXT, "module '%.64s' is not loaded", name);
		return -ENOENT;
	}
	if (count_uses(v, u->mod, &where)) {
		snprintf(text, VU_MODULE_TEXT, "module '%s' is in use by the mount on %s", name,
			 vu_buf_text(&where));
		return -EBUSY;
	}
	drop_use(u);
	vu_view_publish(v);
	return 0;
}

void vu_modules_list(const struct vu_view *v, struct vu_buf *b)
{
	const struct viewos_module *d;
	struct vu_mod_use *u;

	vu_list_for_each(u, &v->uses, node) {
		d = u->mod->desc;
		vu_buf_printf(b, "%s\t%u\t%s\t%s\t%s\n", u->mod->name, count_uses(v, u->mod, NULL),
			      VIEWOS_HAS(d, type) && d->type ?
				      (VIEWOS_HAS(d, rules) && d->rules ? "mounts,rules" :
									  "mounts") :
				      "rules",
			      u->mod->path, d->description ? d->description : "");
	}
}

static bool serves(const struct vu_mod *m, const char *type)
{
	return VIEWOS_HAS(m->desc, type) && m->desc->type && m->desc->type(m->context, type) > 0;
}

static struct vu_mod *loaded_for(const struct vu_view *v, const char *type)
{
	struct vu_mod_use *u;

	vu_list_for_each(u, &v->uses, node)
		if (serves(u->mod, type))
			return u->mod;
	return NULL;
}

int vu_modules_for_type(struct vu_view *v, const char *type, struct vu_mod **out, char *text)
{
	char name[64];
	int res;

	text[0] = '\0';
	*out = loaded_for(v, type);
	if (*out)
		return 0;
	if (vu_modpath_for_type(v->session, type, name) < 0 || find_use(v, name))
		return -ENODEV;
	res = vu_modules_add(v, name, text);
	if (res < 0)
		return res;
	*out = loaded_for(v, type);
	if (*out) {
		vu_log_info("module", "%s was loaded for type %s", name, type);
		return 0;
	}
	vu_modules_del(v, name, text);
	text[0] = '\0';
	return -ENODEV;
}

bool vu_modules_is_stack(const struct vu_mod *m, const char *type)
{
	return m->desc->type(m->context, type) == VIEWOS_TYPE_STACK;
}

int vu_modules_stack(struct vu_mod *m, const struct viewos_mount *mount, struct viewos_stack *s,
		     char *text)
{
	int res = -ENODEV;

	if (VIEWOS_HAS(m->desc, stack) && m->desc->stack)
		res = m->desc->stack(m->context, mount, s);
	vu_str_copy(text, VU_MODULE_TEXT, s->said);
	return res < 0 ? res : 0;
}

int vu_modules_driver(struct vu_mod *m, const struct viewos_mount *mount, struct viewos_driver *d,
		      char *text)
{
	int res = -ENODEV;

	if (VIEWOS_HAS(m->desc, driver) && m->desc->driver)
		res = m->desc->driver(m->context, mount, d);
	vu_str_copy(text, VU_MODULE_TEXT, d->said);
	if (res >= 0 && !d->argv.n && !d->files) {
		snprintf(text, VU_MODULE_TEXT, "module '%s' named no program", m->name);
		return -EIO;
	}
	return res < 0 ? res : 0;
}

void vu_modules_rules(const struct vu_view *v, struct vu_publish *p)
{
	const struct viewos_module *d;
	struct vu_mod_use *u;
	size_t i;

	vu_list_for_each(u, &v->uses, node) {
		d = u->mod->desc;
		if (VIEWOS_HAS(d, rules) && (d->rules & VIEWOS_RULE_IDS))
			p->classes |= VU_TOUCH_IDS;
		if (!VIEWOS_HAS(d, uts) || !(d->rules & VIEWOS_RULE_UTS) || !d->uts)
			continue;
		p->classes |= VU_TOUCH_UTS;
		for (i = 0; i < 6; i++)
			if (d->uts[i])
				p->uts[i] = d->uts[i];
	}
}

int vu_modules_state(const struct vu_view *v, const struct vu_mod *m, void **state)
{
	struct vu_mod_use *u;

	vu_list_for_each(u, &v->uses, node) {
		if (u->mod == m && !u->ended) {
			*state = u->state;
			return 0;
		}
	}
	return -ENOENT;
}

static bool is_rule(const struct viewos_exec_rule *r)
{
	return r->interpreter && (r->extension || (r->magic && r->length <= VIEWOS_EXEC_HEAD &&
						   r->offset <= VIEWOS_EXEC_HEAD - r->length));
}

/* The rules of one module, from place *n on. */
static int add_execs(const struct vu_mod_use *u, struct vu_publish_exec **list, size_t *n)
{
	const struct viewos_module *d = u->mod->desc;
	size_t room = *n, index;

	for (index = 0;; index++) {
		struct viewos_exec_rule r = { .size = sizeof(r), .interpreter_fd = -1 };
		struct vu_publish_exec *grown;

		if (d->exec_rule(u->mod->context, u->state, index, &r) <= 0)
			return 0;
		if (!is_rule(&r)) {
			vu_log_warn("module", "%s: rule %zu makes no sense", u->mod->name, index);
			continue;
		}
		if (*n == room) {
			room = room ? 2 * room : 32;
			grown = realloc(*list, room * sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			*list = grown;
		}
		(*list)[(*n)++] = (struct vu_publish_exec){
			.flags = (r.extension ? VU_RULE_EXTENSION : 0) |
				 (r.flags & VIEWOS_EXEC_ARGV0 ? VU_RULE_ARGV0 : 0) |
				 (r.flags & VIEWOS_EXEC_OPEN ? VU_RULE_OPEN : 0),
			.offset = r.offset,
			.size = r.length,
			.magic = r.magic,
			.mask = r.mask,
			.extension = r.extension,
			.interp = r.interpreter,
			.fd = r.interpreter_fd,
		};
	}
}

int vu_modules_execs(const struct vu_view *v, struct vu_publish_exec **list, size_t *n)
{
	struct vu_mod_use *u;
	int res = 0;

	*list = NULL;
	*n = 0;
	vu_list_for_each(u, &v->uses, node) {
		const struct viewos_module *d = u->mod->desc;

		if (!res && !u->ended && VIEWOS_HAS(d, exec_rule) && d->exec_rule)
			res = add_execs(u, list, n);
	}
	return res;
}

int vu_modules_copy(struct vu_view *to, const struct vu_view *from)
{
	struct vu_mod_use *u;
	int res = 0;

	vu_list_for_each(u, &from->uses, node) {
		u->mod->refs++;
		res = add_use(to, u->mod, u->state);
		if (res < 0)
			return res;
	}
	return 0;
}

void vu_modules_end_view(struct vu_view *v)
{
	struct vu_mod_use *u;

	vu_list_for_each(u, &v->uses, node)
		forget_state(u);
}

void vu_modules_drop_view(struct vu_view *v)
{
	while (!vu_list_empty(&v->uses))
		drop_use(vu_list_entry(v->uses.next, struct vu_mod_use, node));
}
