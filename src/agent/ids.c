/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls that get and set user ids, group ids and supplementary groups.
 *
 * With VU_TOUCH_IDS in the view they work on the thread's credential (cred.c) as kernel/sys.c and
 * kernel/groups.c do for a thread that has CAP_SETUID and CAP_SETGID in effect; nothing is refused
 * for want of privilege. Users and groups obey the same rules, so each call is one function over
 * the four ids of a kind. A thread that has set no id yet gets the kernel's answers.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/limits.h>

#include "agent/handlers.h"
#include "agent/ids.h"

#define NO_ID UINT32_MAX /* -1: the one id that does not exist, and "leave as it is" */

/* The ids of one kind, in the order in which struct vu_cred has them. */
struct quad {
	uint32_t real, eff, saved, fs;
};

/* How a call changes a quad. Result of the call, or -errno and the quad is not used. */
typedef long quad_fn(struct quad *q, const unsigned long *arg);

/* setuid(2) */
static long quad_set(struct quad *q, const unsigned long *arg)
{
	uint32_t id = (uint32_t)arg[0];

	if (id == NO_ID)
		return -EINVAL;
	*q = (struct quad){ id, id, id, id };
	return 0;
}

/* setreuid(2) */
static long quad_setre(struct quad *q, const unsigned long *arg)
{
	uint32_t real = (uint32_t)arg[0];
	uint32_t eff = (uint32_t)arg[1];
	bool save = real != NO_ID || (eff != NO_ID && eff != q->real);

	if (real != NO_ID)
		q->real = real;
	if (eff != NO_ID)
		q->eff = eff;
	if (save)
		q->saved = q->eff;
	q->fs = q->eff;
	return 0;
}

/* setresuid(2). A call that asks for nothing new leaves also the file system id (since Linux 6.4). */
static long quad_setres(struct quad *q, const unsigned long *arg)
{
	uint32_t real = (uint32_t)arg[0];
	uint32_t eff = (uint32_t)arg[1];
	uint32_t saved = (uint32_t)arg[2];

	if ((real == NO_ID || real == q->real) &&
	    (eff == NO_ID || (eff == q->eff && eff == q->fs)) &&
	    (saved == NO_ID || saved == q->saved))
		return 0;
	if (real != NO_ID)
		q->real = real;
	if (eff != NO_ID)
		q->eff = eff;
	if (saved != NO_ID)
		q->saved = saved;
	q->fs = q->eff;
	return 0;
}

/* setfsuid(2): no errors, returns what was before. */
static long quad_setfs(struct quad *q, const unsigned long *arg)
{
	uint32_t old = q->fs;

	if ((uint32_t)arg[0] != NO_ID)
		q->fs = (uint32_t)arg[0];
	return old;
}

static long change_uids(struct vu_call *c, quad_fn *change)
{
	struct vu_cred_mark old;
	struct vu_cred *cred;
	struct quad q;
	long ret;

	if (!vu_touches(VU_TOUCH_IDS)) {
		ret = vu_native(c);
		agent_process.euid = (unsigned int)vu_sys(__NR_geteuid);
		return ret;
	}
	cred = vu_cred_own();
	if (!cred)
		return -ENOMEM;
	q = (struct quad){ cred->uid, cred->euid, cred->suid, cred->fsuid };
	ret = change(&q, c->arg);
	if (ret < 0)
		return ret;
	old = vu_cred_mark(cred);
	cred->uid = q.real;
	cred->euid = q.eff;
	cred->suid = q.saved;
	cred->fsuid = q.fs;
	if (change == quad_setfs)
		vu_cred_fsuid_set(cred, &old);
	else
		vu_cred_uids_set(cred, &old);
	vu_cred_commit(cred, &old);
	return ret;
}

static long change_gids(struct vu_call *c, quad_fn *change)
{
	struct vu_cred_mark old;
	struct vu_cred *cred;
	struct quad q;
	long ret;

	if (!vu_touches(VU_TOUCH_IDS))
		return vu_native(c);
	cred = vu_cred_own();
	if (!cred)
		return -ENOMEM;
	q = (struct quad){ cred->gid, cred->egid, cred->sgid, cred->fsgid };
	ret = change(&q, c->arg);
	if (ret < 0)
		return ret;
	old = vu_cred_mark(cred);
	cred->gid = q.real;
	cred->egid = q.eff;
	cred->sgid = q.saved;
	cred->fsgid = q.fs;
	vu_cred_commit(cred, &old);
	return ret;
}

/* setuid(2) */
long sys_setuid(struct vu_call *c)
{
	return change_uids(c, quad_set);
}

/* setgid(2) */
long sys_setgid(struct vu_call *c)
{
	return change_gids(c, quad_set);
}

/* setreuid(2) */
long sys_setreuid(struct vu_call *c)
{
	return change_uids(c, quad_setre);
}

