/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probes of umvu --check. Each runs in a process of its own, which it may leave in any state
 * (filters installed, other namespaces), and may block or be killed: its parent sees to that.
 */
#ifndef VU_UMVU_CHECK_PROBES_H
#define VU_UMVU_CHECK_PROBES_H

#include <stdbool.h>
#include <stddef.h>

#define VU_CHECK_TEXT 1000

/* True if it works. Either way what was found goes to text[VU_CHECK_TEXT]. */
typedef bool vu_check_probe(const char *arg, char *text);

vu_check_probe vu_probe_kernel, vu_probe_no_new_privs, vu_probe_trap, vu_probe_origin,
	vu_probe_mm_map;
vu_check_probe vu_probe_vm_readv, vu_probe_userns, vu_probe_fuse_device, vu_probe_fuse_mount;
vu_check_probe vu_probe_tmpfs, vu_probe_proc, vu_probe_memfd, vu_probe_memfd_exec, vu_probe_loader;

vu_check_probe vu_probe_netns, vu_probe_tap, vu_probe_sysfs;

vu_check_probe vu_probe_code;

/* Write what was found, as printf does, and return true or false. */
bool vu_check_good(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool vu_check_bad(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Write more. */
void vu_check_add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first line of a file into value[size], "" if it cannot be read. */
void vu_check_read_line(const char *path, char *value, size_t size);

/* `arg` is a command: is it in PATH? Debian calls the package by the same name. */
vu_check_probe vu_probe_driver;

#endif
