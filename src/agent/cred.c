/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The credential of a thread under unrealuidgid: where it comes from, and what Linux makes of it
 * when ids change and at execve.
 *
 * A thread has none until it first changes an id: till then the kernel's ids are its own, and every
 * question is the kernel's to answer. The first change copies them (vu_cred_own()), and from then
 * on the kernel is not asked again; the process's real ids never change.
 *
 * Setting ids is always permitted, whatever the capability sets say: an ordinary user can become
 * root, and come back. The sets themselves follow the kernel's rules (security/commoncap.c as of
 * Linux 6.18), with one addition for what the kernel would have refused: a thread without
 * CAP_SETUID in effect that takes on user 0 gets the permitted set that executing a set-user-ID-root
 * program would have given to it.
 *
 * Not followed: the "dumpable" attribute, which Linux clears when ids change. It would take the
 * process's files in /proc, and debugging it, away from the user who really owns it.
 */
#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

#include "agent/ids.h"

#define CAP_BIT(n) (1ull << (n))
#define CAP_ALL	   (CAP_BIT(CAP_LAST_CAP + 1) - 1)

/* Capabilities that go with the file system user id: CAP_FS_SET of the kernel. */
#define CAP_FS                                                                      \
	(CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_DAC_OVERRIDE) |      \
	 CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) | \
	 CAP_BIT(CAP_MAC_OVERRIDE) | CAP_BIT(CAP_LINUX_IMMUTABLE))

/* --- where it comes from --- */

const struct vu_cred *vu_cred_get(void)
{
	const struct vu_thread *thread;

	if (!vu_touches(VU_TOUCH_IDS))
		return NULL;
	thread = vu_thread_get();
	return thread->has_cred ? &thread->cred : NULL;
}

struct vu_cred *vu_cred_own(void)
{
	struct vu_thread *thread = vu_thread_own();

	if (!thread)
		return NULL;
	if (!thread->has_cred) {
		vu_cred_native(&thread->cred);
		thread->has_cred = true;
	}
	return &thread->cred;
}

/* The bounding or the ambient set, which the kernel tells one capability at a time. */
static uint64_t native_set(bool ambient)
{
	uint64_t set = 0;
	long cap, has;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (ambient)
			has = vu_sys(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap);
		else
			has = vu_sys(__NR_prctl, PR_CAPBSET_READ, cap);
		if (has == 1)
			set |= CAP_BIT(cap);
	}
	return set;
}

static void native_caps(struct vu_cred *cred)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	long bits = vu_sys(__NR_prctl, PR_GET_SECUREBITS);

	vu_sys(__NR_capget, &head, data);
	cred->cap_inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	cred->cap_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	cred->cap_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	cred->cap_bounding = native_set(false);
	cred->cap_ambient = native_set(true);
	cred->securebits = bits < 0 ? 0 : (uint32_t)bits;
}

/* A user in more groups than struct vu_cred holds is seen in none but the group id. */
static void native_groups(struct vu_cred *cred)
{
	long n = vu_sys(__NR_getgroups, VU_STATE_GROUPS, cred->groups);

	cred->n_groups = n < 0 ? 0 : (uint32_t)n;
}

void vu_cred_native(struct vu_cred *cred)
{
	vu_sys(__NR_getresuid, &cred->uid, &cred->euid, &cred->suid);
	vu_sys(__NR_getresgid, &cred->gid, &cred->egid, &cred->sgid);
	/* An id that cannot be: nothing changes, the present one is returned. */
	cred->fsuid = (uint32_t)vu_sys(__NR_setfsuid, -1);
	cred->fsgid = (uint32_t)vu_sys(__NR_setfsgid, -1);
	native_groups(cred);
	native_caps(cred);
}

/* --- changes of ids --- */

struct vu_cred_mark vu_cred_mark(const struct vu_cred *cred)
{
	return (struct vu_cred_mark){
		.uid = cred->uid,
		.euid = cred->euid,
		.suid = cred->suid,
		.fsuid = cred->fsuid,
		.egid = cred->egid,
		.fsgid = cred->fsgid,
		.permitted = cred->cap_permitted,
		.effective = cred->cap_effective,
	};
}

