/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patched pages in the memory maps of processes: shown as the pages of the file that they stand for. */
#include "agent/code.h"
#include "agent/path.h"

/* The entry whose copy fits, the newest first; NULL: there is none. */
static const struct vu_code_file *find(bool (*fits)(const struct vu_code_file *f, const void *key),
				       const void *key)
{
	const struct vu_code_table *t;
	uint32_t n;

	if (agent_process.viewless)
		return NULL;
	t = vu_view_code(vu_view());
	n = __atomic_load_n(&t->n_files, __ATOMIC_ACQUIRE);
	for (uint32_t i = n < VU_CODE_FILES ? n : VU_CODE_FILES; i > 0; i--)
		if (t->file[i - 1].fd >= 0 && fits(&t->file[i - 1], key))
			return &t->file[i - 1];
	return NULL;
}

static const char *name_at(uint32_t offset)
{
	return offset < VU_CODE_NAMES ? vu_view_code(vu_view())->names + offset : "";
}

static bool is_mapped(const struct vu_code_file *f, const void *key)
{
	const struct vu_mapping *m = key;

	return f->copy_ino == m->inode &&
	       f->copy_dev == vu_dev((uint32_t)m->major, (uint32_t)m->minor);
}

bool vu_code_unmask(struct vu_mapping *m)
{
	const struct vu_code_file *f = m->inode ? find(is_mapped, m) : NULL;

	if (!f)
		return false;
	m->major = (f->dev >> 8 & 0xfff) | (f->dev >> 32 & ~0xffful);
	m->minor = (f->dev & 0xff) | (f->dev >> 12 & ~0xfful & 0xffffffff);
	m->inode = f->ino;
	m->path = name_at(f->name);
	return true;
}

/* Names in such texts have spaces and the like as "\040". */
static char next_char(const char **s)
{
	char ch = *(*s)++;

	if (ch == '\\' && (*s)[0] && (*s)[1] && (*s)[2]) {
		ch = (char)(((*s)[0] - '0') << 6 | ((*s)[1] - '0') << 3 | ((*s)[2] - '0'));
		*s += 3;
	}
	return ch;
}

static bool has_copy_name(const struct vu_code_file *f, const void *key)
{
	const char *s = key, *name = name_at(f->copy_name);

	while (*s && *s != ' ' && *name)
		if (next_char(&s) != *name++)
			return false;
	return !*name && (!*s || *s == ' ');
}

const char *vu_code_unmask_name(const char *name)
{
	const struct vu_code_file *f = find(has_copy_name, name);

	return f ? name_at(f->name) : NULL;
}
