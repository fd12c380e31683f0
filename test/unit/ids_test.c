/* sources: src/agent/ids.c src/agent/cred.c src/agent/caps.c src/agent/uname.c test/unit/ids_oracle.c test/unit/ids_random.c */
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ids and capabilities against the kernel's own.
 *
 * The oracle is a child in a user namespace, which has all capabilities there. It plays random
 * sequences of calls on the kernel while the model, the agent's handlers, plays the same; after
 * each call results, stored data, the lines of /proc/self/status, securebits and the parent death
 * signal have to be equal. Root maps all ids into the namespace. An ordinary user can map one only,
 * and so tests less: for them there are digests of what the kernel did when root recorded it
 * (ids_recorded.h, made by running this program as root with IDS_RECORD=1).
 *
 * Where the kernel refuses for want of CAP_SETUID or CAP_SETGID, the model does not: of these calls
 * it is tested that the kernel does refuse, and that the model grants.
 */
#include <asm/unistd_64.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/securebits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/handlers.h"
#include "agent/ids.h"
#include "ids_oracle.h"
#include "ids_recorded.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALL_CAPS      ((1ull << (CAP_LAST_CAP + 1)) - 1)
#define STEPS	      60  /* of one sequence */
#define SEQUENCES     200 /* live ones; those that are recorded are ARRAY_SIZE(recorded) */

/* --- what the agent's files find around them --- */

struct vu_process agent_process;
static _Alignas(struct vu_view_head) char image[VU_VIEW_AREAS + sizeof(struct vu_view_area)];
static struct vu_view_head *const view = (struct vu_view_head *)image;
static struct vu_thread thread;
static struct vu_scratch scratch;
static bool no_room;	/* vu_thread_own() fails */
static int pdeathsig;	/* the model's parent death signal */
static int native_uses; /* calls of vu_native() */

const struct vu_view_head *vu_view(void)
{
	return view;
}

struct vu_thread *vu_thread_get(void)
{
	return &thread;
}

struct vu_thread *vu_thread_own(void)
{
	return no_room ? NULL : &thread;
}

long vu_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;

	if (nr == __NR_prctl && a == PR_SET_PDEATHSIG) {
		pdeathsig = (int)b;
		return 0;
	}
	ret = syscall(nr, a, b, c, d, e, f);
	return ret < 0 && (nr != __NR_setfsuid && nr != __NR_setfsgid) ? -errno : ret;
}

long vu_native(struct vu_call *c)
{
	unsigned long *arg = c->arg;
	long ret;

	native_uses++;
	ret = syscall(c->nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	return ret < 0 ? -errno : ret;
}

long guest_read(void *dst, unsigned long src, size_t n)
{
	if (src < 4096 || (uint32_t)src == BAD)
		return -EFAULT;
	memcpy(dst, (const void *)src, n);
	return 0;
}

long guest_write(unsigned long dst, const void *src, size_t n)
{
	if (dst < 4096 || (uint32_t)dst == BAD)
		return -EFAULT;
	memcpy((void *)dst, src, n);
	return 0;
}

int vu_strncmp(const char *a, const char *b, size_t n)
{
	return strncmp(a, b, n);
}

size_t vu_utoa(char *dst, unsigned long n)
{
	return (size_t)sprintf(dst, "%lu", n);
}

/* --- the model --- */

static const struct {
	long nr;
	vu_handler *handler;
} handlers[] = {
	{ __NR_getuid, sys_getuid },	   { __NR_geteuid, sys_geteuid },
	{ __NR_getgid, sys_getgid },	   { __NR_getegid, sys_getegid },
	{ __NR_setuid, sys_setuid },	   { __NR_setgid, sys_setgid },
	{ __NR_setreuid, sys_setreuid },   { __NR_setregid, sys_setregid },
	{ __NR_setresuid, sys_setresuid }, { __NR_setresgid, sys_setresgid },
	{ __NR_getresuid, sys_getresuid }, { __NR_getresgid, sys_getresgid },
	{ __NR_setfsuid, sys_setfsuid },   { __NR_setfsgid, sys_setfsgid },
	{ __NR_getgroups, sys_getgroups }, { __NR_setgroups, sys_setgroups },
	{ __NR_capget, sys_capget },	   { __NR_capset, sys_capset },
};

static long model_prctl(struct vu_call *c)
{
	bool handled;
	long ret = vu_prctl_ids(c, &handled);

	if (handled)
		return ret;
	assert_int_equal(ret, 0);
	if (c->arg[0] == PR_SET_PDEATHSIG)
		pdeathsig = (int)c->arg[1];
	else if (c->arg[0] == PR_SET_NO_NEW_PRIVS)
		agent_process.no_new_privs = true;
	else
		fail_msg("prctl %lu was left to the kernel", c->arg[0]);
	return 0;
}

static vu_handler *handler_of(long nr)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		if (handlers[i].nr == nr)
			return handlers[i].handler;
	return nr == __NR_prctl ? model_prctl : NULL;
}

