/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patched pages in the memory maps of processes: shown as the pages of the file that they stand for. */
#include "agent/code.h"
#include "agent/path.h"

#define PAGE_SHIFT 12
#define MASK_NAME  "/memfd:" VU_PROC_MEMFD

static const struct vu_code_file *by_name(const char *path, uint64_t memfd_page, uint64_t *page)
{
	const struct vu_code_table *t = vu_view_code(vu_view());
	uint32_t n = __atomic_load_n(&t->n_files, __ATOMIC_ACQUIRE);

	/* The newest of that name. */
	for (uint32_t i = n < VU_CODE_FILES ? n : VU_CODE_FILES; i > 0; i--) {
		const struct vu_code_file *f = &t->file[i - 1];

		if (f->fd < 0 || f->name >= VU_CODE_NAMES || vu_strcmp(t->names + f->name, path))
			continue;
		for (uint32_t k = 0; k < f->n_runs && k < VU_CODE_RUNS; k++) {
			if (memfd_page - f->run[k].memfd_page >= f->run[k].n_pages)
				continue;
			*page = f->run[k].file_page + (memfd_page - f->run[k].memfd_page);
			return f;
		}
	}
	return NULL;
}

bool vu_code_unmask(struct vu_mapping *m)
{
	const size_t skip = sizeof(MASK_NAME) - 1;
	const struct vu_code_file *f;
	char path[VU_CODE_NAME_MAX];
	uint64_t page;
	char *end;

	if (agent_process.viewless || vu_strncmp(m->path, MASK_NAME, skip) ||
	    vu_strlcpy(path, m->path + skip, sizeof(path)) >= sizeof(path))
		return false;
	end = vu_strrchr(path, ' '); /* " (deleted)" */
	if (end)
		*end = 0;
	f = by_name(path, m->offset >> PAGE_SHIFT, &page);
	if (!f)
		return false;
	m->major = (f->dev >> 8 & 0xfff) | (f->dev >> 32 & ~0xffful);
	m->minor = (f->dev & 0xff) | (f->dev >> 12 & ~0xfful & 0xffffffff);
	m->inode = f->ino;
	m->offset = page << PAGE_SHIFT;
	m->path = vu_view_code(vu_view())->names + f->name;
	return true;
}
