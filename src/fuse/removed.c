/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of a writable mount that are removed while they may be open.
 *
 * The daemon knows of no opens, and we do not know which files the kernel has open. But it forgets the node of a
 * file without links as soon as nobody has it open or mapped any more. Until then the file has to be there. So before
 * the last name that is known is removed (by UNLINK, or by RENAME to it) the daemon makes a LINK of ours to a
 * hidden name in the same directory; requests go by that from then on. When the kernel forgets the node the
 * hidden name is removed, and then the daemon is told to forget. A LINK, not a RENAME: at no time is a name without the
 * file that it had, whatever dies; and fuse2fs writes its image out to the disk at each RENAME.
 *
 * libfuse keeps files itself that are removed while it knows of an open (.fuse_hidden..., which stay if that goes
 * wrong). So a name is removed only when all handles that were opened by it are closed, and no request goes by
 * it; new ones go by another name.
 *
 * No room for the hidden name in the directory, nor in the root: the file is removed at once, since a full file
 * system has to be one that files can be removed of. Who has it open then gets errors. Symbolic links have no content
 * that is read after they are removed.
 *
 * To remove a directory in which something is hidden, that goes to the root before.
 *
 * The kernel may think that a file is gone when its FORGET has not been read, or the hidden name is not removed yet.
 * Requests that could notice that there is less room than there should be wait for both: first the kernel's queue is
 * read to its end, or 32 messages of it without a FORGET (it mixes at least 1 in 9 in), then removals are done.
 *
 * What waits is in one list. After each change all there are asked (step()) whether they can go on; most find in the
 * tables whether they can, and have nothing of their own to remember.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fuse/internal.h"

#define MIXED		  32
#define NAME_SIZE	  64
#define RENAME_NOREPLACE_ (1u << 0)
#define RENAME_EXCHANGE_  (1u << 1)

/* ---- waiting ---------------------------------------------------------------------------------- */

static void step_nodes(struct vu_lazy *l);

void vu_step_all(struct vu_lazy *l)
{
	struct vu_call *c, *tmp;
	long res;

	l->again = true;
	if (l->stepping)
		return;
	l->stepping = true;
	while (l->again) {
		l->again = false;
		vu_list_for_each_safe(c, tmp, &l->waiting, node) {
			res = c->step(l, c);
			if (res == VU_WAIT)
				continue;
			if (res)
				vu_put_ready(l, c);
			else
				vu_call_free(c);
		}
		step_nodes(l);
	}
	l->stepping = false;
}

size_t vu_wait(struct vu_lazy *l, struct message *m,
	       size_t (*fn)(struct vu_lazy *, struct message *),
	       long (*step)(struct vu_lazy *, struct vu_call *))
{
	struct vu_call *c = vu_call_new(VU_CALL_HELD, NULL, m->at, m->len);

	if (!c)
		return vu_refuse(l, m, -ENOMEM);
	c->fn = fn;
	c->unique = m->in.unique;
	c->step = step;
	c->read_at = vu_room_to_come(l) ? l->reads : 0;
	vu_list_add_tail(&l->waiting, &c->node);
	vu_step_all(l);
	return 0;
}

bool vu_room_to_come(const struct vu_lazy *l)
{
	return !vu_list_empty(&l->hidden);
}

void vu_all_read(struct vu_lazy *l)
{
	struct vu_call *c;

	vu_list_for_each(c, &l->waiting, node)
		c->read_at = 0;
	vu_step_all(l);
}

/* Whether there is all the room that there should be. */
static bool have_room(const struct vu_lazy *l, const struct vu_call *c)
{
	bool read = !c->read_at || (l->no_forgets >= MIXED && l->reads - c->read_at >= MIXED);

	return read && !l->removing;
}

long vu_step_room(struct vu_lazy *l, struct vu_call *c)
{
	struct message m = vu_call_message(c);

	return have_room(l, c) ? (long)c->fn(l, &m) : VU_WAIT;
}

/* ---- what the daemon is to forget ------------------------------------------------------------- */

static void tell_forget(struct vu_lazy *l, const struct vu_name *n)
{
	const struct fuse_in_header in = { 0 };
	struct fuse_forget_in body = { .nlookup = n->count };
	struct vu_call *c;

	if (!n->count)
		return;
	c = vu_own_new(l, &in, FUSE_FORGET, n->id, &body, sizeof(body));
	if (!c)
		return;
	c->kind = VU_CALL_HELD; /* no reply */
	vu_put_ready(l, c);
}