static long model_call(const struct op *op, uint32_t *out)
{
	struct vu_call c = { .nr = op->nr, .thread = &thread, .s = &scratch };
	vu_handler *handler = handler_of(op->nr);
	uint32_t data[WORDS];
	long ret;

	assert_non_null(handler);
	bind_args(op, data, c.arg);
	ret = handler(&c);
	take_data(op, data, out);
	return ret;
}

static void model_status(char *out, size_t size)
{
	char line[VU_STATUS_LINE_MAX];
	size_t i, n, len = 0;

	*out = '\0';
	for (i = 0; status_keys[i]; i++) {
		n = vu_status_line(&thread.cred, status_keys[i], line, sizeof(line));
		assert_int_equal(n, strlen(line));
		assert_true(n && len + n < size);
		memcpy(out + len, line, n + 1);
		len += n;
	}
}

static void model_run(const struct op *op, struct outcome *out)
{
	memset(out, 0, sizeof(*out));
	if (op->nr == OP_EXEC) {
		vu_cred_exec(&thread.cred);
		pdeathsig = 0;
	} else {
		out->ret = model_call(op, out->data);
	}
	out->securebits = thread.cred.securebits;
	out->pdeathsig = pdeathsig;
	model_status(out->status, sizeof(out->status));
}

/* As the oracle's child starts. */
static void model_reset(void)
{
	memset(&thread, 0, sizeof(thread));
	thread.has_cred = true;
	thread.cred.cap_permitted = ALL_CAPS;
	thread.cred.cap_effective = ALL_CAPS;
	thread.cred.cap_bounding = ALL_CAPS;
	pdeathsig = 0;
	agent_process.no_new_privs = false;
	view->classes = VU_TOUCH_IDS;
	no_room = false;
}

/* --- where the kernel wants a capability and the model does not --- */

enum differ { SAME, REFUSED, OTHERWISE };

static bool among(unsigned long arg, const uint32_t *id, int n)
{
	uint32_t want = (uint32_t)arg;
	int i;

	for (i = 0; i < n; i++)
		if (id[i] == want)
			return true;
	return false;
}

/*
 * What the kernel makes of a call of a thread without CAP_SETUID, for users, or CAP_SETGID; id are
 * the real, effective, saved and file system ids. OTHERWISE: it succeeds and does something else.
 */
static enum differ without_cap(const struct op *op, const uint32_t *id)
{
	const uint32_t reals[] = { id[0], id[1], UINT32_MAX };
	const uint32_t any[] = { id[0], id[1], id[2], UINT32_MAX };
	const uint32_t set[] = { id[0], id[2] };
	bool fine;

	switch (op->nr) {
	case __NR_setuid:
	case __NR_setgid:
		if ((uint32_t)op->arg[0] == UINT32_MAX)
			return SAME;
		return among(op->arg[0], set, 2) ? OTHERWISE : REFUSED;
	case __NR_setreuid:
		fine = among(op->arg[0], reals, 3) && among(op->arg[1], any, 4);
		break;
	case __NR_setregid:
		fine = among(op->arg[0], reals, 3) && among(op->arg[1], any, 4);
		break;
	case __NR_setresuid:
	case __NR_setresgid:
		fine = among(op->arg[0], any, 4) && among(op->arg[1], any, 4) &&
		       among(op->arg[2], any, 4);
		break;
	case __NR_setfsuid:
	case __NR_setfsgid:
		fine = among(op->arg[0], id, 4) || (uint32_t)op->arg[0] == UINT32_MAX;
		break;
	default: /* setgroups */
		fine = false;
		break;
	}
	return fine ? SAME : REFUSED;
}

