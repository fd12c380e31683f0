/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first program of a view.
 *
 * CMD itself can be it where vu-init would do nothing but execvp(3), and that would find no more to do than to map
 * it: an ELF program for this machine whose addresses are not fixed, without set-id bits, that the user may
 * execute and nobody writes to. All else is vu-init's, errors too: what is found wrong here is not told of.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/rc.h"
#include "base/str.h"
#include "umvu/first.h"
#include "umvu/launch.h"
#include "umvu/paths.h"

#define MACHINE EM_X86_64

/* Whether there is certainly no rc file to be run. */
static bool has_no_rc(const struct vu_options *o)
{
	const char *home = getenv("HOME");
	char user[PATH_MAX];

	if (o->norc)
		return true;
	if (o->rc || !home || !*home ||
	    snprintf(user, sizeof(user), "%s/" VU_RC_USER, home) >= (int)sizeof(user))
		return false;
	return access(VU_RC_SYSTEM, F_OK) < 0 && errno == ENOENT && access(user, F_OK) < 0 &&
	       errno == ENOENT;
}

static bool is_prepared(const struct vu_options *o)
{
	return !o->modules.n && !o->mounts.n && !o->net && !o->root && has_no_rc(o);
}

/*
 * Does anybody have the file open for writing? A read lease is refused then, and may be taken by the owner of the
 * file (fcntl(2)). Others' files are taken for programs that are installed, as the agent's execve does.
 */
static bool is_written(int fd, const struct stat *st)
{
	if (st->st_uid != geteuid())
		return false;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return true;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

static void close_program(struct vu_first *f)
{
	vu_fd_close(&f->fd);
	vu_fd_close(&f->interp);
}

static bool is_elf(int fd)
{
	Elf64_Ehdr head;

	return pread(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       !memcmp(head.e_ident, ELFMAG, SELFMAG) && head.e_ident[EI_CLASS] == ELFCLASS64 &&
	       head.e_machine == MACHINE && head.e_type == ET_DYN &&
	       head.e_phentsize == sizeof(Elf64_Phdr) && head.e_phnum;
}

/* It is an ELF file, and so is the interpreter that it names, if it does, which goes to *interp. */
static bool is_program(int fd, int *interp)
{
	if (!is_elf(fd))
		return false;
	*interp = vu_launch_interpreter(fd);
	return *interp == -ENOENT || (*interp >= 0 && is_elf(*interp));
}

static bool is_plain(int fd, int *interp)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & (S_ISUID | S_ISGID)) &&
	       faccessat(fd, "", X_OK, AT_EMPTY_PATH | AT_EACCESS) == 0 && is_program(fd, interp) &&
	       !is_written(fd, &st);
}

/* The program f->path, if it is plain. True; or errno is ENOENT where there is none. */
static bool open_plain(struct vu_first *f)
{
	struct stat st;

	if (stat(f->path, &st) < 0)
		return false;
	/* A device is not even opened. */
	if (S_ISREG(st.st_mode))
		f->fd = open(f->path, O_RDONLY | O_NONBLOCK);
	if (f->fd >= 0 && is_plain(f->fd, &f->interp))
		return true;
	close_program(f);
	errno = ENOEXEC;
	return false;
}

/* As execvp(3) looks for a name; a folder in PATH that has no name is left to it. */
static bool search(const char *name, struct vu_first *f)
{
	const char *folder = getenv("PATH"), *end;

	for (; folder && *folder; folder = *end ? end + 1 : end) {
		end = strchrnul(folder, ':');
		if (*folder != '/' || snprintf(f->path, sizeof(f->path), "%.*s/%s",
					       (int)(end - folder), folder, name) >= PATH_MAX)
			return false;
		if (open_plain(f))
			return true;
		if (errno != ENOENT)
			return false;
	}
	return false;
}

static bool find_command(const char *name, struct vu_first *f)
{
	if (!*name || strlen(name) >= sizeof(f->path))
		return false;
	if (!strchr(name, '/'))
		return search(name, f);
	memcpy(f->path, name, strlen(name) + 1);
	return open_plain(f);
}

static int open_init(struct vu_first *f)
{
	VU_CLEANUP(paths) struct vu_paths paths;
	int res = vu_paths_find(&paths);

	f->path[0] = '\0';
	if (res < 0)
		return res;
	strcpy(f->path, paths.init); /* which is shorter than PATH_MAX */
	f->fd = open(f->path, O_RDONLY);
	if (f->fd < 0)
		return -errno;
	f->interp = vu_launch_interpreter(f->fd);
	return 0;
}

int vu_first_find(const struct vu_options *o, bool nested, struct vu_first *f)
{
	int res;

	memset(&f->argv, 0, sizeof(f->argv));
	f->fd = f->interp = -1;
	res = vu_options_command(o, &f->argv);
	if (!res && !nested && is_prepared(o) && find_command(f->argv.list[0], f))
		return 0;
	vu_strings_free(&f->argv);
	if (!res)
		res = vu_options_init(o, &f->argv);
	if (!res)
		res = open_init(f);
	if (res < 0)
		vu_first_drop(f);
	return res;
}

void vu_first_drop(struct vu_first *f)
{
	close_program(f);
	vu_strings_free(&f->argv);
}
