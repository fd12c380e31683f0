/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random calls about ids for ids_test.c, good and bad ones, near to what the thread has. */
#include <asm/unistd_64.h>
#include <linux/capability.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

#include "ids_oracle.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t draw(struct source *s, uint32_t n)
{
	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	return (uint32_t)((s->state * 0x2545f4914f6cdd1dull >> 33) % n);
}

static uint32_t draw_id(struct source *s, const struct vu_cred *c)
{
	static const uint32_t some[] = { 0, 0, 0, 5, 1000, 1000, 1001, 65534, 4294967294u };
	uint32_t i = draw(s, ARRAY_SIZE(some) + 1);
	const uint32_t own[] = { c->uid, c->euid, c->suid, c->gid, c->egid, c->sgid };
	uint32_t k = draw(s, ARRAY_SIZE(own));

	if (i == ARRAY_SIZE(some) || draw(s, 8) == 0)
		return UINT32_MAX;
	if (!s->whole)
		return 0;
	return draw(s, 3) ? some[i] : own[k];
}

static void make_set_ids(struct source *s, const struct vu_cred *c, struct op *op)
{
	static const long calls[] = {
		__NR_setuid,	__NR_setgid,   __NR_setreuid, __NR_setregid, __NR_setresuid,
		__NR_setresgid, __NR_setreuid, __NR_setfsuid, __NR_setfsgid, __NR_setresuid,
	};
	int i;

	op->nr = calls[draw(s, ARRAY_SIZE(calls))];
	for (i = 0; i < 3; i++)
		op->arg[i] = draw_id(s, c) | (draw(s, 4) ? 0 : 0x5a5a00000000ul);
}

static void make_get_ids(struct source *s, struct op *op)
{
	static const long calls[] = {
		__NR_getuid,  __NR_geteuid,   __NR_getgid,
		__NR_getegid, __NR_getresuid, __NR_getresgid,
	};
	uint32_t i = draw(s, ARRAY_SIZE(calls));

	op->nr = calls[i];
	if (i < 4)
		return;
	for (i = 0; i < 3; i++)
		op->ptr[i] = draw(s, 6) ? (uint8_t)(3 * i + 1) : PTR_BAD;
}

static void make_groups(struct source *s, const struct vu_cred *c, struct op *op)
{
	uint32_t i;

	op->ptr[1] = draw(s, 8) ? 1 : PTR_BAD;
	if (!s->whole || draw(s, 2)) {
		op->nr = __NR_getgroups;
		op->arg[0] = draw(s, 10) - 1ul;
		return;
	}
	op->nr = __NR_setgroups;
	op->arg[0] = draw(s, 8);
	for (i = 0; i < 8; i++) {
		op->data[i] = draw_id(s, c);
		if (op->data[i] == UINT32_MAX && draw(s, 4))
			op->data[i] = i;
	}
	if (!draw(s, 16))
		op->arg[0] = draw(s, 2) ? 65537 : ~0ul;
}

static uint64_t draw_set(struct source *s, uint64_t base)
{
	uint32_t one = draw(s, 48);

	switch (draw(s, 7)) {
	case 0:
		return base & ~(1ull << one);
	case 1:
		return base & (1ull << one);
	case 2:
		return base | (1ull << one);
	case 3:
		return base & draw(s, UINT32_MAX) & (uint64_t)draw(s, UINT32_MAX) << 20;
	case 4:
		return draw(s, 4) ? base : ~0ull;
	default:
		return base;
	}
}