static enum differ differs(const struct op *op)
{
	const struct vu_cred *c = &thread.cred;

	switch (op->nr) {
	case __NR_setuid:
	case __NR_setreuid:
	case __NR_setresuid:
	case __NR_setfsuid:
		return c->cap_effective & 1ull << CAP_SETUID ? SAME : without_cap(op, &c->uid);
	case __NR_setgid:
	case __NR_setregid:
	case __NR_setresgid:
	case __NR_setfsgid:
	case __NR_setgroups:
		return c->cap_effective & 1ull << CAP_SETGID ? SAME : without_cap(op, &c->gid);
	default:
		return SAME;
	}
}

/* The kernel refuses, the model grants; afterwards it is as if the model had not been asked. */
static void check_refused(struct oracle *o, const struct op *op)
{
	bool fs = op->nr == __NR_setfsuid || op->nr == __NR_setfsgid;
	static struct vu_cred before;
	struct outcome want, got;
	int sig = pdeathsig;
	char status[1024];

	before = thread.cred;
	model_status(status, sizeof(status));
	oracle_run(o, op, &want);
	model_run(op, &got);
	assert_string_equal(want.status, status);
	if (fs) {
		assert_int_equal(want.ret, got.ret);
		assert_string_not_equal(want.status, got.status);
	} else {
		assert_int_equal(want.ret, -EPERM);
		assert_true(got.ret == 0 || op->nr == __NR_setgroups);
	}
	thread.cred = before;
	pdeathsig = sig;
}

/* --- sequences --- */

static void describe(char *out, size_t size, uint64_t seed, int step, const struct op *op)
{
	snprintf(out, size, "seed %" PRIu64 " step %d: call %ld(%#lx %#lx %#lx %#lx %#lx) %x %x %x",
		 seed, step, op->nr, op->arg[0], op->arg[1], op->arg[2], op->arg[3], op->arg[4],
		 op->data[0], op->data[1], op->data[2]);
}

static void compare(const char *what, const struct outcome *want, const struct outcome *got)
{
	if (want->ret == got->ret && !strcmp(want->status, got->status) &&
	    want->securebits == got->securebits && want->pdeathsig == got->pdeathsig &&
	    !memcmp(want->data, got->data, sizeof(want->data)))
		return;
	fail_msg("%s\nkernel: %ld, securebits %lx, pdeathsig %ld\n%s\nmodel: %ld, securebits %lx, "
		 "pdeathsig %ld\n%s",
		 what, want->ret, want->securebits, want->pdeathsig, want->status, got->ret,
		 got->securebits, got->pdeathsig, got->status);
}

static uint64_t mix(uint64_t digest, const void *data, size_t n)
{
	const unsigned char *p = data;

	while (n--)
		digest = (digest ^ *p++) * 0x100000001b3ull;
	return digest;
}

static uint64_t digest_of(uint64_t digest, const struct outcome *out)
{
	digest = mix(digest, &out->ret, sizeof(out->ret));
	digest = mix(digest, out->data, sizeof(out->data));
	digest = mix(digest, &out->securebits, sizeof(out->securebits));
	digest = mix(digest, &out->pdeathsig, sizeof(out->pdeathsig));
	return mix(digest, out->status, strlen(out->status));
}

static void drop_groups_line(char *status)
{
	char *line = strstr(status, "Groups:");
	char *next = line ? strchr(line, '\n') : NULL;

	if (next)
		memmove(line, next + 1, strlen(next));
}

