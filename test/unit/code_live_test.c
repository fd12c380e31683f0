/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The C library of this very process is patched as a guest's would be, with gates that only make the call, and
 * then has to work: files, processes, threads, errors. Needs vu-scan (in $VU_BUILD).
 */
/* sources: src/umvu/code_plan.c */
/* libs: -lpthread -ldl -lZydis */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/str.h"
#include "umvu/code_plan.h"

#define GATE_SIZE	32u
#define NR_RT_SIGRETURN 15u
#define NR_CLONE	56u
#define NR_VFORK	58u
#define NR_CLONE3	435u

extern char **environ;

/* --- gates --------------------------------------------------------------------------------------- */

static volatile uint64_t calls; /* that came by a gate */

static unsigned char *emit(unsigned char *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

/*
 * A gate: counts, makes the call, compares where its slot says so. The new process of a clone may have another
 * stack: it returns by a register that the call does not use.
 */
static void make_gate(unsigned char *at, uint32_t slot)
{
	uint64_t counter = (uintptr_t)&calls;
	bool other_stack = slot == NR_CLONE || slot == NR_CLONE3 || slot == NR_VFORK;

	at = emit(at, "\x49\xbb", 2); /* mov $calls,%r11 */
	at = emit(at, &counter, sizeof(counter));
	at = emit(at, "\xf0\x49\xff\x03", 4); /* lock incq (%r11) */
	if (other_stack)
		at = emit(at, "\x41\x59", 2); /* pop %r9 */
	if (slot < VU_GATE_ANY) {
		at = emit(at, "\xb8", 1); /* mov $slot,%eax */
		at = emit(at, &slot, sizeof(slot));
	}
	at = emit(at, "\x0f\x05", 2);
	if (slot == VU_GATE_F000)
		at = emit(at, "\x48\x3d\x00\xf0\xff\xff", 6);
	else if (slot == VU_GATE_F001)
		at = emit(at, "\x48\x3d\x01\xf0\xff\xff", 6);
	emit(at, other_stack ? "\x41\xff\xe1" : "\xc3", other_stack ? 3 : 1);
}

static int make_gates(void)
{
	unsigned char *code = mmap(NULL, VU_GATE_SLOTS * GATE_SIZE,
				   PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
	uint64_t *slots = mmap((void *)VU_GATE_ADDR, 4096, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	uint32_t i;

	if (code == MAP_FAILED || slots != (void *)VU_GATE_ADDR)
		return -1;
	for (i = 0; i < VU_GATE_SLOTS; i++) {
		make_gate(code + i * GATE_SIZE, i);
		slots[i] = (uintptr_t)(code + i * GATE_SIZE);
	}
	return 0;
}

/* --- patching this process ------------------------------------------------------------------------ */

struct library {
	const char *name;
	char path[PATH_MAX];
	uintptr_t base;
	const ElfW(Phdr) * ph;
	size_t n_ph;
};

static int find_library(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct library *l = ctx;

	(void)size;
	if (!strstr(info->dlpi_name, l->name))
		return 0;
	l->base = info->dlpi_addr;
	l->ph = info->dlpi_phdr;
	l->n_ph = info->dlpi_phnum;
	return !!realpath(info->dlpi_name, l->path);
}

static size_t run_scan(const char *path, void *list, size_t size)
{
	char command[2 * PATH_MAX + 32];
	VU_CLEANUP(fd) int fd = -1;
	FILE *p;
	size_t n;

	snprintf(command, sizeof(command), "'%s/lib/vu/vu-scan' '%s'", getenv("VU_BUILD"), path);
	p = popen(command, "r");
	if (!p)
		return 0;
	n = fread(list, 1, size, p);
	return pclose(p) == 0 ? n : 0;
}

/* Put these bytes of code in the place of what is mapped. */
static bool put_pages(void *at, const unsigned char *pages, size_t size)
{
	VU_CLEANUP(fd) int memfd = memfd_create("patched", MFD_CLOEXEC);

	return memfd >= 0 && vu_fd_write(memfd, pages, size) == 0 &&
	       mmap(at, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, memfd, 0) !=
		       MAP_FAILED;
}

/* Map a run over the file's pages in the executable segment. */
static bool map_run(const struct library *l, const struct vu_code_run *r,
		    const unsigned char *pages)
{
	uint64_t from = (uint64_t)r->file_page * VU_CODE_PAGE;
	size_t i;

	for (i = 0; i < l->n_ph; i++) {
		const ElfW(Phdr) *ph = &l->ph[i];

		if (ph->p_type == PT_LOAD && ph->p_flags & PF_X && from >= ph->p_offset &&
		    from < ph->p_offset + ph->p_filesz)
			return put_pages((void *)(l->base + ph->p_vaddr - ph->p_offset + from),
					 pages, (size_t)r->n_pages * VU_CODE_PAGE);
	}
	return false;
}

static size_t patch_library(const struct library *l, const struct vu_scan_head *head,
			    const struct vu_scan_site *sites)
{
	VU_CLEANUP(fd) int fd = open(l->path, O_RDONLY | O_CLOEXEC);
	VU_CLEANUP(free) unsigned char *pages = NULL;
	unsigned char *run;
	struct vu_code_file f = { 0 };
	struct stat st;
	size_t done;
	uint32_t i;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	vu_code_plan(&f, (uint64_t)st.st_size, head, sites);
	pages = vu_code_read(fd, &f);
	if (!pages)
		return 0;
	done = vu_code_patch(&f, pages, head, sites);
	for (i = 0, run = pages; i < f.n_runs; run += (size_t)f.run[i++].n_pages * VU_CODE_PAGE)
		if (!map_run(l, &f.run[i], run))
			return 0;
	return done;
}

/* The gates here are simple ones: no returns from handlers, and nobody takes care of faults. */
static uint32_t drop_special(struct vu_scan_site *to, const struct vu_scan_site *from, uint32_t n)
{
	uint32_t i, k = 0;

	for (i = 0; i < n; i++)
		if (from[i].kind != VU_SCAN_FAULT && from[i].kind != VU_SCAN_DEFER &&
		    from[i].number != NR_RT_SIGRETURN)
			to[k++] = from[i];
	return k;
}

/* Patch the library of that name; at least so many sites. */
static bool patch(const char *name, size_t least)
{
	static uint64_t list[VU_SCAN_MAX / 8 + 1];
	const struct vu_scan_head *head;
	static struct vu_scan_site kept[VU_SCAN_SITES];
	const struct vu_scan_site *sites;
	struct library l = { .name = name };
	struct vu_scan_head copy;
	size_t n;

	if (!dl_iterate_phdr(find_library, &l))
		return false;
	n = run_scan(l.path, list, sizeof(list));
	if (vu_code_list(list, n, &head, &sites) < 0)
		return false;
	copy = *head;
	copy.n_sites = drop_special(kept, sites, head->n_sites);
	n = patch_library(&l, &copy, kept);
	print_message("%zu sites patched in %s\n", n, l.path);
	return n >= least;
}

static int setup(void **state)
{
	struct library l = { .name = "libc.so" };

	(void)state;
	if (!getenv("VU_BUILD") || !dl_iterate_phdr(find_library, &l)) {
		fprintf(stderr, "no $VU_BUILD, or a C library that is not glibc\n");
		exit(77);
	}
	return make_gates() == 0 && patch("libc.so", 100) && patch("ld-linux", 10) ? 0 : -1;
}

/* --- what has to work ---------------------------------------------------------------------------- */

static void test_files(void **state)
{
	char name[] = "/tmp/vu-live-XXXXXX", path[64], text[8];
	uint64_t before = calls;
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(name));
	snprintf(path, sizeof(path), "%s/file", name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0640);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "text", 4), 4);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 4);
	close(fd);
	assert_int_equal(open(path, O_RDWR | O_CREAT | O_EXCL, 0640), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(lstat("/nonexistent", &st), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(rmdir(name), -1);
	assert_int_equal(errno, ENOTEMPTY);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(name), 0);
	assert_true(calls >= before + 8);
}

