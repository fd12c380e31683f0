/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loader: vu-loader's start. The kernel has just executed this file in the place of a guest's
 * program; the two strings in front of the arguments tell what the program is (abi/state.h). In order:
 *
 *	1. take over the state, map the view
 *	2. install the handlers of signals; in the first process of a session, set no_new_privs
 *	3. map the program's ELF interpreter and the program from the descriptors, close them
 *	4. make stack and auxiliary vector those of the program, tell the kernel (PR_SET_MM_MAP, comm)
 *	5. jump
 *
 * From the kernel's point of view the exec has happened: a program that cannot be mapped dies of SIGSEGV,
 * as one does that fails behind execve's point of no return.
 */
#include <asm/errno.h>
#include <asm/stat.h>
#include <asm/unistd_64.h>
#include <linux/auxvec.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include "agent/code.h"
#include "agent/elf.h"
#include "agent/filter.h"
#include "agent/gate.h"
#include "agent/ids.h"
#include "agent/ptrace.h"
#include "agent/stack.h"
#include "agent/trap.h"

#define PAGE	     4096ul
#define PAGE_UP(x)   (((x) + PAGE - 1) & ~(PAGE - 1))
#define ET_DYN_BASE  0x555555554000ul /* ELF_ET_DYN_BASE: two thirds of the address space */
#define RANDOM_PAGES 0xffffffful      /* mmap_rnd_bits: 28 */
#define LIBRARIES    0x04000000ul     /* addresses that most programs' libraries have room in */
#define BRK_RANDOM   0x02000000ul     /* arch_randomize_brk(): 32 MiB */

#define EXIT_FAILURE_	 125
#define O_CLOEXEC_	 02000000
#define F_DUPFD_CLOEXEC_ 1030
#define HIGH_FD		 900 /* below the usual limit of 1024 */

struct vu_start {
	uint64_t sp, entry;
};

struct vu_room;
void vu_loader_main(uint64_t *sp, struct vu_start *out, struct vu_room *space);

/* The initial stack as the kernel made it. */
struct stack {
	uint64_t *argv, *envp, *auxv; /* of the program: argv without our two strings */
	int argc;
	uint64_t n_auxv; /* pairs, AT_NULL included */
};

/* What the loader works with; on the program's stack, whose pages the program will use anyway. */
struct vu_room {
	struct vu_exec_state state;
	char head[VU_ELF_HEAD] __attribute__((aligned(8))); /* the first bytes of an ELF file */
};
_Static_assert(sizeof(struct vu_room) <= 3072, "ROOM of entry.S");

/* What few programs need: headers that lie elsewhere in the file; the message about a file new to umvu. */
static char headers[8192] __attribute__((aligned(8)));
static char message[VU_PATH_MAX];

static struct vu_room *room VU_HOT;

static void __attribute__((noreturn)) fail(const char *what, long error)
{
	char line[256] = "vu-loader: ";

	vu_append(line, sizeof(line), what);
	if (error) {
		vu_append(line, sizeof(line), ": error ");
		vu_append_num(line, sizeof(line), (unsigned long)-error);
	}
	vu_append(line, sizeof(line), "\n");
	vu_sys(__NR_write, 2, line, vu_strlen(line));
	for (;;)
		vu_sys(__NR_exit_group, EXIT_FAILURE_);
}

static void __attribute__((noreturn)) die_of_sigsegv(void)
{
	static const struct vu_sigaction dfl;
	uint64_t none = 0;

	vu_sys(__NR_rt_sigaction, 11, &dfl, 0, 8);
	vu_sys(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, 8);
	vu_sys(__NR_tgkill, agent_process.pid, vu_sys(__NR_gettid), 11 /* SIGSEGV */);
	fail("cannot map the program", 0);
}

/* What a lower-case hex digit means; of other characters anything: the state tells by what it holds that it is one. */
static unsigned char digit(char ch)
{
	return (unsigned char)((ch & 15) + (ch >> 6) * 9);
}

/* Decodes the state; false if the text is none. */
static bool decode(const char *text)
{
	struct vu_exec_state *state = &room->state;
	unsigned char *out = (unsigned char *)state;
	size_t n = 0;

	for (; text[0] && text[1] && n < sizeof(*state); text += 2)
		out[n++] = (unsigned char)(digit(text[0]) << 4 | (digit(text[1]) & 15));
	return !text[0] && n >= vu_state_size(0) && state->magic == VU_STATE_MAGIC &&
	       state->abi == VU_ABI_VERSION && state->size == n &&
	       (n == vu_state_size(0) || state->cred.n_groups <= VU_STATE_GROUPS);
}