/* One sequence on the model, and on the oracle if there is one: digest of what the kernel did. */
static uint64_t play(uint64_t seed, struct oracle *o)
{
	struct source s = { .state = seed * 0x9e3779b97f4a7c15ull | 1, .whole = !o || o->whole };
	uint64_t digest = 0xcbf29ce484222325ull;
	struct outcome want, got;
	enum differ differ;
	struct op op;
	char what[256];
	int step;

	model_reset();
	for (step = 0; step < STEPS; step++) {
		make_op(&s, &thread.cred, &op);
		differ = differs(&op);
		if (differ == REFUSED && o)
			check_refused(o, &op);
		if (differ != SAME)
			continue;
		model_run(&op, &got);
		if (!s.whole && op.nr == __NR_getgroups)
			continue;
		digest = digest_of(digest, &got);
		if (!o)
			continue;
		oracle_run(o, &op, &want);
		if (!s.whole) {
			drop_groups_line(want.status);
			drop_groups_line(got.status);
		}
		describe(what, sizeof(what), seed, step, &op);
		compare(what, &want, &got);
	}
	return digest;
}

/* The rules are those of Linux 6.18; older kernels differ in execve and in securebits. */
static bool kernel_is_of_age(void)
{
	struct utsname uts;
	int major = 0, minor = 0;

	uname(&uts);
	sscanf(uts.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 18);
}

static void test_live_kernel(void **state)
{
	struct oracle o;
	uint64_t seed;

	(void)state;
	if (!kernel_is_of_age() || prctl(PR_CAPBSET_READ, CAP_LAST_CAP + 1) >= 0) {
		print_message("the kernel here has other rules or capabilities than Linux 6.18\n");
		skip();
	}
	for (seed = 1; seed <= SEQUENCES; seed++) {
		if (!oracle_start(&o)) {
			print_message("no user namespace to be had here\n");
			skip();
		}
		play(seed, &o);
		oracle_end(&o);
	}
}

static void test_recorded_kernel(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= ARRAY_SIZE(recorded); seed++)
		if (play(seed, NULL) != recorded[seed - 1])
			fail_msg("sequence %" PRIu64
				 " differs from what the kernel did when it was "
				 "recorded: run this test as root to see where",
				 seed);
}

/* Writes ids_recorded.h to stdout, of sequences that are checked against the kernel meanwhile. */
static void test_record(void **state)
{
	struct oracle o;
	uint64_t seed;

	(void)state;
	if (!getenv("IDS_RECORD"))
		skip();
	assert_int_equal(geteuid(), 0);
	assert_true(kernel_is_of_age());
	printf("/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"
	       "/* Digests of sequences of ids_test.c as the kernel (Linux 6.18) played them. */\n"
	       "#ifndef IDS_RECORDED_H\n#define IDS_RECORDED_H\n\n#include <stdint.h>\n\n"
	       "static const uint64_t recorded[] = {\n");
	for (seed = 1; seed <= SEQUENCES; seed++) {
		assert_true(oracle_start(&o));
		printf("%s0x%016" PRIx64 ",%s", seed % 4 == 1 ? "\t" : " ", play(seed, &o),
		       seed % 4 == 0 ? "\n" : "");
		oracle_end(&o);
	}
	printf("};\n\n#endif\n");
}

/* --- the rest, one case each --- */

static long call(vu_handler *handler, long nr, unsigned long a, unsigned long b, unsigned long c)
{
	struct vu_call vc = { .nr = nr, .arg = { a, b, c }, .thread = &thread, .s = &scratch };

	return handler(&vc);
}

static void assert_uids(uint32_t r, uint32_t e, uint32_t s, uint32_t fs)
{
	assert_int_equal(thread.cred.uid, r);
	assert_int_equal(thread.cred.euid, e);
	assert_int_equal(thread.cred.suid, s);
	assert_int_equal(thread.cred.fsuid, fs);
}

/* An ordinary user's thread, as it is before it changes anything. */
static void ordinary_user(void)
{
	model_reset();
	thread.cred.uid = thread.cred.euid = thread.cred.suid = thread.cred.fsuid = 1000;
	thread.cred.gid = thread.cred.egid = thread.cred.sgid = thread.cred.fsgid = 1000;
	thread.cred.cap_permitted = thread.cred.cap_effective = 0;
}

