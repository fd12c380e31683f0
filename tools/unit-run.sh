#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a sanitized unit test: unit-run.sh PROGRAM. Makes up for what some machines forbid.

set -u
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}

# LeakSanitizer attaches by ptrace.
if [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" -ge 2 ]; then
	ASAN_OPTIONS+=:detect_leaks=0
fi
# Older sanitizers cannot place their shadow where addresses have more random bits than this.
if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28)" -gt 28 ] && setarch -R true 2>/dev/null; then
	exec setarch -R "$@"
fi
exec "$@"