/* Moves all that is behind our strings two words down, which makes room for a pair of the auxiliary vector. */
static uint64_t *add_aux(uint64_t *sp)
{
	uint64_t *from = sp + 3, *p = from;
	size_t n;

	while (*p++) /* arguments */
		;
	while (*p++) /* environment */
		;
	for (; *p != AT_NULL; p += 2)
		;
	n = (size_t)(p - from);
	memmove(from - 2, from, n * sizeof(*p));
	p[-2] = AT_EXECFD;
	p[-1] = 0; /* known when the descriptors are closed */
	return from - 2;
}

/* Takes our two strings out of the arguments: the rest of the stack stays where it is. */
static void parse_stack(uint64_t *sp, struct stack *st)
{
	uint64_t *p;

	if (sp[0] < 3 || !decode((const char *)sp[1]))
		fail("it is umvu(1) that runs this program", 0);
	st->argc = (int)sp[0] - 2;
	/* AT_EXECFD takes the place of our strings. */
	st->argv = sp + 3;
	if (room->state.binary_fd >= 0)
		st->argv = add_aux(sp);
	st->argv[-1] = (uint64_t)st->argc;
	st->envp = st->argv + st->argc + 1;
	for (p = st->envp; *p; p++)
		;
	st->auxv = p + 1;
	for (st->n_auxv = 1, p = st->auxv; *p != AT_NULL; p += 2)
		st->n_auxv++;
}

static uint64_t *aux(const struct stack *st, uint64_t type)
{
	static uint64_t none;
	uint64_t *p;

	for (p = st->auxv; *p != AT_NULL; p += 2)
		if (*p == type)
			return p + 1;
	return &none;
}

/*
 * Maps the view image, or leaves the process without one: the session is gone or out of reach.
 * An anchored process (anchor.c) has it open, and may be where there is no /proc.
 */