static void test_become_root_and_come_back(void **state)
{
	int round;

	(void)state;
	ordinary_user();
	for (round = 0; round < 2; round++) {
		assert_int_equal(call(sys_setresuid, __NR_setresuid, 0, 0, 0), 0);
		assert_uids(0, 0, 0, 0);
		assert_int_equal(thread.cred.cap_permitted, ALL_CAPS);
		assert_int_equal(thread.cred.cap_effective, ALL_CAPS);
		assert_int_equal(call(sys_setgroups, __NR_setgroups, 0, 0, 0), 0);
		assert_int_equal(call(sys_setuid, __NR_setuid, 1000, 0, 0), 0);
		assert_uids(1000, 1000, 1000, 1000);
		assert_int_equal(thread.cred.cap_permitted, 0);
		assert_int_equal(thread.cred.cap_effective, 0);
	}
}

static void test_grant_is_bounded(void **state)
{
	(void)state;
	ordinary_user();
	thread.cred.cap_bounding = 0xff;
	assert_int_equal(call(sys_setreuid, __NR_setreuid, 0, -1ul, 0), 0);
	assert_uids(0, 1000, 1000, 1000);
	assert_int_equal(thread.cred.cap_permitted, 0xff);
	assert_int_equal(thread.cred.cap_effective, 0);

	/* a privileged thread's root has what it had: the kernel's rule */
	ordinary_user();
	thread.cred.cap_permitted = thread.cred.cap_effective = 1ull << CAP_SETUID;
	assert_int_equal(call(sys_setuid, __NR_setuid, 0, 0, 0), 0);
	assert_int_equal(thread.cred.cap_permitted, 1ull << CAP_SETUID);

	/* and so has one that keeps its capabilities apart from its ids */
	ordinary_user();
	thread.cred.securebits = SECBIT_NO_SETUID_FIXUP;
	assert_int_equal(call(sys_setuid, __NR_setuid, 0, 0, 0), 0);
	assert_int_equal(thread.cred.cap_permitted, 0);
}

/* setuid() is always the privileged form: no saved id is left to go back to. */
static void test_setuid_sets_all(void **state)
{
	(void)state;
	ordinary_user();
	thread.cred.suid = 0;
	assert_int_equal(call(sys_setuid, __NR_setuid, 1000, 0, 0), 0);
	assert_uids(1000, 1000, 1000, 1000);
	assert_int_equal(call(sys_setgid, __NR_setgid, 7, 0, 0), 0);
	assert_int_equal(thread.cred.gid, 7);
	assert_int_equal(thread.cred.sgid, 7);
	assert_int_equal(thread.cred.fsgid, 7);
}

/* Ambient capabilities go over execve, but not to a group that the thread is not in. */
static void test_exec_ambient(void **state)
{
	const uint64_t raw = 1ull << CAP_NET_RAW;

	(void)state;
	ordinary_user();
	thread.cred.cap_permitted = thread.cred.cap_inheritable = thread.cred.cap_ambient = raw;
	vu_cred_exec(&thread.cred);
	assert_int_equal(thread.cred.cap_effective, raw);

	thread.cred.fsgid = 7;
	thread.cred.n_groups = 2;
	thread.cred.groups[0] = 500;
	thread.cred.groups[1] = 1000;
	vu_cred_exec(&thread.cred);
	assert_int_equal(thread.cred.cap_effective, raw);

	thread.cred.fsgid = 7;
	thread.cred.n_groups = 1;
	vu_cred_exec(&thread.cred);
	assert_int_equal(thread.cred.cap_effective, 0);
	assert_int_equal(thread.cred.cap_permitted, 0);
}

/* With no_new_privs root gets nothing back that it had given up. */
static void test_exec_no_new_privs(void **state)
{
	(void)state;
	model_reset();
	thread.cred.cap_permitted = thread.cred.cap_effective = 0xf0;
	thread.cred.cap_inheritable = ALL_CAPS;
	agent_process.no_new_privs = true;
	vu_cred_exec(&thread.cred);
	assert_int_equal(thread.cred.cap_permitted, 0xf0);
	agent_process.no_new_privs = false;
	thread.cred.cap_bounding = 0xff00;
	thread.cred.cap_inheritable = 0xf;
	vu_cred_exec(&thread.cred);
	assert_int_equal(thread.cred.cap_permitted, 0xff0f);
	assert_int_equal(thread.cred.cap_effective, 0xff0f);
}

