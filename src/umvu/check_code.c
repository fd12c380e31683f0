/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probe of umvu --check for patched code: vu-scan is run on the C library that umvu itself has mapped, and
 * memory of a sealed memory file has to be executable.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "umvu/check_probes.h"
#include "umvu/code_plan.h"
#include "umvu/image.h"
#include "umvu/paths.h"

/* The C library's file, from our own maps; static programs have none. */
static bool find_libc(char *path)
{
	VU_CLEANUP(file) FILE *maps = fopen("/proc/self/maps", "re");
	VU_CLEANUP(free) char *line = NULL;
	const char *at;
	size_t size = 0;

	while (maps && getline(&line, &size, maps) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		at = strchr(line, '/');
		if (at &&
		    (strstr(at, "/libc.so") || strstr(at, "/libc-2") || strstr(at, "/ld-musl")))
			return vu_str_copy(path, PATH_MAX, at) == 0;
	}
	return false;
}

_Noreturn static void run_scan(const char *program, const char *file, int out)
{
	int in = open(file, O_RDONLY | O_CLOEXEC);

	if (in >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execl(program, program, (char *)NULL);
	_exit(127);
}

/* Run vu-scan; the list it writes, or -errno. */
static ssize_t scan(const char *program, const char *file, void *list, size_t size)
{
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		run_scan(program, file, ends[1]);
	close(ends[1]);
	n = pid < 0 ? -errno : vu_fd_read(ends[0], list, size);
	close(ends[0]);
	if (pid > 0 && (waitpid(pid, &status, 0) != pid || status != 0))
		return -EIO;
	return n;
}

/* Whether guests will be able to run what lies in a memory file. */
static int try_memory(void)
{
	VU_CLEANUP(fd) int fd = vu_image_memory("vu-check");
	void *p;

	if (fd < 0)
		return fd;
	if (ftruncate(fd, VU_CODE_PAGE) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	p = mmap(NULL, VU_CODE_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	munmap(p, VU_CODE_PAGE);
	return 0;
}

bool vu_probe_code(const char *arg, char *text)
{
	VU_CLEANUP(free) char *list = malloc(VU_SCAN_MAX);
	const char *slow = "all calls take the slow way";
	const struct vu_scan_head *head;
	const struct vu_scan_site *sites;
	VU_CLEANUP(paths) struct vu_paths paths = { NULL };
	char libc[PATH_MAX];
	ssize_t n;
	int res;

	(void)arg;
	res = vu_paths_find(&paths);
	if (res < 0 || !list)
		return vu_check_bad(text, "%s", strerror(list ? -res : ENOMEM));
	if (access(paths.scan, X_OK) < 0)
		return vu_check_bad(text, "%s: %s: %s (built without Zydis)", paths.scan,
				    strerror(errno), slow);
	res = try_memory();
	if (res < 0)
		return vu_check_bad(text, "memory files cannot be executed: %s: %s", strerror(-res),
				    slow);
	if (!find_libc(libc))
		return vu_check_bad(text, "no C library found to try it with");
	n = scan(paths.scan, libc, list, VU_SCAN_MAX);
	if (n < 0 || vu_code_list(list, (size_t)n, &head, &sites) < 0 || !head->n_sites)
		return vu_check_bad(text, "%s finds nothing in %s: %s", paths.scan, libc, slow);
	return vu_check_good(text, "%u of %u system calls in %s can be patched", head->n_sites,
			     head->n_candidates, libc);
}