static void map_view(void)
{
	const struct vu_view_head *v = (const void *)VU_VIEW_ADDR;
	char *name = room->head;
	long fd = room->state.ref.view_fd, r;

	agent_process.viewless = true;
	agent_process.ref = room->state.ref;
	if (room->state.ref.server) {
		vu_session_name(name, sizeof(room->head), room->state.ref.view_fd);
		fd = vu_sys(__NR_open, name, O_CLOEXEC_, 0);
	}
	if (fd < 0)
		return;
	r = vu_sys(__NR_mmap, VU_VIEW_ADDR, VU_VIEW_SIZE, PROT_READ,
		   MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (room->state.ref.server)
		vu_sys(__NR_close, fd);
	if (r != (long)VU_VIEW_ADDR)
		return;
	if (v->magic == VU_VIEW_MAGIC && v->abi == VU_ABI_VERSION &&
	    v->session == room->state.ref.session)
		agent_process.viewless = false;
}

static void take_state(void)
{
	struct vu_thread *t;

	agent_process.driver = room->state.driver;
	agent_process.tree = room->state.tree;
	agent_process.no_new_privs = room->state.flags & VU_EXEC_NO_NEW_PRIV;
	agent_process.no_clock = room->state.flags & VU_EXEC_NO_CLOCK;
	agent_process.judged = room->state.flags & VU_EXEC_JUDGED;
	agent_process.pid = (int)vu_sys(__NR_getpid);
	agent_process.root = room->state.root;
	agent_process.stack_seen = room->state.stack_seen;
	memcpy(agent_process.stack, room->state.stack, sizeof(agent_process.stack));
	if (vu_stack_any())
		vu_stack_wear();
	/* What the process before has said is asked again: it may have been a vforked child. */
	vu_filtered = (room->state.flags & VU_EXEC_FILTERED) &&
		      vu_sys(__NR_prctl, PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
	if (!((room->state.flags & VU_EXEC_CRED) || room->state.kept_blocked) ||
	    !(t = vu_thread_own()))
		return;
	t->kept_blocked = room->state.kept_blocked;
	t->kept_pending = room->state.kept_pending;
	if (room->state.flags & VU_EXEC_CRED) {
		t->has_cred = true;
		t->cred = room->state.cred;
		vu_cred_exec(&t->cred);
	}
}

static void trap_calls(void)
{
	uint32_t ignored = room->state.kept_ignored;
	long r = vu_trap_init();

	if (!r)
		r = vu_fault_init(&ignored);
	for (int i = 0; i < VU_N_KEPT; i++)
		if (ignored & VU_SIGBIT(vu_kept_signal(i)))
			agent_process.kept[i].handler = 1;
	if (!r && (room->state.flags & VU_EXEC_FIRST))
		r = vu_sys(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (r < 0)
		fail("cannot intercept system calls (see umvu --check)", r);
	if (room->state.flags & VU_EXEC_LEASHED)
		vu_sys(__NR_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
}

/* There will be code whose calls are not known. */
static void trap_unpatched(void)
{
	long r = vu_filter_need();

	if (r < 0)
		fail("cannot intercept system calls (see umvu --check)", r);
}

/*
 * A program that has no name (memfd_create(2), or removed) can be opened again as /proc/self/exe only by a
 * descriptor: for such the agent keeps one.
 */
static void keep_nameless(void)
{
	long fd;

	if (!(room->state.flags & VU_EXEC_NAMELESS))
		return;
	fd = vu_sys(__NR_fcntl, room->state.exe_fd, F_DUPFD_CLOEXEC_, HIGH_FD);
	agent_process.nameless = fd < 0 ? 0 : (int)fd;
}

/* Are call sites to be patched? Not of a traced process, nor of one that says VU_AGENT=trap. */
static bool want_patches(const struct stack *st)
{
	if (agent_process.viewless || vu_traced)
		return false;
	for (uint64_t *env = st->envp; *env; env++)
		if (!vu_strcmp((const char *)*env, "VU_AGENT=trap"))
			return false;
	return true;
}

/* Reads header and program headers of the file, maps and closes it. */
static void map_file(struct vu_elf_file *f, struct vu_elf *elf)
{
	const struct elf64_phdr *ph;
	long r, n = vu_sys(__NR_pread64, f->fd, room->head, VU_ELF_HEAD, 0);

	f->msg = message;
	if (n < (long)sizeof(struct elf64_hdr))
		r = n < 0 ? n : -ENOEXEC;
	else
		r = vu_elf_check((const struct elf64_hdr *)room->head, elf);
	if (!r)
		r = vu_sys(__NR_fstat, f->fd, &f->st);
	if (!r)
		r = vu_elf_headers(f->fd, elf, room->head, (size_t)n, headers, sizeof(headers),
				   &ph);
	if (!r)
		r = vu_elf_map(f, elf, ph);
	if (r < 0)
		die_of_sigsegv();
	vu_sys(__NR_close, f->fd);
}

/* The ELF interpreter, of which the next execve will most likely be glad to know that it is good. */
static void map_interp(struct vu_elf *elf)
{
	struct vu_elf_file f = { .fd = room->state.interp_fd };

	if (f.fd < 0)
		return;
	map_file(&f, elf);
	agent_process.interp_from = elf->start_code;
	agent_process.interp_to = elf->end_code;
	agent_process.interp = (struct vu_file_id){ f.st.st_dev, f.st.st_ino, f.st.st_ctime,
						    f.st.st_ctime_nsec, f.st.st_mode };
}

/* What the interpreter of a rule is told: its program as the lowest descriptor, and whether argv[0] is kept. */
static void tell_interpreter(const struct stack *st)
{
	int fd = room->state.binary_fd;
	long low;

	if (room->state.flags & VU_EXEC_ARGV0)
		*aux(st, AT_FLAGS) |= 1; /* AT_FLAGS_PRESERVE_ARGV0 */
	if (fd < 0)
		return;
	low = vu_sys(__NR_dup, fd);
	if (low >= 0)
		vu_sys(__NR_close, low < fd ? fd : low);
	*aux(st, AT_EXECFD) = (uint64_t)(low >= 0 && low < fd ? low : fd);
}

static void set_stack_executable(const struct stack *st)
{
	uint64_t lo = (uint64_t)st->argv & ~(PAGE - 1);
	uint64_t hi = PAGE_UP(*aux(st, AT_EXECFN) + 1);

	vu_sys(__NR_mprotect, lo, hi - lo, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN);
}

/* The auxiliary vector of the program in the place of the loader's. */
static void fix_auxv(struct stack *st, const struct vu_elf *prog, uint64_t base, uint64_t execfn)
{
	*aux(st, AT_PHDR) = prog->phdr;
	*aux(st, AT_PHENT) = sizeof(struct elf64_phdr);
	*aux(st, AT_PHNUM) = prog->phnum;
	*aux(st, AT_BASE) = base;
	*aux(st, AT_ENTRY) = prog->entry;
	*aux(st, AT_EXECFN) = execfn;
	*aux(st, AT_SECURE) = 0;
	if (vu_touches(VU_TOUCH_IDS))
		vu_auxv_ids(aux(st, AT_UID), aux(st, AT_EUID), aux(st, AT_GID), aux(st, AT_EGID));
}

static uint64_t string_end(uint64_t s)
{
	return s + vu_strlen((const char *)s) + 1;
}

/* What /proc/PID/{cmdline,environ,auxv,stat} show, and where brk() starts. */
static void tell_kernel(const struct stack *st, const struct vu_elf *prog, uint64_t brk)
{
	struct prctl_mm_map map = {
		.start_code = prog->start_code,
		.end_code = prog->end_code,
		.start_data = prog->start_data,
		.end_data = prog->end_data,
		.start_brk = brk,
		.brk = brk,
		.start_stack = (uint64_t)(st->argv - 1),
		.auxv = (void *)st->auxv,
		.auxv_size = (uint32_t)(st->n_auxv * 16),
		.exe_fd = (uint32_t)-1,
	};
	uint64_t *last;

	map.arg_start = st->argv[0];
	map.arg_end = string_end(st->argv[st->argc - 1]);
	map.env_start = map.env_end = map.arg_end;
	if (st->envp[0]) {
		for (last = st->envp; last[1]; last++)
			;
		map.env_start = st->envp[0];
		map.env_end = string_end(*last);
	}
	/* Needs CONFIG_CHECKPOINT_RESTORE; without it those files show the loader's. */
	vu_sys(__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
}

/*
 * Maps the program, and tells where its heap begins. One that may be anywhere lies near the libraries, but before them,
 * so that its addresses need no upper page tables of their own; the heap is where it is with the kernel. It is so
 * without us, too, if the interpreter is run and loads the program. Else, all is as the kernel does it.
 */
static uint64_t map_program(struct vu_elf *elf, const struct vu_elf *interp, bool not_random)
{
	struct vu_elf_file f = { .fd = room->state.exe_fd, .is_program = true };
	uint64_t random[2] = { 0, 0 };

	if (room->state.interp_fd >= 0)
		f.interp = interp;
	if (not_random)
		f.at = ET_DYN_BASE;
	else
		vu_sys(__NR_getrandom, random, sizeof(random), 0);
	f.gap = LIBRARIES + (random[0] & (LIBRARIES - 1) & ~(PAGE - 1));
	map_file(&f, elf);
	if (not_random || elf->fixed)
		return PAGE_UP(elf->end_bss) + (random[1] & (BRK_RANDOM - 1) & ~(PAGE - 1));
	return ET_DYN_BASE + ((random[1] & RANDOM_PAGES) << 12);
}

static void set_comm(const char *execfn)
{
	const char *slash = vu_strrchr(execfn, '/');

	vu_sys(__NR_prctl, PR_SET_NAME, slash ? slash + 1 : execfn);
}

/* A tracer sees the stop of this execve when the program is there (ptrace.c). */
static void report_exec(void)
{
	if (__atomic_load_n(&vu_report_exec, __ATOMIC_RELAXED))
		vu_sys(__NR_tgkill, agent_process.pid, vu_sys(__NR_gettid), 5 /* SIGTRAP */);
}

void vu_loader_main(uint64_t *sp, struct vu_start *out, struct vu_room *space)
{
	uint64_t execfn = sp[0] >= 2 ? sp[2] : 0, brk;
	struct vu_elf prog, interp = { .bias = 0 };
	long personality;
	struct stack st;

	room = space;
	parse_stack(sp, &st);
	map_view();
	take_state();
	vu_gate_look();
	trap_calls();
	agent_process.patches = want_patches(&st);
	agent_process.euid = (unsigned int)*aux(&st, AT_EUID);
	memcpy(&agent_process.hash_key, (void *)*aux(&st, AT_RANDOM), sizeof(uint64_t));
	keep_nameless();
	personality = vu_sys(__NR_personality, 0xffffffff);
	if (!agent_process.patches || (personality & READ_IMPLIES_EXEC))
		trap_unpatched();
	map_interp(&interp);
	brk = map_program(&prog, &interp, personality & ADDR_NO_RANDOMIZE);
	agent_process.start_code = prog.start_code;
	tell_interpreter(&st);
	if (prog.stack_exec == 1) {
		trap_unpatched();
		set_stack_executable(&st);
	}
	fix_auxv(&st, &prog, interp.bias, execfn);
	tell_kernel(&st, &prog, brk);
	set_comm((const char *)execfn);
	report_exec();
	out->sp = (uint64_t)(st.argv - 1);
	out->entry = room->state.interp_fd >= 0 ? interp.entry : prog.entry;
}