static void test_groups_limits(void **state)
{
	static uint32_t many[VU_STATE_GROUPS + 1], back[VU_STATE_GROUPS];
	uint32_t i;

	(void)state;
	ordinary_user();
	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = 5000 - i;
	assert_int_equal(call(sys_setgroups, __NR_setgroups, 65537, (unsigned long)many, 0),
			 -EINVAL);
	assert_int_equal(call(sys_setgroups, __NR_setgroups, -1ul, (unsigned long)many, 0),
			 -EINVAL);
	assert_int_equal(call(sys_setgroups, __NR_setgroups, VU_STATE_GROUPS + 1,
			      (unsigned long)many, 0),
			 -ENOMEM);
	assert_int_equal(call(sys_setgroups, __NR_setgroups, 65536, (unsigned long)many, 0),
			 -ENOMEM);
	assert_int_equal(thread.cred.n_groups, 0);
	assert_int_equal(
		call(sys_setgroups, __NR_setgroups, VU_STATE_GROUPS, (unsigned long)many, 0), 0);
	assert_int_equal(call(sys_getgroups, __NR_getgroups, 0, 0, 0), VU_STATE_GROUPS);
	assert_int_equal(call(sys_getgroups, __NR_getgroups, VU_STATE_GROUPS - 1,
			      (unsigned long)back, 0),
			 -EINVAL);
	assert_int_equal(call(sys_getgroups, __NR_getgroups, VU_STATE_GROUPS, (unsigned long)back,
			      0),
			 VU_STATE_GROUPS);
	for (i = 0; i < VU_STATE_GROUPS; i++)
		assert_int_equal(back[i], 5000 - VU_STATE_GROUPS + 1 + i);
}

static void test_native_credential(void **state)
{
	static struct outcome kernel, model;

	(void)state;
	model_reset();
	memset(&thread.cred, 0xa5, sizeof(thread.cred));
	vu_cred_native(&thread.cred);
	kernel_status(kernel.status, sizeof(kernel.status));
	model_status(model.status, sizeof(model.status));
	assert_string_equal(model.status, kernel.status);
	assert_int_equal(thread.cred.securebits, prctl(PR_GET_SECUREBITS));
}

/* Questions of a thread that has set no id are the kernel's; so is all with the class off. */
static void test_native_until_changed(void **state)
{
	uint32_t id[3];
	bool handled;
	struct vu_call c = { .nr = __NR_prctl, .arg = { PR_GET_KEEPCAPS }, .s = &scratch };

	(void)state;
	model_reset();
	thread.has_cred = false;
	native_uses = 0;
	assert_int_equal(call(sys_getuid, __NR_getuid, 0, 0, 0), getuid());
	assert_int_equal(call(sys_getresgid, __NR_getresgid, (unsigned long)&id[0],
			      (unsigned long)&id[1], (unsigned long)&id[2]),
			 0);
	assert_int_equal(native_uses, 2);
	vu_prctl_ids(&c, &handled);
	assert_false(handled);
	assert_int_equal(call(sys_setfsuid, __NR_setfsuid, -1ul, 0, 0), geteuid());
	assert_true(thread.has_cred);
	assert_int_equal(native_uses, 2);
	vu_prctl_ids(&c, &handled);
	assert_true(handled);

	view->classes = 0;
	thread.cred.uid = 12345;
	assert_int_equal(call(sys_getuid, __NR_getuid, 0, 0, 0), getuid());
	assert_int_equal(call(sys_setuid, __NR_setuid, getuid(), 0, 0), 0);
	assert_int_equal(native_uses, 4);
	c.arg[0] = PR_SET_KEEPCAPS;
	vu_prctl_ids(&c, &handled);
	assert_false(handled);
}

static void test_no_room(void **state)
{
	(void)state;
	ordinary_user();
	no_room = true;
	assert_int_equal(call(sys_setuid, __NR_setuid, 0, 0, 0), -ENOMEM);
	assert_int_equal(call(sys_setgroups, __NR_setgroups, 0, 0, 0), -ENOMEM);
	assert_int_equal(call(sys_setfsuid, __NR_setfsuid, 0, 0, 0), 1000);
	assert_uids(1000, 1000, 1000, 1000);
}

