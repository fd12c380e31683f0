/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a process a guest. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/str.h"
#include "abi/view.h"
#include "umvu/launch.h"

int vu_launch_interpreter(int exe_fd)
{
	char path[PATH_MAX];
	Elf64_Ehdr head;
	Elf64_Phdr ph;
	int i, fd;

	if (pread(exe_fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(ph))
		return -ENOEXEC;
	for (i = 0; i < head.e_phnum; i++) {
		if (pread(exe_fd, &ph, sizeof(ph),
			  (off_t)(head.e_phoff + (size_t)i * sizeof(ph))) != (ssize_t)sizeof(ph))
			return -ENOEXEC;
		if (ph.p_type != PT_INTERP)
			continue;
		if (!ph.p_filesz || ph.p_filesz > sizeof(path) ||
		    pread(exe_fd, path, ph.p_filesz, (off_t)ph.p_offset) != (ssize_t)ph.p_filesz ||
		    path[ph.p_filesz - 1])
			return -ENOEXEC;
		fd = open(path, O_RDONLY);
		return fd < 0 ? -ELIBBAD : fd;
	}
	return -ENOENT;
}

static void fill_state(struct vu_exec_state *s, const struct vu_launch *l)
{
	memset(s, 0, sizeof(*s));
	s->magic = VU_STATE_MAGIC;
	s->abi = VU_ABI_VERSION;
	s->flags = (l->first ? VU_EXEC_FIRST : 0) | (l->leashed ? VU_EXEC_LEASHED : 0) |
		   (l->cred ? VU_EXEC_CRED : 0);
	s->ref = l->ref;
	s->exe_fd = l->exe_fd;
	s->interp_fd = l->interp_fd < 0 ? -1 : l->interp_fd;
	s->binary_fd = -1;
	s->driver = l->driver;
	if (l->stack)
		memcpy(s->stack, l->stack, sizeof(s->stack));
	if (l->cred)
		s->cred = *l->cred;
	s->size = vu_state_size(s->cred.n_groups);
}

int vu_launch_plan(const struct vu_launch *l, struct vu_launch_plan *p)
{
	struct vu_exec_state state;
	size_t n = 0;

	while (l->argv[n])
		n++;
	if (l->interp_fd < 0 && l->interp_fd != -ENOENT)
		return l->interp_fd;
	p->argv = malloc((n + 3) * sizeof(*p->argv));
	if (!p->argv)
		return -ENOMEM;
	fill_state(&state, l);
	vu_hex_encode(&state, state.size, p->state);
	p->argv[0] = p->state;
	p->argv[1] = (char *)l->execfn;
	memcpy(p->argv + 2, l->argv, (n + 1) * sizeof(*p->argv));
	snprintf(p->path, sizeof(p->path), "/proc/%d/fd/%d", l->ref.server, l->ref.loader_fd);
	p->envp = l->envp;
	return 0;
}

int vu_launch_exec(const struct vu_launch_plan *p)
{
	execve(p->path, p->argv, p->envp);
	return -errno;
}

void vu_launch_drop(struct vu_launch_plan *p)
{
	free(p->argv);
}

static uint64_t bounding_set(void)
{
	uint64_t set = 0;
	int cap;

	for (cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_READ, cap) == 1)
			set |= 1ull << cap;
	return set;
}

static uint64_t ambient_set(void)
{
	uint64_t set = 0;
	int cap;

	for (cap = 0; cap < 64; cap++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			set |= 1ull << cap;
	return set;
}

int vu_launch_cred(struct vu_cred *cred)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct caps[2] = { { 0 } };
	int n;

	memset(cred, 0, sizeof(*cred));
	if (getresuid(&cred->uid, &cred->euid, &cred->suid) < 0 ||
	    getresgid(&cred->gid, &cred->egid, &cred->sgid) < 0 ||
	    syscall(SYS_capget, &head, caps) < 0)
		return -errno;
	cred->fsuid = (uint32_t)setfsuid((uid_t)-1);
	cred->fsgid = (uint32_t)setfsgid((gid_t)-1);
	n = getgroups(VU_STATE_GROUPS, cred->groups);
	cred->n_groups = n < 0 ? 0 : (uint32_t)n;
	cred->cap_effective = caps[0].effective | (uint64_t)caps[1].effective << 32;
	cred->cap_permitted = caps[0].permitted | (uint64_t)caps[1].permitted << 32;
	cred->cap_inheritable = caps[0].inheritable | (uint64_t)caps[1].inheritable << 32;
	cred->cap_bounding = bounding_set();
	cred->cap_ambient = ambient_set();
	n = prctl(PR_GET_SECUREBITS);
	cred->securebits = n < 0 ? 0 : (uint32_t)n;
	return 0;
}
