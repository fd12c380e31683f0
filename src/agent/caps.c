/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capget, capset and the options of prctl about capabilities, on the thread's credential (cred.c).
 *
 * The rules are those of kernel/capability.c and security/commoncap.c as of Linux 6.18, for what
 * the sets themselves say: unlike the set*id calls nothing is granted here that they do not hold.
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

#include "agent/handlers.h"
#include "agent/ids.h"

#define CAP_BIT(n) (1ull << (n))
#define CAP_ALL	   (CAP_BIT(CAP_LAST_CAP + 1) - 1)

/* SECBIT_EXEC_RESTRICT_FILE and SECBIT_EXEC_DENY_INTERACTIVE (since Linux 6.14), which need no privilege. */
#define SECBITS_FREE	   0x500u
#define SECBITS_FREE_LOCKS (SECBITS_FREE << 1)
#define SECBITS_ALL	   (SECURE_ALL_BITS | SECBITS_FREE)
#define SECBITS_LOCKS	   (SECBITS_ALL << 1)

static bool may_setpcap(const struct vu_cred *cred)
{
	return cred->cap_effective & CAP_BIT(CAP_SETPCAP);
}

/* --- capget, capset --- */

/*
 * Checks the version in the header at guest address `head`; *n gets the number of 32-bit words of a
 * set. The preferred version replaces one that is unknown.
 */
static long check_version(unsigned long head, unsigned int *n)
{
	uint32_t preferred = _LINUX_CAPABILITY_VERSION_3;
	uint32_t version;

	if (guest_read(&version, head, sizeof(version)) < 0)
		return -EFAULT;
	*n = version == _LINUX_CAPABILITY_VERSION_1 ? _LINUX_CAPABILITY_U32S_1 :
						      _LINUX_CAPABILITY_U32S_3;
	if (version == _LINUX_CAPABILITY_VERSION_1 || version == _LINUX_CAPABILITY_VERSION_2 ||
	    version == _LINUX_CAPABILITY_VERSION_3)
		return 0;
	return guest_write(head, &preferred, sizeof(preferred)) < 0 ? -EFAULT : -EINVAL;
}

static long read_pid(unsigned long head, int32_t *pid)
{
	head += offsetof(struct __user_cap_header_struct, pid);
	return guest_read(pid, head, sizeof(*pid)) < 0 ? -EFAULT : 0;
}

static bool is_caller(int32_t pid)
{
	return !pid || pid == vu_sys(__NR_gettid);
}

/* capget(2). What another thread has is the kernel's to tell: its credential is out of reach. */
long sys_capget(struct vu_call *c)
{
	const struct vu_cred *cred = vu_cred_get();
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	unsigned int i, n;
	int32_t pid;
	long ret;

	if (!cred)
		return vu_native(c);
	ret = check_version(c->arg[0], &n);
	if (!c->arg[1])
		return ret == -EINVAL ? 0 : ret;
	if (ret < 0)
		return ret;
	if (read_pid(c->arg[0], &pid) < 0)
		return -EFAULT;
	if (pid < 0)
		return -EINVAL;
	if (!is_caller(pid))
		return vu_native(c);
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(cred->cap_effective >> (32 * i));
		data[i].permitted = (uint32_t)(cred->cap_permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(cred->cap_inheritable >> (32 * i));
	}
	return guest_write(c->arg[1], data, n * sizeof(data[0])) < 0 ? -EFAULT : 0;
}

/* cap_capset() of the kernel. */
static long set_caps(struct vu_cred *cred, uint64_t eff, uint64_t perm, uint64_t inh)
{
	if (!may_setpcap(cred) && (inh & ~(cred->cap_inheritable | cred->cap_permitted)))
		return -EPERM;
	if (inh & ~(cred->cap_inheritable | cred->cap_bounding))
		return -EPERM;
	if ((perm & ~cred->cap_permitted) || (eff & ~perm))
		return -EPERM;
	cred->cap_effective = eff;
	cred->cap_permitted = perm;
	cred->cap_inheritable = inh;
	cred->cap_ambient &= perm & inh;
	return 0;
}

/* capset(2) */
long sys_capset(struct vu_call *c)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct vu_cred *cred;
	unsigned int n;
	int32_t pid;
	long ret;

	if (!vu_touches(VU_TOUCH_IDS))
		return vu_native(c);
	ret = check_version(c->arg[0], &n);
	if (ret < 0)
		return ret;
	if (read_pid(c->arg[0], &pid) < 0)
		return -EFAULT;
	if (!is_caller(pid))
		return -EPERM;
	if (guest_read(data, c->arg[1], n * sizeof(data[0])) < 0)
		return -EFAULT;
	cred = vu_cred_own();
	if (!cred)
		return -ENOMEM;
	return set_caps(cred, (data[0].effective | (uint64_t)data[1].effective << 32) & CAP_ALL,
			(data[0].permitted | (uint64_t)data[1].permitted << 32) & CAP_ALL,
			(data[0].inheritable | (uint64_t)data[1].inheritable << 32) & CAP_ALL);
}