static void test_auxv(void **state)
{
	uint64_t uid = 1, euid = 2, gid = 3, egid = 4;

	(void)state;
	ordinary_user();
	thread.has_cred = false;
	vu_auxv_ids(&uid, &euid, &gid, &egid);
	assert_true(uid == 1 && euid == 2 && gid == 3 && egid == 4);
	thread.has_cred = true;
	thread.cred.euid = 0;
	thread.cred.egid = 50;
	vu_auxv_ids(&uid, &euid, &gid, &egid);
	assert_true(uid == 1000 && euid == 0 && gid == 1000 && egid == 50);
}

static void test_status_line(void **state)
{
	static char line[VU_STATUS_LINE_MAX];
	uint32_t i;

	(void)state;
	ordinary_user();
	assert_int_equal(vu_status_line(&thread.cred, "Umask:\t022", line, sizeof(line)), 0);
	assert_int_equal(vu_status_line(&thread.cred, "", line, sizeof(line)), 0);
	assert_int_equal(vu_status_line(&thread.cred, "Uid:", line, sizeof(line) - 1), 0);
	assert_int_equal(vu_status_line(&thread.cred, "Uid:\t1\t1\t1\t1\n", line, sizeof(line)),
			 25);
	assert_string_equal(line, "Uid:\t1000\t1000\t1000\t1000\n");
	for (i = 0; i < VU_STATE_GROUPS; i++)
		thread.cred.groups[i] = 4294967294u;
	thread.cred.n_groups = VU_STATE_GROUPS;
	assert_int_equal(vu_status_line(&thread.cred, "Groups:", line, sizeof(line)),
			 8 + 11 * VU_STATE_GROUPS + 1);
	vu_status_line(&thread.cred, "CapBnd:", line, sizeof(line));
	assert_string_equal(line, "CapBnd:\t000001ffffffffff\n");
}

static void test_uname(void **state)
{
	struct utsname host, uts;
	struct vu_view_area *area;
	int was;

	(void)state;
	model_reset();
	assert_int_equal(call(sys_uname, __NR_uname, (unsigned long)&uts, 0, 0), 0);
	uname(&host);
	assert_string_equal(uts.nodename, host.nodename);

	view->classes = VU_TOUCH_UTS;
	area = (struct vu_view_area *)vu_view_area(view, 0);
	area->classes = VU_TOUCH_UTS;
	strcpy(area->uts[0], "Linux");
	strcpy(area->uts[1], "elsewhere");
	strcpy(area->uts[4], "vu");
	assert_int_equal(call(sys_uname, __NR_uname, (unsigned long)&uts, 0, 0), 0);
	assert_memory_equal(&uts, area->uts, sizeof(uts));
	assert_int_equal(call(sys_uname, __NR_uname, BAD, 0, 0), -EFAULT);

	was = (int)syscall(SYS_personality, PER_LINUX32);
	assert_int_equal(call(sys_uname, __NR_uname, (unsigned long)&uts, 0, 0), 0);
	uname(&host);
	syscall(SYS_personality, was);
	assert_string_equal(uts.machine, host.machine);
	assert_string_equal(uts.nodename, "elsewhere");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded_kernel),
		cmocka_unit_test(test_live_kernel),
		cmocka_unit_test(test_become_root_and_come_back),
		cmocka_unit_test(test_grant_is_bounded),
		cmocka_unit_test(test_setuid_sets_all),
		cmocka_unit_test(test_exec_ambient),
		cmocka_unit_test(test_exec_no_new_privs),
		cmocka_unit_test(test_groups_limits),
		cmocka_unit_test(test_native_credential),
		cmocka_unit_test(test_native_until_changed),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_auxv),
		cmocka_unit_test(test_status_line),
		cmocka_unit_test(test_uname),
	};
	const struct CMUnitTest record[] = { cmocka_unit_test(test_record) };

	if (argc == 4 && !strcmp(argv[1], "--oracle"))
		oracle_serve(atoi(argv[2]), atoi(argv[3]), true);
	if (getenv("IDS_RECORD"))
		return cmocka_run_group_tests(record, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