/* A node that the kernel has forgotten goes when nothing of the daemon's depends on it. */
static bool finish(struct vu_lazy *l, struct vu_node *node)
{
	struct vu_name *n;

	if (node->pins || node->hidden || node->hiding)
		return false;
	vu_list_for_each(n, &node->names, of)
		if (n->users)
			return false;
	vu_list_for_each(n, &node->names, of)
		tell_forget(l, n);
	vu_node_free(&l->nodes, node);
	return true;
}

static void step_nodes(struct vu_lazy *l)
{
	struct vu_node *node, *tmp;

	vu_list_for_each_safe(node, tmp, &l->left, left)
		finish(l, node);
}

/* A name that is gone need not be known to the daemon for as long as its node's first one is. */
static void tidy(struct vu_lazy *l, struct vu_name *n)
{
	if (n->name || n->users || n->id == n->node->id || !vu_list_empty(&n->node->left))
		return;
	tell_forget(l, n);
	vu_name_free(&l->nodes, n);
}

void vu_name_done(struct vu_lazy *l, struct vu_name *n)
{
	n->users--;
	tidy(l, n);
	vu_step_all(l);
}

/* ---- hidden names ----------------------------------------------------------------------------- */

static int hidden_prefix(const struct vu_lazy *l, char *to)
{
	return snprintf(to, NAME_SIZE, ".vu-removed-%016llx-", (unsigned long long)l->host.tag);
}

bool vu_is_hidden_name(const struct vu_lazy *l, const char *name, size_t len)
{
	char prefix[NAME_SIZE];
	size_t n = (size_t)hidden_prefix(l, prefix);

	return len > n && !memcmp(name, prefix, n);
}

static void leave(struct vu_lazy *l, struct vu_node *node);

static void removed(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	struct vu_node *dir = c->name->dir;

	/* There is nothing better to be done if it cannot be removed. */
	(void)r;
	l->removing--;
	vu_name_drop(c->name);
	if (dir && !dir->pins && !dir->count && vu_list_empty(&dir->left))
		leave(l, dir);
}

static long step_remove(struct vu_lazy *l, struct vu_call *c)
{
	struct fuse_in_header in = vu_call_message(c).in;

	(void)l;
	if (c->name->users || c->name->moving)
		return VU_WAIT;
	in.nodeid = c->name->parent;
	memcpy(c->msg, &in, sizeof(in));
	c->name->users++;
	return (long)c->len;
}

/* Remove a hidden name as soon as it is not used. */
static void remove_hidden(struct vu_lazy *l, struct vu_name *n)
{
	struct vu_call *c;

	if (n->leaving)
		return;
	c = vu_own_new(l, &l->who, FUSE_UNLINK, n->parent, n->name, strlen(n->name) + 1);
	if (!c)
		return;
	n->leaving = true;
	l->removing++;
	c->name = n;
	c->done = removed;
	c->step = step_remove;
	vu_list_add_tail(&l->waiting, &c->node);
	vu_close_name(l, n);
	vu_step_all(l);
}

/* The kernel knows the node no more. */
static void leave(struct vu_lazy *l, struct vu_node *node)
{
	struct vu_name *n, *tmp;

	vu_node_hide(node);
	vu_list_add_tail(&l->left, &node->left);
	vu_close_node(l, node->id);
	vu_list_for_each_safe(n, tmp, &node->names, of) {
		if (n->hidden)
			remove_hidden(l, n);
		else if (n->name)
			vu_name_drop(n);
	}
}

void vu_forget(struct vu_lazy *l, uint64_t id, uint64_t count)
{
	struct vu_node *node = vu_node_find(&l->nodes, id);

	if (!node || id == FUSE_ROOT_ID)
		return;
	node->count -= count < node->count ? count : node->count;
	if (!node->count && !node->pins)
		leave(l, node);
	vu_step_all(l);
}

static void hidden_made(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	struct message m = vu_call_message(c);
	struct vu_node *node = c->name->node, *dir = vu_node_find(&l->nodes, m.in.nodeid);
	struct vu_name *n = NULL;
	struct vu_call *waits;

	node->hiding = false;
	if (!r->out.error && r->len >= sizeof(r->entry) && dir)
		n = vu_nodes_hide(&l->nodes, node, dir, r->entry.nodeid,
				  vu_string_at(&m, sizeof(struct fuse_link_in), 0));
	if (n)
		vu_list_add_tail(&l->hidden, &n->hiding);
	vu_list_for_each(waits, &l->waiting, node)
		waits->tries += !n && waits->unique == c->because;
}