/* cap_emulate_setxuid() of the kernel, and the grant. */
void vu_cred_uids_set(struct vu_cred *cred, const struct vu_cred_mark *old)
{
	bool was_root = !old->uid || !old->euid || !old->suid;
	bool is_root = !cred->uid || !cred->euid || !cred->suid;

	if (cred->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (!was_root && is_root && !(old->effective & CAP_BIT(CAP_SETUID)))
		cred->cap_permitted |= cred->cap_bounding;
	if (was_root && !is_root) {
		if (!(cred->securebits & SECBIT_KEEP_CAPS)) {
			cred->cap_permitted = 0;
			cred->cap_effective = 0;
		}
		cred->cap_ambient = 0;
	}
	if (!old->euid && cred->euid)
		cred->cap_effective = 0;
	if (old->euid && !cred->euid)
		cred->cap_effective = cred->cap_permitted;
}

void vu_cred_fsuid_set(struct vu_cred *cred, const struct vu_cred_mark *old)
{
	if (cred->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (!old->fsuid && cred->fsuid)
		cred->cap_effective &= ~CAP_FS;
	if (old->fsuid && !cred->fsuid)
		cred->cap_effective |= cred->cap_permitted & CAP_FS;
}

/* Linux forgets the parent death signal of a process that changes hands: PR_SET_PDEATHSIG. */
void vu_cred_commit(const struct vu_cred *cred, const struct vu_cred_mark *old)
{
	if (cred->euid != old->euid || cred->fsuid != old->fsuid || cred->egid != old->egid ||
	    cred->fsgid != old->fsgid || (cred->cap_permitted & ~old->permitted))
		vu_sys(__NR_prctl, PR_SET_PDEATHSIG, 0);
}

/* --- execve --- */

static bool in_group(const struct vu_cred *cred, uint32_t gid)
{
	uint32_t i;

	if (gid == cred->fsgid)
		return true;
	for (i = 0; i < cred->n_groups; i++)
		if (cred->groups[i] == gid)
			return true;
	return false;
}

/* cap_bprm_creds_from_file() of the kernel, for a file without set-id bits and capabilities. */
void vu_cred_exec(struct vu_cred *cred)
{
	bool root = !(cred->securebits & SECBIT_NOROOT);
	bool effective = root && !cred->euid;
	bool changed = !in_group(cred, cred->egid);
	uint64_t permitted = 0;

	if (root && (!cred->uid || !cred->euid))
		permitted = (cred->cap_bounding | cred->cap_inheritable) & CAP_ALL;
	if (agent_process.no_new_privs && (changed || (permitted & ~cred->cap_permitted))) {
		cred->euid = cred->uid;
		cred->egid = cred->gid;
		permitted &= cred->cap_permitted;
	}
	cred->suid = cred->fsuid = cred->euid;
	cred->sgid = cred->fsgid = cred->egid;
	if (changed)
		cred->cap_ambient = 0;
	cred->cap_permitted = permitted | cred->cap_ambient;
	cred->cap_effective = effective ? cred->cap_permitted : cred->cap_ambient;
	cred->securebits &= ~(uint32_t)SECBIT_KEEP_CAPS;
}

void vu_auxv_ids(uint64_t *uid, uint64_t *euid, uint64_t *gid, uint64_t *egid)
{
	const struct vu_cred *cred = vu_cred_get();

	if (!cred)
		return;
	*uid = cred->uid;
	*euid = cred->euid;
	*gid = cred->gid;
	*egid = cred->egid;
}

/* --- /proc/PID/status --- */

/* Four ids as in "Uid:"; returns the end. */
static char *put_ids(char *p, const uint32_t *id)
{
	int i;

	for (i = 0; i < 4; i++) {
		*p++ = '\t';
		p += vu_utoa(p, id[i]);
	}
	return p;
}

/* Each group has a blank behind it, and an empty list is one blank: fs/proc/array.c keeps it so. */
static char *put_groups(char *p, const struct vu_cred *cred)
{
	uint32_t i;

	*p++ = '\t';
	for (i = 0; i < cred->n_groups && i < VU_STATE_GROUPS; i++) {
		if (i)
			*p++ = ' ';
		p += vu_utoa(p, cred->groups[i]);
	}
	*p++ = ' ';
	return p;
}

static char *put_set(char *p, uint64_t set)
{
	int shift;

	*p++ = '\t';
	for (shift = 60; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[set >> shift & 15];
	return p;
}

size_t vu_status_line(const struct vu_cred *cred, const char *key, char *out, size_t size)
{
	static const struct {
		const char key[8];
		uint8_t len;
		char kind;
		uint16_t offset;
	} lines[] = {
		{ "Uid:", 4, 'i', offsetof(struct vu_cred, uid) },
		{ "Gid:", 4, 'i', offsetof(struct vu_cred, gid) },
		{ "Groups:", 7, 'g', 0 },
		{ "CapInh:", 7, 'c', offsetof(struct vu_cred, cap_inheritable) },
		{ "CapPrm:", 7, 'c', offsetof(struct vu_cred, cap_permitted) },
		{ "CapEff:", 7, 'c', offsetof(struct vu_cred, cap_effective) },
		{ "CapBnd:", 7, 'c', offsetof(struct vu_cred, cap_bounding) },
		{ "CapAmb:", 7, 'c', offsetof(struct vu_cred, cap_ambient) },
	};
	size_t n = sizeof(lines) / sizeof(lines[0]);
	const void *field;
	char *p = out;
	size_t i;

	for (i = 0; i < n && vu_strncmp(key, lines[i].key, lines[i].len); i++)
		;
	if (i == n || size < VU_STATUS_LINE_MAX)
		return 0;
	memcpy(p, lines[i].key, lines[i].len);
	p += lines[i].len;
	field = (const char *)cred + lines[i].offset;
	if (lines[i].kind == 'i')
		p = put_ids(p, field);
	else if (lines[i].kind == 'g')
		p = put_groups(p, cred);
	else
		p = put_set(p, *(const uint64_t *)field);
	*p++ = '\n';
	*p = '\0';
	return (size_t)(p - out);
}
