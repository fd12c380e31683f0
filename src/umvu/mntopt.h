/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arguments of mount(2): flags, and the options of FUSE. */
#ifndef VU_UMVU_MNTOPT_H
#define VU_UMVU_MNTOPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a FUSE daemon says in the data of its mount(2). */
struct vu_fuse_data {
	uint32_t rootmode; /* with its type bits */
	uint32_t max_read; /* 0: not said */
	bool default_permissions;
	bool rdonly;
	char subtype[64]; /* "" none */
};

/*
 * Parse "fd=7,rootmode=40000,user_id=1000,...". The descriptor's number is not looked at, ids are the
 * user's anyway, and allow_other is refused by nobody and granted by nobody: within a session there is
 * no other. 0, or -EINVAL for what the kernel would not know either.
 */
int vu_fuse_data_parse(const char *data, struct vu_fuse_data *out);

/* MOUNT_ATTR_* for MS_* flags of mount(2). */
uint64_t vu_mount_attr(uint64_t ms_flags);

/* Flags that ask for another thing than a new mount: they are not ours to grant. */
bool vu_mount_is_change(uint64_t ms_flags);

/*
 * Copy a list of options without "ro", "rw" and what is mount(8)'s own business (loop, noauto, x-...).
 * malloc'ed, NULL without memory; *rdonly is set where the last of "ro" and "rw" is "ro".
 */
char *vu_mount_clean_options(const char *options, bool *rdonly);

/* Whether `path` is `folder` or lies beneath it; both canonical. */
bool vu_path_beneath(const char *path, const char *folder);

#endif