/* setregid(2) */
long sys_setregid(struct vu_call *c)
{
	return change_gids(c, quad_setre);
}

/* setresuid(2) */
long sys_setresuid(struct vu_call *c)
{
	return change_uids(c, quad_setres);
}

/* setresgid(2) */
long sys_setresgid(struct vu_call *c)
{
	return change_gids(c, quad_setres);
}

/* setfsuid(2): where the credential cannot be changed the answer is still the present id. */
long sys_setfsuid(struct vu_call *c)
{
	long ret = change_uids(c, quad_setfs);
	const struct vu_cred *cred = ret < 0 ? vu_cred_get() : NULL;

	if (ret >= 0)
		return ret;
	return cred ? cred->fsuid : vu_sys(__NR_setfsuid, -1);
}

/* setfsgid(2) */
long sys_setfsgid(struct vu_call *c)
{
	long ret = change_gids(c, quad_setfs);
	const struct vu_cred *cred = ret < 0 ? vu_cred_get() : NULL;

	if (ret >= 0)
		return ret;
	return cred ? cred->fsgid : vu_sys(__NR_setfsgid, -1);
}

/* getuid(2) */
long sys_getuid(struct vu_call *c)
{
	const struct vu_cred *cred = vu_cred_get();

	return cred ? cred->uid : vu_native(c);
}

/* geteuid(2) */
long sys_geteuid(struct vu_call *c)
{
	const struct vu_cred *cred = vu_cred_get();

	return cred ? cred->euid : vu_native(c);
}

/* getgid(2) */
long sys_getgid(struct vu_call *c)
{
	const struct vu_cred *cred = vu_cred_get();

	return cred ? cred->gid : vu_native(c);
}

/* getegid(2) */
long sys_getegid(struct vu_call *c)
{
	const struct vu_cred *cred = vu_cred_get();

	return cred ? cred->egid : vu_native(c);
}

/* Stores three ids one by one, as the kernel does: those before a bad pointer are stored. */
static long put_three(struct vu_call *c, const uint32_t *id)
{
	long ret = 0;
	int i;

	for (i = 0; i < 3 && ret >= 0; i++)
		ret = guest_write(c->arg[i], &id[i], sizeof(id[i]));
	return ret < 0 ? ret : 0;
}

/* getresuid(2) */
long sys_getresuid(struct vu_call *c)
{
	const struct vu_cred *cred = vu_cred_get();

	return cred ? put_three(c, &cred->uid) : vu_native(c);
}

/* getresgid(2) */
long sys_getresgid(struct vu_call *c)
{
	const struct vu_cred *cred = vu_cred_get();

	return cred ? put_three(c, &cred->gid) : vu_native(c);
}

/* getgroups(2) */
long sys_getgroups(struct vu_call *c)
{
	const struct vu_cred *cred = vu_cred_get();
	int size = (int)c->arg[0];

	if (!cred)
		return vu_native(c);
	if (size < 0)
		return -EINVAL;
	if (size && cred->n_groups) {
		if ((uint32_t)size < cred->n_groups)
			return -EINVAL;
		if (guest_write(c->arg[1], cred->groups, cred->n_groups * sizeof(uint32_t)) < 0)
			return -EFAULT;
	}
	return cred->n_groups;
}

/* The kernel keeps groups in ascending order, doubles included, and getgroups shows them so. */
static void sort_groups(uint32_t *group, uint32_t n)
{
	uint32_t i, k;

	for (i = 1; i < n; i++) {
		uint32_t gid = group[i];

		for (k = i; k > 0 && group[k - 1] > gid; k--)
			group[k] = group[k - 1];
		group[k] = gid;
	}
}

/* setgroups(2): more than VU_STATE_GROUPS is ENOMEM, as where the kernel finds no room for them. */
long sys_setgroups(struct vu_call *c)
{
	uint32_t *group = (uint32_t *)(void *)c->s->tmp[0];
	uint32_t n = (uint32_t)c->arg[0];
	struct vu_cred *cred;
	uint32_t i;

	_Static_assert(sizeof(c->s->tmp[0]) >= sizeof(cred->groups), "groups fit into the scratch");
	if (!vu_touches(VU_TOUCH_IDS))
		return vu_native(c);
	if (n > NGROUPS_MAX)
		return -EINVAL;
	if (n > VU_STATE_GROUPS)
		return -ENOMEM;
	if (n && guest_read(group, c->arg[1], n * sizeof(*group)) < 0)
		return -EFAULT;
	for (i = 0; i < n; i++)
		if (group[i] == NO_ID)
			return -EINVAL;
	cred = vu_cred_own();
	if (!cred)
		return -ENOMEM;
	sort_groups(group, n);
	memcpy(cred->groups, group, n * sizeof(*group));
	cred->n_groups = n;
	return 0;
}