/* The directories that are tried for a hidden name: the file's own, the root. */
static struct vu_node *hiding_place(struct vu_lazy *l, const struct vu_name *n, unsigned int tries)
{
	if (tries == 0)
		return vu_node_find(&l->nodes, n->parent);
	return tries == 1 && n->parent != FUSE_ROOT_ID ? vu_node_find(&l->nodes, FUSE_ROOT_ID) :
							 NULL;
}

/* Have a hidden name made, if the name is the last one that requests could go by. Whether to wait for that. */
static bool hide(struct vu_lazy *l, struct vu_call *c, struct vu_name *n)
{
	struct {
		struct fuse_link_in link;
		char name[NAME_SIZE];
	} body = { .link.oldnodeid = n->id };
	struct vu_node *node = n->node, *dir = hiding_place(l, n, c->tries);
	struct vu_call *own;
	int len;

	if (node->hiding)
		return true;
	if (vu_node_name(node, n) || S_ISLNK(node->mode) || !dir)
		return false;
	len = hidden_prefix(l, body.name);
	len += snprintf(body.name + len, sizeof(body.name) - (size_t)len, "%llu",
			(unsigned long long)++l->hides);
	own = vu_own_new(l, &l->who, FUSE_LINK, dir->id, &body,
			 sizeof(body.link) + (size_t)len + 1);
	if (!own)
		return false;
	own->done = hidden_made;
	own->because = c->unique;
	own->name = n;
	n->users++;
	node->hiding = true;
	vu_put_ready(l, own);
	return true;
}

/* A name of a file is to be removed. Whether to wait, until it is hidden if need be, and not used. */
static bool still_used(struct vu_lazy *l, struct vu_call *c, struct vu_name *n)
{
	if (!n->leaving && hide(l, c, n))
		return true;
	n->leaving = true;
	vu_close_name(l, n);
	return n->users;
}

/* It has not been removed; what is hidden of it is not needed. */
static void stays(struct vu_lazy *l, struct vu_name *n)
{
	struct vu_name *other, *tmp;

	n->leaving = false;
	vu_list_for_each_safe(other, tmp, &n->node->names, of)
		if (other->hidden)
			remove_hidden(l, other);
}

static void gone(struct vu_lazy *l, struct vu_name *n)
{
	vu_name_drop(n);
	tidy(l, n);
}

/* ---- UNLINK, RMDIR ---------------------------------------------------------------------------- */

/* The name that a request is about, NULL: not known. */
static struct vu_name *name_of(struct vu_lazy *l, const struct message *m)
{
	const char *name = vu_string_at(m, 0, 0);

	return name ? vu_name_find(&l->nodes, m->in.nodeid, name) : NULL;
}

static void seen_removal(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	struct message m = vu_call_message(c);
	struct vu_name *n = name_of(l, &m);

	if (!n)
		return;
	if (r->out.error)
		stays(l, n);
	else
		gone(l, n);
}

long vu_step_unlink(struct vu_lazy *l, struct vu_call *c)
{
	struct message m = vu_call_message(c);
	struct vu_name *n = name_of(l, &m);

	l->who = m.in;
	if (n && still_used(l, c, n))
		return VU_WAIT;
	return (long)vu_pass(l, &m, NULL, seen_removal);
}

static void moved(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	struct vu_name *n = c->name;

	n->moving = false;
	n->stuck = r->out.error != 0;
	if (n->stuck || !n->hidden)
		return;
	n->dir->pins--;
	n->dir = vu_node_find(&l->nodes, FUSE_ROOT_ID);
	n->dir->pins++;
	if (vu_name_move(
		    &l->nodes, n, FUSE_ROOT_ID,
		    vu_string_at(
			    &(struct message){ .body = c->msg + sizeof(struct fuse_in_header),
					       .body_len = c->len - sizeof(struct fuse_in_header) },
			    sizeof(struct fuse_rename_in), 0)))
		l->host.warn(l->host.ctx, "no memory: a removed file stays");
}

static bool move_out(struct vu_lazy *l, struct vu_name *n)
{
	struct {
		struct fuse_rename_in rename;
		char names[2 * NAME_SIZE];
	} body = { .rename.newdir = FUSE_ROOT_ID };
	size_t len = strlen(n->name) + 1;
	struct vu_call *own;

	memcpy(body.names, n->name, len);
	memcpy(body.names + len, n->name, len);
	own = vu_own_new(l, &l->who, FUSE_RENAME, n->parent, &body, sizeof(body.rename) + 2 * len);
	if (!own)
		return false;
	own->done = moved;
	own->name = n;
	n->users++;
	n->moving = true;
	vu_put_ready(l, own);
	return true;
}