static void make_capset(struct source *s, const struct vu_cred *c, struct op *op)
{
	static const uint32_t versions[] = { 0x20080522, 0x20080522, 0x20080522, 0x20080522,
					     0x20080522, 0x20071026, 0x19980330, 0 };
	static const uint32_t pids[] = { 0, 0, 0, SELF_PID, SELF_PID, 1, -5u, 0x7ffffff0 };
	uint64_t perm = draw_set(s, c->cap_permitted);
	uint64_t eff = draw_set(s, draw(s, 4) ? perm : c->cap_effective);
	uint64_t inh = draw_set(s, draw(s, 2) ? c->cap_inheritable : c->cap_permitted);
	int i;

	op->nr = draw(s, 2) ? __NR_capset : __NR_capget;
	op->data[0] = versions[draw(s, ARRAY_SIZE(versions))];
	op->data[1] = pids[draw(s, ARRAY_SIZE(pids))];
	if (op->nr == __NR_capget && op->data[1] == 1)
		op->data[1] = 0; /* what process 1 has is not ours to know */
	for (i = 0; i < 2; i++) {
		op->data[2 + 3 * i] = (uint32_t)(eff >> 32 * i);
		op->data[3 + 3 * i] = (uint32_t)(perm >> 32 * i);
		op->data[4 + 3 * i] = (uint32_t)(inh >> 32 * i);
	}
	op->ptr[0] = draw(s, 20) ? 1 : PTR_BAD;
	op->ptr[1] = draw(s, 12) ? 3 : draw(s, 2) ? 0 : PTR_BAD;
}

static uint32_t draw_cap(struct source *s)
{
	if (draw(s, 10))
		return draw(s, CAP_LAST_CAP + 1);
	return draw(s, 3) ? CAP_LAST_CAP - 1 + draw(s, 3) : draw(s, 70);
}

static void make_ambient(struct source *s, const struct vu_cred *c, struct op *op)
{
	uint64_t both = c->cap_permitted & c->cap_inheritable;

	op->arg[0] = PR_CAP_AMBIENT;
	op->arg[1] = draw(s, 16) ? 1 + draw(s, 3) : draw(s, 7);
	op->arg[2] = draw_cap(s);
	if (both && draw(s, 2))
		op->arg[2] = (unsigned long)__builtin_ctzll(both);
	if (op->arg[1] == PR_CAP_AMBIENT_CLEAR_ALL && draw(s, 2))
		op->arg[2] = 0;
	op->arg[3] = !draw(s, 30);
	op->arg[4] = !draw(s, 30);
}

static void make_prctl(struct source *s, const struct vu_cred *c, struct op *op)
{
	uint32_t bits;

	op->nr = __NR_prctl;
	switch (draw(s, 10)) {
	case 0:
	case 1:
		bits = c->securebits ^ (1u << draw(s, draw(s, 10) ? 12 : 32));
		op->arg[0] = PR_SET_SECUREBITS;
		op->arg[1] = draw(s, 4) ? bits & ~(draw(s, 3) ? 0xaaau : 0u) : c->securebits;
		break;
	case 2:
		op->arg[0] = draw(s, 2) ? PR_GET_SECUREBITS : PR_GET_KEEPCAPS;
		break;
	case 3:
		op->arg[0] = PR_SET_KEEPCAPS;
		op->arg[1] = draw(s, 10) ? draw(s, 2) : draw(s, UINT32_MAX) * 0x100000001ul;
		break;
	case 4:
		op->arg[0] = draw(s, 2) ? PR_CAPBSET_READ : PR_CAPBSET_DROP;
		op->arg[1] = draw_cap(s);
		break;
	case 5:
		op->arg[0] = draw(s, 5) ? PR_SET_PDEATHSIG : PR_SET_NO_NEW_PRIVS;
		op->arg[1] = op->arg[0] == PR_SET_NO_NEW_PRIVS ? 1 : SIGURG;
		break;
	default:
		make_ambient(s, c, op);
		break;
	}
}

void make_op(struct source *s, const struct vu_cred *c, struct op *op)
{
	uint32_t kind = draw(s, 100);

	memset(op, 0, sizeof(*op));
	if (kind < 34)
		make_set_ids(s, c, op);
	else if (kind < 40)
		make_get_ids(s, op);
	else if (kind < 48)
		make_groups(s, c, op);
	else if (kind < 66)
		make_capset(s, c, op);
	else if (kind < 95)
		make_prctl(s, c, op);
	else
		op->nr = OP_EXEC;
}