static void test_folders(void **state)
{
	char cwd[PATH_MAX];
	bool found = false;
	struct dirent *d;
	DIR *dir;

	(void)state;
	assert_int_equal(chdir("/"), 0);
	assert_string_equal(getcwd(cwd, sizeof(cwd)), "/");
	dir = opendir("/");
	assert_non_null(dir);
	while ((d = readdir(dir)))
		found |= vu_str_eq(d->d_name, "usr");
	closedir(dir);
	assert_true(found);
}

static void wait_ok(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 7 << 8);
}

static void test_processes(void **state)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"exit 7", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0)
		_exit(7);
	wait_ok(pid);
	pid = vfork();
	if (pid == 0) {
		execv("/bin/sh", argv);
		_exit(1);
	}
	wait_ok(pid);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 0, 9);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &none);
	assert_int_equal(posix_spawn(&pid, "/bin/sh", &actions, &attr, argv, environ), 0);
	wait_ok(pid);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(system("exit 7"), 7 << 8);
	assert_int_equal(posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ), ENOENT);
}

static void *thread(void *arg)
{
	struct stat st;
	int i;

	for (i = 0; i < 200; i++)
		if (stat("/", &st) < 0 || access("/nonexistent", F_OK) == 0)
			return NULL;
	return arg;
}

static void test_threads(void **state)
{
	pthread_t t[4];
	char marks[4];
	void *result;
	size_t i;

	(void)state;
	for (i = 0; i < VU_ARRAY_SIZE(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, thread, &marks[i]), 0);
	for (i = 0; i < VU_ARRAY_SIZE(t); i++) {
		assert_int_equal(pthread_join(t[i], &result), 0);
		assert_ptr_equal(result, &marks[i]);
	}
}

/* The dynamic linker opens files from functions that use the red zone. */
static void test_libraries(void **state)
{
	uint64_t before = calls;
	void *library = dlopen("libresolv.so.2", RTLD_NOW);

	(void)state;
	if (!library)
		fail_msg("%s", dlerror());
	assert_non_null(dlsym(library, "ns_name_pton"));
	dlclose(library);
	assert_true(calls > before);
	assert_null(dlopen("/nonexistent.so", RTLD_NOW));
}

static volatile sig_atomic_t seen;

static void on_signal(int sig)
{
	seen = sig;
}

static void test_signals(void **state)
{
	sigset_t set, old;

	(void)state;
	assert_true(signal(SIGUSR1, on_signal) != SIG_ERR);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &old), 0);
	raise(SIGUSR1);
	assert_int_equal(seen, 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
	assert_int_equal(seen, SIGUSR1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),	  cmocka_unit_test(test_folders),
		cmocka_unit_test(test_processes), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_signals),	  cmocka_unit_test(test_libraries),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