/* Bring what is hidden in a directory out of it. Whether to wait for that. */
static bool evacuate(struct vu_lazy *l, struct vu_call *c, const struct vu_node *dir)
{
	struct vu_name *n;
	bool wait = false;

	if (!dir->pins)
		return false;
	if (!have_room(l, c))
		return true;
	vu_list_for_each(n, &l->hidden, hiding)
		if (n->dir == dir && !n->stuck)
			wait |= n->moving || move_out(l, n);
	return wait;
}

long vu_step_rmdir(struct vu_lazy *l, struct vu_call *c)
{
	struct message m = vu_call_message(c);
	struct vu_name *n = name_of(l, &m);

	l->who = m.in;
	if (n && evacuate(l, c, n->node))
		return VU_WAIT;
	return (long)vu_pass(l, &m, NULL, seen_removal);
}

/* ---- RENAME ----------------------------------------------------------------------------------- */

struct renaming {
	uint64_t from, to;
	const char *old, *new;
	uint32_t flags;
	struct vu_name *source, *target; /* NULL: not known */
};

static struct renaming renaming_of(struct vu_lazy *l, const struct message *m)
{
	struct fuse_rename2_in body = { 0 };
	struct renaming x = { .from = m->in.nodeid };
	size_t size = m->in.opcode == FUSE_RENAME ? sizeof(struct fuse_rename_in) : sizeof(body);

	memcpy(&body, m->body, size);
	x.to = body.newdir;
	x.flags = body.flags;
	x.old = vu_string_at(m, size, 0);
	x.new = vu_string_at(m, size, 1);
	if (!x.old || !x.new)
		return x;
	x.source = vu_name_find(&l->nodes, x.from, x.old);
	x.target = vu_name_find(&l->nodes, x.to, x.new);
	return x;
}

static void exchange(struct vu_lazy *l, const struct renaming *x)
{
	/* Each of the two is taken out of the table when the other one gets its name. */
	char old[1025], new[1025];

	snprintf(old, sizeof(old), "%s", x->old);
	snprintf(new, sizeof(new), "%s", x->new);
	if (x->source)
		(void)vu_name_move(&l->nodes, x->source, x->to, new);
	if (x->target)
		(void)vu_name_move(&l->nodes, x->target, x->from, old);
}

static void seen_rename(struct vu_lazy *l, struct vu_call *c, struct vu_reply *r)
{
	struct message m = vu_call_message(c);
	struct renaming x = renaming_of(l, &m);

	if (r->out.error) {
		if (x.target && x.target->leaving)
			stays(l, x.target);
	} else if (x.flags & RENAME_EXCHANGE_) {
		exchange(l, &x);
	} else {
		if (x.target && x.target != x.source)
			gone(l, x.target);
		if (x.source)
			(void)vu_name_move(&l->nodes, x.source, x.to, x.new);
	}
}

long vu_step_rename(struct vu_lazy *l, struct vu_call *c)
{
	struct message m = vu_call_message(c);
	struct renaming x = renaming_of(l, &m);
	struct vu_name *n = x.flags & (RENAME_NOREPLACE_ | RENAME_EXCHANGE_) ? NULL : x.target;

	l->who = m.in;
	if (!have_room(l, c))
		return VU_WAIT;
	if (n && S_ISDIR(n->node->mode) && evacuate(l, c, n->node))
		return VU_WAIT;
	if (n && !S_ISDIR(n->node->mode) && n != x.source && still_used(l, c, n))
		return VU_WAIT;
	return (long)vu_pass(l, &m, NULL, seen_rename);
}

/* ---- the end ---------------------------------------------------------------------------------- */

void vu_removed_end(struct vu_lazy *l)
{
	struct vu_name *n, *tmp;

	vu_all_read(l);
	vu_list_for_each_safe(n, tmp, &l->hidden, hiding)
		remove_hidden(l, n);
	vu_step_all(l);
}

bool vu_removed_busy(const struct vu_lazy *l)
{
	return !vu_list_empty(&l->waiting) || l->removing || l->own;
}

long vu_step_destroy(struct vu_lazy *l, struct vu_call *c)
{
	struct vu_name *n, *tmp;

	vu_close_all(l);
	vu_list_for_each_safe(n, tmp, &l->hidden, hiding)
		remove_hidden(l, n);
	return l->removing || vu_handles_left(l) ? VU_WAIT : (long)c->len;
}