/* --- prctl --- */

/* An option that only asks. */
static long prctl_get(const struct vu_cred *cred, const unsigned long *arg)
{
	switch ((int)arg[0]) {
	case PR_GET_KEEPCAPS:
		return !!(cred->securebits & SECBIT_KEEP_CAPS);
	case PR_GET_SECUREBITS:
		return cred->securebits;
	case PR_CAPBSET_READ:
		return arg[1] > CAP_LAST_CAP ? -EINVAL : (long)(cred->cap_bounding >> arg[1] & 1);
	default: /* PR_CAP_AMBIENT_IS_SET */
		if (arg[2] > CAP_LAST_CAP || arg[3] || arg[4])
			return -EINVAL;
		return (long)(cred->cap_ambient >> arg[2] & 1);
	}
}

static long set_keepcaps(struct vu_cred *cred, unsigned long on)
{
	if (on > 1)
		return -EINVAL;
	if (cred->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	cred->securebits &= ~(uint32_t)SECBIT_KEEP_CAPS;
	if (on)
		cred->securebits |= SECBIT_KEEP_CAPS;
	return 0;
}

static long set_securebits(struct vu_cred *cred, unsigned long bits)
{
	unsigned long now = cred->securebits;
	unsigned long changed = now ^ bits;

	if (((now & SECBITS_LOCKS) >> 1 & changed) || (now & SECBITS_LOCKS & ~bits) ||
	    (bits & ~(unsigned long)(SECBITS_ALL | SECBITS_LOCKS)))
		return -EPERM;
	/* Without privilege, but for the free bits; setting what is set already is refused too. */
	if (!may_setpcap(cred) &&
	    (!changed || (changed & ~(unsigned long)(SECBITS_FREE | SECBITS_FREE_LOCKS))))
		return -EPERM;
	cred->securebits = (uint32_t)bits;
	return 0;
}

static long drop_bounding(struct vu_cred *cred, unsigned long cap)
{
	if (!may_setpcap(cred))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	cred->cap_bounding &= ~CAP_BIT(cap);
	return 0;
}

/* PR_CAP_AMBIENT but for IS_SET: arg has all of prctl's. */
static long set_ambient(struct vu_cred *cred, const unsigned long *arg)
{
	unsigned long cap = arg[2];

	if (arg[1] == PR_CAP_AMBIENT_CLEAR_ALL) {
		if (arg[2] | arg[3] | arg[4])
			return -EINVAL;
		cred->cap_ambient = 0;
		return 0;
	}
	if (cap > CAP_LAST_CAP || arg[3] || arg[4])
		return -EINVAL;
	if (arg[1] == PR_CAP_AMBIENT_LOWER) {
		cred->cap_ambient &= ~CAP_BIT(cap);
		return 0;
	}
	if (arg[1] != PR_CAP_AMBIENT_RAISE)
		return -EINVAL;
	if (!(cred->cap_permitted & cred->cap_inheritable & CAP_BIT(cap)) ||
	    (cred->securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
		return -EPERM;
	cred->cap_ambient |= CAP_BIT(cap);
	return 0;
}

static long prctl_set(struct vu_cred *cred, const unsigned long *arg)
{
	switch ((int)arg[0]) {
	case PR_SET_KEEPCAPS:
		return set_keepcaps(cred, arg[1]);
	case PR_SET_SECUREBITS:
		return set_securebits(cred, arg[1]);
	case PR_CAPBSET_DROP:
		return drop_bounding(cred, arg[1]);
	default: /* PR_CAP_AMBIENT */
		return set_ambient(cred, arg);
	}
}

long vu_prctl_ids(struct vu_call *c, bool *handled)
{
	const struct vu_cred *cred = vu_cred_get();
	int option = (int)c->arg[0];
	bool get = option == PR_GET_KEEPCAPS || option == PR_GET_SECUREBITS ||
		   option == PR_CAPBSET_READ ||
		   (option == PR_CAP_AMBIENT && c->arg[1] == PR_CAP_AMBIENT_IS_SET);
	bool set = option == PR_SET_KEEPCAPS || option == PR_SET_SECUREBITS ||
		   option == PR_CAPBSET_DROP || (option == PR_CAP_AMBIENT && !get);
	struct vu_cred *own;

	*handled = vu_touches(VU_TOUCH_IDS) && (set || (get && cred));
	if (!*handled)
		return 0;
	if (get)
		return prctl_get(cred, c->arg);
	own = vu_cred_own();
	return own ? prctl_set(own, c->arg) : -ENOMEM;
}
